"""The systemd unit is one that systemd understands."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_systemd_understands_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = (ROOT / "packaging/systemd/ptarmigan.service").read_text()
    # The program need not be installed to verify the rest of the unit.
    copy = tmp_path / "ptarmigan.service"
    copy.write_text(unit.replace("/usr/bin/ptarmigan", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "ptarmigan.service" in line]
    assert not complaints, "\n".join(complaints)
