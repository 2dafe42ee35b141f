"""How we log in at a relay: by the best mechanism that a real Postfix with Cyrus SASL offers, by the one that is asked for, by an access token."""

import json
import re
import signal
from pathlib import Path

import pytest

TOKEN_RELAY = Path(__file__).resolve().parent / "token_relay.py"


@pytest.fixture(scope="module")
def server(story):
    """Has no address of its own to send from: all mail goes over the relay."""
    story.configure(standing="enforce")
    path = story.home / "ptarmigan.toml"
    path.write_text(re.sub(r"\[\[source\]\].*?\n\n", "", path.read_text(), flags=re.DOTALL))
    story.start_server()
    return story


def use(server, **settings) -> None:
    """Sets settings of the relay and reloads."""
    path = server.home / "ptarmigan.toml"
    text = path.read_text()
    for name, value in settings.items():
        text = re.sub(rf"(?m)^{name} = .*\n", "", text) if name == "auth" else re.sub(rf'(?m)^{name} = .*$', f"{name} = {value}", text)
    if "auth" in settings:
        text = text.replace("[[relay]]\n", f"[[relay]]\nauth = {settings['auth']}\n")
    path.write_text(text)
    offset = len(server.server_log())
    server.server.send_signal(signal.SIGHUP)
    server.wait("it is reloaded", lambda: "reloaded" in server.server_log()[offset:], 10, server.server_log)


def mechanisms(server) -> list[str]:
    return re.findall(r"sasl_method=([A-Z0-9-]+)", server.lab.log("relay"))


def test_the_best_mechanism_that_is_offered_is_scram(server):
    _, subject = server.submit("friend@gmail.com")
    assert server.await_arrival("relay", subject).auth_user
    assert mechanisms(server)[-1] == "SCRAM-SHA-256"


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256"])
def test_the_mechanism_that_is_asked_for_is_used(server, mechanism):
    server.wait("the session is over", lambda: server.lab.log("relay").count("disconnect from") > len(mechanisms(server)) - 1, 10)
    use(server, auth=f'"{mechanism}"')
    _, subject = server.submit("friend@gmail.com")
    assert server.await_arrival("relay", subject).auth_user
    assert mechanisms(server)[-1] == mechanism.upper()


def test_a_wrong_password_makes_mail_wait_and_the_file_is_read_for_each_session(server):
    password = server.home / "password"
    right = password.read_text()
    server.wait("the session is over", lambda: server.lab.log("relay").count("disconnect from") >= len(mechanisms(server)), 10)
    password.write_text("wrong\n")
    queued, subject = server.submit("friend@gmail.com")
    server.wait("the relay refuses it", lambda: "535 5.7.8" in server.queue(show=False) and queued in server.queue(show=False), 15, server.server_log)
    password.write_text(right)
    server.await_arrival("relay", subject, 20)


def test_an_access_token_logs_in_and_a_fresh_one_is_taken_without_a_reload(server):
    token = server.home / "token"
    token.write_text("old\n")
    record = server.home / "tokens.jsonl"
    process = server.lab.popen(["/usr/bin/python3", str(TOKEN_RELAY), "192.0.2.1", "4465", server.inside("valid"), server.inside("tokens.jsonl")])
    try:
        (server.home / "valid").write_text("new\n")
        server.wait("the relay listens", record.exists, 10)
        seen = lambda: [json.loads(line) for line in record.read_text().splitlines()]  # noqa: E731
        use(server, auth='"xoauth2"', host='"mail.example.com"', port="4465", encrypt='"tls"', user='"app@example.com"', password_file=f'"{server.inside("token")}"')
        _, subject = server.submit("friend@gmail.com")
        server.wait("the old token is refused", lambda: any(e.get("good") is False for e in seen()), 15, server.server_log)
        token.write_text("new\n")
        server.wait("the message is there", lambda: any(e.get("subject") == subject for e in seen()), 15, server.server_log)
        assert all(e["auth"] == "AUTH XOAUTH2" for e in seen() if "auth" in e)
    finally:
        process.kill()
        process.wait()
