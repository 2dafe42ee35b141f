"""Sizes: headers, sources and functions that grow too long to be read in one go.

Over the soft size is a warning, over double is an error.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from findings import Finding, blank_comments_and_strings, cpp_files, line_of, run_alone

NAME = "sizes"
SOFT_HEADER_LINES = 200
SOFT_SOURCE_LINES = 600
SOFT_FUNCTION_LINES = 60
# What stands before a `{` and is no function: control flow is inside one, and types and namespaces hold them.
_NOT_A_FUNCTION = re.compile(
    r"^\s*(?:template\s*<.*>\s*)?(?:export\s+)?(?:inline\s+)?"
    r"(?:namespace|class|struct|union|enum|extern|concept|requires)\b(?!.*\)\s*(?:const|noexcept|->|$))", re.DOTALL)
_ENDS_LIKE_A_FUNCTION = re.compile(
    r"\)(?:\s*(?:const|volatile|noexcept(?:\s*\([^()]*\))?|override|final|mutable|try|&&?|->[\w\s:<>,*&()]+"
    r"|:[^;{}]*|requires\b[^;{}]*))*\s*$", re.DOTALL)


def functions(text: str) -> Iterable[tuple[int, int, str]]:
    """(first line, number of lines, name) of each outermost function body, by counting braces."""
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", blank_comments_and_strings(text), flags=re.MULTILINE)
    depth = 0
    head_start = 0
    body_depth = 0
    body_head = ""
    body_line = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if match[0] == "{":
            head = code[head_start:at]
            if not body_head and _ENDS_LIKE_A_FUNCTION.search(head) and not _NOT_A_FUNCTION.match(head):
                body_depth, body_head = depth, head.strip()
                body_line = line_of(code, head_start + len(head) - len(head.lstrip()))
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if body_head and depth <= body_depth:
                name = re.search(r"([\w:~]*operator[^\w\s(]+|[\w:~]+)\s*\(", body_head)
                yield body_line, line_of(code, at) - body_line + 1, name[1] if name else body_head
                body_head = ""
        head_start = at + 1


def check(root: Path) -> Iterable[Finding]:
    for path in cpp_files(root):
        text = (root / path).read_text(errors="replace")
        is_header = path.suffix == ".hpp"
        soft = SOFT_HEADER_LINES if is_header else SOFT_SOURCE_LINES
        yield from judge(path, 0, "header" if is_header else "source", text.count("\n"), soft,
                         "split it by what a reader looks for")
        for line, length, name in functions(text):
            yield from judge(path, line, f"function {name}", length, SOFT_FUNCTION_LINES,
                             "give its steps names of their own")


def judge(path: Path, line: int, what: str, length: int, soft: int, remedy: str) -> Iterable[Finding]:
    if length > soft:
        severity = "error" if length > 2 * soft else "warning"
        yield Finding(str(path), line, NAME, f"{what} has {length} lines; {soft} is the soft size, {2 * soft} the hard",
                      remedy, severity)


if __name__ == "__main__":
    run_alone(check)
