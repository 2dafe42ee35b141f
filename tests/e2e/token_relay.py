"""A relay with TLS from the first octet that knows one access token (XOAUTH2). Run inside the lab: token_relay.py ADDRESS PORT TOKEN_FILE RECORD.

RECORD gets one JSON line for each login and each message.
"""

import base64
import json
import socketserver
import ssl
import sys
from pathlib import Path

ADDRESS, PORT, TOKEN_FILE, RECORD = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
CONTEXT = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
CONTEXT.load_cert_chain("/run/lab/keys/sender.pem", "/run/lab/keys/sender.key")


def record(**what) -> None:
    with RECORD.open("a") as file:
        file.write(json.dumps(what) + "\n")


class Session(socketserver.StreamRequestHandler):
    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def line(self) -> str:
        return self.rfile.readline().decode().rstrip("\r\n")

    def handle(self) -> None:
        self.say("220 mail.example.com ESMTP")
        while line := self.line():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-mail.example.com")
                self.say("250 AUTH PLAIN XOAUTH2")
            elif verb == "AUTH":
                self.log_in(line)
            elif verb == "DATA":
                self.say("354 go")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                record(subject=next(l[9:] for l in text.splitlines() if l.startswith("Subject: ")))
                self.say("250 2.0.0 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def log_in(self, line: str) -> None:
        self.say("334 ")
        said = base64.b64decode(self.line()).decode()
        good = f"user=app@example.com\x01auth=Bearer {TOKEN_FILE.read_text().strip()}\x01\x01"
        record(auth=line, good=said == good)
        if said == good:
            return self.say("235 2.7.0 welcome")
        self.say("334 " + base64.b64encode(b'{"status":"401"}').decode())
        if self.line() == "":
            self.say("535 5.7.8 the token is too old")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def get_request(self):
        socket, peer = super().get_request()
        return CONTEXT.wrap_socket(socket, server_side=True), peer


with Server((ADDRESS, PORT), Session) as server:
    RECORD.touch()
    server.serve_forever()
