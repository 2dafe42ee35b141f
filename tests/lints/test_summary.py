"""tools/test/summary.py: the closing line sums every case, and no failed stage gets lost."""

import subprocess
import sys
from pathlib import Path

SUMMARY = Path(__file__).resolve().parents[2] / "tools/test/summary.py"


def closing_line(folder: Path, files: dict[str, str]) -> tuple[str, int]:
    for name, text in files.items():
        (folder / name).write_text(text)
    done = subprocess.run([sys.executable, str(SUMMARY), str(folder)], capture_output=True, text=True)
    return done.stdout.splitlines()[-1], done.returncode


def test_cases_of_all_kinds_are_summed(tmp_path):
    ctest = ('<testsuite><testcase name="a" status="run"/><testcase name="b" status="disabled"/>'
             '<testcase name="c" status="notrun"><skipped message="SKIPPED"/></testcase></testsuite>')
    pytest_xml = '<testsuites><testsuite><testcase name="d"/><testcase name="e"><skipped/></testcase></testsuite></testsuites>'
    assert closing_line(tmp_path, {"units.rc": "0\n", "units.xml": ctest, "end-to-end.rc": "0\n", "end-to-end.xml": pytest_xml,
                                   "build.rc": "0\n"}) == ("2 passed, 0 failed, 3 skipped", 0)


def test_a_failed_case_fails_the_run(tmp_path):
    xml = '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase></testsuite>'
    assert closing_line(tmp_path, {"units.rc": "8\n", "units.xml": xml}) == ("1 passed, 2 failed, 0 skipped", 1)


def test_a_stage_that_died_counts_as_one_failure(tmp_path):
    assert closing_line(tmp_path, {"build.rc": "1\n"}) == ("0 passed, 1 failed, 0 skipped", 1)
    assert closing_line(tmp_path, {"build.rc": "0\n", "fuzz.rc": "1\n", "fuzz.xml": "<torn"})[0] == "0 passed, 1 failed, 0 skipped"


def test_a_run_of_nothing_is_no_success(tmp_path):
    assert closing_line(tmp_path, {}) == ("0 passed, 0 failed, 0 skipped", 1)
