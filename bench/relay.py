#!/usr/bin/python3
"""Relay throughput beside Postfix: messages a second taken durably and delivered, with and without DKIM, in one run.

smtp-source (64 sessions, 4 KB) -> the mail server -> a sink that takes everything, all in a lab of its own (private network, unpacked
Postfix and OpenDKIM, nothing installed). Rounds are interleaved, so that a slower minute of the machine hits everyone; the medians of
the rounds are compared. `accepted` counts until smtp-source has its last 250, `delivered` until the sink has its last message; CPU is
that of the server's own processes, not of source and sink.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "lab"))
sys.dont_write_bytecode = True

from ptlab import servers  # noqa: E402
from ptlab.errors import LabError  # noqa: E402
from ptlab.lab import DEFAULT_WORLD, Lab  # noqa: E402
from ptlab.world import World  # noqa: E402

STATE = Path("/run/lab/bench")  # inside the lab: on the disk of the build folder
SINK = ("127.0.0.2", 2526)
SUBMISSION_PORT = 2525
MILTER_PORT = 8891
RECIPIENT = f"rcpt@[{SINK[0]}]"  # an address literal: nobody asks DNS
CONNECTIONS = 50  # to the sink, for both
START_SECONDS = 30

POSTFIX_SERVICES = """\
2525 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class BenchError(Exception):
    pass


@dataclass
class Round:
    server: str
    accepted: float  # messages a second
    delivered: float
    cpu_ms: float  # of the server, a message
    connections: int
    signed: int


# --- The servers under test ---


