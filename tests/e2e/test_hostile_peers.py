"""Receivers that drop, lie, or send garbage at each step toward our client: the message waits and arrives, once; only an end that was swallowed may
bring it twice to the peer's disk, and never twice with a 250."""

import json
import re
from pathlib import Path

import pytest

PEER = Path(__file__).resolve().parent / "hostile_peer.py"
ADDRESS = "192.0.2.34"
# Not all of step x deed, for each waits for its retry; hostile_peer.py plays drop, garbage, busy, long and endless at every step.
MODES = ["greeting-drop", "greeting-garbage", "greeting-endless", "ehlo-garbage", "ehlo-long", "starttls-injection", "mail-lies", "mail-garbage"]
MODES += ["rcpt-drop", "rcpt-busy", "data-garbage", "data-lies", "body-drop", "dot-drop", "dot-garbage"]


@pytest.fixture(scope="module")
def peer(story):
    for n in range(len(MODES)):
        story.lab.dns_set(f"hostile{n}.example.com", "MX", f"10 peer{n}.example.com.")
        story.lab.dns_set(f"peer{n}.example.com", "A", ADDRESS)
    story.configure(standing="off")
    config = story.home / "ptarmigan.toml"
    config.write_text(re.sub(r"\[\[relay\]\].*?\n\n", "", config.read_text(), flags=re.DOTALL))
    record = story.home / "peer.jsonl"
    process = story.lab.popen(["/usr/bin/python3", str(PEER), ADDRESS, story.inside("mode"), story.inside("peer.jsonl")])
    story.wait("the peer listens", record.exists, 10)
    story.start_server()
    yield story
    process.kill()
    process.wait()


def seen(story, subject: str) -> list[dict]:
    lines = (story.home / "peer.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["subject"] == subject]


@pytest.mark.parametrize("mode", MODES)
def test_a_message_survives_a_peer_that_misbehaves_once(peer, mode):
    (peer.home / "mode").write_text(mode)
    _, subject = peer.submit(f"someone@hostile{MODES.index(mode)}.example.com")
    peer.wait(f"the peer takes it after {mode}", lambda: any(entry["told"] for entry in seen(peer, subject)), 30, peer.server_log)
    assert (peer.home / "mode").read_text() == "", "the mode was played"
    peer.wait("the queue is empty", lambda: "hostile" not in peer.queue(show=False), 10)
    entries = seen(peer, subject)
    assert sum(entry["told"] for entry in entries) == 1, entries
    assert len(entries) <= (2 if mode.startswith("dot-") else 1), entries
    assert all(entry["lines"] > 5 for entry in entries), "whole"
