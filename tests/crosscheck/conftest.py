"""What the cross checks share: keys, our own signatures, the peers."""

import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lab"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from messages import MESSAGES  # noqa: E402
from peers import CANONICALIZATIONS, DOMAIN, SIGNED_AT, Lines  # noqa: E402

RSA_BITS = (1024, 2048, 4096)


@dataclass(frozen=True)
class Key:
    kind: str
    selector: str
    path: Path
    pem: str
    record: str

    @property
    def owner(self) -> str:
        return f"{self.selector}._domainkey.{DOMAIN}"


def openssl(*words) -> bytes:
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> list[Key]:
    """Made by OpenSSL; their records are not of our making either."""
    folder = tmp_path_factory.mktemp("keys")
    made = []
    for bits in RSA_BITS:
        path = folder / f"rsa{bits}.pem"
        openssl("genrsa", "-traditional", "-out", path, bits)
        public = openssl("rsa", "-in", path, "-pubout", "-outform", "DER")
        made.append(Key("rsa", f"rsa{bits}", path, path.read_text(), f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"))
    path = folder / "ed25519.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", path)
    public = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")[-32:]  # RFC 8463#4.2: the key without its wrapping
    made.append(Key("ed25519", "ed25519", path, path.read_text(), f"v=DKIM1; k=ed25519; p={b64encode(public).decode()}"))
    return made


@pytest.fixture(scope="session")
def records(keys) -> dict[str, str]:
    return {key.owner: key.record for key in keys}


@pytest.fixture(scope="session")
def program() -> Path:
    path = Path(os.environ.get("PTARMIGAN_BIN", ROOT / "build" / "dev" / "bin" / "ptarmigan"))
    if not path.exists():
        pytest.skip(f"{path} is not built: ./dev build")
    return path


@pytest.fixture(scope="session")
def ours(program):
    """auth_lines, built beside the program (src/auth/tests/auth_lines.cpp)."""
    path = program.parents[1] / "test" / "auth_lines"
    if not path.exists():
        pytest.skip(f"{path} is not built: ./dev build")
    lines = Lines(path)
    yield lines
    lines.end()


@pytest.fixture(scope="session")
def sign(ours):
    """Our signature on a message."""

    def sign(message: bytes, keys: list[Key], header: str, body: str, **settings) -> bytes:
        order = {
            "do": "sign", "message": b64encode(message).decode(), "header": header, "body": body, "signed_at": SIGNED_AT, **settings,
            "keys": [{"pem": key.pem, "domain": DOMAIN, "selector": key.selector} for key in keys],
        }
        return b64decode(ours.ask(order)["message"])

    return sign


@pytest.fixture(scope="session")
def signed(sign, keys) -> dict[str, tuple[bytes, list[str]]]:
    """Every message, canonicalization and key, and some more: what was signed by name, with the kinds of its keys."""
    made = {}
    for name, message in MESSAGES.items():
        for header, body in CANONICALIZATIONS:
            for key in keys:
                made[f"{name}, {header}/{body}, {key.selector}"] = (sign(message, [key], header, body), [key.kind])
        made[f"{name}, twice"] = (sign(message, [keys[1], keys[3]], "relaxed", "relaxed"), ["rsa", "ed25519"])
        over = ["From", "Subject", "Reply-To", "Cc", "Content-Type", "X-Not-There"]
        made[f"{name}, over-signed"] = (sign(message, [keys[1]], "relaxed", "simple", oversigned=over), ["rsa"])
    return made


@pytest.fixture(scope="session")
def our_verdicts(program, records, tmp_path_factory):
    """What `ptarmigan dkim verify` says of a message: the outcome, or outcome and reason, for each signature."""
    folder = tmp_path_factory.mktemp("verify")
    recording = folder / "dns.json"
    strings = lambda text: " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))  # noqa: E731
    recording.write_text(json.dumps({"version": 1, "dns": [{"name": name, "type": "TXT", "data": [strings(text)]} for name, text in records.items()]}))

    def verdicts(message: bytes) -> list[str]:
        path = folder / "message.eml"
        path.write_bytes(message)
        done = subprocess.run([program, "dkim", "verify", path, "--json", "--replay-dns", recording], capture_output=True, text=True)
        assert done.stdout, done.stderr
        return [" ".join(filter(None, (one["result"], one["reason"]))) for one in json.loads(done.stdout)["signatures"]]

    return verdicts
