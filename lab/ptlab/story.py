"""The story: one sender's way from a refused IPv6 to mail that arrives over it. The demonstration and the main end-to-end test play it.

Every step shows its evidence: the output of the commands that a person would type, and what the receivers saw. A step whose evidence is
not there raises StoryError. Paths: the lab's folder is /run/lab inside.
"""

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

from .lab import Lab

SENDER = "news@example.com"
SELECTOR = "s1"
RELAY_USER = "example"
RELAY_PASSWORD = "correct horse battery staple"
REFUSAL_WORDS = "IPv6 sending guidelines"


class StoryError(Exception):
    """A step did not go as told."""


def need(condition, what: str) -> None:
    if not condition:
        raise StoryError(what)


class Story:
    """`lab` runs with our program as Gmail; `program` is that program; `say` gets each line for the reader."""

    def __init__(self, lab: Lab, program: Path, say=lambda line: None):
        self.lab = lab
        self.program = Path(program).resolve()
        self.say = say
        self.home = lab.folder / "sender"
        self.server: subprocess.Popen | None = None
        self.refusal = ""  # Gmail's words in step 2
        self.rule = ""  # the rule that check named in step 1
        self.serial = 0

    STEPS = (
        ("check", "What would Gmail say to our addresses, before anything is sent?"),
        ("rescue", "The plain way, standing off and IPv6 first: Gmail refuses, the message is rescued at once"),
        ("standing", "Standing on: mail takes the good address from the first attempt, and IPv6 stays in use where it is welcome"),
        ("publish", "The PTR record is published: IPv6 comes back by itself"),
        ("relay", "Both families are spoilt: the relay takes the mail; while it is down, mail waits"),
        ("signature", "swaks submits as the examples do, and independent verifiers accept our signature"),
        ("explain_reply", "The refusal of step 2, pasted: which rule, which fix?"),
    )

    def play(self, step: str) -> None:
        getattr(self, f"step_{step}")()

    # --- The sender's house ---

    def set_up(self) -> None:
        """A key, its record, the configuration."""
        self.home.mkdir(exist_ok=True)
        (self.home / "password").write_text(RELAY_PASSWORD + "\n")
        made = self.ptarmigan("dkim", "keygen", "example.com", "--selector", SELECTOR, "--out", self.inside("s1.pem"), "--json", show=False)
        need(made.returncode == 0, f"dkim keygen failed: {made.stderr}")
        record = json.loads(made.stdout)
        self.lab.dns_set(f"{SELECTOR}._domainkey.example.com", "TXT", record["text"])
        self.configure(standing="off")

    def inside(self, name: str) -> str:
        """The path of a file of the sender's house, as the programs in the lab see it."""
        return f"/run/lab/sender/{name}"

    def configure(self, standing: str, dkim: bool = True, extra: str = "") -> None:
        key = f'[[domain.dkim]]\nselector = "{SELECTOR}"\nkey_file = "{self.inside("s1.pem")}"\n' if dkim else ""
        (self.home / "ptarmigan.toml").write_text(f'''hostname = "mail.example.com"

[dns]
root_hints = "/run/lab/keys/root.hints"
trust_anchor = "/run/lab/keys/root.ds"

[[source]]
name = "main"
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"

[[domain]]
name = "example.com"
{key}
[[relay]]
host = "smtp.relayservice.com"
port = 587
user = "{RELAY_USER}"
password_file = "{self.inside("password")}"
encrypt = "starttls"
ca_file = "/run/lab/keys/ca.pem"

[submission]
listen = ["127.0.0.1:25", "127.0.0.1:587"]

[delivery]
standing = "{standing}"
prefer = "ipv6"
retry_first = "1s"
retry_longest = "2s"
idle_connection = "1s"
{extra}
[spool]
path = "{self.inside("spool")}"
min_free = "1MB"

[store]
path = "{self.inside("history.db")}"
''')

    def start_server(self) -> None:
        log = open(self.home / "serve.log", "ab")
        offset = log.tell()
        self.server = self.lab.popen([self.program, "serve", "--config", self.inside("ptarmigan.toml")], stdout=log, stderr=log)
        log.close()
        self.wait("the server is up", lambda: "delivering" in (self.home / "serve.log").read_bytes()[offset:].decode(), 20, self.server_log)

    def server_log(self) -> str:
        path = self.home / "serve.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop_server(self) -> None:
        if self.server is None:
            return
        self.server.terminate()
        try:
            self.server.wait(15)
        except subprocess.TimeoutExpired:
            self.server.kill()
            raise StoryError("the server did not end within 15 s") from None
        need(self.server.returncode == 0, f"the server ended with status {self.server.returncode}: {self.server_log()[-2000:]}")
        self.server = None

    def restart_server(self, **settings) -> None:
        self.stop_server()
        self.configure(**settings)
        self.start_server()

    def end(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.wait()
            self.server = None

    # --- Commands, mail and what receivers saw ---

    def explain(self, queue_id: str, show: bool = True) -> str:
        """The server's own account of a message, once it is done."""
        words = ("explain", queue_id, "--config", self.inside("ptarmigan.toml"))
        self.wait("the attempts are in the history", lambda: "delivered" in self.ptarmigan(*words, show=False).stdout, 5, self.server_log)
        return " ".join(self.ptarmigan(*words, show=show).stdout.split())

    def queue(self, show: bool = True) -> str:
        return self.ptarmigan("queue", "list", "--config", self.inside("ptarmigan.toml"), show=show).stdout

    def ptarmigan(self, *words, show: bool = True, **options) -> subprocess.CompletedProcess:
        return self.command(self.program, *words, show=show, **options)

    def command(self, *words, show: bool = True, **options) -> subprocess.CompletedProcess:
        if show:
            name = ["ptarmigan" if word == self.program else str(word) for word in words]
            self.say("$ " + shlex.join(name))
        done = self.lab.run(list(words), capture_output=True, text=True, timeout=60, **options)
        if show:
            for line in (done.stdout + done.stderr).splitlines():
                self.say("  " + line)
        return done

    def submit(self, to: str, show: bool = False) -> tuple[str, str]:
        """Submits one message; returns its queue id and its subject, by which receivers' copies are known."""
        self.serial += 1
        subject = f"story {self.serial} for {to}"
        done = self.command(
            "swaks", "--to", to, "--from", SENDER, "--server", "127.0.0.1", "--port", "587", "--header", f"Subject: {subject}",
            "--body", "This is a test mail.", show=show,
        )  # fmt: skip
        need(done.returncode == 0, f"swaks could not submit: {done.stdout}{done.stderr}")
        queued = re.search(r"queued as ([0-9A-Z]{13})", done.stdout)
        need(queued, f"no queue id in: {done.stdout}")
        return queued[1], subject

    def arrived(self, receiver: str, subject: str):
        for delivery in self.lab.received(receiver):
            if f"Subject: {subject}\r\n".encode() in delivery.raw:
                return delivery
        return None

    def await_arrival(self, receiver: str, subject: str, seconds: float = 15):
        self.wait(f"{receiver} gets “{subject}”", lambda: self.arrived(receiver, subject) is not None, seconds, self.server_log)
        return self.arrived(receiver, subject)

    def refusals(self) -> list[dict]:
        """What Gmail's journal says of transactions that it refused."""
        journal = self.lab.folder / "gmail" / "journal.jsonl"
        entries = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
        return [entry for entry in entries if not entry["accepted"]]

    @staticmethod
    def wait(what: str, condition, seconds: float, log=lambda: "") -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise StoryError(f"after {seconds:g} s still not: {what}\n{log()[-3000:]}")
            time.sleep(0.05)

    def show_arrival(self, delivery) -> None:
        tls = "TLS" if delivery.tls else "no TLS"
        user = f", AUTH as {delivery.auth_user}" if delivery.auth_user else ""
        self.say(f"  > {delivery.receiver} saw: from {delivery.peer_address}, EHLO {delivery.ehlo_name}, {tls}{user}, {len(delivery.raw)} octets")

    # --- The steps ---

    def step_check(self) -> None:
        words = ("check", "example.com", "--source", "192.0.2.1,2001:db8::1", "--ehlo", "mail.example.com", "--receiver", "gmail",
                 "--config", self.inside("ptarmigan.toml"))  # fmt: skip
        shown = self.ptarmigan(*words)
        need(shown.returncode == 1, f"check ends with status 1 where there are findings, not {shown.returncode}")
        need(REFUSAL_WORDS in shown.stdout, "check quotes Gmail's refusal")
        need("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" in shown.stdout, "check names the PTR record")
        report = json.loads(self.ptarmigan(*words, "--json", show=False).stdout)
        by_address = {delivery["address"]: delivery for delivery in report["deliveries"]}
        need(by_address["192.0.2.1"]["forecast"] == "accepted", f"IPv4 would be accepted: {by_address['192.0.2.1']}")
        need(by_address["2001:db8::1"]["forecast"] == "refused", f"IPv6 would be refused: {by_address['2001:db8::1']}")
        self.rule = by_address["2001:db8::1"]["because"]

    def step_rescue(self) -> None:
        self.start_server()
        queue_id, subject = self.submit("friend@gmail.com", show=True)
        delivery = self.await_arrival("gmail", subject)
        self.show_arrival(delivery)
        refusals = self.refusals()
        need(len(refusals) == 1, f"Gmail refused exactly once: {refusals}")
        refused = refusals[0]
        self.refusal = refused["reply"]
        self.say(f"  > gmail refused before: from {refused['peer']} at {refused['stage']}: {self.refusal.splitlines()[0]} ...")
        need(refused["peer"].startswith("2001:db8::1") or refused["peer"].startswith("[2001:db8::1]"), f"over IPv6: {refused['peer']}")
        need(refused["stage"] == "end_of_data" and REFUSAL_WORDS in " ".join(self.refusal.split()), f"after DATA, with Gmail's words: {self.refusal}")
        need(refused["rule"] == self.rule, f"for the rule that check named: {refused['rule']}, {self.rule}")
        need(delivery.peer_address == "192.0.2.1" and delivery.ehlo_name == "mail.example.com" and delivery.tls, f"rescued over IPv4: {delivery}")
        explained = self.explain(queue_id)
        for word in ("2001:db8::1", "192.0.2.1", REFUSAL_WORDS, self.rule, "rescued", "delivered"):
            need(word in explained, f"explain tells of {word}")
        need(not [d for d in self.lab.received("gmail") if not d.mail_from], "nothing bounced")

    def step_standing(self) -> None:
        self.restart_server(standing="enforce")
        before = len(self.refusals())
        for to, receiver, peer in (
            ("friend@gmail.com", "gmail", "192.0.2.1"),
            ("office@customer-of-google.com", "gmail", "192.0.2.1"),
            ("someone@postfix-receiver.com", "postfix", "2001:db8::1"),
            ("someone@exim-receiver.com", "exim", "2001:db8::1"),
        ):
            queue_id, subject = self.submit(to)
            delivery = self.await_arrival(receiver, subject)
            self.say(f"{to}:")
            self.show_arrival(delivery)
            need(delivery.peer_address == peer, f"mail for {to} left from {delivery.peer_address}, not from {peer}")
        need(len(self.refusals()) == before, "Gmail had nothing to refuse")
        queue_id, _ = self.submit("friend@gmail.com")
        explained = self.explain(queue_id)
        need("poor" in explained and self.rule in explained, "explain says why IPv6 was not taken")

    def step_publish(self) -> None:
        self.say("$ knsupdate: 2001:db8::1 PTR mail.example.com. (RFC 2136, TSIG)")
        self.lab.dns_set("2001:db8::1", "PTR", "mail.example.com.")
        published = time.monotonic()
        attempts = 0
        while True:
            attempts += 1
            _, subject = self.submit("friend@gmail.com")
            delivery = self.await_arrival("gmail", subject)
            if delivery.peer_address == "2001:db8::1":
                break
            need(time.monotonic() - published < 30, "IPv6 comes back within 30 s")
            time.sleep(0.2)
        self.back_after = time.monotonic() - published
        self.show_arrival(delivery)
        self.say(f"  first message over IPv6 {self.back_after:.1f} s after publication, without a restart ({attempts} messages sent meanwhile)")
        for _ in range(4):
            _, subject = self.submit("friend@gmail.com")
            self.await_arrival("gmail", subject)
        need(self.await_arrival("gmail", subject).peer_address == "2001:db8::1", "after its probation IPv6 is the first choice again")

    def step_relay(self) -> None:
        self.say("$ knsupdate: example.com TXT \"v=spf1 ip4:192.0.2.99 -all\"; DKIM off")
        self.lab.dns_set("example.com", "TXT", "v=spf1 ip4:192.0.2.99 -all")
        time.sleep(6)  # the old record's TTL
        self.restart_server(standing="enforce", dkim=False)
        _, subject = self.submit("friend@gmail.com")
        delivery = self.await_arrival("relay", subject)
        self.show_arrival(delivery)
        need(delivery.tls and delivery.auth_user == RELAY_USER, f"over TLS, authenticated: {delivery}")
        self.say("the relay goes down:")
        self.lab.stop_server("relay")
        bounces = self.bounces()
        queue_id, subject = self.submit("friend@gmail.com")
        time.sleep(3)
        need(queue_id in self.queue(), "the message waits in the queue")
        need(self.arrived("gmail", subject) is None and self.bounces() == bounces, "it was neither sent over a bad address nor bounced")
        self.say("the relay is back:")
        self.lab.start_server("relay")
        self.show_arrival(self.await_arrival("relay", subject))
        self.wait("the queue is empty", lambda: queue_id not in self.queue(show=False), 10)

    def bounces(self) -> int:
        return sum(not d.mail_from for receiver in ("gmail", "relay", "postfix", "exim") for d in self.lab.received(receiver))

    def step_signature(self) -> None:
        self.lab.dns_set("example.com", "TXT", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all")
        time.sleep(6)
        self.restart_server(standing="enforce")
        _, subject = self.submit("friend@gmail.com", show=True)
        delivery = self.await_arrival("gmail", subject)
        self.show_arrival(delivery)
        need(b"DKIM-Signature:" in delivery.raw, "it is signed")
        message = self.home / "signed.eml"
        message.write_bytes(delivery.raw)
        opendkim = self.command("opendkim-testmsg", "-C", input=delivery.raw.decode())
        need(opendkim.returncode == 0, f"OpenDKIM verifies our signature: {opendkim.stdout}{opendkim.stderr}")
        self.say("  OpenDKIM: the signature is good")
        dkimpy = self.command("dkimverify", input=delivery.raw.decode())
        need("signature ok" in dkimpy.stdout, f"dkimpy verifies our signature: {dkimpy.stdout}{dkimpy.stderr}")

    def step_explain_reply(self) -> None:
        need(self.refusal and self.rule, "steps 1 and 2 have been played")
        shown = self.ptarmigan("explain-reply", self.refusal)
        need(self.rule in shown.stdout, f"it names {self.rule}")
