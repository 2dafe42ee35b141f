"""`ptarmigan milter` beside the real Postfix: our mail leaves signed, mail that comes in is marked, and forged marks are gone."""

import json
import os
import signal
import time

import pytest

from ptlab import servers

RECIPIENT = "someone@postfix-receiver.com"
SOCKET = "/run/lab/milter/queue/ptarmigan/milter"  # within Postfix's chroot: what smtpd would see as /ptarmigan/milter

PTARMIGAN = """
hostname = "mail.example.com"
[dns]
root_hints = "/run/lab/keys/root.hints"
trust_anchor = "/run/lab/keys/root.ds"
[[domain]]
name = "example.com"
[[domain.dkim]]
selector = "SELECTOR"
key_file = "/run/lab/milter/SELECTOR.pem"
[milter]
dmarc = "DMARC"
"""

POSTFIX = f"""
compatibility_level = 3.6
queue_directory = /run/lab/milter/queue
data_directory = /run/lab/milter/data
maillog_file = /run/lab/milter/log/mail.log
maillog_file_prefixes = /run/lab/milter/log
myhostname = mail.example.com
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 192.0.2.1, 127.0.0.1
mynetworks = 127.0.0.0/8, 203.0.113.0/24
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_address_preference = ipv4
smtpd_milters = unix:{SOCKET}
non_smtpd_milters = unix:{SOCKET}
"""

MESSAGE = (
    "From: Alice <alice@example.com>\\r\\nTo: " + RECIPIENT + "\\r\\nSubject: SUBJECT\\r\\n folded \\r\\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\\r\\nMessage-ID: <SUBJECT@example.com>\\r\\nEXTRA\\r\\nHello  \\r\\n.dot\\r\\n\\r\\nend\\r\\n"
)


