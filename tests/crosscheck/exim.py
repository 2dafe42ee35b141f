"""Exim as a peer, in the lab: it reads keys from the lab's DNS, verifies what it is given over SMTP and signs what it sends."""

import json
from base64 import b64decode, b64encode
from pathlib import Path

from ptlab.lab import Lab

SIGNER = Path(__file__).with_name("exim_signer.py")
MARK = "VERDICT"
LONGEST_STRING = 255  # of a TXT record

# One configuration for both jobs. FOLDER is put in here; KEY, SELECTOR, CANON and PORT in the signing run.
CONFIGURATION = f"""
.ifndef KEY
KEY =
SELECTOR = none
CANON = relaxed
PORT = 25
.endif
primary_hostname = mx.exim-receiver.com
keep_environment =
log_file_path = FOLDER/%s.log
spool_directory = FOLDER/spool
accept_8bitmime = true
smtp_accept_max_per_connection = 0
smtp_enforce_sync = false
message_size_limit = 0
received_headers_max = 1000
acl_not_smtp = accept
acl_smtp_rcpt = accept
acl_smtp_dkim = collect
acl_smtp_data = tell
dkim_verify_signers = $dkim_signers
begin acl
collect:
  accept set acl_m_found = $acl_m_found $dkim_verify_status,$dkim_verify_reason
tell:
  deny message = {MARK}$acl_m_found
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = PORT
  hosts_avoid_tls = *
  dkim_domain = example.com
  dkim_selector = SELECTOR
  dkim_private_key = KEY
  dkim_canon = CANON
  dkim_strict = true
begin retry
* *
"""


class Exim:
    def __init__(self, lab: Lab, records: dict[str, str], folder: Path):
        self._lab = lab
        self._folder = folder
        folder.chmod(0o777)  # Exim's own user keeps its spool and logs there
        self._configuration = folder / "exim.conf"
        self._configuration.write_text(CONFIGURATION.replace("FOLDER", str(folder)))
        self._configuration.chmod(0o644)
        for owner, text in records.items():
            strings = [text[at : at + LONGEST_STRING] for at in range(0, len(text), LONGEST_STRING)]
            lab.dns_set(owner, "TXT", " ".join(f'"{string}"' for string in strings))

    def verify(self, messages: list[bytes]) -> list[list[str]]:
        """For each message the verdicts on its signatures: "pass", or what is wrong. One session for all."""
        dialogue = b"EHLO mail.example.com\r\n"
        for message in messages:
            dialogue += b"MAIL FROM:<a@example.com> BODY=8BITMIME\r\nRCPT TO:<b@exim-receiver.com>\r\nDATA\r\n" + dotted(message)
        done = self._lab.run(["exim4", "-C", self._configuration, "-bs"], input=dialogue + b"QUIT\r\n", capture_output=True)
        lines = [line for line in done.stdout.decode().splitlines() if MARK in line]
        assert len(lines) == len(messages), done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:]
        return [[one.removesuffix(",") for one in line.split(MARK)[1].split()] for line in lines]

    def sign(self, orders: list[dict]) -> list[bytes]:
        """Each order: message, key (a file), selector, canon. What Exim sent; it drops and adds nothing but fields of its own."""
        lines = "".join(json.dumps({**order, "message": b64encode(order["message"]).decode()}) + "\n" for order in orders)
        done = self._lab.run(["/usr/bin/python3", SIGNER, self._configuration], input=lines, capture_output=True, text=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(orders), done.stdout + done.stderr
        return [b64decode(answer["message"]) for answer in answers]

    def readable_copy(self, path: Path) -> str:
        """Exim reads keys as its own user."""
        copy = self._folder / path.name
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o644)
        return str(copy)


def dotted(message: bytes) -> bytes:
    """The message as DATA carries it (RFC 5321#4.5.2); it always ends with CRLF there."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n")) + b".\r\n"
