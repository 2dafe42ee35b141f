"""check against live servers of the lab: MX hosts visited, authoritative servers asked, a signed message from each own address."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "setups"


@pytest.fixture(scope="module")
def check(lab, program, tmp_path_factory):
    # The checker runs inside; what it reads and writes must be seen there too.
    key = lab.folder / "mail.pem"
    key.write_text((FOLDER / "mail.pem").read_text())

    def run(domain, *words):
        return lab.run([program.resolve(), "check", domain, "--source", "192.0.2.1,2001:db8::1", "--ehlo", "mail.example.com",
                        "--root-hints", "/run/lab/keys/root.hints", "--trust-anchor", "/run/lab/keys/root.ds", "--no-block-lists",
                        *words], capture_output=True, text=True, timeout=120)

    return run


def test_the_zone_is_signed_and_the_missing_ptr_is_the_verdict(check):
    told = check("example.com", "--json")
    report = json.loads(told.stdout)
    assert told.returncode == 1, told.stderr
    assert report["grade"] == "D"
    by_id = {c["check"]: c for c in report["checks"]}
    assert by_id["transport.dnssec"]["state"] == "holds" and "validated" in by_id["transport.dnssec"]["why"]
    assert "changes are made at" in by_id["identity.reverse-zone"]["why"]
    ptr = next(repair for repair in report["repairs"] if repair["type"] == "PTR")
    assert ptr["effective_at"] and ptr["zone"].endswith("ip6.arpa.")


def test_mx_hosts_are_visited(check):
    told = check("exim-receiver.com", "--visit", "--json")
    seen = {c["check"] for c in json.loads(told.stdout)["checks"]}
    assert "transport.starttls" in seen, told.stdout[:2000] + told.stderr


def test_port_25_is_tried_from_each_own_address(check):
    told = check("example.com", "--visit", "--probe", "exim-receiver.com", "--json")
    tried = [c for c in json.loads(told.stdout)["checks"] if c["check"] == "identity.port-25"]
    assert {c["address"]: c["state"] for c in tried} == {"192.0.2.1": "holds", "2001:db8::1": "holds"}, told.stdout[:3000]


def test_the_authoritative_server_is_asked_apart_from_the_cache(check, lab):
    report = json.loads(check("example.com", "--authority", "--json").stdout)
    views = [view for view in report["views"] if view["answer"]["type"] == "PTR"]
    assert views and all(view["agrees"] for view in views)
    assert all(view["who"].startswith("authoritative ") for view in views)


def test_a_message_goes_out_from_each_own_address(check, lab):
    before = len(lab.received("exim"))
    told = check("example.com", "--live", "you@exim-receiver.com", "--dkim", "mail=/run/lab/mail.pem")
    assert "Live, signed" in told.stdout, told.stdout[-3000:] + told.stderr
    lines = [line for line in told.stdout.splitlines() if re.match(r"(192\.0\.2\.1|2001:db8::1) \(IPv", line)]
    assert len(lines) == 2 and all(": 250 " in line for line in lines), lines
    received = lab.await_received("exim", before + 2)
    assert {delivery.peer_address for delivery in received[before:]} == {"192.0.2.1", "2001:db8::1"}
    assert all(b"DKIM-Signature:" in delivery.raw for delivery in received[before:])
