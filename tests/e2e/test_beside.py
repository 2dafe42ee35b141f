"""Beside Postfix and Exim: the real servers keep the mail and ask `ptarmigan map`, configured by `ptarmigan postfix patch` and `ptarmigan
exim patch` alone. Nothing is lost, whatever happens to the map."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ptlab import servers

SENDER = "news@example.com"
RECIPIENT = "someone@gmail.com"
PORT = 7225
COUNT = 4

PTARMIGAN = """
hostname = "mail.example.com"
[dns]
root_hints = "/run/lab/keys/root.hints"
trust_anchor = "/run/lab/keys/root.ds"
[[source]]
name = "main"
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
[[domain]]
name = "example.com"
"""

POSTFIX = """
compatibility_level = 3.6
queue_directory = /run/lab/mta/queue
data_directory = /run/lab/mta/data
maillog_file = /run/lab/mta/log/mail.log
maillog_file_prefixes = /run/lab/mta/log
myhostname = mail.example.com
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 192.0.2.1, 2001:db8::1
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_address_preference = ipv6
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtp_tls_security_level = may
"""

EXIM = """
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = 2626
spool_directory = /run/lab/mta/spool
log_file_path = /run/lab/mta/log/%slog
pid_file_path = /run/lab/mta/exim.pid
deliver_drop_privilege = true
keep_environment = LD_PRELOAD : ^UID_WRAPPER
acl_smtp_rcpt = accept
begin routers
dns:
  driver = dnslookup
  transport = smtp
begin transports
smtp:
  driver = smtp
  interface = <; 192.0.2.1 ; 2001:db8::1
