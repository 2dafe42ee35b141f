"""The disk of the running server fails at every step, tears its last write, is full; the clock jumps. Nothing that was answered 250 is lost.

The faults come from fault_disk.c, preloaded into the real program: under RocksDB, at the nth write or sync of the spool's files. A duplicate is
allowed only for an attempt whose outcome was not yet on disk when the spool stopped or the process died; they are counted. PTARMIGAN_FAULT_STEPS
says at how many steps each fault is given (3; all of them by `./dev long disk`).
"""

import collections
import json
import os
import struct
import subprocess
import time
from pathlib import Path

import pytest
from ptlab.story import need

STEPS = int(os.environ.get("PTARMIGAN_FAULT_STEPS", "3"))
MESSAGES = 8  # a round, by two clients at once
FAULTS = {"write error": 1, "no space": 2, "sync error": 3, "torn write, killed": 4, "killed before a sync": 5, "killed after a sync": 6}
DAY = 24 * 3600 * 1000


class Plan:
    """What the preloaded library is to do."""

    def __init__(self, path: Path):
        self.path = path
        self.clock = 0
        path.write_bytes(bytes(24))

    def write(self, fault: int, left: int = 0) -> None:
        with self.path.open("r+b") as plan:
            plan.seek(4)
            plan.write(struct.pack("=iiiq", left, 0, 0, self.clock))
            plan.seek(0)
            plan.write(struct.pack("=i", fault))  # last: it makes the rest count

    def arm(self, fault: str, left: int) -> None:
        self.write(FAULTS[fault], left)

    def disarm(self) -> None:
        self.write(0)

    def set_clock(self, milliseconds: int) -> None:
        self.clock = milliseconds
        self.write(0)

    def struck(self) -> int:
        return struct.unpack_from("=i", self.path.read_bytes(), 8)[0]


