"""The broken setups of tests/setups before the rehearsal server: over real SMTP from the real addresses, what it answers is what check
forecast. One program inside the lab plays them all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "setups"
WORLD = json.loads((FOLDER / "setups.json").read_text())
SETUPS = {setup["id"]: setup for setup in WORLD["setups"]}

MESSAGE = """\
From: News <news@example.com>\r
To: Ann <ann@example.net>\r
Subject: Hello\r
Date: Mon, 23 Nov 2026 10:00:00 +0000\r
Message-ID: <setup@example.com>\r
\r
Hello\r
"""

# Runs inside the lab. For each setup one rehearsal of each receiver, and one delivery to it over each family.
PLAYER = r'''
import json, smtplib, ssl, subprocess, sys
job = json.load(sys.stdin)
tls = ssl._create_unverified_context()

def answer(host, port, source, sender, message):
    try:
        with smtplib.SMTP(host, port, local_hostname="mail.example.com", timeout=20, source_address=(source, 0)) as client:
            client.ehlo("mail.example.com")
            client.starttls(context=tls)
            client.ehlo("mail.example.com")
            client.sendmail(sender, ["ann@example.net"], message)
        return 250
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    except smtplib.SMTPRecipientsRefused as refused:
        return next(iter(refused.recipients.values()))[0]

def start(setup, receiver, port):
    words = [job["program"], "rehearse", "--receiver", receiver, "--listen", f"192.0.2.1:{port}", "--listen", f"[2001:db8::1]:{port}",
             "--mailbox", job["mailbox"], "--config", job["config"], "--replay-dns", job["empty"], "--zone", f"{job['folder']}/{setup['id']}.zone"]
    if setup["stream"] == "bulk":
        words.append("--bulk")
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

out = {}
for setup in job["setups"]:
    servers = {receiver: (start(setup, receiver, 2600 + at), 2600 + at) for at, receiver in enumerate(job["receivers"])}
    message = job["signed" if setup["signed"] else "unsigned"]
    sender = "" if setup["mail_from"] == "<>" else "postmaster@example.com"
    out[setup["id"]] = {"ipv4": {}, "ipv6": {}}
    for receiver, (server, port) in servers.items():
        for _ in range(2):
            assert "playing" in server.stdout.readline()
        out[setup["id"]]["ipv4"][receiver] = answer("192.0.2.1", port, "192.0.2.1", sender, message)
        out[setup["id"]]["ipv6"][receiver] = answer("2001:db8::1", port, "2001:db8::1", sender, message)
    for server, _ in servers.values():
        server.terminate()
    for server, _ in servers.values():
        server.stdout.close()
        server.wait(20)
print(json.dumps(out))
'''


@pytest.fixture(scope="module")
def answers(lab, program, tmp_path_factory):
    work = tmp_path_factory.mktemp("setups")
    (work / "empty.json").write_text('{"version": 1, "dns": []}')
    (work / "plain.eml").write_bytes(MESSAGE.encode())
    signed = subprocess.run([program, "dkim", "sign", "--key", FOLDER / WORLD["key"], "--domain", "example.com", "--selector", WORLD["dkim"],
                             work / "plain.eml"], capture_output=True, check=True)
    # With a certificate at hand, none has to be made 154 times.
    (work / "rehearsal.toml").write_text('[rehearsal]\ncertificate = "/run/lab/keys/sender.pem"\nkey = "/run/lab/keys/sender.key"\n')
    job = {"config": str(work / "rehearsal.toml"), "program": str(program.resolve()), "folder": str(FOLDER), "mailbox": str(work / "mail"), "empty": str(work / "empty.json"),
           "setups": WORLD["setups"], "receivers": WORLD["receivers"], "unsigned": MESSAGE, "signed": signed.stdout.decode()}
    played = lab.run([sys.executable, "-c", PLAYER], input=json.dumps(job), capture_output=True, text=True, timeout=300)
    assert played.returncode == 0, played.stderr
    return json.loads(played.stdout)


def word(code: int) -> str:
    return {2: "accepted", 4: "deferred", 5: "refused"}[code // 100]


@pytest.mark.parametrize("name", SETUPS)
def test_the_real_reply_is_what_check_forecasts(answers, name):
    setup = SETUPS[name]
    for family in ("ipv4", "ipv6"):
        told = {receiver: word(code) for receiver, code in answers[name][family].items()}
        # A reply does not show the spam folder.
        forecast = {receiver: "accepted" if what == "spam" else what for receiver, what in setup[family].items()}
        assert told == forecast, family
