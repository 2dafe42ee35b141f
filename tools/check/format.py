"""Format: clang-format-19 would change nothing. `--fix` writes the changes (./dev format)."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from findings import PROJECT_ROOT, Finding, cpp_files, run_alone

NAME = "format"
CLANG_FORMAT = "clang-format-19"
WORKERS = int(os.environ.get("PTARMIGAN_JOBS", "2"))
FILES_PER_RUN = 20


def runs(root: Path, options: list[str]) -> Iterable[subprocess.CompletedProcess]:
    names = [str(path) for path in cpp_files(root)]
    batches = [names[i:i + FILES_PER_RUN] for i in range(0, len(names), FILES_PER_RUN)]
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda batch: subprocess.run([CLANG_FORMAT, *options, *batch], cwd=root, text=True,
                                                         capture_output=True), batches)


def check(root: Path) -> Iterable[Finding]:
    if not shutil.which(CLANG_FORMAT):
        yield Finding(CLANG_FORMAT, 0, NAME, "is not installed", "run ./dev lint, which installs it")
        return
    seen = set()
    for run in runs(root, ["--dry-run", "-Werror"]):
        for match in re.finditer(r"^(.+?):(\d+):\d+: error: .*$", run.stderr, re.MULTILINE):
            if match[1] not in seen:
                seen.add(match[1])
                yield Finding(match[1], int(match[2]), NAME, "clang-format would change this file from here on",
                              "run ./dev format")
        if run.returncode and not seen:
            yield Finding(CLANG_FORMAT, 0, NAME, run.stderr.strip(), "correct .clang-format or the call")


if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        sys.exit(max((run.returncode for run in runs(PROJECT_ROOT, ["-i"])), default=0))
    run_alone(check)
