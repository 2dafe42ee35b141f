"""A lab seen from outside: start it, run things in it, change its DNS, ask what its receivers saw.

    with Lab(folder).started(ptarmigan="build/dev/bin/ptarmigan") as lab:
        lab.run(["swaks", "--server", "203.0.113.35", ...])
        lab.dns_set("2001:db8::1", "PTR", "mail.example.com.")
        for delivery in lab.received("postfix"): ...

Paths: the state folder is `folder` outside and /run/lab inside; the rest of the file system is the host's on both sides.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from . import dns, mailbox, namespace, packages, servers
from .errors import LabError
from .keeper import INSIDE, Keeper
from .world import World

HERE = Path(__file__).resolve().parent.parent
DEFAULT_WORLD = HERE / "world.toml"
DEFAULT_PACKAGES = HERE.parent / "build" / "lab"
DEFAULT_FOLDER = DEFAULT_PACKAGES / "run"
MARK = "lab.json"  # says that a folder is a lab's state, and whose
STOP_SECONDS = 10.0


class Lab:
    def __init__(self, folder: Path | str = DEFAULT_FOLDER):
        self.folder = Path(folder).resolve()

    # --- Start and stop ---

    def start(
        self, world: Path = DEFAULT_WORLD, package_folder: Path = DEFAULT_PACKAGES, say=lambda text: None, **options
    ) -> list[str]:
        """Starts the lab and returns what the user should know (absent servers). `options`: fields of servers.Options."""
        if self.keeper() is not None:
            raise LabError(f"a lab already runs in {self.folder}", "stop it, or choose another folder with --dir")
        description = World.read(Path(world))
        if options.get("ptarmigan"):
            options["ptarmigan"] = str(_program(options["ptarmigan"]))
        root = packages.ensure(Path(package_folder), say)
        self._make_folder()
        shutil.copyfile(world, self.folder / "world.toml")
        reports, out = os.pipe()

        def report(message: dict) -> None:
            with contextlib.suppress(OSError):  # whoever started us may be gone
                os.write(out, json.dumps(message).encode() + b"\n")

        def keeper() -> None:
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            sink = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(sink, stream)
            os.closerange(3, out)  # whatever the starter had open: a pipe to its reader, for one
            os.closerange(out + 1, os.sysconf("SC_OPEN_MAX"))
            Keeper(description, self.folder, root, servers.Options(**options), report).main()

        try:
            process = namespace.spawn(keeper)
            self._write_mark({"keeper": process, "born": _birth(process), "user": os.geteuid()})
            os.close(out)
            return self._await_ready(reports, say)
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(out)
            self.stop()
            raise
        finally:
            os.close(reports)

    def _await_ready(self, reports: int, say) -> list[str]:
        notes = []
        with os.fdopen(os.dup(reports)) as lines:
            for line in lines:
                match json.loads(line):
                    case {"step": step}:
                        say(f"starting: {step}")
                    case {"note": note}:
                        notes.append(note)
                    case {"error": what, "remedy": remedy}:
                        raise LabError(what, remedy)
                    case {"ready": True}:
                        return notes
        raise LabError("the lab ended while it started", "this is a defect of the lab")

    @contextlib.contextmanager
    def started(self, **options):
        self.start(**options)
        try:
            yield self
        finally:
            self.stop()

    def stop(self) -> bool:
        """Ends every process of the lab and deletes its folder. True when there was a lab, running or left over."""
        mark = self._read_mark()
        if mark is None:
            return False
        if mark.get("user", os.geteuid()) != os.geteuid() and os.geteuid() != 0:
            raise LabError(f"the lab in {self.folder} belongs to another user", "stop it as that user, or as root")
        process = self.keeper()
        if process is not None:
            handle = os.pidfd_open(process)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGTERM)
            if not _ended(handle, STOP_SECONDS):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                _ended(handle, STOP_SECONDS)
            os.close(handle)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder)
        if self.folder.exists():  # files of the world's accounts, after a keeper that was killed
            namespace.as_world_root(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        if self.folder.exists():
            shutil.rmtree(self.folder)
        return True

    def _make_folder(self) -> None:
        if self._read_mark() is not None:  # left over: its keeper is gone, start() has looked
            self.stop()
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise LabError(f"{self.folder} holds other files", "choose an empty or new folder with --dir: a lab deletes its folder at its end")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the world's mail accounts pass through it
        self._write_mark({"user": os.geteuid()})

    def _write_mark(self, values: dict) -> None:
        (self.folder / MARK).write_text(json.dumps(values) + "\n")

    def _read_mark(self) -> dict | None:
        try:
            return json.loads((self.folder / MARK).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            return {}

    def keeper(self) -> int | None:
        """The process id of the lab's process 1, while it runs. An id that now belongs to another process does not count."""
        mark = self._read_mark() or {}
        if "keeper" in mark and _birth(mark["keeper"]) == mark["born"]:
            return mark["keeper"]
        return None

    def need_keeper(self) -> int:
        process = self.keeper()
        if process is None:
            raise LabError(f"no lab runs in {self.folder}", "start one: ./dev lab start")
        return process

    # --- Inside ---

    @staticmethod
    def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
        """What a program in the lab sees: our environment, a full PATH, and where the lab's state is."""
        path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
        return {**os.environ, "PATH": path, "LAB": str(INSIDE), **(extra or {})}

    def command(self, command: list) -> list[str]:
        """The command line that runs `command` in the lab: for subprocess, with any of its options."""
        return [sys.executable, str(HERE / "lab"), "--dir", str(self.folder), "run", "--", *map(str, command)]

    def popen(self, command: list, **options) -> subprocess.Popen:
        """Like subprocess.Popen, in the lab. Signals reach the command; killing it (even with SIGKILL) kills the command."""
        self.need_keeper()
        return subprocess.Popen(self.command(command), **options)

    def run(self, command: list, **options) -> subprocess.CompletedProcess:
        """Like subprocess.run, in the lab."""
        self.need_keeper()
        return subprocess.run(self.command(command), **options)

    def enter_and_run(self, command: list[str]) -> int:
        """Turns this process into one that runs `command` in the lab; returns its exit status."""
        return namespace.run_inside(self.need_keeper(), command, self.environment())

    # --- Servers and their mail ---

    def status(self) -> list[dict]:
        return self._ask({"do": "status"})["servers"]

    def stop_server(self, server: str) -> None:
        self._ask({"do": "stop-server", "server": server})

    def start_server(self, server: str) -> None:
        self._ask({"do": "start-server", "server": server})

    def log(self, server: str) -> str:
        self._known(server)
        files = self._log_files(server)
        texts = lambda: [path.read_text(errors="replace") for path in files if path.exists()]  # noqa: E731
        return "\n".join(namespace.ask_as_root(self.need_keeper(), texts))

    def _log_files(self, server: str) -> list[Path]:
        return [self.folder / "log" / f"{server}.log", *(self.folder / server / name for name in ("mainlog", "rejectlog", "paniclog"))]

    def received(self, server: str) -> list[mailbox.Delivery]:
        """What this receiver accepted, oldest first."""
        self._known(server)
        host = self.world().servers[server].name
        return namespace.ask_as_root(self.need_keeper(), lambda: mailbox.read_all(server, host, self.folder / server / "mail"))

    def await_received(self, server: str, count: int, seconds: float = 10.0) -> list[mailbox.Delivery]:
        """Waits until the receiver has at least `count` messages."""
        end = time.monotonic() + seconds
        while len(found := self.received(server)) < count:
            if time.monotonic() > end:
                raise LabError(f"{server} has {len(found)} messages after {seconds:g} s, not {count}", f"see: lab log {server}")
            time.sleep(0.05)
        return found

    def _known(self, server: str) -> None:
        self.need_keeper()
        if server not in self.world().servers:
            raise LabError(f"there is no server {server!r}", f"servers: {', '.join(self.world().servers)}")

    def _ask(self, request: dict) -> dict:
        self.need_keeper()
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(60)
                line.connect(f"/proc/self/fd/{folder}/control")  # a socket's path may have 107 characters only
                line.sendall(json.dumps(request).encode() + b"\n")
                reply = json.loads(line.makefile().readline() or '{"error": "the lab ended", "remedy": ""}')
        except OSError as error:
            raise LabError(f"the lab does not answer: {error}", "stop it and start again") from None
        finally:
            os.close(folder)
        if "error" in reply:
            raise LabError(reply["error"], reply["remedy"])
        return reply

    # --- DNS ---

    def world(self) -> World:
        return World.read(self.folder / "world.toml")

    def dns_set(self, name: str, kind: str, data: str, ttl: int | None = None) -> str:
        """Replaces all records of this name and type by one. `name` may be an address: its reverse name. Returns the owner changed."""
        return self._change(name, lambda owner: dns.set_changes(owner, kind.upper(), data, self._ttl(ttl)), kind)

    def dns_add(self, name: str, kind: str, data: str, ttl: int | None = None) -> str:
        return self._change(name, lambda owner: dns.add_changes(owner, kind.upper(), data, self._ttl(ttl)), kind)

    def dns_delete(self, name: str, kind: str, data: str | None = None) -> str:
        return self._change(name, lambda owner: dns.delete_changes(owner, kind.upper(), data), kind)

    def dns_show(self, name: str, kind: str) -> str:
        """The authoritative answer, as zone text lines; where the name is an alias, its target's. Empty when there is none."""
        return self._query(self._owner(name, kind), kind)

    def _query(self, owner: str, kind: str) -> str:
        server = self.world().only("knot").addresses[0]
        return self.run(["kdig", f"@{server}", "+short", "+norec", owner, kind], capture_output=True, text=True).stdout

    def _owner(self, name: str, kind: str) -> str:
        """Where records of `name` stand: an alias (RFC 2317) leads to its target, unless the alias itself is meant."""
        owner = dns.owner(name)
        target = "" if kind.upper() == "CNAME" else self._query(owner, "CNAME").strip().rstrip(".")
        return target.replace("\\/", "/") or owner

    def _ttl(self, ttl: int | None) -> int:
        return self.world().ttl if ttl is None else ttl

    def _change(self, name: str, changes, kind: str) -> str:
        owner = self._owner(name, kind)
        script, zone = dns.update_script(self.world(), owner, changes(owner))
        done = self.run(["knsupdate", "-k", INSIDE / "keys" / "update.key"], input=script, capture_output=True, text=True)
        if done.returncode != 0 or done.stderr.strip():
            raise LabError(f"the update of zone {zone} was refused: {done.stderr.strip() or done.stdout.strip()}")
        return owner


def _program(path: str) -> Path:
    program = Path(path).resolve()
    if not os.access(program, os.X_OK):
        raise LabError(f"there is no program at {program}", "build it first: ./dev build")
    return program


def _birth(process: int) -> str | None:
    """When a process was started (clock ticks since boot), or None when there is none, or a zombie."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if words[0] in "ZX" else words[19]


def _ended(handle: int, seconds: float) -> bool:
    import select

    return bool(select.select([handle], [], [], seconds)[0])
