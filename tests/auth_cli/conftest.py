"""The authentication commands: the real program on recorded DNS."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT.parent / "shared" / "suites"


@pytest.fixture(scope="session")
def program() -> Path:
    path = Path(os.environ.get("PTARMIGAN_BIN", ROOT / "build" / "dev" / "bin" / "ptarmigan"))
    if not path.exists():
        pytest.skip(f"{path} is not built: ./dev build")
    return path


def partition(arguments: tuple[str, ...]) -> tuple[tuple, tuple, tuple]:
    """Options must stand before `--`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at : at + 1], arguments[at + 1 :]


@pytest.fixture
def ask(program, tmp_path):
    """ask(WORLD, ARGUMENT..., message=OCTETS): exit code and the JSON that was printed. WORLD is the recording's entries or all of it."""

    def run(world, *arguments: str, message: bytes | None = None):
        recording = tmp_path / "dns.json"
        recording.write_text(json.dumps(world if isinstance(world, dict) else {"version": 1, "dns": world}))
        before, separator, after = partition(arguments)
        done = subprocess.run([program, *before, "--replay-dns", recording, "--json", *separator, *after], input=message, capture_output=True, timeout=60)
        assert done.stdout, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def suite():
    """suite(CONVERTER, FILE): the cases of a suite beside the project, as tools/suites gives them."""

    def read(converter: str | None, path: str):
        file = SUITES / path
        if not file.exists():
            pytest.skip(f"the suite is not there: {file}")
        if converter is None:
            return json.loads(file.read_text())
        done = subprocess.run(["/usr/bin/python3", ROOT / "tools/suites" / converter, file], capture_output=True, check=True)
        return json.loads(done.stdout)

    return read
