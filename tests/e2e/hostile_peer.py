"""A receiver that misbehaves once at the step it is told, then well. Run inside the lab: hostile_peer.py ADDRESS MODE_FILE RECORD.

The mode file is read at each connection and emptied when its mode was played. RECORD gets one JSON line for each message: its subject, and whether
the sender was told 250.
"""

import json
import re
import socketserver
import sys
from pathlib import Path

ADDRESS, MODE_FILE, RECORD = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
OFFER = {"8BITMIME", "SIZE 50000000", "PIPELINING"}


class Leave(Exception):
    pass


class Session(socketserver.StreamRequestHandler):
    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def turn(self, step: str) -> None:
        """Plays the mode when its step has come."""
        if not self.mode.startswith(step + "-"):
            return
        MODE_FILE.write_text("")
        deed = self.mode.removeprefix(step + "-")
        if deed == "drop":
            raise Leave
        if deed == "garbage":
            self.wfile.write(b"\xff\xfe\0nonsense without sense\r\n" * 3)
            raise Leave
        if deed == "long":
            self.wfile.write(b"250-" + b"x" * 1_000_000)
            raise Leave
        if deed == "endless":
            for _ in range(5000):
                self.wfile.write(b"250-and more\r\n")
            raise Leave
        if deed == "busy":
            self.say("421 4.3.2 busy")
            raise Leave

    def handle(self) -> None:
        self.mode = MODE_FILE.read_text().strip()
        try:
            self.talk()
        except (Leave, ConnectionError):
            pass

    def talk(self) -> None:
        self.turn("greeting")
        self.say("220 peer.example.com ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].decode(errors="replace").upper()
            if verb == "EHLO":
                self.turn("ehlo")
                offer = OFFER | ({"STARTTLS"} if self.mode.startswith("starttls") else set())
                self.wfile.write("".join(f"250-{word}\r\n" for word in ["peer.example.com", *sorted(offer)]).encode() + b"250 DSN\r\n")
            elif verb == "STAR":
                # What stands behind the 220 in clear would be the answers of the encrypted session.
                MODE_FILE.write_text("")
                self.wfile.write(b"220 go ahead\r\n" + b"250-evil.example\r\n250 8BITMIME\r\n250 OK\r\n250 OK\r\n354 go\r\n250 taken\r\n")
                raise Leave
            elif verb == "MAIL":
                self.turn("mail")
                if self.mode == "mail-lies":
                    MODE_FILE.write_text("")
                    self.mode = ""
                    self.say("451 4.5.0 I never offered that")
                    continue
                self.say("250 OK")
            elif verb == "RCPT":
                self.turn("rcpt")
                self.say("250 OK")
            elif verb == "DATA":
                self.turn("data")
                if self.mode == "data-lies":
                    MODE_FILE.write_text("")
                    self.say("250 taken already")
                    raise Leave
                self.say("354 go on")
                self.take_message()
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def take_message(self) -> None:
        if self.mode == "body-drop":
            MODE_FILE.write_text("")
            self.rfile.read(100)
            raise Leave
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if line != b".\r\n":
            return
        subject = re.search(rb"^Subject: (.*?)\r$", b"".join(lines), re.MULTILINE)
        told = not self.mode.startswith("dot-")
        with RECORD.open("a") as record:
            record.write(json.dumps({"subject": subject[1].decode(), "told": told, "lines": len(lines)}) + "\n")
        self.turn("dot")
        self.say("250 taken")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


MODE_FILE.write_text("")
RECORD.write_text("")
with Server((ADDRESS, 25), Session) as server:
    print("ready", flush=True)
    server.serve_forever()
