"""End to end: the real program in the lab, judged by what its receivers saw."""

import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
sys.dont_write_bytecode = True

from ptlab.lab import Lab  # noqa: E402
from ptlab.story import Story  # noqa: E402

SANITIZER_REPORT = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


@pytest.fixture(scope="session")
def program() -> Path:
    path = Path(os.environ.get("PTARMIGAN_BIN", ROOT / "build" / "dev" / "bin" / "ptarmigan"))
    if not path.exists():
        pytest.skip(f"{path} is not built: ./dev build")
    return path


@pytest.fixture(scope="module")
def lab(program, tmp_path_factory):
    """A lab of its own for each test file. Gmail is our program too: it ends in good order, and its log is read."""
    folder = tmp_path_factory.mktemp("lab") / "state"
    with Lab(folder).started(ptarmigan=str(program)) as started:
        yield started
        started.stop_server("gmail")
        need_clean(started.log("gmail"))


@pytest.fixture(scope="module")
def story(lab, program):
    lines: list[str] = []
    told = Story(lab, program, lines.append)
    told.set_up()
    try:
        yield told
        told.stop_server()
    finally:
        print("\n".join(lines))
        told.end()
        need_clean(told.server_log())


def need_clean(log: str) -> None:
    """A sanitizer's report in a server's log is a failure, whatever the server did afterwards."""
    assert not SANITIZER_REPORT.search(log), log[-20000:]
