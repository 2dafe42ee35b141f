"""verify, spf, dmarc and arc: what they print, what they return, what they refuse."""

import json
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

# RFC 8463 section A.3.
MESSAGE = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
 subject : date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game.  Are you hungry yet?\r
\r
Joe.\r
"""
WORLD = [
    {"name": "1.2.0.192.in-addr.arpa", "type": "PTR", "data": ["mail.football.example.com."]},
    {"name": "mail.football.example.com", "type": "A", "data": ["192.0.2.1"]},
    {"name": "mail.football.example.com", "type": "TXT", "data": ['"v=spf1 a -all"']},
    {"name": "football.example.com", "type": "TXT", "data": ['"v=spf1 ip4:192.0.2.1 " "-all"', '"another record"']},
    {"name": "_dmarc.example.com", "type": "TXT", "data": ['"v=DMARC1; p=reject; sp=quarantine; t=y"']},
    {"name": "brisbane._domainkey.football.example.com", "type": "TXT", "cname": ["keys.example.net"],
     "data": ['"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="']},
    {"name": "slow.example", "type": "TXT", "timeout": True},
    {"name": "old.example", "type": "SPF", "data": ['"v=spf1 +all"']},
    {"name": "two.example", "type": "TXT", "data": ['"v=spf1 -all"', '"v=spf1 +all"']},
]
CAME = ["--ip", "192.0.2.1", "--helo", "mail.football.example.com", "--mail-from", "joe@football.example.com", "--at", "1528637909"]


def test_verify_tells_every_result(ask):
    code, got = ask(WORLD, "verify", "-", *CAME, message=MESSAGE)
    assert code == 0
    assert got["iprev"]["result"] == got["spf"]["helo"]["result"] == got["spf"]["mail_from"]["result"] == "pass"
    assert [one["result"] for one in got["dkim"]["signatures"]] == ["pass"]
    assert got["arc"]["result"] == "none"
    assert (got["dmarc"]["result"], got["dmarc"]["tag"], got["dmarc"]["testing"]) == ("pass", "sp", True)
    assert got["authentication_results"].startswith("Authentication-Results: localhost;")


def test_verify_takes_a_file_with_the_line_ends_of_its_system(ask):
    code, got = ask(WORLD, "verify", "-", *CAME, message=MESSAGE.replace(b"\r\n", b"\n"))
    assert code == 0
    assert got["dkim"]["signatures"][0]["result"] == "pass"


def test_verify_without_an_address_judges_the_message_alone(ask):
    code, got = ask(WORLD, "verify", "-", "--at", "1528637909", message=MESSAGE)
    assert code == 0
    assert got["iprev"] is None and got["spf"] == {"helo": None, "mail_from": None}


def test_verify_of_a_forgery_fails(ask):
    code, got = ask(WORLD, "verify", "-", "--ip", "203.0.113.9", "--mail-from", "x@football.example.com", message=MESSAGE.replace(b"lost", b"won"))
    assert code == 1
    assert got["dmarc"]["result"] == "fail"
    assert got["dmarc"]["published_policy"] == "quarantine"
    assert got["dmarc"]["disposition"] == "none"  # t=y


@pytest.mark.parametrize(("domain", "result", "code"), [("football.example.com", "pass", 0), ("slow.example", "temperror", 2),
                                                        ("old.example", "none", 1), ("two.example", "permerror", 1), ("-all", "none", 1),
                                                        ("x" * 64 + ".example", "none", 1), ("a..b", "none", 1), ("[192.0.2.1]", "none", 1)])
def test_spf_has_an_answer_for_every_domain(ask, domain, result, code):
    got = ask(WORLD, "spf", "--ip", "192.0.2.1", "--", domain)
    assert (got[0], got[1]["result"]) == (code, result)


def test_spf_lint_and_trace(ask):
    code, got = ask(WORLD, "spf", "football.example.com", "--ip", "192.0.2.9", "--trace", "--lint")
    assert code == 1
    assert got["mechanism"] == "-all"
    assert [step["term"] for step in got["trace"]] == ["", "ip4:192.0.2.1", "-all"]
    assert got["lint"]["authorised"] == ["192.0.2.1/32"]


def test_dmarc_shows_the_walk_and_the_policy(ask):
    code, got = ask(WORLD, "dmarc", "football.example.com")
    assert code == 0
    assert [step["query"] for step in got["walk"]] == ["_dmarc.football.example.com", "_dmarc.example.com", "_dmarc.com"]
    assert got["policy_source"] == "organizational"


@pytest.mark.parametrize(("arguments", "result", "code"), [
    (["--spf-domain", "example.com"], "pass", 0),
    (["--spf-domain", "example.com", "--spf-result", "softfail"], "fail", 1),
    (["--dkim-domain", "example.com", "--dkim-result", "temperror"], "temperror", 2),
    (["--dkim-domain", "other.example", "--dkim-domain", "football.example.com"], "pass", 0),
    (["--from", "a@football.example.com, b@other.example"], "permerror", 1)])
def test_dmarc_evaluates_a_case(ask, arguments, result, code):
    got = ask(WORLD, "dmarc", "football.example.com", *arguments)
    assert (got[0], got[1]["result"]) == (code, result)


def test_dmarc_tells_where_reports_may_go(ask):
    world = [{"name": "_dmarc.example.com", "type": "TXT", "data": ['"v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@other.example,mailto:c@third.example,'
                                                                    'mailto:A@example.com!10m,https://example.com/r"']},
             {"name": "example.com._report._dmarc.other.example", "type": "TXT", "data": ['"v=DMARC1"']}]
    code, got = ask(world, "dmarc", "example.com", "--reports")
    assert code == 0
    assert [one["permission"] for one in got["reports"]["destinations"]] == ["own", "granted", "refused", "own", "not mailto"]
    assert got["reports"]["destinations"][2]["permission_name"] == "example.com._report._dmarc.third.example"
    assert got["reports"]["addresses"] == ["a@example.com", "b@other.example"]


def test_dkim_record_is_compared_with_what_is_published(ask, program, tmp_path):
    key = tmp_path / "key.pem"
    keygen = [program, "dkim", "keygen", "example.com", "--selector", "s", "--out", key, "--json"]
    record = json.loads(subprocess.run(keygen, capture_output=True, check=True).stdout)
    compare = ["dkim", "record", str(key), "--domain", "example.com", "--selector", "s", "--compare"]
    name = {"name": "s._domainkey.example.com", "type": "TXT"}
    other = WORLD[5]["data"]
    for entry, code, published in [({"data": [record["data"]]}, 0, "this key"), ({"data": [*other, record["data"]]}, 0, "this key"),
                                   ({"data": other}, 1, "another key"), ({"data": ["v=DKIM1; p="]}, 1, "revoked"),
                                   ({"data": ["v=spf1 -all"]}, 1, "no usable key record"), ({"rcode": "NXDOMAIN"}, 1, "no record"),
                                   ({"timeout": True}, 2, "not known")]:
        got = ask([name | entry], *compare)
        assert (got[0], got[1]["published"]) == (code, published)
        assert got[1]["zone_line"] == record["zone_line"]


def replay(program, recording, *arguments, message=None):
    done = subprocess.run([program, *arguments, "--json", "--replay-dns", recording], input=message, capture_output=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("arguments", [["verify", "-", *CAME], ["spf", "football.example.com", "--ip", "192.0.2.9", "--trace", "--lint"],
                                       ["dmarc", "football.example.com", "--reports"], ["dkim", "verify", "-"], ["ptr", "192.0.2.1"]])
def test_what_was_recorded_is_replayed(ask, program, tmp_path, arguments):
    """A recording of a run over a recorded world holds all that the run asked, and nothing else is needed."""
    small = tmp_path / "small.json"
    message = MESSAGE if "-" in arguments else None
    first = ask(WORLD, *arguments, "--record-dns", str(small), message=message)
    recorded = json.loads(small.read_text())
    assert recorded["version"] == 1 and recorded["dns"]
    assert replay(program, small, *arguments, message=message) == first


def test_a_draft_zone_speaks_over_the_recording_for_every_command(ask, tmp_path):
    zone = tmp_path / "draft.zone"
    zone.write_text('$ORIGIN football.example.com.\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=none"\n'
                    'brisbane._domainkey TXT "v=DKIM1; p="\n')
    draft = ["--zone", str(zone)]
    _, got = ask(WORLD, "verify", "-", *CAME, *draft, message=MESSAGE)
    assert (got["spf"]["mail_from"]["result"], got["dkim"]["signatures"][0]["result"]) == ("fail", "permerror")
    assert ask(WORLD, "spf", "football.example.com", "--ip", "192.0.2.1", *draft)[1]["result"] == "fail"
    assert ask(WORLD, "dmarc", "football.example.com", *draft)[1]["policy"] == "none"
    assert ask(WORLD, "dkim", "verify", "-", *draft, message=MESSAGE)[0] == 1
    changed = ask(WORLD, "dmarc", "football.example.com", "--set", '_dmarc.football.example.com TXT "v=DMARC1; p=reject"')
    assert changed[1]["policy"] == "reject"


def test_the_documented_recording_is_read(program, tmp_path):
    """The example of docs/reference/dns-recording.md, as it stands there."""
    page = (Path(__file__).resolve().parents[2] / "docs/reference/dns-recording.md").read_text()
    example = tmp_path / "example.json"
    example.write_text("".join(re.findall(r"^    (.*\n)", page, re.M)))
    for domain, result in [("example.com", "pass"), ("broken.example.com", "temperror"), ("slow.example.com", "temperror"), ("gone.example.com", "none"),
                           ("other.example", "none")]:
        assert replay(program, example, "spf", domain, "--ip", "192.0.2.1")[1]["result"] == result, domain


def test_spf_ends_at_its_time_limit_with_temperror(program):
    """A DNS server that answers the first question and no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve():
            while True:
                query, client = server.recvfrom(4096)
                if not client[1] or query == b"stop":
                    return
                end = 12
                while query[end]:
                    end += query[end] + 1
                if query[12 : end + 5].lower() != b"\x07example\x03com\x00\x00\x10\x00\x01":
                    continue
                text = b"v=spf1 ptr -all"
                answer = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x01\x2c" + (len(text) + 1).to_bytes(2, "big") + bytes([len(text)]) + text
                server.sendto(query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12 : end + 5] + answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            done = subprocess.run([program, "spf", "example.com", "--ip", "192.0.2.1", "--time-limit", "1", "--json", "--resolver",
                                   f"127.0.0.1:{server.getsockname()[1]}"], capture_output=True, timeout=60)
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"stop", server.getsockname())
            thread.join()
    assert done.returncode == 2, done.stderr
    got = json.loads(done.stdout)
    assert (got["result"], got["problem"]) == ("temperror", "the evaluation took longer than 1 s")


