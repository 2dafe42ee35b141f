"""format.py and tidy.py: the outside tools are called on the right files, and their findings come through."""

import json
import shutil
import subprocess

import format as format_lint
import pytest
import tidy

needs_format = pytest.mark.skipif(not shutil.which(format_lint.CLANG_FORMAT), reason="clang-format-19 is not installed")
needs_tidy = pytest.mark.skipif(not shutil.which(tidy.CLANG_TIDY), reason="clang-tidy-19 is not installed")


@needs_format
def test_only_the_badly_formatted_file_is_named(project):
    project.write({".clang-format": "BasedOnStyle: Google\n", "src/a.cpp": "int a;\n", "src/b.cpp": "int a;\nint  b ;\n"})
    assert project.lines(format_lint) == ["src/b.cpp:2 error"]


def compile_commands(project, *sources: str) -> str:
    return json.dumps([{"directory": str(project.root), "file": str(project.root / source),
                        "arguments": ["clang++-19", "-std=c++20", "-c", source]} for source in sources])


@needs_tidy
def test_tidy_reports_a_mistake_and_remembers_clean_files(project):
    project.write({".clang-tidy": "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n",
                   "src/a.cpp": "int* a = nullptr;\n", "src/b.cpp": "\nint* b = 0;\n"})
    project.write({"build/compile_commands.json": compile_commands(project, "src/a.cpp", "src/b.cpp")})
    found = list(tidy.check(project.root, project.root / "build", every=True))
    assert [(finding.path, finding.line) for finding in found] == [("src/b.cpp", 2)]
    assert [stamp.name for stamp in (project.root / "build/tidy").iterdir()] == ["src__a.cpp"]


@needs_tidy
def test_tidy_reads_only_what_changed(project):
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(project.root), "-c", "user.name=t", "-c", "user.email=t@example.com",
                        *arguments], check=True, capture_output=True)

    project.write({".clang-tidy": "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n", ".gitignore": "/build/\n",
                   "src/a.cpp": "int* a = 0;\n", "src/b.cpp": "int* b = 0;\n"})
    project.write({"build/compile_commands.json": compile_commands(project, "src/a.cpp", "src/b.cpp")})
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    assert list(tidy.check(project.root, project.root / "build", every=False)) == []  # no parent to compare with
    git("commit", "-qm", "two", "--allow-empty")
    project.write({"src/b.cpp": "int* c = 0;\n"})
    found = list(tidy.check(project.root, project.root / "build", every=False))
    assert [finding.path for finding in found] == ["src/b.cpp"]
