"""RFC references: every `RFC NNNN#section` in the project stands in docs/spec/rfcs.tsv, and the table is true.

Written form: `RFC 7208#4.6.4`, `RFC 9989#B.4.1`; a plain `RFC 7208` names the document and needs no row. Text that a user
reads (a string) may say `RFC 7208 section 4.6.4`, which is looked up all the same.
`--update` sorts the table, writes its `where` column from the references in src/, and turns `planned` into `implemented`
for sections that src/ now cites: look over the result and set `partial` where that is what it is.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from findings import PROJECT_ROOT, Finding, blank_strings, is_data, line_of, project_files, run_alone

NAME = "rfc-refs"
TABLE = Path("docs/spec/rfcs.tsv")
COLUMNS = ["rfc", "section", "topic", "status", "where"]
STATUSES = {"implemented", "partial", "planned", "n/a"}
SEARCHED_SUFFIXES = (".hpp", ".cpp", ".py", ".md", ".toml")
_SECTION = r"(?:[A-Z]|\d+)(?:\.\d+)*"
_REFERENCE = re.compile(rf"\bRFC (\d{{3,5}})(?:#|,? [Ss]ection )({_SECTION})")
_WRONG_FORM = re.compile(rf"\bRFC[ -]?(\d{{3,5}})(?:,? (?:[Ss]ection|[Ss]ec\.|§) ?|§|#[^\w]|(?<=RFC\d{{4}})#)({_SECTION})?")


@dataclass(frozen=True)
class Row:
    line: int
    rfc: str
    section: str
    topic: str
    status: str
    where: str


def read_table(root: Path) -> tuple[dict[tuple[str, str], Row], list[Finding]]:
    rows: dict[tuple[str, str], Row] = {}
    findings = []

    def wrong(line: int, message: str, remedy: str) -> None:
        findings.append(Finding(str(TABLE), line, NAME, message, remedy))

    text = (root / TABLE).read_text() if (root / TABLE).is_file() else ""
    lines = text.splitlines()
    if not lines or lines[0].split("\t") != COLUMNS:
        wrong(1, "the first line does not name the columns", f"write (with tabs): {' '.join(COLUMNS)}")
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS) or not all(field.strip() == field and field for field in fields):
            wrong(number, f"not {len(COLUMNS)} filled columns between single tabs", "write '-' where there is nothing")
            continue
        row = Row(number, *fields)
        if not row.rfc.isdigit() or not re.fullmatch(_SECTION, row.section):
            wrong(number, f"RFC {row.rfc}#{row.section} is not one exact section", "write a row for each section")
        if row.status not in STATUSES:
            wrong(number, f"status {row.status} is unknown", f"use one of: {', '.join(sorted(STATUSES))}")
        if (row.rfc, row.section) in rows:
            wrong(number, f"RFC {row.rfc}#{row.section} stands here twice", "keep one row")
        rows[row.rfc, row.section] = row
    return rows, findings


def references(root: Path) -> Iterable[tuple[Path, int, str, str]]:
    for path in project_files(root):
        # The lints' own tests show wrong references on purpose.
        if path.suffix in SEARCHED_SUFFIXES and not is_data(path) and path.parts[:2] != ("tests", "lints"):
            text = (root / path).read_text(errors="replace")
            for match in _REFERENCE.finditer(text):
                yield path, line_of(text, match.start()), match[1], match[2]


def check(root: Path) -> Iterable[Finding]:
    rows, findings = read_table(root)
    yield from findings
    said = set()
    for path, line, rfc, section in references(root):
        row = rows.get((rfc, section))
        if (rfc, section) in said:
            continue
        if row is None:
            said.add((rfc, section))
            yield Finding(str(path), line, NAME, f"RFC {rfc}#{section} is not in {TABLE}",
                          "look it up, then add this line with its topic in your own words:\n"
                          f"{rfc}\t{section}\tTOPIC\timplemented\t{folder_of(path)}")
        elif row.status == "planned" and path.parts[0] == "src":
            said.add((rfc, section))
            yield Finding(str(path), line, NAME, f"RFC {rfc}#{section} is cited here and still 'planned' in {TABLE}",
                          "run python3 tools/check/rfc_refs.py --update and look over the change", "warning")
    for row in rows.values():
        yield from check_row(root, row)
    yield from check_form(root)


def check_row(root: Path, row: Row) -> Iterable[Finding]:
    shown = f"RFC {row.rfc}#{row.section}"
    if row.status in ("implemented", "partial"):
        for place in row.where.split(" "):
            if not (root / place).exists():
                yield Finding(str(TABLE), row.line, NAME, f"{shown} is {row.status} in {place}, which does not exist",
                              "name folders or files of the project, between single spaces")
    elif row.status == "planned" and row.where != "-":
        yield Finding(str(TABLE), row.line, NAME, f"{shown} is planned and yet has a place", "write '-'")


def check_form(root: Path) -> Iterable[Finding]:
    for path in project_files(root):
        if path.parts[0] != "src" or path.suffix not in (".hpp", ".cpp") or is_data(path):
            continue
        text = blank_strings((root / path).read_text(errors="replace"))
        for match in _WRONG_FORM.finditer(text):
            yield Finding(str(path), line_of(text, match.start()), NAME, f"'{match[0].strip()}' cannot be checked",
                          f"write RFC {match[1]}#{match[2] or 'SECTION'}")


def folder_of(path: Path) -> str:
    """The folder of a citing file: the library, or its part; tests count for what they test."""
    parts = [part for part in path.parts[:-1] if part not in ("tests", "fuzz", "bench")]
    return "/".join(parts) + "/"


def in_order(key: tuple[str, str]) -> tuple:
    """Sorts by RFC, then by section: numbers as numbers, appendices last."""
    return int(key[0]), [(part.isalpha(), int(part) if part.isdigit() else 0, part) for part in key[1].split(".")]


def update(root: Path) -> None:
    rows, findings = read_table(root)
    if findings:
        sys.exit("\n".join(map(str, findings)))
    places: dict[tuple[str, str], set[str]] = {}
    for path, _, rfc, section in references(root):
        if path.parts[0] == "src" and path.suffix in (".hpp", ".cpp"):
            places.setdefault((rfc, section), set()).add(folder_of(path))
    lines = ["\t".join(COLUMNS)]
    for key, row in sorted(rows.items(), key=lambda item: in_order(item[0])):
        status, where = row.status, row.where
        if status != "n/a":
            where = " ".join(sorted(places.get(key, {"-"})))
            status = "planned" if where == "-" else "implemented" if status == "planned" else status
        lines.append("\t".join([row.rfc, row.section, row.topic, status, where]))
    (root / TABLE).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update(PROJECT_ROOT)
        sys.exit(0)
    run_alone(check)
