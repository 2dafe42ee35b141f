"""The real binary ($PTARMIGAN_BIN) under test, without network: DNS comes from recordings and zone files, servers listen on loopback."""

import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = os.environ.get("PTARMIGAN_BIN", "")


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def ptarmigan():
    """Runs one command: ptarmigan("ptr", "192.0.2.1") -> Outcome."""
    if not PROGRAM:
        pytest.skip("PTARMIGAN_BIN names no program")

    def run(*words, stdin: str | bytes = b"", timeout: float = 60) -> Outcome:
        octets = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([PROGRAM, *map(str, words)], input=octets, capture_output=True, timeout=timeout)
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Sanitizer" not in outcome.err and "runtime error:" not in outcome.err, outcome.err
        return outcome

    return run


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def silent_dns():
    """An address where nobody answers DNS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{nobody.getsockname()[1]}"


@pytest.fixture
def config(tmp_path: Path, silent_dns):
    """A configuration that this host can run, as a file."""
    path = tmp_path / "ptarmigan.toml"
    path.write_text(
        f"""\
hostname = "mail.example.com"
[dns]
servers = ["{silent_dns}"]
deadline = "500ms"
[[source]]
name = "loopback"
ipv4 = "127.0.0.1"
[submission]
listen = ["127.0.0.1:{free_port()}"]
[delivery]
connect_timeout = "1s"
port = {free_port()}
[spool]
path = "{tmp_path}/spool"
[store]
path = "{tmp_path}/history.db"
"""
    )
    return path


@pytest.fixture
def server(config):
    """The server, running with `config`; .address takes submissions."""
    address = config.read_text().split("listen = [\"")[1].split("\"")[0]
    log = config.parent / "serve.log"
    with log.open("w") as stream:
        process = subprocess.Popen([PROGRAM, "serve", "--config", config], stderr=stream)
    deadline = time.monotonic() + 20
    while True:
        try:
            host, port = address.rsplit(":", 1)
            socket.create_connection((host, int(port)), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    process.address = address
    yield process
    process.terminate()
    assert process.wait(timeout=30) == 0, log.read_text()
    assert "Sanitizer" not in log.read_text(), log.read_text()
