"""The committed page is what its source makes; and it holds in a real browser. Skips, and says why, where Node or Chromium is not there."""

import filecmp
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ("index.html", "app.js", "app.css", "icon.svg")
OLDEST_NODE = (20, 19)


def run(*words, cwd):
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory):
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("Node is not here")
    version = tuple(int(part) for part in re.findall(r"\d+", run(node, "--version", cwd=ROOT).stdout)[:2])
    if version < OLDEST_NODE:
        pytest.skip(f"Node {version} is older than {OLDEST_NODE}")
    installed = ROOT / "web" / "node_modules"
    if not (installed / "vite").exists():
        done = run("npm", "ci", "--no-audit", "--no-fund", cwd=ROOT / "web")
        if done.returncode != 0:
            pytest.skip("npm ci did not work: " + done.stderr[-300:])
    return installed


def test_the_committed_page_is_what_its_source_makes(node_modules, tmp_path):
    built = run("npx", "vite", "build", "--outDir", str(tmp_path / "page"), "--emptyOutDir", cwd=ROOT / "web")
    assert built.returncode == 0, built.stderr
    different = [name for name in FILES if not filecmp.cmp(tmp_path / "page" / name, ROOT / "src/console/page" / name, shallow=False)]
    assert not different, f"run `npm run build` in web/ and commit: {different}"


def test_every_page_holds_in_a_browser(node_modules):
    shots = ROOT / "build" / "screenshots"
    done = run("node", "tests/web/run.mjs", str(shots), cwd=ROOT)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
