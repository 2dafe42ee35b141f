"""What is around the server fails: its disk, its DNS, its network. Each is said clearly, and no accepted mail is lost."""

import time

import pytest

from ptlab.story import SENDER, need

TO = "friend@postfix-receiver.com"
SPOOL_MB = 48


@pytest.fixture
def server(story):
    """The story's server, running; stopped again after the test, whose remains stay in the queue."""
    story.configure(standing="enforce")
    story.start_server()
    yield story
    story.stop_server()


def submit_reply(story) -> tuple[str, str]:
    """Submits one message, whatever the answer is: the subject, and the reply to DATA."""
    story.serial += 1
    subject = f"bad world {story.serial}"
    done = story.command(
        *("swaks", "--to", TO, "--from", SENDER, "--server", "127.0.0.1", "--port", "587", "--header", f"Subject: {subject}"),
        *("--body", "x" * 900, "--timeout", "20"),
        show=False,
    )  # fmt: skip
    replies = [line for line in done.stdout.splitlines() if line.startswith(("<- ", "<** "))]
    refused = [line for line in replies if line.startswith("<** ")]
    return subject, (refused or [line for line in replies if "queued as" in line] or [done.stdout + done.stderr])[0]


def copies(story, subject: str) -> int:
    return sum(f"Subject: {subject}\r\n".encode() in delivery.raw for delivery in story.lab.received("postfix"))


def test_a_port_in_use_is_named_by_serve(server):
    second = server.inside("second.toml")
    text = (server.home / "ptarmigan.toml").read_text().replace("/spool", "/spool2").replace("history.db", "history2.db")
    (server.home / "second.toml").write_text(text)
    refused = server.ptarmigan("serve", "--config", second, show=False)
    assert refused.returncode == 2
    assert "127.0.0.1:25" in refused.stderr and "in use" in refused.stderr


def test_mail_waits_while_dns_is_down(server):
    server.stop_server()
    path = server.home / "ptarmigan.toml"
    path.write_text(path.read_text().replace("[dns]\n", '[dns]\ndeadline = "2s"\n'))
    server.lab.stop_server("dns")
    server.start_server()  # nothing is known from before, and nobody answers
    subject, reply = submit_reply(server)
    assert "queued as" in reply
    queued = lambda: server.queue(show=False)  # noqa: E731
    server.wait("the queue says that DNS gave no answer", lambda: "could not be looked up: timed out" in queued(), 40, queued)
    server.lab.start_server("dns")
    server.await_arrival("postfix", subject, 60)
    assert copies(server, subject) == 1


def test_a_full_disk_answers_452_and_loses_nothing(story):
    story.configure(standing="enforce", extra="")
    spool = story.inside("spool-disk")
    (story.home / "spool-disk").mkdir()
    need(story.lab.run(["mount", "-t", "tmpfs", "-o", f"size={SPOOL_MB}m", "tmpfs", spool]).returncode == 0, "a small disk is there")
    path = story.home / "ptarmigan.toml"
    path.write_text(path.read_text().replace(story.inside("spool"), f"{spool}/spool"))
    story.start_server()
    try:
        for receiver in ("postfix", "relay"):  # mail would take the relay
            story.lab.stop_server(receiver)
        accepted = []
        for _ in range(3):
            subject, reply = submit_reply(story)
            assert "queued as" in reply
            accepted.append(subject)
        story.lab.run(["dd", "if=/dev/zero", f"of={spool}/filler", "bs=64k"], capture_output=True)
        refused, reply = submit_reply(story)
        assert "452 4.3.1" in reply, reply
        # While the disk is full the queue is delivered as far as its state can be kept.
        story.lab.start_server("postfix")
        time.sleep(3)
        story.lab.run(["rm", f"{spool}/filler"])

        def accepted_again() -> bool:
            subject, reply = submit_reply(story)
            if "queued as" in reply:
                accepted.append(subject)
            return "queued as" in reply

        story.wait("mail is accepted again", accepted_again, 20, story.server_log)
        queue = lambda: story.queue(show=False)  # noqa: E731
        story.wait("all accepted mail has arrived", lambda: all(copies(story, subject) for subject in accepted), 30, queue)
        story.wait("the queue is empty", lambda: TO not in queue(), 20, queue)
        assert {subject: copies(story, subject) for subject in accepted} == dict.fromkeys(accepted, 1)
        assert copies(story, refused) == 0
        story.stop_server()
    finally:
        story.end()
        story.lab.run(["umount", spool])


def test_a_host_without_ipv6_is_said_as_such(story):
    """The last test of this lab: its IPv6 addresses do not come back."""
    story.configure(standing="enforce")
    off = story.lab.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"], capture_output=True)
    if off.returncode != 0:
        pytest.skip("IPv6 cannot be switched off in this lab")
    refused = story.ptarmigan("serve", "--config", story.inside("ptarmigan.toml"), show=False)
    assert refused.returncode == 2
    assert "2001:db8::1" in refused.stderr and "not on this host" in refused.stderr
    # With the IPv4 address alone the same host serves.
    path = story.home / "ptarmigan.toml"
    path.write_text(path.read_text().replace('ipv6 = "2001:db8::1"\n', ""))
    story.start_server()
    subject, reply = submit_reply(story)
    assert "queued as" in reply
    assert story.await_arrival("postfix", subject, 30).peer_address == "192.0.2.1"
    story.stop_server()
