"""The conformance page says what the table of RFC sections says."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date():
    done = subprocess.run(["/usr/bin/python3", ROOT / "tools/docs/conformance.py", "--check"])
    assert done.returncode == 0, "run python3 tools/docs/conformance.py and commit docs/spec/conformance.md"
