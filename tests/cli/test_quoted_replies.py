"""Every reply that receivers' own pages and the field quote is led back to its cause by `ptarmigan explain-reply` (quoted_replies.tsv)."""

from pathlib import Path

import pytest

LINES = (Path(__file__).parent / "quoted_replies.tsv").read_text().splitlines()
ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize("reply, receiver, causes, persistence, rule", ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_quoted_reply_has_its_cause(ptarmigan, reply, receiver, causes, persistence, rule):
    told = ptarmigan("explain-reply", "--json", reply.replace("\\n", "\n")).json
    rules = [one["rule"] for one in told["rules"]]
    assert (told["receiver"] or "-") == receiver
    assert causes == "-" or told["cause"] in causes.split("|"), told
    assert told["persistence"] == persistence
    if rule.startswith("!"):
        assert rule[1:] not in rules
    elif rule != "-":
        assert rule in rules
    assert told["advice"], "there is always something to do"
