"""Twenty-two broken setups (tests/setups): what check says of each, and that what it prints to publish repairs it."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "setups"
WORLD = json.loads((FOLDER / "setups.json").read_text())
SETUPS = {setup["id"]: setup for setup in WORLD["setups"]}


@pytest.fixture
def nothing_else(tmp_path):
    """Outside of the zone file nothing exists."""
    path = tmp_path / "empty.json"
    path.write_text('{"version": 1, "dns": []}')
    return path


@pytest.fixture
def check(ptarmigan, nothing_else):
    def run(setup, *words):
        options = ["--source", WORLD["source"], "--ehlo", WORLD["ehlo"], "--replay-dns", nothing_else, "--json"]
        options += ["--dkim", f"{WORLD['dkim']}={FOLDER / WORLD['key']}"] if setup["signed"] else ["--unsigned"]
        options += ["--mail-from", setup["mail_from"]] if setup["mail_from"] else []
        options += ["--bulk"] if setup["stream"] == "bulk" else []
        for receiver in WORLD["receivers"]:
            options += ["--receiver", receiver]
        return ptarmigan("check", WORLD["domain"], *options, *words)

    return run


@pytest.mark.parametrize("name", SETUPS)
def test_check_forecasts_what_each_receiver_does(check, name):
    setup = SETUPS[name]
    told = check(setup, "--zone", FOLDER / f"{name}.zone")
    assert told.code == 1, told.err
    forecasts = {"IPv4": {}, "IPv6": {}}
    for delivery in told.json["deliveries"]:
        forecasts[delivery["family"]][delivery["receiver"]] = delivery["forecast"]
    assert forecasts == {"IPv4": setup["ipv4"], "IPv6": setup["ipv6"]}
    causes = {delivery["because"] for delivery in told.json["deliveries"]}
    assert set(setup["rules"]) <= causes


@pytest.mark.parametrize("name", SETUPS)
def test_the_printed_records_turn_the_verdict(check, name, tmp_path):
    setup = SETUPS[name]
    zone = FOLDER / f"{name}.zone"
    repairs = check(setup, "--zone", zone).json["repairs"]
    repaired = tmp_path / "repaired.zone"
    repaired.write_text(published(zone.read_text(), repairs))
    told = check(setup, "--zone", repaired)
    assert told.json["verdict"] == "accepted", repaired.read_text() + told.out
    assert told.code == 0


def published(zone: str, repairs: list) -> str:
    """`zone` with the repairs carried out as an administrator would: add, or replace what is of the same kind."""
    lines = zone.splitlines()
    for repair in repairs:
        if repair["action"] == "replace":
            lines = [line for line in lines if not replaced(line, repair)]
        lines.append(repair["zone_line"])
    return "\n".join(lines) + "\n"


def replaced(line: str, repair: dict) -> bool:
    words = line.split(None, 4)
    if len(words) < 5 or words[0] != repair["owner"] or words[3] != repair["type"]:
        return False
    return repair["type"] != "TXT" or words[4].startswith(repair["data"][:7])  # "v=spf1, "v=DKIM, "v=DMARC
