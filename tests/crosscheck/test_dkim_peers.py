"""Our DKIM signatures verified by four independent implementations, and theirs by us (RFC 6376, RFC 8301, RFC 8463).

One changed octet in each of our messages is refused by every peer too: a peer that says "pass" to anything would prove nothing.
"""

import subprocess
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from messages import MESSAGES
from peers import CANONICALIZATIONS, DOMAIN, Lines

MAIL_DKIM = Path(__file__).with_name("mail_dkim.pl")


@pytest.fixture(scope="module")
def dkimpy():
    return pytest.importorskip("dkim", reason="needs the Debian package python3-dkim")


@pytest.fixture(scope="module")
def dkimpy_verdicts(dkimpy, records):
    def verdicts(message: bytes) -> list[str]:
        found = []
        lookup = lambda name, timeout=5: records.get(name.decode().rstrip("."), "").encode()  # noqa: E731
        for index in range(message.count(b"DKIM-Signature:")):
            verifier = dkimpy.DKIM(message, minkey=1024, timeout=5)
            try:
                found.append("pass" if verifier.verify(idx=index, dnsfunc=lookup) else "fail")
            except dkimpy.DKIMException as error:
                found.append(f"fail: {error}")
        return found

    return verdicts


@pytest.fixture(scope="module")
def opendkim(records):
    from opendkim import OpenDkim

    try:
        return OpenDkim(records)
    except OSError:
        pytest.skip("needs the Debian package libopendkim11")


@pytest.fixture(scope="module")
def mail_dkim():
    if subprocess.run(["/usr/bin/perl", "-MMail::DKIM::Verifier", "-e1"], capture_output=True).returncode != 0:
        pytest.skip("needs the Debian package libmail-dkim-perl")
    lines = Lines("/usr/bin/perl", MAIL_DKIM)
    yield lines
    lines.end()


@pytest.fixture(scope="module")
def exim(records, tmp_path_factory):
    from exim import Exim
    from ptlab.lab import Lab

    # Not below pytest's own folder: Exim reads its configuration and keys as a user of its own.
    with Lab(tmp_path_factory.mktemp("lab") / "state").started() as lab, tempfile.TemporaryDirectory(prefix="exim-peer-") as folder:
        yield Exim(lab, records, Path(folder))


def changed(message: bytes) -> bytes:
    """One letter of a signed field is another."""
    return message.replace(b"Alice Example", b"Alice Exampla", 1)


def known(signed: dict, *, ed25519: bool) -> dict[str, bytes]:
    """The messages whose every signature a peer can judge."""
    return {name: message for name, (message, kinds) in signed.items() if ed25519 or "ed25519" not in kinds}


def assert_all_pass(verdicts: dict[str, list[str]], signed: dict) -> None:
    assert verdicts
    wrong = {name: found for name, found in verdicts.items() if found != ["pass"] * len(signed[name][1])}
    assert not wrong, f"{len(wrong)} of {len(verdicts)}: {dict(list(wrong.items())[:10])}"


def assert_none_passes(verdicts: dict[str, list[str]]) -> None:
    assert verdicts
    assert not {name: found for name, found in verdicts.items() if "pass" in found or not found}


# --- Ours, verified by them ---


def test_dkimpy_verifies_our_signatures(signed, dkimpy_verdicts):
    messages = known(signed, ed25519=True)
    assert_all_pass({name: dkimpy_verdicts(message) for name, message in messages.items()}, signed)
    assert_none_passes({name: dkimpy_verdicts(changed(message)) for name, message in list(messages.items())[::7]})


def opendkim_departs(name: str) -> bool:
    """Relaxed, a body without CRLF at its end gets one (RFC 6376#3.4.4, last paragraph); OpenDKIM adds it only under "simple"."""
    return "no CRLF" in name and "/relaxed" in name


def test_opendkim_verifies_our_signatures(signed, opendkim):
    messages = known(signed, ed25519=opendkim.knows_ed25519)
    messages = {name: message for name, message in messages.items() if not opendkim_departs(name)}
    assert_all_pass({name: opendkim.verify(message) for name, message in messages.items()}, signed)
    assert_none_passes({name: opendkim.verify(changed(message)) for name, message in messages.items()})


def mail_dkim_departs(name: str) -> bool:
    """Simple, too, a body without CRLF at its end gets one (RFC 6376#3.4.3); Mail::DKIM adds it only under "relaxed"."""
    return "no CRLF" in name and ("/simple" in name or "over-signed" in name)


