"""The systemd units are such as systemd understands."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["ptarmigan.service", "ptarmigan-map.service"])
def test_systemd_understands_the_unit(tmp_path, name):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    # The program need not be installed to verify the rest of the unit.
    for path in (ROOT / "packaging/systemd").iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/usr/bin/ptarmigan", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "ptarmigan" in line]
    assert not complaints, "\n".join(complaints)