begin retry
* * F,2h,2s
"""


class House:
    """A sender: a mail server of others, and our map beside it."""

    def __init__(self, lab, program, kind):
        self.lab, self.program, self.kind = lab, program, kind
        self.home = lab.folder / "mta"
        self.map = None
        self.serial = 0
        self.home.mkdir()
        (self.home / "log").mkdir()
        (self.home / "ptarmigan.toml").write_text(PTARMIGAN)

    def sh(self, script):
        done = self.lab.run(["sh", "-ec", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_map(self):
        with (self.home / "map.log").open("ab") as log:
            self.map = self.lab.popen([self.program, "map", "--config", "/run/lab/mta/ptarmigan.toml"], stdout=log, stderr=log)

    def ptarmigan(self, *words, code=0):
        """One of our commands about this mail server."""
        where = ["--config-dir", "/run/lab/mta/config"] if self.kind == "postfix" else ["-C", "/run/lab/mta/exim.conf"]
        done = self.lab.run([self.program, self.kind, *words, *where], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def file(self):
        return self.home / ("config/main.cf" if self.kind == "postfix" else "exim.conf")

    def patch(self):
        """Refused without the map; written once; taken out octet for octet; written again."""
        before = self.file().read_bytes()
        assert "start `ptarmigan map`" in self.ptarmigan("patch", "--yes", "--map", "127.0.0.1:9", code=2)
        assert "+" in self.ptarmigan("patch", "--dry-run", code=1)
        assert "--yes" in self.ptarmigan("patch", code=2)
        assert self.file().read_bytes() == before
        assert "It does not work" in self.ptarmigan("status", code=1)
        assert "changed" in self.ptarmigan("patch", "--yes")
        patched = self.file().read_bytes()
        assert "nothing to do" in self.ptarmigan("patch", "--yes")
        assert self.file().read_bytes() == patched != before
        assert "changed" in self.ptarmigan("undo", "--yes")
        assert self.file().read_bytes() == before
        assert "changed" in self.ptarmigan("patch", "--yes", *(["--same-delivery"] if self.kind == "postfix" else []))
        for path in self.file().parent.iterdir():  # Postfix waits until its configuration is some seconds old
            if path.is_file():
                os.utime(path, (0, 0))

    def status(self):
        script = f"exec 3<>/dev/tcp/127.0.0.1/{PORT}; echo status >&3; cat <&3"
        return self.lab.run(["bash", "-c", script], capture_output=True, text=True).stdout

    def send(self, count=COUNT):
        subject = f"{self.kind} {self.serial}"
        self.serial += 1
        words = (
            "import smtplib\n"
            f"for i in range({count}):\n"
            "  with smtplib.SMTP('127.0.0.1', 2626) as s:\n"
            f"    s.sendmail('{SENDER}', ['{RECIPIENT}'], 'From: {SENDER}\\r\\nTo: {RECIPIENT}\\r\\nSubject: {subject}\\r\\n'\n"
            f"      'Date: Mon, 23 Nov 2026 10:00:00 +0000\\r\\nMessage-ID: <{self.kind}.{self.serial}.%d@example.com>\\r\\n\\r\\nHello\\r\\n' % i)\n"
        )
        done = self.lab.run(["/usr/bin/python3", "-c", words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return subject

    def arrived(self, subject):
        return [one for one in self.lab.received("gmail") if f"Subject: {subject}\r\n".encode() in one.raw]

    def await_mail(self, subject, count=COUNT, seconds=60):
        wait_for(lambda: len(self.arrived(subject)) >= count, lambda: self.logs(), seconds)
        found = self.arrived(subject)
        assert len(found) == count
        return {("IPv6" if ":" in one.peer_address else "IPv4") for one in found}

    def logs(self):
        return "\n".join(path.read_text(errors="replace")[-6000:] for path in [*self.home.glob("log/*"), self.home / "map.log"])

    def bounces(self):
        text = "".join(path.read_text(errors="replace") for path in self.home.glob("log/*"))
        return text.count("status=bounced") + text.count(" ** ")

    def watchers(self):
        workers = self.worker()
        return [int(entry.name) for entry in Path("/proc").iterdir()
                if entry.name.isdigit() and is_map(entry) and int(entry.name) not in workers]

    def worker(self):
        """The answering process, a child of the watching one, as this side of the namespace sees it."""
        found = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and is_map(entry)]
        parents = {parent_of(entry) for entry in found}
        return [int(entry.name) for entry in found if int(entry.name) not in parents]


def is_map(entry):
    try:
        return b"\0map\0--config\0/run/lab/mta/ptarmigan.toml\0" in (entry / "cmdline").read_bytes() and b"ptarmigan" in (
            entry / "exe").readlink().name.encode()
    except OSError:
        return False


def parent_of(entry):
    return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def start_postfix(house):
    house.sh("mkdir -p /run/lab/mta/config /run/lab/mta/data /run/lab/mta/queue/pid; cd /run/lab/mta/queue;"
             "mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop;"
             "chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop ../data")
    config = house.home / "config"
    (config / "main.cf").write_text(POSTFIX)
    (config / "master.cf").write_text("127.0.0.1:2626 inet n - n - - smtpd\n" + servers.POSTFIX_SERVICES)
    return ["/usr/lib/postfix/sbin/master", "-d", "-c", "/run/lab/mta/config"]


def start_exim(house):
    (house.home / "exim.conf").write_text(EXIM)
    house.sh("mkdir -p /run/lab/mta/spool; chown -R Debian-exim /run/lab/mta/spool /run/lab/mta/log; chown Debian-exim /run/lab/mta;"
             "exim4 -C /run/lab/mta/exim.conf -bV >/dev/null")
    return ["exim4", "-C", "/run/lab/mta/exim.conf", "-bdf", "-q1s"]


@pytest.fixture(scope="module", params=["postfix", "exim"])
def house(request, lab, program):
    house = House(lab, program, request.param)
    command = start_postfix(house) if request.param == "postfix" else start_exim(house)
    house.start_map()
    wait_for(lambda: '"gmail"' in house.status(), lambda: house.status() + house.logs())
    house.patch()
    with (house.home / "mta.out").open("wb") as log:
        server = lab.popen(command, stdout=log, stderr=log)
    wait_for(lambda: listening(house, 2626), lambda: house.logs() + (house.home / "mta.out").read_text())
    yield house
    server.terminate()
    house.map.terminate()
    server.wait(20)
    house.map.wait(20)
    lab.dns_delete("2001:db8::1", "PTR")
    house.home.rename(lab.folder / f"mta.{request.param}")


def listening(house, port):
    return house.lab.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], capture_output=True).returncode == 0


def test_a_canary_proves_that_the_server_gets_its_answers(house):
    told = json.loads(house.ptarmigan("status", "--json"))
    assert told["works"] and "PTR" in told["closed"]["gmail"], told
    names = {"settings", "socketmap", "tcp_table", "readsocket", "postmap -q" if house.kind == "postfix" else "exim -be"}
    assert names <= {proof["name"] for proof in told["proofs"]}


def test_mail_goes_over_ipv4_while_ipv6_has_no_ptr(house):
    assert house.await_mail(house.send()) == {"IPv4"}
    assert house.bounces() == 0


def test_worker_killed_or_stalled_loses_no_mail(house):
    for how in (signal.SIGKILL, signal.SIGSTOP):
        (worker,) = house.worker()
        os.kill(worker, how)
        house.await_mail(house.send())
        wait_for(lambda gone=worker: house.worker() not in ([gone], []), house.logs)
    assert house.bounces() == 0


def test_mail_flows_on_after_the_whole_map_was_killed(house):
    """Nobody answers at all: Exim goes by its fixed list, Postfix keeps the mail until the map is back."""
    for process in [*house.worker(), *house.watchers()]:
        os.kill(process, signal.SIGKILL)
    house.map.wait(20)
    subject = house.send()
    if house.kind == "exim":
        assert house.await_mail(subject) == {"IPv4"}
    house.start_map()
    assert house.await_mail(subject) == {"IPv4"}
    assert house.bounces() == 0


def test_ipv6_comes_back_when_the_ptr_is_published(house):
    house.lab.dns_set("2001:db8::1", "PTR", "mail.example.com.")
    wait_for(lambda: '"gmail"' not in house.status(), lambda: house.status() + house.logs(), 90)
    assert house.await_mail(house.send()) == {"IPv6"}
    assert house.bounces() == 0
    # Everything that was submitted arrived, once.
    sent = [f"{house.kind} {number}" for number in range(house.serial)]
    assert [len(house.arrived(subject)) for subject in sent] == [COUNT] * len(sent)
    print(f"{house.kind}: {COUNT * len(sent)} messages sent, {COUNT * len(sent)} arrived, 0 bounced")
