"""An operator's commands on the running server: the queue changed beside it, deliveries in progress, drain, standings over restarts."""

import os
import smtplib
import socket
import subprocess
import threading
import time

import pytest

class Site:
    """A receiver on 127.0.0.1 that counts what it accepts, and answers end of data as it is told; MAIL waits while `stalled` is set."""

    def __init__(self, port: int, answer: bytes = b"250 2.0.0 ok\r\n"):
        self.answer = answer
        self.go_on = threading.Event()
        self.go_on.set()
        self.in_mail = threading.Event()
        self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 site.test ESMTP\r\n")
            for line in lines:
                verb = line.split()[0].upper()
                if verb == b"MAIL":
                    self.in_mail.set()
                    self.go_on.wait(30)
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    while next(lines) != b".\r\n":
                        pass
                    self.accepted += self.answer.startswith(b"2")
                    connection.sendall(self.answer)
                else:
                    connection.sendall(b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    def close(self):
        self.listener.close()


@pytest.fixture
def site(config):
    text = config.read_text()
    port = int(text.split("port = ")[1].split()[0])
    config.write_text(text.replace("port = ", 'retry_first = "1h"\nport = '))
    made = Site(port)
    yield made
    made.go_on.set()
    made.close()


def submit(ptarmigan, server, to="bob@[127.0.0.1]") -> str:
    sent = ptarmigan("send", "--from", "alice@example.com", "--to", to, "--server", server.address)
    assert sent.code == 0, sent.out
    return sent.out.split("queued as ")[1].split()[0]


def wait(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def groups(ptarmigan, config, *words):
    messages = ptarmigan("queue", "list", "--config", config, "--json", *words).json["messages"]
    return [group for message in messages for group in message["groups"]]


def again(ptarmigan_program, server, config):
    """The server, stopped and started again."""
    server.terminate()
    assert server.wait(timeout=30) == 0
    with (config.parent / "serve2.log").open("w") as log:
        process = subprocess.Popen([ptarmigan_program, "serve", "--config", config], stderr=log)
    host, port = server.address.rsplit(":", 1)

    def answers():
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return False
        return True

    wait("the server is there again", answers)
    process.address = server.address
    return process


def test_the_queue_is_changed_beside_the_running_server(ptarmigan, server, config):
    first, second = (submit(ptarmigan, server, f"bob@{name}.example") for name in ("one", "two"))
    wait("both were tried", lambda: all(g["cause"] == "dns" and not g["in_delivery"] for g in groups(ptarmigan, config)))
    assert ptarmigan("queue", "hold", first, "--config", config).code == 0
    assert [g["held"] for g in groups(ptarmigan, config)] == [True, False]
    before = groups(ptarmigan, config, "--domain", "two.example")[0]["attempts"]
    assert "due now" in ptarmigan("queue", "retry", "--cause", "dns", "--config", config).out
    wait("it was tried again", lambda: groups(ptarmigan, config, "--domain", "two.example")[0]["attempts"] > before)
    assert groups(ptarmigan, config, "--domain", "one.example")[0]["held"], "retry does not release"
    assert ptarmigan("queue", "release", "--sender", "alice@example.com", "--held", "--config", config).code == 0
    wait("it was tried", lambda: groups(ptarmigan, config, "--domain", "one.example")[0]["attempts"] > before)
    wait("nothing is in delivery", lambda: not any(g["in_delivery"] for g in groups(ptarmigan, config)))
    assert ptarmigan("queue", "delete", "--recipient", "bob@two.example", "--config", config).code == 0
    assert [g["domain"] for g in groups(ptarmigan, config)] == ["one.example"]
    assert ptarmigan("queue", "delete", second, "--config", config).code == 1
    assert ptarmigan("queue", "delete", "--config", config).code == 2


@pytest.mark.parametrize("answer, accepted", [(b"450 4.2.1 later\r\n", 0), (b"250 2.0.0 ok\r\n", 1)])
def test_a_delete_in_delivery_is_decided_after_the_attempt(ptarmigan, site, server, config, answer, accepted):
    site.answer = answer
    site.go_on.clear()
    identity = submit(ptarmigan, server)
    assert site.in_mail.wait(30)
    assert groups(ptarmigan, config)[0]["in_delivery"]
    assert "being delivered at this moment" in ptarmigan("queue", "delete", identity, "--config", config).out
    assert groups(ptarmigan, config), "it is still there"
    site.go_on.set()
    wait("the queue is empty", lambda: not groups(ptarmigan, config))
    assert site.accepted == accepted


def test_a_hold_in_delivery_keeps_it_from_the_next_attempt(ptarmigan, site, server, config):
    site.answer = b"450 4.2.1 later\r\n"
    site.go_on.clear()
    submit(ptarmigan, server)
    assert site.in_mail.wait(30)
    assert ptarmigan("queue", "hold", "--all", "--config", config).code == 0
    site.go_on.set()
    wait("it is held", lambda: groups(ptarmigan, config)[0]["held"])
    site.answer = b"250 2.0.0 ok\r\n"
    for _ in range(3):  # however often it is asked for, it is delivered once
        ptarmigan("queue", "retry", "--all", "--config", config)
        ptarmigan("queue", "release", "--all", "--config", config)
    wait("the queue is empty", lambda: not groups(ptarmigan, config))
    assert site.accepted == 1


def test_while_it_drains_new_mail_is_told_421(ptarmigan, server, config):
    def mail() -> int:
        host, port = server.address.rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=20) as client:
            client.ehlo()
            return client.mail("alice@example.com")[0]

    assert mail() == 250
    assert "no new mail is taken" in ptarmigan("queue", "drain", "--config", config).out
    assert mail() == 421
    assert "Draining" in ptarmigan("queue", "list", "--config", config).out
    assert ptarmigan("queue", "resume", "--config", config).code == 0
    assert mail() == 250


def test_standing_and_pace_outlive_a_restart(ptarmigan, site, server, config):
    site.answer = b"421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address\r\n"
    words = ("--source", "127.0.0.1", "--site", "gmail", "--config", config)
    assert ptarmigan("standing", "set", *words, "--reason", "maintenance").code == 0
    submit(ptarmigan, server)
    wait("the pace is stopped", lambda: ptarmigan("standing", "--config", config, "--json").json["pacing"])
    second = submit(ptarmigan, server)
    waits = lambda: "waits for pacing until" in ptarmigan("queue", "list", "--config", config).out  # noqa: E731
    wait("the second message waits for pacing", waits)
    assert "waits for pacing until" in ptarmigan("explain", second, "--config", config).out
    program = os.environ["PTARMIGAN_BIN"]
    restarted = again(program, server, config)
    try:
        shown = ptarmigan("standing", "--config", config).out
        assert "127.0.0.1 at gmail: poor" in shown and "set by the operator: maintenance" in shown
        rows = ptarmigan("standing", "--config", config, "--json").json["pacing"]
        assert {row["phase"] for row in rows} == {"stopped"} and "unusual rate" in rows[0]["reply"]
        wait("mail still waits for pacing", waits)
        assert ptarmigan("standing", "clear", *words).code == 0
        assert "at gmail" not in ptarmigan("standing", "--config", config).out
    finally:
        restarted.terminate()
        assert restarted.wait(timeout=30) == 0
    assert "127.0.0.1" in ptarmigan("standing", "--config", config).out, "without a server its file is read"
