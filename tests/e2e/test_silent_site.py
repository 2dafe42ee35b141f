"""A site that does not answer is not connected to for each of its messages, and gets them all when it is back."""

import pytest

MESSAGES = 20


@pytest.fixture(scope="module")
def server(story):
    story.configure(standing="enforce")
    path = story.home / "ptarmigan.toml"
    before, relay = path.read_text().split("[[relay]]", 1)  # the relay would take what a receiver that is down does not
    path.write_text(before + relay[relay.index("[submission]") :].replace('retry_first = "1s"', 'retry_first = "3s"').replace('longest = "2s"', 'longest = "3s"'))
    story.start_server()
    return story


def test_after_a_failure_the_mail_waits_without_connections_and_then_arrives_once(server):
    server.lab.stop_server("postfix")
    try:
        subjects = [server.submit("someone@postfix-receiver.com")[1] for _ in range(MESSAGES)]
        server.wait("all were looked at", lambda: server.queue(show=False).count("not tried") > 0, 20, server.server_log)
        attempts = [line for line in server.server_log().splitlines() if "to=<someone@postfix-receiver.com>" in line]
        tried = [line for line in attempts if "not tried, because nobody answered" not in line]
        assert len(tried) < len(attempts), attempts
    finally:
        server.lab.start_server("postfix")
    for subject in subjects:
        server.await_arrival("postfix", subject, 30)
    arrived = [d for d in server.lab.received("postfix") if any(f"Subject: {s}\r\n".encode() in d.raw for s in subjects)]
    assert len(arrived) == MESSAGES, "each once"
