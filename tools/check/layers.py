"""Layers: a library includes only lower levels, L0 to L5 are pure, and each library says who it is.

The levels and the forbidden things are data: layers.toml beside this file.
"""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from findings import Finding, blank_comments_and_strings, cpp_files, line_of, run_alone

NAME = "layers"
TEST_FOLDERS = {"tests", "fuzz", "bench"}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_LEVEL = re.compile(r"\bLEVEL\s+(\d+)\b")


def check(root: Path) -> Iterable[Finding]:
    rules = tomllib.loads((Path(__file__).parent / "layers.toml").read_text())
    levels = rules["levels"]
    yield from check_folders(root, levels)
    for path in cpp_files(root):
        if path.parts[0] == "src" and len(path.parts) > 2:
            yield from check_file(root, path, rules)


def check_folders(root: Path, levels: dict[str, int]) -> Iterable[Finding]:
    src = root / "src"
    for folder in sorted(src.iterdir()) if src.is_dir() else []:
        if not folder.is_dir() or not any(file.suffix in (".cpp", ".hpp") for file in folder.rglob("*")):
            continue
        here = f"src/{folder.name}"
        if folder.name not in levels:
            yield Finding(here, 0, NAME, f"library {folder.name} has no level",
                          f"add `{folder.name} = LEVEL` to tools/check/layers.toml")
            continue
        if not (folder / "README.md").is_file():
            yield Finding(f"{here}/README.md", 0, NAME, "the library has no README",
                          "write one: purpose, start here, invariants, change rules, tests")
        yield from check_cmake(folder / "CMakeLists.txt", f"{here}/CMakeLists.txt", levels[folder.name])


def check_cmake(file: Path, shown: str, level: int) -> Iterable[Finding]:
    if not file.is_file():
        yield Finding(shown, 0, NAME, "the library has no CMakeLists.txt",
                      f"write one that calls ptarmigan_library(... LEVEL {level} ...)")
        return
    text = re.sub(r"#[^\n]*", "", file.read_text())
    stated = list(_LEVEL.finditer(text))
    if not stated:
        yield Finding(shown, 0, NAME, "no LEVEL is stated", f"say LEVEL {level} in ptarmigan_library(...)")
    for match in stated:
        if int(match[1]) != level:
            yield Finding(shown, line_of(text, match.start()), NAME,
                          f"LEVEL {match[1]} here, but {level} in tools/check/layers.toml", "make the two agree")


def check_file(root: Path, path: Path, rules: dict) -> Iterable[Finding]:
    text = (root / path).read_text(errors="replace")
    library = path.parts[1]
    level = rules["levels"].get(library)
    if level is None:
        return  # check_folders has said it
    is_pure = level <= rules["pure"]["highest_level"] and not TEST_FOLDERS.intersection(path.parts)
    for match in _INCLUDE.finditer(text):
        line = line_of(text, match.start(2))
        quoted, header = match[1] == '"', match[2]
        if quoted:
            yield from check_layer(root, path, line, library, header, rules)
        if is_pure and is_forbidden(header, rules["pure"]):
            yield Finding(str(path), line, NAME, f"{library} is L{level}, which is pure, and includes <{header}>",
                          "move what needs it to L6 or L7, and hand the result in as a value")
        for only in rules["only"]:
            if header.startswith(tuple(only["headers"])) and not path.as_posix().startswith(tuple(only["from"])):
                yield Finding(str(path), line, NAME, f"{only['name']} is not for this folder (<{header}>)",
                              only["remedy"])
    if is_pure:
        code = blank_comments_and_strings(text)
        for call in rules["pure"]["calls"]:
            for match in re.finditer(call["pattern"], code):
                yield Finding(str(path), line_of(code, match.start()), NAME,
                              f"{library} is L{level}, which is pure, and uses {call['name']} ({match[0].strip()})",
                              call["remedy"])


def is_forbidden(header: str, pure: dict) -> bool:
    return header in pure["headers"] or header.startswith(tuple(pure["header_folders"]))


def check_layer(root: Path, path: Path, line: int, library: str, header: str, rules: dict) -> Iterable[Finding]:
    levels = rules["levels"]
    target = header.split("/")[0]
    if "/" not in header or target not in levels:
        if (root / path.parent / header).is_file():
            yield Finding(str(path), line, NAME, f'"{header}" is included relative to this file',
                          f'include it from src/: "{(path.parent / header).relative_to("src").as_posix()}"')
        return
    if target == library or levels[target] < levels[library] or target in rules["peers"].get(library, []):
        return
    relation = "beside" if levels[target] == levels[library] else "above"
    yield Finding(str(path), line, NAME,
                  f'{library} (L{levels[library]}) includes "{header}" of {target} (L{levels[target]}), {relation} it',
                  "depend on a value of a lower level, or move this code up to a library that may see both")


if __name__ == "__main__":
    run_alone(check)
