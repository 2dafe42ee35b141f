"""What is signed and how, and how a peer in another process is asked."""

import json
import subprocess

DOMAIN = "example.com"
CANONICALIZATIONS = [(header, body) for header in ("simple", "relaxed") for body in ("simple", "relaxed")]
SIGNED_AT = 1764000000  # in the past for every peer's clock


class Lines:
    """A program that answers each JSON line by one."""

    def __init__(self, *command):
        self._process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, order: dict) -> dict:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{answer['error']} for {order}"
        return answer

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