@pytest.fixture(scope="module")
def failing(story, program, tmp_path_factory):
    """The story's server, on a disk and a clock that obey story.plan."""
    if any(word in str(program) for word in ("asan", "tsan")):
        pytest.skip("a sanitizer's runtime must be loaded first")
    library = story.home / "fault_disk.so"
    source = Path(__file__).with_name("fault_disk.c")
    subprocess.run(["clang-19", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"], check=True)
    story.plan = Plan(story.home / "plan")
    (story.home / "submit.py").write_text(SUBMITTER)
    story.configure(standing="enforce")
    path = story.home / "ptarmigan.toml"
    before, relay = path.read_text().split("[[relay]]", 1)  # the relay would take what a receiver that is down does not
    path.write_text(before + relay[relay.index("[submission]") :])
    wrapper = ["env", f"LD_PRELOAD={story.inside('fault_disk.so')}", f"FAULT_PLAN={story.inside('plan')}",
               f"FAULT_FOLDER={story.inside('spool/db')}"]  # fmt: skip

    def start():
        log = open(story.home / "serve.log", "ab")
        offset = log.tell()
        words = [*wrapper, story.program, "serve", "--config", story.inside("ptarmigan.toml")]
        story.server = story.lab.popen(words, stdout=log, stderr=log)
        log.close()
        up = lambda: "delivering" in (story.home / "serve.log").read_bytes()[offset:].decode() or story.server.poll() is not None  # noqa: E731
        story.wait("the server is up or has ended", up, 20, story.server_log)

    story.start_failing = start
    start()
    yield story
    end(story)


def end(story) -> None:
    """Whatever state it is in."""
    if story.server is not None:
        story.server.kill()
        story.server.wait()
        story.server = None


def submit(story, name: str, count: int = MESSAGES) -> dict[str, int]:
    """Submits `count` messages; what each was answered, 0 where the connection broke."""
    story.command("/usr/bin/python3", story.inside("submit.py"), name, str(count), story.inside("answers.txt"), show=False)
    answers = [line.rsplit(" ", 1) for line in (story.home / "answers.txt").read_text().splitlines()]
    need(len(answers) == count, f"every message was tried: {answers}")
    return {subject: int(code) for subject, code in answers}


def spool_state(story) -> str:
    listed = story.ptarmigan("queue", "list", "--json", "--config", story.inside("ptarmigan.toml"), show=False)
    need(listed.returncode == 0, f"queue list answers: {listed.stderr}")
    return json.loads(listed.stdout)["server"]["spool"]


def copies(story) -> collections.Counter:
    out = collections.Counter()
    for delivery in story.lab.received("postfix"):
        out.update(line.removeprefix(b"Subject: ").decode() for line in delivery.raw.split(b"\r\n") if line.startswith(b"Subject: "))
    return out


def play(story, fault: str, step: int) -> tuple[dict[str, int], bool]:
    """One round: armed, mail in and out, then what the operator sees and does. Answers, and whether the fault came."""
    name = f"{fault} {step}".replace(" ", "-").replace(",", "")
    story.plan.arm(fault, step)
    answers = submit(story, name)
    sent = [subject for subject, code in answers.items() if code == 250]
    settled = lambda: story.plan.struck() > 0 or all(copies(story)[s] for s in sent)  # noqa: E731
    story.wait("the fault has come, or the mail has gone", settled, 20, story.server_log)
    struck = story.plan.struck() > 0
    if not struck:
        story.plan.disarm()
        return answers, False
    if "kill" in fault:
        need(story.server.wait(10) != 0, "the server was killed")
        story.plan.disarm()
        story.server = None
        story.start_failing()
    elif fault == "no space":
        story.wait("the state is told", lambda: spool_state(story) == "no_space", 10, story.server_log)
        need(set(submit(story, name + "-refused", 2).values()) == {452}, "while the disk is full, mail is answered 452")
        story.plan.disarm()

        def taken_again() -> bool:
            answers.update(submit(story, f"{name}-again-{len(answers)}", 1))
            return spool_state(story) == "running"

        story.wait("there is space again", taken_again, 15, story.server_log)
        # What was delivered meanwhile is noted now: nothing goes out twice.
        story.wait("the queue is empty", lambda: "nothing is queued" in story.queue(show=False), 20, story.server_log)
    else:
        story.wait("the state is told", lambda: spool_state(story) == "stopped", 10, story.server_log)
        need(story.server.poll() is None, "the server stays up")
        need(set(submit(story, name + "-refused", 2).values()) == {451}, "after an error of the disk, mail is answered 451")
        told = story.ptarmigan("queue", "list", "--config", story.inside("ptarmigan.toml"), show=False).stdout
        need("The spool has stopped" in told and "restart the server" in told, f"queue list says so, and what to do: {told}")
        story.plan.disarm()
        need(set(submit(story, name + "-after", 1).values()) == {451}, "no failed sync is forgotten")
        story.server.terminate()
        need(story.server.wait(15) == 2, "it ends when told to, and says that all was not well")
        story.server = None
        story.start_failing()
    need(story.server.poll() is None, f"the server runs again: {story.server_log()[-2000:]}")
    return answers, True


def test_a_failing_disk_loses_nothing_that_was_acknowledged(failing):
    story = failing
    table = {}
    acknowledged = {}
    for fault in FAULTS:
        rounds = 0
        mine = {}
        for step in range(STEPS):
            # In the gate the steps are spread over the life of a message: accepting it, and noting what came of it.
            answers, struck = play(story, fault, step if STEPS > 3 else step * 4)
            mine |= {subject: code for subject, code in answers.items() if code == 250}
            rounds += struck
            if not struck:
                break
        need(rounds > 0, f"the fault “{fault}” came")
        acknowledged |= mine
        table[fault] = [rounds, len(mine), mine]
    story.wait("all has arrived", lambda: not set(acknowledged) - set(copies(story)), 60, story.server_log)
    story.wait("the queue is empty", lambda: "nothing is queued" in story.queue(show=False), 30, story.server_log)
    arrived = copies(story)
    print(f"{'fault':24} {'rounds':>6} {'acknowledged':>12} {'lost':>5} {'duplicates':>10}")
    for fault, (rounds, count, mine) in table.items():
        print(f"{fault:24} {rounds:6} {count:12} {sum(not arrived[s] for s in mine):5} {sum(arrived[s] - 1 for s in mine):10}")
    assert story.bounces() == 0
    assert all(arrived[s] >= 1 for s in acknowledged)
    # An outcome waits for room, and its message with it: nothing goes out twice.
    assert sum(arrived[s] - 1 for s in table["no space"][2]) == 0


def test_a_clock_that_jumps_neither_bounces_nor_delays_mail(failing):
    story = failing
    story.lab.stop_server("postfix")
    try:
        before = submit(story, "clock-before", 2)
        assert set(before.values()) == {250}
        attempts = lambda: [g["attempts"] for m in listed(story) for g in m["groups"]]  # noqa: E731
        story.wait("each was tried", lambda: min(attempts(), default=0) >= 1, 15, story.server_log)
        for jump in (40 * DAY, -40 * DAY):
            tried = max(attempts())
            story.plan.set_clock(jump)
            before |= submit(story, f"clock-{jump}", 1)
            story.wait("tried again after the jump", lambda: min(attempts(), default=0) >= 1 and max(attempts()) > tried + 1, 20, story.server_log)
        # A start with a clock that is 40 days behind those who wrote the queue.
        story.server.terminate()
        need(story.server.wait(15) == 0, "it ends in good order")
        story.start_failing()
    finally:
        story.lab.start_server("postfix")
    story.wait("all has arrived", lambda: all(copies(story)[s] == 1 for s in before), 30, story.server_log)
    story.plan.set_clock(0)
    assert story.bounces() == 0


def listed(story) -> list:
    out = story.ptarmigan("queue", "list", "--json", "--config", story.inside("ptarmigan.toml"), show=False)
    return json.loads(out.stdout)["messages"]


SUBMITTER = """
import smtplib, sys, threading
name, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
lock, out = threading.Lock(), open(path, "w")
def work(first):
    for number in range(first, count, 2):
        subject, code = f"{name} {number}", 0
        try:
            server = smtplib.SMTP("127.0.0.1", 587, timeout=10)
            server.ehlo()
            code, _ = server.mail("news@example.com")
            if code == 250: code, _ = server.rcpt(f"r{number}@postfix-receiver.com")
            if code == 250: code, _ = server.data(f"From: news@example.com\\r\\nSubject: {subject}\\r\\n\\r\\n" + ("x" * 70 + "\\r\\n") * 28)
            server.close()
        except (OSError, smtplib.SMTPException): code = 0
        with lock: out.write(f"{subject} {code}\\n")
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
