"""`ptarmigan log`: logs of other mail servers through the command."""

import gzip
import json
import sqlite3
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[2].parent / "shared" / "suites" / "logs-postfix"

LOG = """\
Nov 22 10:00:00 mail postfix/qmgr[5]: 0F38D150: from=<a@example.com>, size=812, nrcpt=2 (queue active)
Nov 22 10:00:00 mail sshd[9]: nothing of ours
Nov 22 10:00:01 mail postfix/smtp[7]: Trusted TLS connection established to gmail-smtp-in.l.google.com[2001:db8:feed::25]:25: \
TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
Nov 22 10:00:02 mail postfix/smtp[7]: 0F38D150: to=<x@gmail.com>, relay=gmail-smtp-in.l.google.com[2001:db8:feed::25]:25, \
delay=2, delays=0.5/0.5/0.5/0.5, dsn=5.7.1, status=bounced (host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: 550-5.7.1 \
[2001:db8::1] Our system has detected that this message does 550-5.7.1 not meet IPv6 sending guidelines regarding PTR records \
and 550-5.7.1 authentication. 550 5.7.1 . a1 - gsmtp (in reply to end of DATA command))
Nov 22 10:00:03 mail postfix/smtp[8]: 0F38D150: to=<y@example.org>, relay=mx.example.org[203.0.113.25]:25, \
delay=3, delays=1/1/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov 22 10:00:03 mail postfix/qmgr[5]: 0F38D150: removed
"""


@pytest.fixture
def records(ptarmigan):
    """The objects that `ptarmigan log --json` prints."""

    def read(*arguments, text=""):
        done = ptarmigan("log", "--json", *arguments, stdin=text)
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    return read


@pytest.mark.parametrize("case", sorted(SUITE.glob("*.yaml")) or [pytest.param(None, marks=pytest.mark.skip(
    reason="the conformance suites are not beside the project"))], ids=lambda path: path.stem if path else "none")
@pytest.mark.parametrize("logged", ["bare", "syslog"])
def test_suite_line_gives_exactly_its_fields(records, case, logged):
    yaml = pytest.importorskip("yaml")
    wanted = yaml.safe_load(case.read_text())
    program = "postfix/" + case.stem.split("_")[0]
    prefix = "" if logged == "bare" else f"Nov 22 10:00:00 mail {program}[7]: "
    (record,) = records("-", text=prefix + wanted["data"] + "\n")
    assert record["fields"] == {name: str(value) for name, value in wanted["results"].items()}


def test_attempts_carry_what_other_lines_told(records, tmp_path):
    packed = tmp_path / "mail.log.2.gz"
    packed.write_bytes(gzip.compress(LOG.encode()))
    bounced, sent = records("--outcomes", packed)
    assert bounced["sender"] == "a@example.com"
    assert (bounced["site"], bounced["family"], bounced["cause"]) == ("gmail", "ipv6", "sending_address")
    assert bounced["rules"] and bounced["local_address"] == "2001:db8::1"
    assert bounced["tls"]["version"] == "TLSv1.3"
    assert sent["outcome"] == "delivered" and sent["tls"] is None


def test_summary_names_receiver_family_and_cause(ptarmigan):
    done = ptarmigan("log", "-", stdin=LOG)
    assert done.code == 0
    assert "5 lines of Postfix and Exim, 1 others" in done.out
    assert "gmail, IPv6, sending_address" in done.out


def test_learning_twice_keeps_each_attempt_once(ptarmigan, tmp_path):
    log, history = tmp_path / "mail.log", tmp_path / "history.db"
    log.write_text(LOG)
    for _ in range(2):
        assert ptarmigan("log", "--learn", "--history", history, log).code == 0
    rows = sqlite3.connect(history).execute("SELECT site, origin, external_id FROM attempts ORDER BY site").fetchall()
    assert rows == [("gmail", "postfix", "0F38D150"), ("mx.example.org", "postfix", "0F38D150")]


def test_what_cannot_be_read_is_one_clear_error(ptarmigan, tmp_path):
    done = ptarmigan("log", tmp_path / "none")
    assert done.code == 2 and "cannot open" in done.err
    assert ptarmigan("log").code == 2
    assert ptarmigan("log", "--follow", "a", "b").code == 2
