"""send, queue and explain against a running server, and send against small servers that are written here."""

import socket
import threading

import pytest

REFUSAL = (
    b"550-5.7.1 [2001:db8::1] Our system has detected that this message does\r\n"
    b"550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and\r\n"
    b"550 5.7.1 authentication. x1-20020a05 - gsmtp\r\n"
)


class Receiver:
    """A receiver that answers each command as it is told, and keeps what it saw."""

    def __init__(self, answers: dict[bytes, bytes], extensions: bytes = b"250 SIZE 1000000\r\n", greeting: bytes = b"220 mx.test ESMTP\r\n"):
        self.answers, self.extensions, self.greeting = answers, extensions, greeting
        self.lines: list[bytes] = []
        self.message = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        try:
            connection, _ = self.listener.accept()
        except TimeoutError:
            return
        with connection, connection.makefile("rb") as lines:
            connection.sendall(self.greeting)
            for line in lines:
                verb = line.split()[0].upper() if line.strip() else b""
                self.lines.append(line.rstrip(b"\r\n"))
                if verb == b"DATA" and b"DATA" not in self.answers:
                    connection.sendall(b"354 go on\r\n")
                    while (text := next(lines)) != b".\r\n":
                        self.message += text
                    connection.sendall(self.answers.get(b".", b"250 2.0.0 ok\r\n"))
                elif verb == b"EHLO":
                    connection.sendall(self.answers.get(verb, b"250-mx.test\r\n" + self.extensions))
                else:
                    connection.sendall(self.answers.get(verb, b"250 ok\r\n"))
                if verb == b"QUIT":
                    return

    def close(self):
        self.listener.close()
        self.thread.join(timeout=20)


@pytest.fixture
def receiver():
    made = []

    def make(answers=None, **options):
        made.append(Receiver(answers or {}, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def send(ptarmigan, address, *words, **options):
    return ptarmigan("send", "--from", "alice@example.com", "--to", "bob@example.org", "--server", address, *words, **options)


def test_the_whole_dialogue_is_shown(ptarmigan, receiver):
    mx = receiver()
    told = send(ptarmigan, mx.address, "--ehlo", "mail.example.com", "--subject", "Grüße", "--body", "first\n.second")
    assert told.code == 0, told.out
    for line in ("<- 220 mx.test ESMTP", "-> EHLO mail.example.com", "-> RCPT TO:<bob@example.org>", "<- 354 go on", "<- 250 2.0.0 ok", "-> QUIT"):
        assert line in told.out
    assert b"Subject: =?" in mx.message and b"\r\n..second\r\n" in mx.message


def test_a_file_is_sent_as_it_is(ptarmigan, receiver, tmp_path):
    mx = receiver()
    path = tmp_path / "message.eml"
    path.write_bytes(b"From: a@example.com\nX-Mine: 1\n\nHello\n")
    assert send(ptarmigan, mx.address, "--message", path).code == 0
    assert mx.message == b"From: a@example.com\r\nX-Mine: 1\r\n\r\nHello\r\n"


def test_a_refusal_is_led_back_to_its_rule(ptarmigan, receiver):
    mx = receiver({b".": REFUSAL})
    told = send(ptarmigan, mx.address)
    assert told.code == 1
    assert "refused for bob@example.org at end_of_data" in told.out
    assert "gmail." in told.out


def test_a_deferral_is_said_as_such(ptarmigan, receiver):
    told = send(ptarmigan, receiver({b"RCPT": b"450 4.2.1 later\r\n"}).address)
    assert told.code == 1
    assert "deferred for bob@example.org at rcpt" in told.out


def test_passwords_are_masked_and_not_sent_in_the_clear(ptarmigan, receiver, tmp_path):
    password = tmp_path / "password"
    password.write_text("s3cret-word\n")
    mx = receiver({b"AUTH": b"235 2.7.0 ok\r\n"}, extensions=b"250 AUTH PLAIN\r\n")
    told = send(ptarmigan, mx.address, "--user", "alice", "--password-file", password)
    assert told.code == 0, told.out  # loopback
    assert any(line.startswith(b"AUTH PLAIN ") for line in mx.lines)
    encoded = next(line for line in mx.lines if line.startswith(b"AUTH PLAIN ")).split()[2].decode()
    assert encoded not in told.out and "s3cret-word" not in told.out
    assert "AUTH PLAIN ****" in told.out


def test_required_tls_that_is_not_offered_sends_nothing(ptarmigan, receiver):
    mx = receiver()
    told = send(ptarmigan, mx.address, "--tls", "require")
    assert told.code == 2
    assert "tls_not_offered" in told.out
    assert not any(line.startswith(b"MAIL") for line in mx.lines)


def test_hostile_replies_do_not_reach_the_terminal(ptarmigan, receiver):
    told = send(ptarmigan, receiver({b"RCPT": b"550 5.1.1 \x1b]0;owned\x07 no\r\n"}).address)
    assert told.code == 1
    assert "\x1b" not in told.out and "\x07" not in told.out


def test_nobody_listens(ptarmigan):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = send(ptarmigan, f"127.0.0.1:{port}")
    assert told.code == 2
    assert "refused the connection" in told.out


def test_the_mx_is_found(ptarmigan, tmp_path):
    world = tmp_path / "dns.json"
    world.write_text('{"version": 1, "dns": [{"name": "example.org", "type": "MX", "data": ["0 ."]}]}')
    told = ptarmigan("send", "--from", "a@example.com", "--to", "b@example.org", "--replay-dns", world)
    assert told.code == 2
    assert "nowhere to deliver" in told.err


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--to", "nobody"], "--to 'nobody'"),
        (["-4", "-6"], "-4"),
        (["--server", "127.0.0.1", "-6"], "no IPv6 address"),
        (["--server", "127.0.0.1", "--source", "nonsense"], "--source"),
        (["--server", "127.0.0.1", "--user", "u"], "--password-file"),
        (["--server", "127.0.0.1", "--dkim-key", "k"], "--dkim-domain"),
        (["--server", "127.0.0.1", "--message", "/nonexistent"], "/nonexistent"),
        (["--server", "127.0.0.1", "--tls", "maybe"], "--tls"),
    ],
)
def test_bad_input_is_named(ptarmigan, words, reason):
    refused = ptarmigan("send", "--from", "a@example.com", "--to", "b@example.org", *words)
    assert refused.code == 2
    assert reason in refused.err