class Server:
    """A mail server on SUBMISSION_PORT, with everything that it keeps in a folder of its own."""

    def __init__(self, name: str, dkim: bool):
        self.name, self.dkim = name + (" + DKIM" if dkim else ""), dkim
        self.home = STATE / self.name.replace(" ", "-").replace("+", "and").lower()
        self.children: list[subprocess.Popen] = []

    def commands(self) -> list[list[str]]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def __enter__(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.home.chmod(0o755)
        with (self.home / "log").open("wb") as log:
            for command in self.commands():
                self.children.append(subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **self.environment()}, start_new_session=True))
        end = time.monotonic() + START_SECONDS
        while not listens(SUBMISSION_PORT):
            if any(child.poll() is not None for child in self.children) or time.monotonic() > end:
                text = (self.home / "log").read_text(errors="replace")[-2000:]
                self.__exit__()
                raise BenchError(f"{self.name} does not start:\n{text}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children.clear()
        shutil.rmtree(self.home, ignore_errors=True)

    def cpu(self) -> float:
        """CPU seconds of its processes, with those that have ended and were waited for."""
        return cpu_of_trees({child.pid for child in self.children})

    def key(self) -> Path:
        path = self.home / "dkim.pem"
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
        path.chmod(0o600)
        return path


class Ptarmigan(Server):
    def __init__(self, dkim: bool, program: str):
        super().__init__("Ptarmigan", dkim)
        self.program = program

    def commands(self):
        text = f"""\
hostname = "mail.example.com"
[dns]
servers = ["127.0.0.1:9"]
deadline = "100ms"
[[source]]
ipv4 = "127.0.0.1"
[submission]
listen = ["127.0.0.1:{SUBMISSION_PORT}"]
[delivery]
standing = "off"
port = {SINK[1]}
max_connections_per_site = {CONNECTIONS}
messages_per_connection = 100000
[spool]
path = "{self.home}/spool"
[store]
path = "{self.home}/history.db"
"""
        if self.dkim:
            text += f'[[domain]]\nname = "example.com"\n[[domain.dkim]]\nselector = "bench"\nkey_file = "{self.key()}"\n'
        (self.home / "ptarmigan.toml").write_text(text)
        return [[self.program, "serve", "--config", str(self.home / "ptarmigan.toml")]]


class Postfix(Server):
    """As it is known to be fast here: no delay of fast clients, kept connections, as many of them as Ptarmigan has."""

    def __init__(self, dkim: bool):
        super().__init__("Postfix" + (" + OpenDKIM" if dkim else ""), False)
        self.dkim = dkim

    def environment(self):
        return servers.WRAPPED if servers.one_id() else {}

    def commands(self):
        config = self.home / "config"
        for folder in ("config", "queue/pid"):
            (self.home / folder).mkdir(parents=True)
        for folder in "active bounce corrupt defer deferred flush hold incoming private public maildrop saved trace".split():
            servers.give(self.home / "queue" / folder, "postfix")
        servers.give(self.home / "data", "postfix")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.home}/queue",
            "data_directory": f"{self.home}/data",
            "maillog_file": f"{self.home}/mail.log",
            "maillog_file_prefixes": str(self.home),
            "import_environment": " ".join(["MAIL_CONFIG", "TZ", "LANG=C", *servers.WRAPPED, "UID_WRAPPER_INITIAL_RUID", "UID_WRAPPER_INITIAL_EUID"]),
            "myhostname": "mail.example.com",
            "mydestination": "",
            "alias_maps": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "relayhost": f"[{SINK[0]}]:{SINK[1]}",
            "smtp_tls_security_level": "none",
            "in_flow_delay": "0",
            "default_process_limit": "200",
            "default_destination_concurrency_limit": str(CONNECTIONS),
            "initial_destination_concurrency": str(CONNECTIONS),
            "qmgr_message_active_limit": "40000",
            "qmgr_message_recipient_limit": "40000",
            "smtp_connection_cache_on_demand": "yes",
            "smtp_connection_reuse_count_limit": "0",
            "smtp_connection_reuse_time_limit": "600s",
        }
        commands = [["/usr/lib/postfix/sbin/master", "-d", "-c", str(config)]]
        if self.dkim:
            settings |= {"smtpd_milters": f"inet:127.0.0.1:{MILTER_PORT}", "milter_default_action": "tempfail"}
            (self.home / "opendkim.conf").write_text("RequireSafeKeys no\n")
            commands.insert(0, [
                "/usr/sbin/opendkim", "-f", "-x", str(self.home / "opendkim.conf"), "-d", "example.com", "-s", "bench",
                "-k", str(self.key()), "-p", f"inet:{MILTER_PORT}@127.0.0.1", "-b", "s", "-c", "relaxed/relaxed",
            ])  # fmt: skip
        (config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (config / "master.cf").write_text(POSTFIX_SERVICES)
        for path in config.iterdir():  # Postfix waits until its settings are some seconds old
            os.utime(path, (0, 0))
        return commands


# --- Measuring ---


def listens(port: int) -> bool:
    wanted = f":{port:04X} 00000000:0000 0A"
    return wanted in Path("/proc/net/tcp").read_text()


def cpu_of_trees(roots: set[int]) -> float:
    parents, times = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        parents[int(entry.name)] = int(fields[1])
        times[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total = 0.0
    for process in times:
        ancestor = process
        while ancestor in parents and ancestor not in roots:
            ancestor = parents[ancestor]
        if ancestor in roots:
            total += times[process]
    return total


def build_sink() -> Path:
    program = STATE / "sink"
    compiler = shutil.which("clang-19") or shutil.which("cc")
    if not compiler:
        raise BenchError("no C compiler for the sink")
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", program, HERE / "relay_sink.c"], check=True)
    return program


def send(server: Server, sink: Path, count: int, arguments) -> Round:
    receiver = subprocess.Popen([sink, SINK[0], str(SINK[1]), str(count)], stdout=subprocess.PIPE, text=True)
    try:
        if receiver.stdout.readline() != "ready\n":
            raise BenchError("the sink does not start")
        cpu, began = server.cpu(), time.time()
        source = subprocess.run(
            ["/usr/sbin/smtp-source", "-d", "-s", str(arguments.sessions), "-m", str(count), "-l", str(arguments.size),
             "-f", "sender@example.com", "-t", RECIPIENT, f"inet:127.0.0.1:{SUBMISSION_PORT}"],
            timeout=arguments.timeout, capture_output=True, text=True,
        )  # fmt: skip
        accepted = time.time()
        if source.returncode != 0:
            raise BenchError(f"{server.name}: smtp-source failed: {source.stdout}{source.stderr}")
        words = receiver.communicate(timeout=arguments.timeout)[0].split()
    except subprocess.TimeoutExpired:
        raise BenchError(f"{server.name}: not everything arrived within {arguments.timeout} s") from None
    finally:
        receiver.kill()
        receiver.wait()
    last, connections, signed = float(words[1]), int(words[2]), int(words[3])
    cpu = server.cpu() - cpu
    if server.dkim and signed != count:
        raise BenchError(f"{server.name}: {signed} of {count} messages were signed")
    return Round(server.name, count / (accepted - began), count / (last - began), cpu * 1000 / count, connections, signed)


def inside(arguments) -> int:
    STATE.mkdir(exist_ok=True)
    STATE.chmod(0o755)
    sink = build_sink()
    contestants = [Ptarmigan(False, arguments.program), Postfix(False), Ptarmigan(True, arguments.program), Postfix(True)]
    rounds: list[Round] = []
    print(f"{arguments.messages} messages of {arguments.size} octets, {arguments.sessions} sessions, {arguments.rounds} rounds, {os.cpu_count()} cores")
    print(f"{'':22}{'accepted/s':>12}{'delivered/s':>12}{'CPU ms/msg':>12}{'connections':>13}")
    for _ in range(arguments.rounds):
        for server in contestants:
            with server:
                send(server, sink, arguments.warm_up, arguments)
                row = send(server, sink, arguments.messages, arguments)
            rounds.append(row)
            print(f"{row.server:22}{row.accepted:12.0f}{row.delivered:12.0f}{row.cpu_ms:12.2f}{row.connections:13d}", flush=True)
    medians = {}
    print("\nmedians")
    for server in contestants:
        rows = [asdict(row) for row in rounds if row.server == server.name]
        medians[server.name] = {key: statistics.median(row[key] for row in rows) for key in ("accepted", "delivered", "cpu_ms")}
        m = medians[server.name]
        print(f"{server.name:22}{m['accepted']:12.0f}{m['delivered']:12.0f}{m['cpu_ms']:12.2f}")
    for ours, theirs in ((contestants[0], contestants[1]), (contestants[2], contestants[3])):
        a, b = medians[ours.name], medians[theirs.name]
        print(f"{ours.name} / {theirs.name}: accepted {a['accepted'] / b['accepted']:.2f}x, delivered {a['delivered'] / b['delivered']:.2f}x, "
              f"CPU {a['cpu_ms'] / b['cpu_ms']:.2f}x")  # fmt: skip
    if arguments.json:
        print(json.dumps({"version": 1, "rounds": [asdict(row) for row in rounds], "medians": medians}))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--messages", type=int, default=5000)
    parser.add_argument("-s", "--sessions", type=int, default=64)
    parser.add_argument("-l", "--size", type=int, default=4096, help="octets of each message")
    parser.add_argument("-r", "--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=500, help="messages before each round that do not count")
    parser.add_argument("--timeout", type=float, default=240)
    parser.add_argument("--json", action="store_true", help="everything again as one line of JSON at the end")
    parser.add_argument("--program", default=os.environ.get("PTARMIGAN_BIN", str(ROOT / "build/release/bin/ptarmigan")))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        if arguments.inside:
            return inside(arguments)
        if not Path(arguments.program).exists():
            raise BenchError(f"{arguments.program} is not there: run `./dev bench relay`")
        (ROOT / "build").mkdir(exist_ok=True)
        folder = tempfile.mkdtemp(prefix="bench-relay-", dir=ROOT / "build")
        without = list(World.read(DEFAULT_WORLD).servers)
        with Lab(folder).started(without=frozenset(without), say=print) as lab:
            words = [word for word in sys.argv[1:] if word != "--inside"]
            return lab.run([sys.executable, "-B", __file__, *words, "--inside", "--program", Path(arguments.program).resolve()]).returncode
    except (BenchError, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
