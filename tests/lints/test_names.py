"""names.py: names that say nothing, unfinished work, tabs, the first line of a file."""

import names
import pytest

GOOD = "// dns/name.hpp - domain names.\n#pragma once\n"


def test_a_good_header_is_fine(project):
    project.write({"src/dns/name.hpp": GOOD, "apps/main.cpp": "// apps/main.cpp - main().\n"})
    assert project.lines(names) == []


@pytest.mark.parametrize("file", ["src/dns/dns_utils.hpp", "src/dns/common.cpp", "tools/helper.py"])
def test_an_empty_file_name_is_refused(project, file):
    first = f"// {file.removeprefix('src/')} - x\n#pragma once\n" if file.startswith("src") else "x = 1\n"
    project.write({file: first})
    assert project.lines(names) == [f"{file}:0 error"]


@pytest.mark.parametrize("declaration", ["class QueueManager {};", "struct StringUtils {};", "namespace utils {}"])
def test_an_empty_type_name_is_refused(project, declaration):
    project.write({"src/dns/name.hpp": GOOD + declaration + "\n"})
    assert project.lines(names) == ["src/dns/name.hpp:3 error"]


def test_a_helpful_name_that_only_holds_such_letters_is_fine(project):
    project.write({"src/dns/name.hpp": GOOD + "struct CommonmarkText {};\nint commonality = 0;\n"})
    assert project.lines(names) == []


@pytest.mark.parametrize("text, line", [
    (GOOD + "// TO" "DO: later\n", 3), (GOOD + "int a;\t\n", 3), (GOOD + "int a;", 3),
    ("#pragma once\n", 1), ("// dns/other.hpp - x\n#pragma once\n", 1), ("// dns/name.hpp - x\n", 1),
])
def test_small_habits(project, text, line):
    project.write({"src/dns/name.hpp": text})
    assert project.lines(names) == [f"src/dns/name.hpp:{line} error"]


def test_seeds_and_test_data_are_left_alone(project):
    project.write({"src/dns/fuzz/seeds/dns_name/utils.txt": "a\tb", "src/dns/tests/data/common.cpp": "\t"})
    assert project.lines(names) == []


def test_two_test_files_of_one_name_are_refused(project):
    project.write({"tests/cli/test_watch.py": "", "tests/e2e/test_watch.py": "", "tests/e2e/test_other.py": ""})
    assert project.lines(names) == ["tests/e2e/test_watch.py:0 error"]
