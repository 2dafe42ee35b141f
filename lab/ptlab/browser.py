"""The page in real Chromium, told step by step (tests/web/drive.mjs), inside the lab.

What it needs beside the lab: Chromium, Node, and the page's npm packages, which are fetched where they are missing. `Absent` says what is not there.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from .errors import LabError
from .lab import Lab

ROOT = Path(__file__).resolve().parents[2]
OLDEST_NODE = (18, 0)


class Absent(Exception):
    """Something that this machine does not have; its text says what, and what brings it."""


def node_modules(oldest: tuple[int, int] = OLDEST_NODE) -> Path:
    """The page's npm packages, installed from the lock file where they are not."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Absent("Node is not here (apt-get install nodejs npm)")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=60).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if version < oldest:
        raise Absent(f"Node {told.strip()} is older than {oldest[0]}.{oldest[1]}")
    installed = ROOT / "web" / "node_modules"
    if not (installed / ".package-lock.json").exists():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT / "web", capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise Absent("npm ci did not work: " + done.stderr[-300:])
    return installed


class Page:
    """page("await", selector="h1", text="Mail is getting through", seconds=60): the commands are those of drive.mjs."""

    def __init__(self, lab: Lab, url: str, token: str, screenshots: Path):
        node_modules()
        self.problems: list[str] = []  # of every page so far: what axe found, requests that left, errors
        self.process = lab.popen(
            ["env", f"BASE_URL={url}", f"TOKEN={token}", "node", ROOT / "tests/web/drive.mjs", screenshots],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        first = self.process.stdout.readline()
        if first.startswith("skipped: "):
            raise Absent(first.removeprefix("skipped: ").strip())
        if not first:
            raise LabError("the browser did not start", "run tests/web/run.mjs, which says why")

    def __call__(self, do: str, **words) -> str:
        self.process.stdin.write(json.dumps({"do": do, **words}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise LabError(f"the browser ended at {do} {words}")
        answer = json.loads(line)
        self.problems += answer["problems"]
        if "error" in answer:
            raise LabError(f"{do} {words}: {answer['error']}")
        return answer.get("text", "")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
