"""clang-tidy-19 over the project's sources, with .clang-tidy at the root. Slow: 5 to 20 s a file.

    tidy.py BUILD_FOLDER            only sources that differ from the parent of the last commit
    tidy.py BUILD_FOLDER --all      every source
A file whose sources, headers and rules did not change since it was last clean is not read again.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from findings import PROJECT_ROOT, Finding, cpp_files

NAME = "clang-tidy"
CLANG_TIDY = "clang-tidy-19"
WORKERS = int(os.environ.get("PTARMIGAN_JOBS", "2"))
_WARNING = re.compile(r"^(.+?):(\d+):\d+: (?:warning|error): (.*) \[([^\],]+)[^\]]*\]$", re.MULTILINE)


def changed_files(root: Path) -> set[str] | None:
    """Paths that differ from the parent of the last commit, new ones too; None where there is no parent to see."""
    against_parent = subprocess.run(["git", "-C", str(root), "diff", "--name-only", "HEAD~1"], capture_output=True,
                                    text=True)
    if against_parent.returncode:
        return None
    new = subprocess.run(["git", "-C", str(root), "ls-files", "--others", "--exclude-standard"], capture_output=True,
                         text=True, check=True)
    return set(against_parent.stdout.splitlines()) | set(new.stdout.splitlines())


def state_of(root: Path, source: Path) -> str:
    """A digest of all that decides the findings of one source: its folder, all headers, the rules."""
    digest = hashlib.sha256((root / ".clang-tidy").read_bytes())
    for path in cpp_files(root):
        if path == source or path.suffix == ".hpp":
            digest.update(path.as_posix().encode() + (root / path).read_bytes())
    return digest.hexdigest()


def examine(root: Path, build: Path, source: Path) -> list[Finding]:
    stamp = build / "tidy" / source.as_posix().replace("/", "__")
    state = state_of(root, source)
    if stamp.is_file() and stamp.read_text() == state:
        return []
    run = subprocess.run([CLANG_TIDY, "-p", str(build), "--quiet", str(root / source)], cwd=root, capture_output=True,
                         text=True)
    found = [(os.path.relpath(root / match[1], root), match) for match in _WARNING.finditer(run.stdout)]
    # The analyser loses its way in coroutines of others' headers: nobody here can mend these.
    findings = {Finding(path, int(match[2]), NAME, match[3], f"see the check {match[4]}")
                for path, match in found if not path.startswith("../")}
    if run.returncode and not found:
        findings = {Finding(str(source), 0, NAME, (run.stderr or run.stdout).strip()[-500:], "make it compile first")}
    if not findings:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(state)
    return sorted(findings, key=lambda finding: (finding.path, finding.line))


def check(root: Path, build: Path, every: bool) -> Iterable[Finding]:
    database = build / "compile_commands.json"
    if not database.is_file():
        yield Finding(str(database), 0, NAME, "there is no build to read the compile commands from",
                      "run ./dev build dev first")
        return
    compiled = {Path(os.path.relpath(entry["file"], root)) for entry in json.loads(database.read_text())}
    changed = None if every else changed_files(root)
    if changed is None and not every:
        print("clang-tidy: the last commit's parent is not in this clone; nothing to compare with, skipped")
        return
    sources = [path for path in cpp_files(root)
               if path in compiled and (every or path.as_posix() in changed)]
    print(f"clang-tidy: {len(sources)} of {len(compiled)} sources "
          f"({'all' if every else 'those changed since the parent of the last commit'}), {WORKERS} at a time",
          flush=True)
    began = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        results = pool.map(lambda source: examine(root, build, source), sources)
        yield from dict.fromkeys(finding for result in results for finding in result)
    print(f"clang-tidy: {time.monotonic() - began:.0f} s")


def main() -> None:
    found = False
    for finding in check(PROJECT_ROOT, Path(sys.argv[1]).resolve(), "--all" in sys.argv[2:]):
        print(finding)
        found = True
    sys.exit(found)


if __name__ == "__main__":
    main()
