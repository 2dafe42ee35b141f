"""Nothing that was accepted is lost: the server is killed with -9 at random moments while messages are submitted and delivered.

A duplicate is allowed only for an attempt that was between the receiver's 250 and our commit when the server died (ARCHITECTURE.md
section 3): each one found must have been delivered first in the last moments of a server's life.
"""

import collections
import os
import random
import time

from ptlab.story import need

MESSAGES = int(os.environ.get("PTARMIGAN_KILL_MESSAGES", "1000"))
KILLS = int(os.environ.get("PTARMIGAN_KILLS", "10"))
CLIENTS = 4
LAST_MOMENTS = 3.0  # seconds; file times of the receiver against the moment of the kill


def test_kill_9_loses_nothing(story):
    story.configure(standing="enforce")
    story.start_server()
    sender = story.home / "submit.py"
    sender.write_text(SUBMITTER)
    chance = random.Random(20261123)
    kills = []
    client = story.lab.popen(["/usr/bin/python3", story.inside("submit.py"), str(MESSAGES), str(CLIENTS), story.inside("accepted.txt")])
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.2))
        if client.poll() is not None:
            break
        kill(story)
        kills.append(time.time())
        story.start_server()
    while client.poll() is None and len(kills) < KILLS:
        time.sleep(0.2)
    need(client.wait(240) == 0, "the submitting clients came to their end")
    # The rest of the kills fall while the queue is delivered.
    while len(kills) < KILLS:
        time.sleep(chance.uniform(0.2, 0.6))
        kill(story)
        kills.append(time.time())
        story.start_server()

    accepted = collections.Counter(int(line) for line in (story.home / "accepted.txt").read_text().split())
    assert len(accepted) == MESSAGES
    copies: dict[int, list] = collections.defaultdict(list)

    def all_there():
        copies.clear()
        for delivery in story.lab.received("postfix"):
            for line in delivery.raw.split(b"\r\n"):
                if line.startswith(b"Subject: kill "):
                    copies[int(line.split()[-1])].append(delivery)
        return all(len({queue_id_of(d) for d in copies[number]}) >= times for number, times in accepted.items())

    story.wait("every accepted message has arrived", all_there, 120, story.server_log)
    duplicates = explain_duplicates(copies, kills)
    print(f"{MESSAGES} messages, {len(kills)} kills, {sum(accepted.values())} answered 250, 0 lost, {duplicates} duplicates, each explained")


def kill(story):
    """The server itself, not the wrapper that runs it in the lab."""
    story.server.kill()
    story.server.wait()
    story.server = None


def queue_id_of(delivery) -> bytes:
    """Our own queue id, from our Received field: two submissions of one text are two messages, two copies of one id are a duplicate."""
    for part in delivery.raw.split(b"(Ptarmigan)")[1:2]:
        return part.split(b" id ")[1].split(b";")[0].strip()
    raise AssertionError(f"no trace field of ours in {delivery.path}")


def explain_duplicates(copies, kills) -> int:
    count = 0
    by_id = collections.defaultdict(list)
    for deliveries in copies.values():
        for delivery in deliveries:
            by_id[queue_id_of(delivery)].append(delivery)
    for queue_id, deliveries in by_id.items():
        times = sorted(delivery.path.stat().st_mtime for delivery in deliveries)
        for before in times[:-1]:
            count += 1
            assert any(-0.5 <= killed - before <= LAST_MOMENTS for killed in kills), f"{queue_id} came twice, with no kill after its first copy"
    return count


SUBMITTER = """
import smtplib, sys, threading, time
messages, clients, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lock = threading.Lock()
def work(first):
    for number in range(first, messages, clients):
        while True:
            try:
                server = smtplib.SMTP("127.0.0.1", 587, timeout=20)
                server.sendmail("news@example.com", [f"r{number}@postfix-receiver.com"],
                                f"From: news@example.com\\r\\nSubject: kill {number}\\r\\n\\r\\n" + ("x" * 70 + "\\r\\n") * 28)
            except (OSError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError):
                time.sleep(0.05)
                continue
            with lock, open(path, "a") as out:
                out.write(f"{number}\\n")
            try: server.quit()
            except (OSError, smtplib.SMTPException): pass
            break
threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