def test_arc_verifies_what_it_seals(ask, program, tmp_path):
    key = tmp_path / "key.pem"
    made = subprocess.run([program, "dkim", "keygen", "relay.example", "--selector", "s", "--type", "ed25519", "--out", key, "--json"],
                          capture_output=True, check=True)
    record = json.loads(made.stdout)
    world = [*WORLD, {"name": "s._domainkey.relay.example", "type": "TXT", "data": [record["data"]]}]
    recording = tmp_path / "keys.json"
    recording.write_text(json.dumps({"version": 1, "dns": world}))
    message = MESSAGE
    for sets in (1, 2):
        done = subprocess.run([program, "arc", "seal", "-", "--key", key, "--domain", "relay.example", "--selector", "s", "--authserv-id",
                               "relay.example", "--replay-dns", recording], input=message, capture_output=True, check=True)
        message = done.stdout
        code, got = ask(world, "arc", "verify", "-", message=message)
        assert (code, got["result"], len(got["sets"])) == (0, "pass", sets)
    code, got = ask(world, "arc", "verify", "-", message=message.replace(b"lost", b"won"))
    assert (code, got["result"]) == (1, "fail")


@pytest.mark.parametrize("arguments", [["spf", "example.com"], ["spf", "example.com", "--ip", "nonsense"], ["dmarc"],
                                       ["spf", "example.com", "--ip", "192.0.2.1", "--sender", "a@other.example"],
                                       ["verify", "-", "--helo", "x"], ["verify", "/nowhere"], ["arc"], ["arc", "seal"]])
def test_what_cannot_be_used_says_how(program, arguments):
    done = subprocess.run([program, *arguments], input=b"", capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) >= 1


@pytest.mark.parametrize("command", [["verify"], ["spf"], ["dmarc"], ["arc"], ["arc", "verify"], ["arc", "seal"], ["dkim"], ["dkim", "record"],
                                     ["dkim", "sign"], ["dkim", "verify"], ["dkim", "keygen"], ["ptr"]])
def test_help_answers(program, command):
    done = subprocess.run([program, *command, "--help"], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert b"ptarmigan " in done.stdout or b"Usage" in done.stdout
