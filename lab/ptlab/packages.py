"""Debian packages, downloaded and unpacked into the build folder; nothing is installed on the host.

The packages conflict with each other when installed (Postfix and Exim), and would start servers. Here they are only files:
the lab lays them over the host's /usr in its own mount namespace (keeper.py), so compiled-in paths are right.
Set-id bits are dropped: no privileged program of the lab may lie around on the host.
"""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

from .errors import LabError

# Each group is resolved alone, because some conflict. A later group's files win: /usr/sbin/sendmail is Postfix's.
GROUPS = (
    ("exim4-daemon-heavy",),
    ("postfix",),
    ("sasl2-bin", "libsasl2-modules", "libsasl2-modules-db"),
    ("knot", "knot-dnsutils"),
    ("unbound",),
    ("bind9", "bind9-utils", "bind9-dnsutils"),
    ("pdns-server", "pdns-backend-sqlite3"),
    ("swaks", "libnet-ssleay-perl", "libnet-dns-perl", "libauthen-sasl-perl", "libio-socket-inet6-perl"),
    ("opendkim", "opendkim-tools"),
    ("msmtp",),
    ("python3-dkim",),
    ("libuid-wrapper",),
    ("iproute2", "openssl", "ca-certificates"),
)
# Debian's merged /usr: these are links, and archives that still name the old folders must unpack through them.
USR_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
UNPACK_VERSION = 1  # raise it when what unpack() produces changes


def ensure(folder: Path, say=lambda text: None) -> Path:
    """Makes `folder`/root hold every package of GROUPS that the host lacks. Returns that root; does nothing when it is there."""
    root = folder / "root"
    folder.mkdir(parents=True, exist_ok=True)
    if _is_current(folder):
        return root
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two labs that start at once unpack once
        if not _is_current(folder):
            _unpack_all(folder, root, say)
    return root


def _wanted() -> dict:
    return {"version": UNPACK_VERSION, "groups": [list(group) for group in GROUPS]}


def _is_current(folder: Path) -> bool:
    try:
        stamp = json.loads((folder / "stamp.json").read_text())
    except (FileNotFoundError, ValueError):
        return False
    return stamp.get("wanted") == _wanted()


def _unpack_all(folder: Path, root: Path, say) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise LabError(f"the lab needs {tool}, which is not here", "run the lab on Debian 12, or in a container of it")
    say("asking apt which packages this host lacks")
    packages = _missing_packages()
    archives = folder / "archives"
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir()
    _download(packages, archives, say)
    fresh = folder / "root.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)  # nobody else passes while set-id bits are there
    (fresh / "usr").mkdir()
    (fresh / "etc").mkdir()
    for name in USR_LINKS:
        (fresh / "usr" / name).mkdir()
        (fresh / name).symlink_to(f"usr/{name}")
    for number, package in enumerate(packages, 1):
        say(f"unpacking {number}/{len(packages)} {package}")
        name = package.split("=")[0]
        (archive,) = archives.glob(f"{name}_*.deb")
        _unpack(archive, fresh)
    for name in USR_LINKS:  # an empty folder would hide the host's link of that name (lib64)
        if not any((fresh / "usr" / name).iterdir()):
            (fresh / "usr" / name).rmdir()
            (fresh / name).unlink()
    _drop_set_id_bits(fresh)
    fresh.chmod(0o755)
    shutil.rmtree(root, ignore_errors=True)
    fresh.rename(root)
    shutil.rmtree(archives)
    (folder / "stamp.json").write_text(json.dumps({"wanted": _wanted(), "packages": packages}, indent=1) + "\n")
    say(f"{len(packages)} packages unpacked")


def _missing_packages() -> list[str]:
    """`name=version` of each package that installing GROUPS would bring, in the order of GROUPS."""
    packages: list[str] = []
    for group in GROUPS:
        answer = _run(
            ["apt-get", "-s", "-qq", "--no-install-recommends", "--no-upgrade", "install", *group],
            what="apt cannot resolve " + " ".join(group),
        )
        for line in answer.splitlines():
            # Inst postfix (3.7.11-0+deb12u1 Debian:12.15/oldstable [amd64]), or with "[old version]" before the bracket
            if line.startswith("Inst "):
                name = line.split()[1]
                version = line.split("(", 1)[1].split()[0]
                package = f"{name}={version}"
                if package not in packages:
                    packages.append(package)
    return packages


def _download(packages: list[str], archives: Path, say) -> None:
    environment = dict(os.environ, LC_ALL="C")
    process = subprocess.Popen(
        ["apt-get", "download", *packages], cwd=archives, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    number = 0
    for line in process.stdout:  # Get:3 http://deb.debian.org/debian bookworm/main amd64 knot amd64 3.2.6-1 [739 kB]
        if line.startswith("Get:"):
            number += 1
            say(f"downloading {number}/{len(packages)} {line.split(' ', 2)[2].strip()}")
    words = process.stderr.read().strip()
    if process.wait() != 0:
        _fail("could not download the lab's packages", words)


def _unpack(archive: Path, root: Path) -> None:
    dpkg = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
    tar = subprocess.run(
        ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "--overwrite", "--delay-directory-restore", "-C", root],
        stdin=dpkg.stdout,
        capture_output=True,
        text=True,
    )
    dpkg.stdout.close()
    if dpkg.wait() != 0 or tar.returncode != 0:
        raise LabError(f"could not unpack {archive.name}: {tar.stderr.strip()}", "is the disk full?")


def _drop_set_id_bits(root: Path) -> None:
    for folder, _, files in os.walk(root / "usr"):
        for name in files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if not os.path.islink(path) and mode & 0o6000:
                os.chmod(path, mode & 0o1777)


def _run(command: list, what: str) -> str:
    environment = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    _fail(what, done.stderr.strip() or done.stdout.strip())


def _fail(what: str, output: str) -> None:
    words = output.splitlines()
    reason = next((line for line in words if line.startswith("E:")), words[-1] if words else "no reason given")
    raise LabError(
        f"{what}: {reason}",
        "apt's package lists may be missing or old: run `apt-get update` as root, check the network, and start again",
    )
