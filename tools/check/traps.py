#!/usr/bin/python3
"""Traps: every test that docs/spec/traps.md names exists, and every trap names one."""

import re
from collections.abc import Iterable
from pathlib import Path

from findings import Finding, project_files, run_alone

NAME = "traps"
PAGE = Path("docs/spec/traps.md")
_TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
_FUNCTION = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
_ROW = re.compile(r"^\|(?P<trap>.*)\|(?P<tests>[^|]*)\|$")


def tests_of(root: Path) -> set[str]:
    """"Suite.name" for C++, "path/to/test_x.py::test_name" for Python."""
    found = set()
    for path in project_files(root):
        if path.name.endswith("_test.cpp"):
            found |= {".".join(match) for match in _TEST.findall((root / path).read_text())}
        elif re.fullmatch(r"test_\w+\.py", path.name):
            found |= {f"{path}::{name}" for name in _FUNCTION.findall((root / path).read_text())}
    return found


def check(root: Path) -> Iterable[Finding]:
    if not (root / PAGE).is_file():
        return
    known = tests_of(root)
    for number, line in enumerate((root / PAGE).read_text().splitlines(), 1):
        row = _ROW.match(line)
        if row is None or set(row["trap"]) <= set("-| ") or row["tests"].strip() == "Tests":
            continue
        named = re.findall(r"`([^`]+)`", row["tests"])
        if not named:
            yield Finding(str(PAGE), number, NAME, "a trap without a test", "write the test, and name it here")
        for name in named:
            if name not in known:
                yield Finding(str(PAGE), number, NAME, f"there is no test {name}", "correct the name, or write the test again")


if __name__ == "__main__":
    run_alone(check)
