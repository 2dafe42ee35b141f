"""What senders are told of success and delay (RFC 3461), judged by the notices that real receivers get."""

import pytest

SEND = """
import smtplib, sys
sender, recipient, notify, subject = sys.argv[1:]
peer = smtplib.SMTP("127.0.0.1", 587)
peer.ehlo("client.example")
assert peer.has_extn("dsn")
peer.mail(sender, ["ENVID=QQ314", "RET=HDRS"])
assert peer.rcpt(recipient, ["NOTIFY=" + notify, "ORCPT=rfc822;first@example.com"])[0] == 250
code, answer = peer.data(f"From: news@example.com\\r\\nSubject: {subject}\\r\\n\\r\\nsecret body\\r\\n")
assert code == 250, answer
peer.quit()
"""


@pytest.fixture(scope="module")
def server(story):
    story.configure(standing="off", extra='delay_notice = "1s"')
    story.start_server()
    return story


def notice(server, receiver: str, action: str) -> str:
    def found():
        raws = (delivery.raw.decode() for delivery in server.lab.received(receiver) if not delivery.mail_from)
        return [raw for raw in raws if f"\r\nAction: {action}\r\n" in raw]

    server.wait(f"{receiver} gets the notice “{action}”", found, 20, server.server_log)
    assert len(found()) == 1
    return found()[0]


def test_success_is_reported_where_the_receiver_reports_nothing(server):
    sent = server.command("/usr/bin/python3", "-c", SEND, "sender@postfix-receiver.com", "someone@exim-receiver.com", "SUCCESS", "success asked for")
    assert sent.returncode == 0, sent.stderr
    told = notice(server, "postfix", "relayed")
    assert "Original-Envelope-Id: QQ314\r\n" in told and "Original-Recipient: rfc822; first@example.com\r\n" in told
    assert "secret body" not in told


def test_a_delay_is_reported_once(server):
    sent = server.command("/usr/bin/python3", "-c", SEND, "sender@exim-receiver.com", "busy@postfix-receiver.com", "DELAY", "delayed")
    assert sent.returncode == 0, sent.stderr
    told = notice(server, "exim", "delayed")
    assert "Will-Retry-Until: " in told and "450 4.2.1" in told
    queued = [server.queue(show=False)]
    server.wait("two more attempts", lambda: queued.append(server.queue(show=False)) or server.server_log().count("busy@postfix-receiver.com") >= 4, 15, server.server_log)
    notice(server, "exim", "delayed")
