"""The committed page is what its source makes; and it holds in a real browser. Skips, and says why, where Node or Chromium is not there."""

import filecmp
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))

from ptlab.browser import Absent, node_modules  # noqa: E402

FILES = ("index.html", "app.js", "app.css", "icon.svg")
OLDEST_TO_BUILD = (20, 19)


def run(*words, cwd):
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600)


def need_node(*oldest):
    try:
        node_modules(*oldest)
    except Absent as absent:
        pytest.skip(str(absent))


def test_the_committed_page_is_what_its_source_makes(tmp_path):
    need_node(OLDEST_TO_BUILD)
    built = run("npx", "vite", "build", "--outDir", str(tmp_path / "page"), "--emptyOutDir", cwd=ROOT / "web")
    assert built.returncode == 0, built.stderr
    different = [name for name in FILES if not filecmp.cmp(tmp_path / "page" / name, ROOT / "src/console/page" / name, shallow=False)]
    assert not different, f"run `npm run build` in web/ and commit: {different}"


def test_every_page_holds_in_a_browser():
    need_node()
    shots = ROOT / "build" / "screenshots"
    done = run("node", "tests/web/run.mjs", str(shots), cwd=ROOT)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_has_words_for_every_cause_and_receiver():
    said = (ROOT / "web/src/words.js").read_text()
    names = re.findall(r'^      Receiver\{"([a-z-]+)"', (ROOT / "src/rulebook/registry.cpp").read_text(), re.M)
    kinds = re.findall(r'Word\{Kind::\w+, "(\w+)"', (ROOT / "src/watch/kind.cpp").read_text())
    causes = re.findall(r'case Cause::\w+: return "(\w+)"', (ROOT / "src/smtp/classify.cpp").read_text())
    stages = re.findall(r'case Stage::\w+: return "(\w+)"', (ROOT / "src/smtp/classify.cpp").read_text())
    assert len(names) > 3 and len(kinds) > 20 and len(causes) > 5 and len(stages) > 5
    missing = [word for word in names + kinds + causes + stages if not re.search(rf'(?<![\w-])"?{word}"?: "', said)]
    assert missing == []
