"""The lints under test, and a small project for each case, written into a temporary folder."""

import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).resolve().parents[2] / "tools/check"
sys.path.insert(0, str(CHECKS))
sys.dont_write_bytecode = True


class Project:
    """A project folder made of {path: text}; `lines` shows a lint's findings as `path:line severity`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: dict[str, str]) -> "Project":
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def lines(self, lint) -> list[str]:
        return [f"{finding.path}:{finding.line} {finding.severity}" for finding in lint.check(self.root)]

    def messages(self, lint) -> str:
        return "\n".join(map(str, lint.check(self.root)))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