def test_queue_and_explain_beside_the_running_server(ptarmigan, server, config):
    sent = send(ptarmigan, server.address)
    assert sent.code == 0, sent.out
    identity = sent.out.split("queued as ")[1].split()[0]
    listed = ptarmigan("queue", "list", "--config", config, "--json")
    assert listed.code == 0
    (message,) = listed.json["messages"]
    assert (message["id"], message["mail_from"]) == (identity, "alice@example.com")
    assert message["groups"][0]["recipients"] == ["bob@example.org"]
    assert ptarmigan("queue", "list", "--config", config, "--domain", "example.net", "--json").json["count"] == 0
    assert ptarmigan("queue", "list", "--config", config, "--from", "ALICE@example.com", "--json").json["count"] == 1
    shown = ptarmigan("queue", "show", identity, "--config", config)
    assert shown.code == 0 and "Subject: Test" in shown.out
    assert "This is a test." in ptarmigan("queue", "show", identity, "--raw", "--config", config).out
    explained = ptarmigan("explain", identity, "--config", config, "--json")
    assert explained.code == 0
    assert explained.json["waiting"][0]["recipients"] == ["bob@example.org"]


def test_the_queue_is_changed_while_the_server_is_stopped(ptarmigan, server, config):
    for _ in range(3):
        assert send(ptarmigan, server.address).code == 0
    server.terminate()
    assert server.wait(timeout=30) == 0
    first, second, third = (message["id"] for message in ptarmigan("queue", "list", "--config", config, "--json").json["messages"])

    def held():
        return {m["id"] for m in ptarmigan("queue", "list", "--held", "--config", config, "--json").json["messages"]}

    assert ptarmigan("queue", "hold", first, second, "--config", config).code == 0
    assert held() == {first, second}
    assert ptarmigan("queue", "release", second, "--config", config).code == 0
    assert held() == {first}
    assert ptarmigan("queue", "delete", third, "--config", config).code == 0
    assert ptarmigan("queue", "show", third, "--config", config).code == 1
    assert ptarmigan("queue", "delete", third, "--config", config).code == 1
    nothing = ptarmigan("queue", "delete", "--config", config)
    assert nothing.code == 2 and "nothing was selected" in nothing.err
    assert ptarmigan("queue", "list", "--config", config, "--json").json["count"] == 2


def test_unknown_ids(ptarmigan, server, config):
    assert ptarmigan("explain", "0000000000001", "--config", config).code == 1
    assert ptarmigan("queue", "show", "0000000000001", "--config", config).code == 1
    assert "is no queue id" in ptarmigan("queue", "show", "nonsense", "--config", config).err
    assert "is no queue id" in ptarmigan("explain", "nonsense", "--config", config).err


def test_a_folder_that_is_no_spool_stays_as_it_is(ptarmigan, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    for verb in ("list", "hold"):
        words = ["--all"] if verb == "hold" else []
        refused = ptarmigan("queue", verb, *words, "--spool", folder, "--history", tmp_path / "h")
        assert refused.code == 2 and "there is no spool" in refused.err
    assert list(folder.iterdir()) == []
