"""check as people and programs use it: all receivers, the schema, HTML, history, lists. DNS comes from zone files."""

import html.parser
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUPS = ROOT / "tests" / "setups"
SCHEMA = json.loads((ROOT / "docs" / "reference" / "check.schema.json").read_text())


@pytest.fixture
def check(ptarmigan, tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text('{"version": 1, "dns": []}')

    def run(zone, *words, domain="example.com"):
        return ptarmigan(
            "check", domain, "--source", "192.0.2.1,2001:db8::1", "--ehlo", "mail.example.com", "--replay-dns", empty,
            "--zone", SETUPS / f"{zone}.zone", "--dkim", f"mail={SETUPS / 'mail.pem'}", *words)

    return run


def test_every_receiver_is_judged_where_none_is_named(check):
    told = check("ipv6-without-ptr", "--json")
    assert {d["receiver"] for d in told.json["deliveries"]} == {
        "gmail", "outlook", "exchange-online", "yahoo", "apple", "gmx", "strict"}
    assert told.json["grade"] == "D"  # IPv6 is refused, IPv4 taken by all


def test_microsoft_is_outlook(check):
    told = check("ipv6-without-ptr", "--receiver", "microsoft", "--json")
    assert {d["receiver"] for d in told.json["deliveries"]} == {"outlook"}


@pytest.mark.parametrize("zone", ["ipv6-without-ptr", "nothing-published", "two-spf-records", "generic-ptr"])
def test_json_keeps_to_its_schema(check, zone):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(check(zone, "--json").json, SCHEMA)


def test_text_fits_and_is_not_coloured(check):
    told = check("nothing-published")
    assert "\x1b" not in told.out
    for line in told.out.splitlines():
        assert len(line) <= 100 or " IN " in line or "p=" in line, line


def test_text_is_coloured_on_a_terminal(check, tmp_path):
    program = os.environ["PTARMIGAN_BIN"]
    empty = tmp_path / "empty.json"
    main, secondary = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run([program, "check", "example.com", "--source", "192.0.2.1", "--ehlo", "mail.example.com", "--no-checks",
                    "--receiver", "gmail", "--replay-dns", empty], stdout=secondary, env=environment, check=False)
    os.close(secondary)
    assert b"\x1b[31m" in os.read(main, 65536)


class Page(html.parser.HTMLParser):
    VOID = {"meta", "br", "link", "img", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


def test_html_is_whole_and_needs_nothing_else(check, tmp_path):
    page = tmp_path / "report.html"
    assert check("spf-without-ipv6", "--html", page).code == 1
    text = page.read_text()
    parser = Page()
    parser.feed(text)
    assert not parser.open
    tags = {tag for tag, _ in parser.seen}
    assert "script" not in tags and "img" not in tags and "link" not in tags
    assert not re.search(r'(src|href)="(?!https://)', text)
    assert "Gmail" in text and "v=spf1" in text


def test_html_escapes_what_others_have_published(ptarmigan, tmp_path):
    page, empty, zone = tmp_path / "r.html", tmp_path / "e.json", tmp_path / "z"
    empty.write_text('{"version": 1, "dns": []}')
    zone.write_text('example.com. TXT "v=spf1 <script>alert(1)</script> -all"\n_dmarc.example.com. TXT "v=DMARC1; p=<b>; rua=mailto:a\'&@example.com"\n')
    ptarmigan("check", "example.com", "--source", "192.0.2.1", "--ehlo", "m.example.com", "--replay-dns", empty, "--zone", zone, "--html", page)
    text = page.read_text()
    assert "<script" not in text and "<b>" not in text
    assert "&lt;script&gt;" in text


def test_history_tells_what_has_changed_and_only_that(check, tmp_path):
    history = tmp_path / "history.jsonl"
    first = check("ipv6-without-ptr", "--history", history, "--diff")
    assert "first check" in first.out and first.code == 1
    assert "nothing has changed" in check("ipv6-without-ptr", "--history", history, "--diff").out
    changed = check("ipv4-without-ptr", "--history", history, "--diff")
    assert "gmail 2001:db8::1: refused (gmail.ptr) -> accepted" in changed.out
    assert "gmail 192.0.2.1: accepted -> refused (gmail.ptr)" in changed.out
    assert changed.code == 1
    assert len(history.read_text().splitlines()) == 3


def test_a_history_cut_short_is_passed_over(check, tmp_path):
    history = tmp_path / "history.jsonl"
    check("ipv6-without-ptr", "--history", history)
    history.write_text(history.read_text()[:50])
    assert "first check" in check("ipv6-without-ptr", "--history", history, "--diff").out


@pytest.fixture
def check_list(ptarmigan, tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text('{"version": 1, "dns": []}')

    def run(names, *words):
        (tmp_path / "domains").write_text("".join(name + "\n" for name in names))
        return ptarmigan("check", "--list", tmp_path / "domains", "--source", "192.0.2.1,2001:db8::1", "--ehlo", "mail.example.com",
                         "--replay-dns", empty, "--zone", SETUPS / "dmarc-missing.zone", *words)

    return run


def test_a_list_gives_a_line_for_each_domain(check_list):
    told = check_list(["example.com", "# a comment", "", "example.net", "no domain"])
    lines = {entry["domain"]: entry for entry in map(json.loads, told.out.splitlines())}
    assert told.code == 1
    assert lines["example.com"]["verdict"] == "accepted"
    assert "dmarc.record" in lines["example.com"]["broken"]
    assert lines["example.net"]["verdict"] == "refused"
    assert "error" in lines["no domain"]


def test_a_list_goes_on_where_it_was_interrupted(check_list, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text('{"domain":"example.com","verdict":"accepted"}\n{"domain":"exam')
    check_list(["example.com", "example.net", "example.org"], "--out", out, "--resume")
    domains = [json.loads(line)["domain"] for line in out.read_text().splitlines()]
    assert sorted(domains) == ["example.com", "example.net", "example.org"]


def test_a_message_is_judged_by_its_form(check, tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"From: News <news@example.com>\r\nTo: <a@example.net>\r\nSubject: Re: hello\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                     b"Message-ID: <1@example.com>\r\nList-Unsubscribe: <mailto:u@example.com>\r\n\r\nHello\r\n")
    told = check("dmarc-missing", "--message", mail, "--json")
    broken = {c["check"] for c in told.json["checks"] if c["state"] == "broken"}
    assert {"content.display-name", "content.unsubscribe", "content.visible-link", "content.stream", "dkim.signed"} <= broken


def test_a_domain_or_a_list_is_needed(ptarmigan):
    for words in ([], ["example.com", "--list", "x"]):
        assert ptarmigan("check", *words).code == 2
