"""ptarmigan dkim, with OpenSSL as the judge of keys."""

import base64
import re
import subprocess

import pytest

MESSAGE = b"From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nSubject: Hello\r\n\r\nHello Bob.\r\n"


def key_of(ptarmigan, tmp_path, kind="rsa", selector="s1"):
    path = tmp_path / f"{selector}.pem"
    made = ptarmigan("dkim", "keygen", "example.com", "--selector", selector, "--type", kind, "--out", path, "--json")
    assert made.code == 0, made.err
    return path, made.json


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_the_record_holds_the_public_half(ptarmigan, tmp_path, kind):
    path, made = key_of(ptarmigan, tmp_path, kind)
    published = base64.b64decode(re.search(r"p=([^;]+)", made["text"]).group(1))
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
    assert der.endswith(published) if kind == "ed25519" else der == published
    assert f"k={kind}" in made["text"]


def test_long_records_are_split(ptarmigan, tmp_path):
    _, made = key_of(ptarmigan, tmp_path)
    strings = re.findall(r'"([^"]*)"', made["zone_line"])
    assert len(strings) == 2 and all(len(text) <= 255 for text in strings)
    assert "".join(strings) == made["text"]


def test_the_key_is_readable_by_its_owner_only(ptarmigan, tmp_path):
    path, _ = key_of(ptarmigan, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(ptarmigan, tmp_path):
    path, _ = key_of(ptarmigan, tmp_path)
    before = path.read_bytes()
    refused = ptarmigan("dkim", "keygen", "example.com", "--selector", "s1", "--out", path)
    assert refused.code == 2
    assert "exists already" in refused.err
    assert path.read_bytes() == before


def test_record_of_a_key_that_is_there(ptarmigan, tmp_path):
    path, made = key_of(ptarmigan, tmp_path)
    assert ptarmigan("dkim", "record", path, "--domain", "example.com", "--selector", "s1").out.strip() == made["zone_line"]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_what_is_signed_verifies_and_what_is_changed_does_not(ptarmigan, tmp_path, kind):
    path, made = key_of(ptarmigan, tmp_path, kind)
    zone = tmp_path / "key.zone"
    zone.write_text(made["zone_line"] + "\n")
    empty = tmp_path / "empty.json"
    empty.write_text('{"version": 1, "dns": []}')
    signed = ptarmigan("dkim", "sign", "--key", path, "--domain", "example.com", "--selector", "s1", stdin=MESSAGE).out
    dns = ("--zone", zone, "--replay-dns", empty)
    good = ptarmigan("dkim", "verify", "--json", *dns, stdin=signed)
    assert good.code == 0
    assert [(one["result"], one["domain"]) for one in good.json["signatures"]] == [("pass", "example.com")]
    assert ptarmigan("dkim", "verify", *dns, stdin=signed.replace("Hello Bob", "Hello Eve")).code == 1
    assert ptarmigan("dkim", "verify", *dns, stdin=signed.replace("Subject: Hello", "Subject: Bye")).code == 1


def test_an_unsigned_message_is_none(ptarmigan, tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text('{"version": 1, "dns": []}')
    told = ptarmigan("dkim", "verify", "--replay-dns", empty, stdin=MESSAGE)
    assert told.code == 1
    assert told.out.startswith("none")


def test_bad_input_is_named(ptarmigan, tmp_path):
    text = tmp_path / "not-a-key"
    text.write_text("hello\n")
    sign = ("dkim", "sign", "--domain", "example.com", "--selector", "s1")
    assert str(text) in ptarmigan(*sign, "--key", text, stdin=MESSAGE).err
    missing = ptarmigan(*sign, "--key", tmp_path / "missing.pem", stdin=MESSAGE)
    assert missing.code == 2 and "missing.pem" in missing.err
    path, _ = key_of(ptarmigan, tmp_path)
    no_from = ptarmigan(*sign, "--key", path, stdin=b"To: bob@example.org\r\n\r\nHi\r\n")
    assert no_from.code == 2 and "From" in no_from.err
    assert "holds no message" in ptarmigan("dkim", "verify").err
    assert ptarmigan("dkim", "keygen", "example.com", "--selector", "s1", "--bits", "512").code == 2
    assert ptarmigan("dkim", "keygen", "exa mple.com", "--selector", "s1", "--out", tmp_path / "x").code == 2
    assert not (tmp_path / "x").exists()
