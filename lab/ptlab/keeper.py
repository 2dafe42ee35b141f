"""Process 1 of a lab: lays out the world's files, starts its servers, answers the command line, reaps, and ends everything.

Inside, the lab's state folder is /run/lab, whatever it is called outside. /usr and /etc are read-only layers (overlayfs): the lab's own
files over the unpacked packages over the host's; /run is empty. Nothing outside the state folder is written.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
import traceback
from pathlib import Path

from . import dns, namespace, servers
from .errors import LabError
from .world import World

INSIDE = Path("/run/lab")  # the state folder, seen from inside
START_SECONDS = 20.0  # a server that does not listen by then has failed
STOP_SECONDS = 5.0  # between SIGTERM and SIGKILL
LOG_TAIL_LINES = 12


class Process:
    """One server and its state: running, stopped (by request), ended (by itself)."""

    def __init__(self, part: servers.Part):
        self.part = part
        self.child: subprocess.Popen | None = None
        self.status = "stopped"
        self.log = INSIDE / "log" / f"{part.server.key}.log"
        self.log_begin = 0  # where the log of the present run begins

    def start(self) -> None:
        log = open(self.log, "ab")
        self.log_begin = log.tell()
        self.child = subprocess.Popen(
            self.part.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            preexec_fn=self.be_own_host,
            env=dict(os.environ, **self.part.environment),
        )
        log.close()
        self.status = "running"

    def be_own_host(self) -> None:
        """Each server sees its own host name; the world's is the sender's."""
        namespace.unshare(namespace.CLONE_NEWUTS)
        namespace.set_host_name(self.part.server.name)

    def stop(self) -> None:
        """Ends the server and all that it started: its session is its own."""
        if self.status == "running":
            self.child.terminate()
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        if self.child:
            _kill_session(self.child.pid)
            self.child.wait()
        self.status = "stopped"

    def log_text(self) -> str:
        return self.log.read_bytes()[self.log_begin :].decode(errors="replace")

    def is_ready(self) -> bool:
        wanted = {(address, self.part.port) for address in self.part.server.addresses}
        return wanted <= listening() and self.part.ready_words in self.log_text()

    def describe(self) -> dict:
        server = self.part.server
        return {
            "name": server.key,
            "kind": server.kind,
            "host": server.name,
            "addresses": list(server.addresses),
            "port": self.part.port,
            "status": self.status,
            "pid": self.child.pid if self.child and self.status == "running" else None,
        }


def _kill_session(session: int) -> None:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry != "1":
            try:
                if os.getsid(int(entry)) == session:
                    os.kill(int(entry), signal.SIGKILL)
            except ProcessLookupError:
                pass


def listening() -> set[tuple[str, int]]:
    """(address, port) of each TCP socket that listens in this world."""
    found = set()
    for path, family, words in (("/proc/net/tcp", socket.AF_INET, 1), ("/proc/net/tcp6", socket.AF_INET6, 4)):
        for line in Path(path).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A":
                text, port = local.split(":")
                raw = b"".join(bytes.fromhex(text[8 * i : 8 * i + 8])[::-1] for i in range(words))
                found.add((socket.inet_ntop(family, raw), int(port, 16)))
    return found


class Keeper:
    def __init__(self, world: World, state: Path, packages: Path, options: servers.Options, report):
        self.world, self.state, self.packages, self.options = world, state, packages, options
        self.report = report  # report(dict): to whoever started us, until the lab is up
        self.processes: dict[str, Process] = {}
        self.ends = False
        self.laid_out = False  # INSIDE is our state folder, not whatever the host has there

    def main(self) -> None:
        """Never returns."""
        try:
            signal.signal(signal.SIGTERM, lambda *_: setattr(self, "ends", True))
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            self.lay_out()
            door = self.open_door()
            self.start_all()
            self.report({"ready": True})
            self.serve(door)
        except LabError as error:
            self.report({"error": error.what, "remedy": error.remedy})
        except OSError as error:
            self.report({"error": str(error), "remedy": ""})
        except Exception:
            self.report({"error": traceback.format_exc(), "remedy": "this is a defect of the lab"})
        self.end()

    # --- The world's files ---

    def lay_out(self) -> None:
        os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
        os.umask(0o022)
        namespace.mount("none", "/", flags=namespace.MS_REC | namespace.MS_PRIVATE)
        self.report({"step": "network"})
        self.bring_up_network()
        state = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY)  # /run may hide it
        namespace.mount("lab", "/run", "tmpfs", namespace.MS_NOSUID | namespace.MS_NODEV, "mode=755")
        for name in ("lab", "lock", "etc"):
            os.mkdir(f"/run/{name}")
        namespace.mount(f"/proc/self/fd/{state}", str(INSIDE), flags=namespace.MS_BIND)
        os.close(state)
        self.laid_out = True
        for name in ("log", "keys"):
            (INSIDE / name).mkdir(exist_ok=True)
        namespace.mount("lab", "/usr", "overlay", namespace.MS_RDONLY, f"lowerdir={self.packages}/usr:/usr")
        trust = servers.make_certificates(self.world, INSIDE / "keys")
        for name, text in (servers.etc_files(self.world) | trust).items():
            path = Path("/run/etc") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        namespace.mount("lab", "/etc", "overlay", namespace.MS_RDONLY, f"lowerdir=/run/etc:{self.packages}/etc:/etc")
        namespace.mount("lab", "/proc", "proc")
        namespace.set_host_name(self.world.sender.name)
        if servers.one_id():
            namespace.pretend_ids()

    def bring_up_network(self) -> None:
        namespace.loopback_up()
        settings = Path("/proc/sys/net/ipv6/conf")
        if not settings.exists():
            raise LabError("this kernel has no IPv6", "boot without ipv6.disable=1: the lab needs both families")
        for name in ("all", "lo"):
            if (settings / name / "disable_ipv6").read_text().strip() != "0":
                (settings / name / "disable_ipv6").write_text("0")
        addresses = self.world.addresses()
        self.ip([f"addr add {address}/128 dev lo nodad" if ":" in address else f"addr add {address}/32 dev lo" for address in addresses])
        self.await_routes([address for address in addresses if ":" in address])
        # Who binds no address sends from the sender's main one, as on a real host; the kernel would take the receiver's own.
        lines = []
        for address in self.world.server_addresses():
            source = next(own for own in self.world.sender.addresses if (":" in own) == (":" in address))
            lines.append(f"route replace local {address} dev lo src {source} table local")
            if ":" in address:
                lines.append(f"route del local {address} dev lo proto kernel table local")
        self.ip(lines)

    def ip(self, lines: list[str], *options: str) -> str:
        program = next((path for path in ("/usr/sbin/ip", "/sbin/ip") if os.path.exists(path)), f"{self.packages}/usr/sbin/ip")
        done = subprocess.run([program, *options, "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"cannot set the world's addresses: {done.stderr.strip()}")
        return done.stdout

    def await_routes(self, addresses: list[str]) -> None:
        """The kernel adds an IPv6 address's own route a little after the address."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            routes = {line.split()[1] for line in self.ip(["route show table local proto kernel"], "-6").splitlines()}
            if routes.issuperset(addresses):
                return
            time.sleep(0.01)
        raise LabError("the kernel does not route the world's IPv6 addresses")

    # --- Servers ---

    def start_all(self) -> None:
        self.report({"step": "keys and zones"})
        for part in servers.prepare(self.world, INSIDE, self.options):
            self.processes[part.server.key] = Process(part)
        for part in (process.part for process in self.processes.values()):
            if part.absent:
                self.processes[part.server.key].status = "absent"
                self.report({"note": f"{part.server.key}: {part.absent}"})
        # The resolver asks the authoritative server at its start, and mail servers ask the resolver.
        for stage in (("knot",), ("unbound",), ("postfix", "exim", "relay", "rehearsal")):
            starting = [each for each in self.processes.values() if each.part.server.kind in stage and not each.part.absent]
            for process in starting:
                self.report({"step": process.part.server.key})
                process.start()
            for process in starting:
                self.await_listening(process)

    def await_listening(self, process: Process) -> None:
        end = time.monotonic() + START_SECONDS
        while not process.is_ready():
            ended = process.child.poll() is not None
            if ended or time.monotonic() > end:
                key = process.part.server.key
                why = f"ended with status {process.child.returncode}" if ended else f"is not ready after {START_SECONDS:.0f} s"
                process.stop()
                process.status = "ended"
                log = process.log_text().splitlines()[-LOG_TAIL_LINES:]
                raise LabError(f"server {key} {why}", "its log ends:\n  " + "\n  ".join(log) if log else "its log is empty")
            time.sleep(0.01)
        if process.part.server.kind == "knot":
            dns.check_zones(process.log_text())

    # --- Requests ---

    def open_door(self) -> socket.socket:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(str(INSIDE / "control"))
        os.chmod(INSIDE / "control", 0o600)
        door.listen(16)
        return door

    def serve(self, door: socket.socket) -> None:
        while not self.ends:
            ready = select.select([door], [], [], 0.2)[0]
            self.reap()
            if ready:
                caller, _ = door.accept()
                with caller:
                    caller.settimeout(5)
                    self.answer(caller)

    def answer(self, caller: socket.socket) -> None:
        try:
            request = json.loads(caller.makefile().readline() or "{}")
            reply = self.act(request)
        except LabError as error:
            reply = {"error": error.what, "remedy": error.remedy}
        except (OSError, ValueError) as error:
            reply = {"error": str(error), "remedy": ""}
        try:
            caller.sendall(json.dumps(reply).encode() + b"\n")
        except OSError:
            pass  # the caller went away

    def act(self, request: dict) -> dict:
        match request.get("do"):
            case "status":
                return {"servers": [process.describe() for process in self.processes.values()]}
            case "stop-server":
                self.process(request).stop()
                return {}
            case "start-server":
                process = self.process(request)
                if process.part.absent:
                    raise LabError(f"server {process.part.server.key} is absent: {process.part.absent}")
                if process.status != "running":
                    process.stop()
                    process.start()
                    self.await_listening(process)
                return {}
            case "end":
                self.ends = True
                return {}
        raise LabError(f"unknown request: {request}")

    def process(self, request: dict) -> Process:
        try:
            return self.processes[request["server"]]
        except KeyError:
            known = ", ".join(self.processes)
            raise LabError(f"there is no server {request.get('server')!r}", f"servers: {known}") from None

    def reap(self) -> None:
        """Notes servers that ended, and collects orphans, which the kernel gives to process 1."""
        for process in self.processes.values():
            if process.status == "running" and process.child.poll() is not None:
                process.status = "ended"
        known = {process.child.pid for process in self.processes.values() if process.child}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid in known:
                return
            os.waitpid(ended.si_pid, 0)

    # --- The end ---

    def end(self) -> None:
        """Kills every process of the world, deletes the state, exits; the kernel drops mounts and network."""
        try:
            os.kill(-1, signal.SIGKILL)
            while True:
                os.wait()
        except (ProcessLookupError, ChildProcessError):
            pass
        if self.laid_out:
            for entry in INSIDE.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
        os._exit(0)
