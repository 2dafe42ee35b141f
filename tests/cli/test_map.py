"""`ptarmigan map`: what Postfix and Exim are told, and that they are told something whatever happens."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

PROGRAM = os.environ.get("PTARMIGAN_BIN", "")
CONFIG = """
hostname = "mail.example.com"
[dns]
servers = ["127.0.0.1:9"]
deadline = "200ms"
[[source]]
name = "here"
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
[[domain]]
name = "example.com"
"""


def netstring(text):
    return f"{len(text)}:{text},".encode()


class Map:
    """A running `ptarmigan map` on a socket of its own."""

    def __init__(self, folder, *options):
        (folder / "ptarmigan.toml").write_text(CONFIG)
        self.path = str(folder / "map")
        self.errors = folder / "errors"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [PROGRAM, "map", "--config", folder / "ptarmigan.toml", "--listen", self.path, *options], stderr=errors)
        self.answer(netstring("dns a. 60 IN A 192.0.2.9"))

    def answer(self, request, seconds=20):
        """The first octets that come back, asked again as Postfix does where the connection breaks."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with socket.socket(socket.AF_UNIX) as line:
                    line.settimeout(max(0.1, deadline - time.monotonic()))
                    line.connect(self.path)
                    line.sendall(request)
                    if octets := line.recv(65536):
                        return octets
            except (FileNotFoundError, ConnectionError):
                pass
            assert self.process.poll() is None or self.orphan, self.errors.read_text()
            time.sleep(0.02)
        pytest.fail("no answer; " + self.errors.read_text())

    orphan = False

    def worker(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])


@pytest.fixture
def running(tmp_path):
    if not PROGRAM:
        pytest.skip("PTARMIGAN_BIN names no program")
    it = Map(tmp_path)
    yield it
    it.process.terminate()
    it.process.wait(20)


def test_each_protocol_is_answered_with_no_change_while_nothing_is_known(running):
    aaaa = "gmail-smtp-in.l.google.com. 60 IN AAAA 2001:db8:feed::25"
    assert running.answer(netstring("dns " + aaaa)) == b"9:NOTFOUND ,"
    assert running.answer(b"get " + aaaa.replace(" ", "%20").encode() + b"\n").startswith(b"500 ")
    assert running.answer(b"ipv4-only gmail-smtp-in.l.google.com\n") == b"0"
    status = json.loads(running.answer(b"status\n"))
    assert status["version"] == 1 and status["questions"] >= 3 and status["closed"] == {}


def test_worker_that_is_killed_is_replaced(running):
    first = running.worker()
    os.kill(first, signal.SIGKILL)
    assert running.answer(netstring("dns a. 60 IN A 192.0.2.9")) == b"9:NOTFOUND ,"
    assert running.worker() != first


def test_worker_that_stalls_is_replaced(running):
    first = running.worker()
    os.kill(first, signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{first}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    assert running.answer(netstring("dns a. 60 IN A 192.0.2.9")) == b"9:NOTFOUND ,"
    assert running.worker() != first


def test_it_ends_when_told_although_its_worker_is_stalled(running):
    first = running.worker()
    os.kill(first, signal.SIGSTOP)
    running.process.terminate()
    running.process.wait(20)


def test_worker_goes_on_where_the_watcher_is_killed(running):
    worker = running.worker()
    running.process.kill()
    running.process.wait(10)
    running.orphan = True
    try:
        assert running.answer(netstring("dns a. 60 IN A 192.0.2.9")) == b"9:NOTFOUND ,"
        wait_for(lambda: "starting anew" in running.errors.read_text())
        assert running.answer(netstring("dns a. 60 IN A 192.0.2.9")) == b"9:NOTFOUND ,"
    finally:
        os.kill(worker, signal.SIGTERM)


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_connections_at_once_each_get_their_own_answers(running):
    lines = []
    for number in range(200):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(20)
        line.connect(running.path)
        lines.append((number, line))
    questions = 25
    for number, line in lines:
        host = "canary.ptarmigan.invalid" if number % 2 else f"mx{number}.example.net"
        line.sendall(netstring(f"dns {host}. 60 IN AAAA 2001:db8::1") * questions)
    for number, line in lines:
        expected = (b"9:OK IGNORE," if number % 2 else b"9:NOTFOUND ,") * questions
        got = b""
        while len(got) < len(expected):
            piece = line.recv(65536)
            assert piece, got
            got += piece
        assert got == expected
        line.close()


def test_a_learnt_refusal_outlives_the_program(tmp_path):
    if not PROGRAM:
        pytest.skip("PTARMIGAN_BIN names no program")
    state = tmp_path / "state.json"
    first = Map(tmp_path, "--state", state)
    with socket.socket(socket.AF_UNIX) as line:  # it is answered with nothing
        line.connect(first.path)
        line.sendall(b"exim-refused mx.example.net 2001:db8:feed::25 550 5.7.1 [2001:db8::1] IPv6 address without PTR record\n")
        assert line.recv(100) == b""
    wait_for(lambda: "mx.example.net" in json.loads(first.answer(b"status\n"))["closed"])
    wait_for(lambda: state.exists() and "mx.example.net" in state.read_text())
    first.process.terminate()
    first.process.wait(20)
    second = Map(tmp_path, "--state", state)
    try:
        wait_for(lambda: "mx.example.net" in json.loads(second.answer(b"status\n"))["closed"])
    finally:
        second.process.terminate()
        second.process.wait(20)


def test_inherited_socket_outlives_the_program(tmp_path):
    if not PROGRAM:
        pytest.skip("PTARMIGAN_BIN names no program")
    (tmp_path / "ptarmigan.toml").write_text(CONFIG)
    listening = socket.create_server(("127.0.0.1", 0))

    def hand_over():
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)

    # The question is asked before anybody runs.
    with socket.create_connection(listening.getsockname()) as line:
        line.settimeout(20)
        line.sendall(netstring("dns a. 60 IN A 192.0.2.9"))
        process = subprocess.Popen([PROGRAM, "map", "--config", tmp_path / "ptarmigan.toml"], preexec_fn=hand_over,
                                   close_fds=False, env={**os.environ, "LISTEN_FDS": "1"}, stderr=subprocess.DEVNULL)
        try:
            assert line.recv(100) == b"9:NOTFOUND ,"
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_what_cannot_work_says_so(ptarmigan, tmp_path):
    config = tmp_path / "one-family.toml"
    config.write_text(CONFIG.replace('ipv6 = "2001:db8::1"\n', ""))
    done = ptarmigan("map", "--config", config, "--listen", tmp_path / "map")
    assert done.code == 2 and "nothing to choose between" in done.err
    assert ptarmigan("map", "--config", config, "--listen", "nowhere").code == 2
