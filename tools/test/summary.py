#!/usr/bin/python3
"""Sums the JUnit files of a test run into its closing line: `N passed, N failed, N skipped`.

    summary.py RESULTS_FOLDER
NAME.xml holds cases (of ctest, pytest, lints, fuzz), NAME.rc the exit code of the stage NAME. A stage that failed without
a failed case to show for it counts as one failure itself. Exit code 1 where anything failed or nothing ran.
"""

import sys
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path


def verdict(case: xml.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def count(file: Path, shown: list[str]) -> Counter:
    counts: Counter = Counter()
    try:
        cases = list(xml.parse(file).iter("testcase"))
    except (OSError, xml.ParseError):
        return counts  # the stage's exit code speaks for it
    for case in cases:
        result = verdict(case)
        counts[result] += 1
        if result == "failed":
            shown.append(f"{file.stem}: {case.get('name')}")
    return counts


def main() -> int:
    folder = Path(sys.argv[1])
    total: Counter = Counter()
    failures: list[str] = []
    for code_file in sorted(folder.glob("*.rc")):
        counts = count(code_file.with_suffix(".xml"), failures)
        if int(code_file.read_text()) != 0 and not counts["failed"]:
            counts["failed"] += 1
            failures.append(f"{code_file.stem}: the stage itself")
        total += counts
    for failure in failures:
        print(f"failed: {failure}")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
