"""Authentication-Results of ours, read by python3-authres (RFC 8601)."""

import json
from base64 import b64encode

import pytest
from messages import MESSAGES
from peers import SIGNED_AT

ZONE = {
    ("1.2.0.192.in-addr.arpa", "PTR"): ["mail.example.com."],
    ("mail.example.com", "A"): ["192.0.2.1"],
    ("mail.example.com", "TXT"): ['"v=spf1 a -all"'],
    ("example.com", "TXT"): ['"v=spf1 ip4:192.0.2.0/28 -all"'],
}


@pytest.fixture(scope="module")
def authres():
    return pytest.importorskip("authres", reason="needs the Debian package python3-authres")


@pytest.fixture(scope="module")
def read(authres, ours, records):
    """Judges a message by `auth_lines` and gives what authres reads in our field."""

    def read(message: bytes, ip: str = "192.0.2.1", helo: str = "mail.example.com", mail_from: str = "alice@example.com"):
        strings = lambda text: " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))  # noqa: E731
        dns = [{"name": name, "type": kind, "data": data} for (name, kind), data in ZONE.items()]
        dns += [{"name": name, "type": "TXT", "data": [strings(text)]} for name, text in records.items()]
        answer = ours.ask({
            "do": "results", "authserv_id": "mx.example.org", "world": {"version": 1, "dns": dns}, "message": b64encode(message).decode(),
            "ip": ip, "helo": helo, "mail_from": mail_from, "received_at": SIGNED_AT + 60,
        })
        assert answer["field"].endswith("\r\n")
        unfolded = answer["field"].removesuffix("\r\n").replace("\r\n", "")
        return authres.AuthenticationResultsHeader.parse(unfolded)

    return read


def summary(header) -> list[tuple]:
    return [
        (one.method, one.result, {f"{found.type}.{found.name}": found.value for found in one.properties})
        for one in header.results
    ]


def of_method(header, method: str) -> list[tuple]:
    return [(result, properties) for name, result, properties in summary(header) if name == method]


def test_passes_are_read_with_their_properties(read, sign, keys):
    header = read(sign(MESSAGES["plain"], [keys[1], keys[3]], "relaxed", "relaxed"))
    assert header.authserv_id == "mx.example.org"
    assert of_method(header, "iprev") == [("pass", {"policy.iprev": "192.0.2.1"})]
    assert of_method(header, "spf") == [("pass", {"smtp.helo": "mail.example.com"}), ("pass", {"smtp.mailfrom": "alice@example.com"})]
    rsa, ed25519 = of_method(header, "dkim")
    assert rsa[0] == ed25519[0] == "pass"
    assert (rsa[1]["header.d"], rsa[1]["header.s"], rsa[1]["header.a"]) == ("example.com", "rsa2048", "rsa-sha256")
    assert (ed25519[1]["header.d"], ed25519[1]["header.s"], ed25519[1]["header.a"]) == ("example.com", "ed25519", "ed25519-sha256")


def test_a_fail_is_read_with_its_reason(read, sign, keys):
    changed = sign(MESSAGES["plain"], [keys[1]], "relaxed", "relaxed").replace(b"all is well", b"all is lost")
    header = read(changed, ip="198.51.100.1")
    assert [result for result, _ in of_method(header, "spf")] == ["fail", "fail"]
    assert [result for result, _ in of_method(header, "dkim")] == ["fail"]
    assert "body" in header.results[-1].reason


@pytest.mark.parametrize("mail_from", ["", '"a b"@example.com', '"semi;colon (x)"@example.com', "o'hara+tag=x@example.com", '"back\\\\slash"@example.com'])
def test_odd_senders_do_not_break_the_field(read, mail_from):
    header = read(MESSAGES["plain"], mail_from=mail_from)
    assert [result for result, _ in of_method(header, "spf")] == ["pass", "pass"]
    assert [result for result, _ in of_method(header, "dkim")] == ["none"]


def test_hostile_names_add_no_result(read):
    for helo in ("x; dkim=pass", "x\r\n dkim=pass", "(x", '"x', "x\\", "[192.0.2.1]"):
        header = read(MESSAGES["plain"], helo=helo, mail_from="y; dkim=pass header.d=example.com@example.net")
        assert [result for result, _ in of_method(header, "dkim")] == ["none"], json.dumps(helo)
