"""SIGHUP: what is new counts for what is new, sessions and deliveries go on, and a configuration that cannot be used changes nothing."""

import re
import signal

import pytest

PATIENT = r"""
import pathlib, smtplib, sys, time
ready, go = map(pathlib.Path, sys.argv[1:])
with smtplib.SMTP("127.0.0.1", 587) as session:
    session.ehlo("patient.example")
    session.mail("news@example.com")
    ready.touch()
    while not go.exists():
        time.sleep(0.02)
    session.rcpt("someone@postfix-receiver.com")
    print(session.data(b"From: news@example.com\r\nSubject: a session over a reload\r\n\r\nx\r\n"))
"""


@pytest.fixture(scope="module")
def server(story):
    story.configure(standing="enforce")
    story.start_server()
    return story


def config_of(server):
    return server.home / "ptarmigan.toml"


def reload(server, expected: str) -> str:
    """Sends SIGHUP and returns what the log said from then on, once it says what is expected."""
    offset = len(server.server_log())
    server.server.send_signal(signal.SIGHUP)
    server.wait(f"the log says {expected}", lambda: expected in server.server_log()[offset:], 10, server.server_log)
    return server.server_log()[offset:]


def test_a_session_goes_on_and_new_mail_goes_by_the_new_settings(server):
    _, subject = server.submit("someone@postfix-receiver.com")
    assert server.await_arrival("postfix", subject).mail_from == "news@example.com"
    ready, go = server.home / "ready", server.home / "go"
    client = server.lab.popen(["/usr/bin/python3", "-c", PATIENT, server.inside("ready"), server.inside("go")])
    server.wait("a client is in the middle of its message", ready.exists, 10)
    text = config_of(server).read_text()
    config_of(server).write_text(text.replace('name = "example.com"\n', 'name = "example.com"\nverp = true\n', 1))
    told = reload(server, "reloaded")
    assert "domain[].verp" in told, told
    go.touch()
    assert client.wait(15) == 0, "the session was not dropped"
    server.await_arrival("postfix", "a session over a reload")
    _, subject = server.submit("someone@postfix-receiver.com")
    assert server.await_arrival("postfix", subject).mail_from == "news+someone=postfix-receiver.com@example.com"


def test_a_configuration_that_cannot_be_used_changes_nothing_and_the_log_says_why(server):
    good = config_of(server).read_text()
    for broken, why in (
        (good + "\n[delivery]\nprobess = 3\n", "nothing is changed"),
        (good.replace("s1.pem", "gone.pem"), "gone.pem"),
        (good.replace('ipv4 = "192.0.2.1"', 'ipv4 = "198.18.0.1"'), "198.18.0.1"),
        (good.replace("/run/lab/sender/password", "/run/lab/sender/no-password"), "no-password"),
    ):
        config_of(server).write_text(broken)
        told = reload(server, "nothing is changed")
        assert why in told, told
    config_of(server).write_text(good)
    _, subject = server.submit("someone@postfix-receiver.com")
    assert server.await_arrival("postfix", subject).mail_from.startswith("news+"), "by what was in use before"


def test_what_counts_after_a_restart_only_is_named(server):
    good = config_of(server).read_text()
    config_of(server).write_text(good.replace('min_free = "1MB"', 'min_free = "2MB"'))
    told = reload(server, "after a restart")
    assert re.search(r"spool\.min_free was changed too, and counts after a restart", told), told
    config_of(server).write_text(good)
    reload(server, "reloaded")


def test_a_new_key_signs_from_the_next_message_on(server):
    made = server.ptarmigan("dkim", "keygen", "example.com", "--selector", "s2", "--out", server.inside("s2.pem"), "--json", show=False)
    assert made.returncode == 0, made.stderr
    text = config_of(server).read_text()
    config_of(server).write_text(text.replace('"s1"', '"s2"').replace("s1.pem", "s2.pem"))
    reload(server, "reloaded")
    _, subject = server.submit("someone@postfix-receiver.com")
    raw = server.await_arrival("postfix", subject).raw
    assert b"s=s2" in raw and b"s=s1" not in raw, raw


def test_reloads_during_delivery_lose_nothing(server):
    subjects = []
    for _ in range(20):
        subjects.append(server.submit("someone@postfix-receiver.com")[1])
        server.server.send_signal(signal.SIGHUP)
    for subject in subjects:
        server.await_arrival("postfix", subject)
    deliveries = [d for d in server.lab.received("postfix") if any(f"Subject: {s}\r\n".encode() in d.raw for s in subjects)]
    assert len(deliveries) == len(subjects), "each once"
