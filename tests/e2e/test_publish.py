"""`ptarmigan publish` against real servers: the broken setups of tests/setups, each repaired by what check prints, at Knot and at BIND, some at PowerDNS;
refusals said in clear words, and everything taken back where a step fails."""

import base64
import json
import secrets
import subprocess
import time
from pathlib import Path

import pytest

from ptlab.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
SETUPS = ROOT / "tests" / "setups"
WORLD = json.loads((SETUPS / "setups.json").read_text())
ZONES = ("example.com", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
SERVER = "192.0.2.53"  # ns.example.com of every setup
ZONE_OF_THE_ROOT = f""". 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
. 300 IN NS ns.example.com.
""" + "".join(f"{zone}. 300 IN NS ns.example.com.\n" for zone in ZONES) + f"ns.example.com. 300 IN A {SERVER}\n"
SMALL_WORLD = """
[defaults]
ttl = 5
negative_ttl = 2
name_server = "ns.nic.com"
contact = "hostmaster.nic.com"
[sender]
name = "mail.example.com"
domain = "example.com"
addresses = ["192.0.2.1", "2001:db8::1"]
other_addresses = ["192.0.2.53"]
[servers.dns]
kind = "knot"
name = "ns.nic.com"
addresses = ["198.51.100.53"]
[servers.resolver]
kind = "unbound"
name = "resolver.nic.com"
addresses = ["198.51.100.54"]
[zones."."]
"""


def zone_texts(setup: str) -> dict[str, str]:
    """The setup's one file, cut into its zones."""
    out = {zone: "" for zone in ZONES}
    for line in (SETUPS / f"{setup}.zone").read_text().splitlines():
        owner = line.split()[0].rstrip(".") if line and not line.startswith(";") else ""
        for zone in ZONES:
            if owner == zone or owner.endswith("." + zone):
                out[zone] += line + "\n"
    return out


class Server:
    """An authoritative server for the root and the setup's zones, at port 53 of the lab."""

    def __init__(self, lab: Lab, kind: str):
        self.lab, self.kind = lab, kind
        self.home = lab.folder / kind
        self.home.mkdir(exist_ok=True)
        self.inside = Path("/run/lab") / kind
        self.process = None
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.key = self.inside / "update.key"
        (self.home / "update.key").write_text(f"hmac-sha256:update.example:{self.secret}\n")
        (self.home / "hints").write_text(f". 300 NS ns.example.com.\nns.example.com. 300 A {SERVER}\n")

    def start(self, setup: str) -> None:
        self.stop()
        for old in self.home.glob("*.jnl"):
            old.unlink()
        for old in (self.home / "journal", self.home / "timers"):
            subprocess.run(["rm", "-rf", old], check=True)
        (self.home / "root.zone").write_text(ZONE_OF_THE_ROOT)
        for zone, text in zone_texts(setup).items():
            (self.home / f"{zone}.zone").write_text(text)
        command = {"knot": self.knot, "bind": self.bind, "pdns": self.pdns}[self.kind]()
        self.log = open(self.home / "log", "wb")
        self.process = self.lab.popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 20
        probe = ["kdig", f"@{SERVER}", "+norec", "+short", "+time=1", "+retry=0", *(w for z in ZONES for w in ("-q", z, "-t", "SOA"))]
        while True:
            seen = self.lab.run(probe, capture_output=True, text=True).stdout
            if seen.count("hostmaster") == len(ZONES):
                return
            assert self.process.poll() is None and time.monotonic() < end, (self.home / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def knot(self) -> list:
        zones = "".join(f'  - domain: "{z}."\n    file: {z}.zone\n    acl: update\n' for z in ZONES)
        (self.home / "knot.conf").write_text(f"""server:
    rundir: {self.inside}
    listen: {SERVER}@53
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {self.inside}
key:
  - id: update.example
    algorithm: hmac-sha256
    secret: {self.secret}
  - id: stranger.example
    algorithm: hmac-sha256
    secret: {self.secret}
acl:
  - id: update
    key: update.example
    action: update
template:
  - id: default
    storage: {self.inside}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
  - domain: "."
    file: root.zone
{zones}""")
        return ["knotd", "-c", self.inside / "knot.conf"]

    def bind(self) -> list:
        zones = "".join(
            f'zone "{z}" {{ type primary; file "{self.inside}/{z}.zone"; allow-update {{ key update.example; }}; }};\n' for z in ZONES
        )
        keys = "".join(
            f'key "{name}" {{ algorithm hmac-sha256; secret "{self.secret}"; }};\n' for name in ("update.example", "stranger.example")
        )
        (self.home / "named.conf").write_text(f"""{keys}options {{
  directory "{self.inside}"; pid-file "{self.inside}/named.pid"; session-keyfile "{self.inside}/session.key";
  listen-on {{ {SERVER}; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no; empty-zones-enable no;
}};
controls {{ }};
zone "." {{ type primary; file "{self.inside}/root.zone"; }};
{zones}""")
        return ["named", "-g", "-n", "1", "-c", self.inside / "named.conf"]


    def pdns(self) -> list:
        """PowerDNS keeps its zones in a database; updates need dnsupdate=yes and, for each zone, the key's name."""
        (self.home / "pdns.conf").write_text(f"""launch=gsqlite3
gsqlite3-database={self.inside}/pdns.db
local-address={SERVER}
socket-dir={self.inside}
daemon=no
guardian=no
disable-syslog=yes
dnsupdate=yes
allow-dnsupdate-from=0.0.0.0/0
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
""")
        (self.home / "pdns.db").unlink(missing_ok=True)
        tool = f"pdnsutil --config-dir={self.inside}"
        names = {".": "root.zone"} | {zone: f"{zone}.zone" for zone in ZONES}
        script = [
            "/usr/bin/python3 -c \"import sqlite3; sqlite3.connect('pdns.db').executescript("
            "open('/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql').read())\"",
            *(f"{tool} load-zone {zone} {file}" for zone, file in names.items()),
            *(f"{tool} import-tsig-key {name} hmac-sha256 {self.secret}" for name in ("update.example", "stranger.example")),
            *(f"{tool} set-meta {zone} TSIG-ALLOW-DNSUPDATE update.example" for zone in ZONES),
        ]
        done = self.lab.run(["sh", "-ec", f"cd {self.inside}\n" + "\n".join(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return ["pdns_server", f"--config-dir={self.inside}"]


@pytest.fixture(scope="module")
def small_lab(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("publish")
    (folder / "world.toml").write_text(SMALL_WORLD)
    with Lab(folder / "state").started(world=folder / "world.toml") as lab:
        yield lab


@pytest.fixture(scope="module", params=["knot", "bind", "pdns"])
def server(request, small_lab):
    made = Server(small_lab, request.param)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ptarmigan(program, small_lab):
    def run(server, *words, stdin=""):
        hints = ["--root-hints", server.inside / "hints"]
        command = [program, words[0], *words[1:], *hints]
        return small_lab.run(command, input=stdin, capture_output=True, text=True)

    return run


def check(ptarmigan, server, setup):
    options = ["--source", WORLD["source"], "--ehlo", WORLD["ehlo"], "--json"]
    options += ["--dkim", f"{WORLD['dkim']}={SETUPS / WORLD['key']}"] if setup["signed"] else ["--unsigned"]
    options += ["--mail-from", setup["mail_from"]] if setup["mail_from"] else []
    options += ["--bulk"] if setup["stream"] == "bulk" else []
    for receiver in WORLD["receivers"]:
        options += ["--receiver", receiver]
    return ptarmigan(server, "check", WORLD["domain"], *options)


def publish(ptarmigan, server, report, *words, key=None):
    return ptarmigan(server, "publish", "--from-check", "-", "--key", key or server.key, "--wait", "10", *words, stdin=report)


AT_POWERDNS = 4  # setups that are repaired there too


def repair(ptarmigan, server, setup):
    if server.kind == "pdns" and setup not in WORLD["setups"][:AT_POWERDNS]:
        pytest.skip("repaired at Knot and BIND")
    server.start(setup["id"])
    before = check(ptarmigan, server, setup)
    assert before.returncode == 1, before.stdout + before.stderr
    done = publish(ptarmigan, server, before.stdout, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    after = check(ptarmigan, server, setup)
    assert (after.returncode, json.loads(after.stdout)["verdict"]) == (0, "accepted"), done.stdout + after.stdout
    again = publish(ptarmigan, server, before.stdout, "--yes")
    assert (again.returncode, again.stdout) == (0, "Everything is published.\n"), again.stdout


@pytest.mark.parametrize("setup", WORLD["setups"], ids=lambda setup: setup["id"])
def test_the_printed_fix_published_turns_the_verdict_green(ptarmigan, server, setup):
    repair(ptarmigan, server, setup)


def test_refusals_are_said_in_clear_words_and_change_nothing(ptarmigan, server):
    server.start("ipv6-without-ptr")
    report = check(ptarmigan, server, WORLD["setups"][0]).stdout
    for name, text, words in (
        ("other", "hmac-sha256:update.example:" + base64.b64encode(b"x" * 32).decode(), "bad key"),
        ("unknown", f"hmac-sha256:nobody.example:{server.secret}", "bad key"),
        ("stranger", f"hmac-sha256:stranger.example:{server.secret}", "not "),
    ):
        (server.home / f"{name}.key").write_text(text)
        if server.kind == "pdns":
            words = "not authorised"  # it does not tell a bad key apart
        refused = publish(ptarmigan, server, report, "--yes", key=server.inside / f"{name}.key")
        assert refused.returncode == 1 and words in refused.stderr, (name, refused.stderr)
    assert check(ptarmigan, server, WORLD["setups"][0]).returncode == 1


def test_the_printed_script_is_taken_by_the_real_nsupdate(ptarmigan, server):
    """Once: its prerequisites are what was seen, so that a second run is refused and changes nothing."""
    server.start("nothing-published")
    options = ["--source", WORLD["source"], "--ehlo", WORLD["ehlo"], "--dkim", f"{WORLD['dkim']}={SETUPS / WORLD['key']}"]
    script = ptarmigan(server, "records", WORLD["domain"], *options, "--format", "nsupdate")
    assert script.returncode == 0 and "prereq" in script.stdout, script.stderr
    nsupdate = ["nsupdate", "-y", f"hmac-sha256:update.example:{server.secret}"]
    done = server.lab.run(nsupdate, input=f"server {SERVER}\n" + script.stdout, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), script.stdout + done.stderr
    setup = next(s for s in WORLD["setups"] if s["id"] == "nothing-published")
    after = check(ptarmigan, server, setup)
    assert json.loads(after.stdout)["verdict"] == "accepted", after.stdout
    again = server.lab.run(nsupdate, input=f"server {SERVER}\n" + script.stdout, capture_output=True, text=True)
    assert again.returncode != 0 and "YX" in again.stderr + again.stdout, again.stderr


def test_without_agreement_nothing_is_changed(ptarmigan, server):
    server.start("ipv6-without-ptr")
    report = check(ptarmigan, server, WORLD["setups"][0]).stdout
    asked = publish(ptarmigan, server, report)
    assert asked.returncode == 2 and "+ 1.0.0.0" in asked.stdout and "--yes" in asked.stderr
    assert publish(ptarmigan, server, report, "--dry-run").returncode == 1
    assert check(ptarmigan, server, WORLD["setups"][0]).returncode == 1


def test_a_failing_plugin_takes_the_other_zones_back(ptarmigan, server):
    """Forward records go by update, PTR by the plug-in: where that fails, the update is undone."""
    setup = next(s for s in WORLD["setups"] if s["id"] == "nothing-published")
    server.start(setup["id"])
    report = check(ptarmigan, server, setup).stdout
    plugin = server.home / "plugin"
    plugin.write_text('#!/bin/sh\ncat > "$0.asked"\necho \'{"ok": false, "error": "quota exceeded"}\'\n')
    plugin.chmod(0o755)
    failed = publish(ptarmigan, server, report, "--yes", "--ptr-plugin", server.inside / "plugin")
    assert failed.returncode == 1 and "quota exceeded" in failed.stderr and "zone example.com: taken back" in failed.stdout, failed.stdout
    asked = json.loads((server.home / "plugin.asked").read_text())
    assert (asked["action"], asked["after"], asked["before"]) == ("set_ptr", ["mail.example.com"], [])
    assert check(ptarmigan, server, setup).stdout == report or json.loads(check(ptarmigan, server, setup).stdout)["verdict"] != "accepted"
    shown = server.lab.run(["kdig", f"@{SERVER}", "+short", "+norec", "mail.example.com", "A"], capture_output=True, text=True).stdout
    assert shown == ""
