"""What every lint shares: which files there are, what a finding is, and how it is printed.

A lint is a module with `check(root) -> Iterable[Finding]`, `NAME`, and `main()` made by `run_alone`.
Findings of severity "error" fail the lint; those of severity "warning" are printed only.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
CPP_SUFFIXES = (".hpp", ".cpp")
# Data that tests read byte by byte: its form is the point, so no lint looks inside.
DATA_FOLDERS = {"seeds", "data", "vectors", "zones", "node_modules"}
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".pytest_cache"}


@dataclass(frozen=True)
class Finding:
    path: str  # relative to the project's root
    line: int  # 1-based; 0 where it is about the whole file
    rule: str
    message: str
    remedy: str
    severity: str = "error"

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.severity}: {self.message} [{self.rule}]\n    remedy: {self.remedy}"


def project_files(root: Path) -> list[Path]:
    """Every file of the project, tracked or new, but nothing that git ignores; sorted, relative to root."""
    if (root / ".git").exists():
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout
        names = {name.decode() for name in listing.split(b"\0") if name}
        return sorted(Path(name) for name in names if (root / name).is_file())
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [(Path(folder) / name).relative_to(root) for name in names]
    return sorted(found)


def is_data(path: Path) -> bool:
    return any(part in DATA_FOLDERS for part in path.parts[:-1])


def cpp_files(root: Path) -> list[Path]:
    return [path for path in project_files(root) if path.suffix in CPP_SUFFIXES and not is_data(path)]


_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r'|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"'  # raw strings
    r'|"(?:\\.|[^"\\\n])*"'  # strings
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",  # characters, but not the digit separator of 1'000
    re.DOTALL)


def blank_comments_and_strings(text: str) -> str:
    """The same text with comments, strings and characters blanked out; line numbers stay."""
    return _TOKEN.sub(lambda token: re.sub(r"[^\n]", " ", token.group()), text)


def blank_strings(text: str) -> str:
    """The same text with strings and characters blanked out, but not comments; line numbers stay."""
    return _TOKEN.sub(lambda token: token.group() if token.group().startswith("/") else
                      re.sub(r"[^\n]", " ", token.group()), text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def run_alone(check: Callable[[Path], Iterable[Finding]]) -> None:
    """`python3 tools/check/<lint>.py [ROOT]`: print the findings, exit 1 where one is an error."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PROJECT_ROOT
    findings = list(check(root))
    for finding in findings:
        print(finding)
    sys.exit(any(finding.severity == "error" for finding in findings))