def test_mail_dkim_verifies_our_signatures(signed, mail_dkim, records):
    def verdicts(message: bytes) -> list[str]:
        return mail_dkim.ask({"do": "verify", "message": b64encode(message).decode(), "records": records})["verdicts"]

    messages = {name: message for name, message in known(signed, ed25519=False).items() if not mail_dkim_departs(name)}
    assert_all_pass({name: verdicts(message) for name, message in messages.items()}, signed)
    assert_none_passes({name: verdicts(changed(message)) for name, message in messages.items()})


def exim_departs(name: str) -> bool:
    """Simple, an empty body is one CRLF (RFC 6376#3.4.3); Exim 4.96 hashes no octet at all."""
    return name.startswith("empty body") and ("/simple" in name or "over-signed" in name)


def test_exim_verifies_our_signatures(signed, exim):
    messages = {name: message for name, message in known(signed, ed25519=True).items() if not exim_departs(name)}
    assert_all_pass(dict(zip(messages, exim.verify(list(messages.values())))), signed)
    assert_none_passes(dict(zip(messages, exim.verify([changed(message) for message in messages.values()]))))


# --- Theirs, verified by us ---


def assert_we_accept(made: dict[str, bytes], our_verdicts) -> None:
    assert made
    wrong = {name: found for name, message in made.items() if (found := our_verdicts(message)) != ["pass"]}
    assert not wrong, f"{len(wrong)} of {len(made)}: {dict(list(wrong.items())[:10])}"
    assert "pass" not in our_verdicts(changed(next(iter(made.values()))))


def by_each(keys) -> list[tuple]:
    """(name, message, key, header, body): every message under the usual form, every key and form for some messages."""
    cases = [(name, keys[1], "relaxed", "relaxed") for name in MESSAGES]
    for name in ("folded", "trailing blanks", "empty body"):
        cases += [(name, key, header, body) for key in keys for header, body in CANONICALIZATIONS]
    return [(f"{name}, {header}/{body}, {key.selector}", MESSAGES[name], key, header, body) for name, key, header, body in dict.fromkeys(cases)]


def test_we_verify_dkimpy(dkimpy, keys, our_verdicts):
    made = {}
    for name, message, key, header, body in by_each(keys):
        private = key.pem.encode()
        if key.kind == "ed25519":  # dkimpy wants the seed alone (RFC 8463#A.1): the last 32 octets of the PKCS#8 form
            private = b64encode(b64decode("".join(key.pem.splitlines()[1:-1]))[-32:])
        field = dkimpy.sign(
            message, key.selector.encode(), DOMAIN.encode(), private, canonicalize=(header.encode(), body.encode()),
            signature_algorithm=f"{key.kind}-sha256".encode())
        made[name] = field + message
    assert_we_accept(made, our_verdicts)


def test_we_verify_opendkim(opendkim, keys, our_verdicts):
    made = {
        name: opendkim.sign(message, key.pem, DOMAIN, key.selector, key.kind, header, body)
        for name, message, key, header, body in by_each(keys)
        if (key.kind == "rsa" or opendkim.knows_ed25519) and not opendkim_departs(name)
    }
    assert_we_accept(made, our_verdicts)


def test_we_verify_mail_dkim(mail_dkim, keys, our_verdicts):
    made = {}
    for name, message, key, header, body in by_each(keys):
        if key.kind == "rsa":
            order = {"do": "sign", "message": b64encode(message).decode(), "key": str(key.path), "domain": DOMAIN, "selector": key.selector,
                     "method": f"{header}/{body}"}
            made[name] = b64decode(mail_dkim.ask(order)["message"])
    assert_we_accept(made, our_verdicts)


def test_we_verify_exim(exim, keys, our_verdicts):
    files = {key.selector: exim.readable_copy(key.path) for key in keys}
    # Exim has one word for both canonicalizations. It ends every message by CRLF.
    cases = [case for case in by_each(keys) if case[3] == case[4] and "no CRLF" not in case[0] and not exim_departs(case[0])]
    orders = [{"message": message, "key": files[key.selector], "selector": key.selector, "canon": header} for _, message, key, header, _ in cases]
    assert_we_accept(dict(zip((case[0] for case in cases), exim.sign(orders))), our_verdicts)