class House:
    """A Postfix with our milter."""

    def __init__(self, lab, program):
        self.lab, self.program, self.milter = lab, program, None
        self.home = lab.folder / "milter"
        for folder in ("log", "config", "data", "queue/pid", "queue/ptarmigan"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        for selector in ("one", "two"):
            made = self.sh(f"{program} dkim keygen example.com --selector {selector} --out /run/lab/milter/{selector}.pem --json")
            lab.dns_set(f"{selector}._domainkey.example.com", "TXT", json.loads(made)["data"])
        self.configure()
        (self.home / "ptarmigan.toml").replace(self.home / "verify.toml")
        self.configure()

    def configure(self, selector="one", dmarc="mark"):
        (self.home / "ptarmigan.toml").write_text(PTARMIGAN.replace("SELECTOR", selector).replace("DMARC", dmarc))

    def sh(self, script):
        done = self.lab.run(["sh", "-ec", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_milter(self):
        before = len(self.log())
        with (self.home / "milter.log").open("ab") as log:
            self.milter = self.lab.popen([self.program, "milter", "--config", "/run/lab/milter/ptarmigan.toml", "--listen", SOCKET, "--mode", "0666"],
                                         stdout=log, stderr=log)
        wait_for(lambda: "ready, as mail.example.com" in self.log()[before:], self.logs)

    def stop_milter(self):
        self.milter.terminate()
        assert self.milter.wait(20) == 0, self.logs()

    def log(self):
        return (self.home / "milter.log").read_text() if (self.home / "milter.log").exists() else ""

    def logs(self):
        return self.log() + "\n".join(path.read_text(errors="replace")[-6000:] for path in self.home.glob("log/*"))

    def send(self, subject, source, *, extra="", signed=False):
        """Over SMTP from this address; what the server said at the end."""
        text = MESSAGE.replace("SUBJECT", subject).replace("EXTRA", extra)
        script = (
            f"import smtplib, subprocess\nmessage = ('{text}').encode()\n"
            + (f"message = subprocess.run(['{self.program}', 'dkim', 'sign', '--key', '/run/lab/milter/one.pem', '--domain', 'example.com',"
               " '--selector', 'one'], input=message, capture_output=True, check=True).stdout\n" if signed else "")
            + f"with smtplib.SMTP('{'127.0.0.1' if source == '127.0.0.1' else '192.0.2.1'}', 2627, local_hostname='mail.example.com',"
            f" source_address=('{source}', 0)) as s:\n"
            f"  code, text = s.mail('alice@example.com')\n"
            f"  print(code, text) if code != 250 else (s.rcpt('{RECIPIENT}'), print(*s.data(message)))\n"
        )
        done = self.lab.run(["/usr/bin/python3", "-c", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + self.logs()
        return done.stdout

    def received(self, subject):
        def found():
            return [one.raw for one in self.lab.received("postfix") if f"Subject: {subject}".encode() in one.raw]
        wait_for(lambda: found(), self.logs)
        (raw,) = found()
        return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def verify(self, raw):
        """By our own verifier, with the lab's DNS."""
        done = self.lab.run([self.program, "dkim", "verify", "--config", "/run/lab/milter/verify.toml", "--json"], input=raw, capture_output=True)
        return [(one["result"], one["selector"]) for one in json.loads(done.stdout)["signatures"]]


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def house(lab, program):
    house = House(lab, program)
    house.sh("cd /run/lab/milter/queue; mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop;"
             "chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop ../data")
    (house.home / "config/main.cf").write_text(POSTFIX)
    listeners = "".join(f"{address}:2627 inet n - n - - smtpd\n" for address in ("127.0.0.1", "192.0.2.1"))
    (house.home / "config/master.cf").write_text(listeners + servers.POSTFIX_SERVICES)
    for path in (house.home / "config").iterdir():
        os.utime(path, (0, 0))
    house.start_milter()
    with (house.home / "postfix.out").open("wb") as log:
        postfix = lab.popen(["/usr/lib/postfix/sbin/master", "-d", "-c", "/run/lab/milter/config"], stdout=log, stderr=log)
    wait_for(lambda: lab.run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/2627"], capture_output=True).returncode == 0,
             lambda: house.logs() + (house.home / "postfix.out").read_text())
    yield house
    postfix.terminate()
    postfix.wait(20)
    house.stop_milter()


def results(raw):
    header = raw.split(b"\r\n\r\n")[0].decode().replace("\r\n\t", " ").replace("\r\n ", " ")
    return [line for line in header.split("\r\n") if line.lower().startswith("authentication-results:")]


def test_our_mail_leaves_signed(house):
    assert house.send("ours", "127.0.0.1").startswith("250")
    raw = house.received("ours")
    assert house.verify(raw) == [("pass", "one")]
    assert results(raw) == []


def test_mail_that_comes_in_is_marked_and_forged_marks_are_gone(house):
    forged = r"Authentication-Results: mail.example.com; dmarc=pass\r\nAuthentication-Results: other.example.net; spf=pass\r\n" \
             r"authentication-results: (x) MAIL.example.com 1; dkim=pass\r\n"
    assert house.send("forged", "203.0.113.36", extra=forged).startswith("250")
    found = results(house.received("forged"))
    assert len(found) == 2, found
    assert found[1] == "Authentication-Results: other.example.net; spf=pass"
    assert found[0].startswith("Authentication-Results: mail.example.com;")
    for word in ("spf=fail", "dkim=none", "dmarc=fail", "policy.dmarc=none", "smtp.mailfrom=alice@example.com"):
        assert word in found[0], found


def test_a_signature_that_comes_in_holds(house):
    assert house.send("signed", "203.0.113.36", signed=True).startswith("250")
    (found,) = results(house.received("signed"))
    assert "dkim=pass" in found and "dmarc=pass" in found, found


def test_settings_and_keys_are_read_again(house):
    house.configure(selector="two", dmarc="reject")
    before = house.log()
    house.lab.dns_set("_dmarc.example.com", "TXT", '"v=DMARC1; p=reject"')
    house.milter.send_signal(signal.SIGHUP)
    wait_for(lambda: "read again" in house.log()[len(before):], house.logs)
    assert house.send("again", "127.0.0.1").startswith("250")
    assert house.verify(house.received("again")) == [("pass", "two")]
    (house.home / "ptarmigan.toml").write_text("nonsense = 1\n")
    house.milter.send_signal(signal.SIGHUP)
    wait_for(lambda: "not read again" in house.log(), house.logs)
    assert house.send("still", "127.0.0.1").startswith("250")
    assert house.verify(house.received("still")) == [("pass", "two")]


def test_dmarc_refuses_where_it_is_told_to(house):
    # The policy that was there before is forgotten after its TTL.
    wait_for(lambda: house.send(f"refused{time.monotonic_ns()}", "203.0.113.36").startswith("550"), house.logs)
    assert house.send("good", "203.0.113.36", signed=True).startswith("250")


def test_postfix_waits_while_the_milter_is_away(house):
    house.stop_milter()
    assert house.send("away", "127.0.0.1").startswith("451")
    house.configure()
    house.start_milter()
    assert house.send("back", "127.0.0.1").startswith("250")
    assert house.verify(house.received("back")) == [("pass", "one")]
