"""Links: a relative link in a Markdown file leads to a file, and its anchor to a heading."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from findings import Finding, is_data, line_of, project_files, run_alone

NAME = "links"
_LINK = re.compile(r"!?\[[^\]\[]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def blank(text: str) -> str:
    """The text without code, which may show links that lead nowhere; line numbers stay."""
    return _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code.group()), text)


def anchors(text: str) -> set[str]:
    """The anchors of a Markdown file's headings, as the usual renderers make them."""
    found: set[str] = set()
    without_blocks = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    for match in _HEADING.finditer(without_blocks):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = 1
        unique = slug
        while unique in found:
            unique = f"{slug}-{count}"
            count += 1
        found.add(unique)
    return found


def check(root: Path) -> Iterable[Finding]:
    for path in project_files(root):
        if path.suffix != ".md" or is_data(path):
            continue
        text = blank((root / path).read_text())
        for match in _LINK.finditer(text):
            target = unquote(match[1] or match[2])
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            line = line_of(text, match.start())
            name, _, anchor = target.partition("#")
            file = (root / path.parent / name) if name else root / path
            if not file.exists():
                yield Finding(str(path), line, NAME, f"the link to {target} leads nowhere", "correct the path")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
                yield Finding(str(path), line, NAME, f"{target}: no heading makes this anchor",
                              "use the heading's words in lower case, joined by hyphens")


if __name__ == "__main__":
    run_alone(check)
