"""Names and small habits: names that say nothing, unfinished work, tabs, the first line of a file."""

import re
from collections.abc import Iterable
from pathlib import Path

from findings import CPP_SUFFIXES, Finding, is_data, line_of, project_files, run_alone

NAME = "names"
EMPTY_WORDS = {"util", "utils", "utility", "utilities", "common", "manager", "managers", "helper", "helpers"}
_EMPTY_TYPE = re.compile(r"\b(?:class|struct|union|concept|enum(?:\s+class)?|namespace)\s+"
                         r"(\w*(?:Utils?|Utility|Utilities|Common|Manager|Helpers?)|utils?|common|helpers?)\b")
# Written in two parts so that this file passes its own rule.
_UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
CODE_SUFFIXES = CPP_SUFFIXES + (".py", ".sh", ".cmake")
TEXT_SUFFIXES = CODE_SUFFIXES + (".md", ".toml", ".txt", ".json", ".tsv", ".yml", ".yaml", ".ts", ".svelte", ".html")
MAY_HOLD_TABS = (".tsv", ".txt")


def check(root: Path) -> Iterable[Finding]:
    tests = {}
    for path in project_files(root):
        if path.name.startswith("test_") and path.suffix == ".py":
            first = tests.setdefault(path.name, path)
            if first != path:
                yield Finding(str(path), 0, NAME, f"{first} has the same name, so pytest cannot run both at once",
                              "name the file after what it alone tests")
        if is_data(path):
            continue
        words = re.split(r"[_.-]", path.stem.lower())
        if EMPTY_WORDS.intersection(words) and path.suffix in CODE_SUFFIXES:
            yield Finding(str(path), 0, NAME, "the file's name does not say what is in it",
                          "name it after the thing or the RFC term that it holds")
        if path.suffix in TEXT_SUFFIXES or path.name in ("dev", "CMakeLists.txt", ".clang-tidy", ".clang-format"):
            yield from check_text(path, (root / path).read_bytes().decode(errors="replace"))


def check_text(path: Path, text: str) -> Iterable[Finding]:
    shown = str(path)
    if text and not text.endswith("\n"):
        yield Finding(shown, text.count("\n") + 1, NAME, "no newline at the end of the file", "end it with a newline")
    if path.suffix not in MAY_HOLD_TABS and "\t" in text:
        yield Finding(shown, line_of(text, text.index("\t")), NAME, "a tab", "indent with spaces; write \\t in strings")
    if path.suffix in CODE_SUFFIXES or path.name in ("dev", "CMakeLists.txt"):
        for match in _UNFINISHED.finditer(text):
            yield Finding(shown, line_of(text, match.start()), NAME, f"{match[0]} marks unfinished work",
                          "finish it, or write an issue and leave a comment about the present")
    if path.suffix in CPP_SUFFIXES:
        yield from check_cpp(path, text)


def check_cpp(path: Path, text: str) -> Iterable[Finding]:
    shown = str(path)
    first = text.split("\n", 1)[0]
    from_src = path.relative_to("src").as_posix() if path.parts[0] == "src" else path.as_posix()
    if not (first.startswith(f"// {from_src} - ") or first.startswith(f"// {path.as_posix()} - ")):
        yield Finding(shown, 1, NAME, "the file does not begin with what it is",
                      f"let its first line be `// {from_src} - WHAT IT IS`")
    if path.suffix == ".hpp" and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding(shown, 1, NAME, "no #pragma once", "add it after the comment at the top")
    for match in _EMPTY_TYPE.finditer(text):
        yield Finding(shown, line_of(text, match.start()), NAME, f"the name {match[1]} does not say what it does",
                      "name it after what it owns or decides (Pool, Registry, Router, ...)")


if __name__ == "__main__":
    run_alone(check)
