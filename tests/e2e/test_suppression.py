"""The suppression list beside a running server: refused at submission, given up while it waits, filled by complaints about mail that was really sent."""

import json
import re
import time

import pytest
from ptlab.story import need

FOLDER = "/run/lab/sender/reports"

COMPLAINT = """From: feedback@postfix-receiver.com
To: abuse@example.com
Subject: complaint
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <{unique}@postfix-receiver.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a complaint.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Receiver/1.0
Version: 1
Original-Rcpt-To: <{recipient}>

--b
Content-Type: message/rfc822

From: news@example.com
To: {recipient}
Subject: x
Message-ID: {message_id}

x
--b--
"""


@pytest.fixture(scope="module")
def server(story):
    (story.home / "reports").mkdir()
    story.configure(standing="enforce", extra="suppress_unknown = true")
    config = story.home / "ptarmigan.toml"
    before, relay = config.read_text().split("[[relay]]", 1)  # the relay would take what a receiver that is down does not
    config.write_text(before + relay[relay.index("[submission]") :] + f'\n[watch]\ndrop_folder = "{FOLDER}"\n')
    story.start_server()
    return story


def suppress(server, *words) -> dict:
    done = server.ptarmigan("suppress", *words, "--json", "--config", server.inside("ptarmigan.toml"))
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def listed(server) -> dict[str, dict]:
    return {entry["address"]: entry for entry in suppress(server, "list")["suppressed"]}


def swaks(server, to: str):
    return server.command("swaks", "--to", to, "--from", "news@example.com", "--server", "127.0.0.1", "--port", "587", "--header", "Subject: suppressed", show=False)


def test_who_is_suppressed_is_refused_at_submission_until_taken_off(server):
    assert suppress(server, "add", "Left.Alone@postfix-receiver.com", "--reason", "asked by phone")["changed"] == 1
    refused = swaks(server, "left.alone@postfix-receiver.com,other@postfix-receiver.com")
    assert re.search(r"550-5\.7\.1 left\.alone@postfix-receiver\.com is on the suppression list since .* \(operator: asked by phone\)", refused.stdout), refused.stdout
    assert "ptarmigan suppress remove left.alone@postfix-receiver.com" in refused.stdout
    assert "queued as" in refused.stdout, "the other recipient's mail goes on"
    assert suppress(server, "remove", "left.alone@postfix-receiver.com")["changed"] == 1
    assert "queued as" in swaks(server, "left.alone@postfix-receiver.com").stdout


def test_mail_that_waits_for_who_is_suppressed_meanwhile_is_given_up_with_the_reason(server):
    server.lab.stop_server("postfix")
    try:
        queued, _ = server.submit("waits@postfix-receiver.com")
        waits = lambda: any(g["attempts"] for m in json.loads(queue(server))["messages"] for g in m["groups"] if m["id"] == queued)  # noqa: E731
        server.wait("it was tried", waits, 15, server.server_log)
        suppress(server, "add", "@postfix-receiver.com")
        server.wait("it is given up", lambda: queued not in queue(server), 15, server.server_log)
    finally:
        suppress(server, "remove", "@postfix-receiver.com")
        server.lab.start_server("postfix")


def test_who_is_unknown_to_the_receiver_gets_no_more_mail(server):
    server.submit("unknown@postfix-receiver.com")
    server.wait("the list has it", lambda: "unknown@postfix-receiver.com" in listed(server), 15, server.server_log)
    entry = listed(server)["unknown@postfix-receiver.com"]
    assert entry["origin"] == "bounce" and "5.1.1" in entry["reason"], entry
    assert "suppression list" in swaks(server, "unknown@postfix-receiver.com").stdout
    assert suppress(server, "remove", "unknown@postfix-receiver.com")["changed"] == 1


def queue(server) -> str:
    return server.ptarmigan("queue", "list", "--json", "--config", server.inside("ptarmigan.toml"), show=False).stdout


def drop(server, name: str, recipient: str, message_id: str) -> None:
    path = server.home / "reports" / name
    path.write_text(COMPLAINT.format(recipient=recipient, message_id=message_id, unique=name))
    server.wait(f"{name} was read", lambda: (server.home / "reports/done" / name).exists(), 10, lambda: "\n".join(l for l in server.server_log().splitlines() if "attempt" not in l))


def test_a_complaint_about_our_mail_puts_its_recipient_on_the_list_and_a_forged_one_nobody(server):
    _, subject = server.submit("unhappy@postfix-receiver.com")
    arrived = server.await_arrival("postfix", subject).raw.decode()
    message_id = re.search(r"(?im)^message-id:\s*(<[^>]+>)", arrived)[1]
    time.sleep(0.5)  # the history is written behind the attempt
    drop(server, "forged.eml", "victim@postfix-receiver.com", message_id)
    drop(server, "unknown.eml", "unhappy@postfix-receiver.com", "<never-sent@example.com>")
    assert listed(server) == {}
    drop(server, "complaint.eml", "unhappy@postfix-receiver.com", message_id)
    server.wait("it is on the list", lambda: "unhappy@postfix-receiver.com" in listed(server), 10, server.server_log)
    entry = listed(server)["unhappy@postfix-receiver.com"]
    assert entry["origin"] == "complaint" and "reported as abuse" in entry["reason"]
    assert "550" in swaks(server, "unhappy@postfix-receiver.com").stdout
    server.stop_server()
    assert set(listed(server)) == {"unhappy@postfix-receiver.com"}, "without a server the file answers"
    server.start_server()
    assert "550" in swaks(server, "unhappy@postfix-receiver.com").stdout
    need(suppress(server, "remove", "unhappy@postfix-receiver.com")["changed"] == 1, "taken off")
