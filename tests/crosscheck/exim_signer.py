#!/usr/bin/python3
"""Runs inside the lab: has Exim sign and send messages, and prints what arrives. usage: exim_signer.py EXIM.CONF <JSON lines"""

import json
import socket
import subprocess
import sys
from base64 import b64decode, b64encode

PORT = 2526
SECONDS = 20.0


def receive(listener: socket.socket) -> bytes:
    """One SMTP session that takes one message; the message without its dots."""
    connection, _ = listener.accept()
    connection.settimeout(SECONDS)
    with connection, connection.makefile("rwb") as line:
        def say(text: str) -> None:
            line.write(text.encode() + b"\r\n")
            line.flush()

        say("220 sink")
        message = b""
        while command := line.readline().upper():
            if command.startswith(b"EHLO"):
                say("250-sink\r\n250 8BITMIME")
            elif command.startswith(b"DATA"):
                say("354 go on")
                while (text := line.readline()) != b".\r\n":
                    message += text[1:] if text.startswith(b".") else text
                say("250 taken")
            elif command.startswith(b"QUIT"):
                say("221 bye")
                break
            else:
                say("250 ok")
        return message


def main() -> None:
    configuration = sys.argv[1]
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        listener.settimeout(SECONDS)
        for text in sys.stdin:
            order = json.loads(text)
            macros = [f"-DKEY={order['key']}", f"-DSELECTOR={order['selector']}", f"-DCANON={order['canon']}", f"-DPORT={PORT}"]
            exim = subprocess.Popen(
                ["exim4", "-C", configuration, *macros, "-odi", "-oi", "-f", "a@example.com", "b@example.org"],
                stdin=subprocess.PIPE, stdout=sys.stderr)
            exim.stdin.write(b64decode(order["message"]).replace(b"\r\n", b"\n"))
            exim.stdin.close()
            message = receive(listener)
            exim.wait(SECONDS)
            print(json.dumps({"message": b64encode(message).decode()}), flush=True)


main()
