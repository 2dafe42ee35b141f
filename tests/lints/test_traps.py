"""traps.py: the tests that the table of traps names exist."""

import traps

HEAD = "| Trap | Tests |\n|---|---|\n"


def test_tests_that_exist_are_fine(project):
    project.write({"src/a/tests/b_test.cpp": "TEST(Suite, holds) {\n}\nTEST_F(Other, holds_too) {\n}\n", "tests/c/test_d.py": "def test_e(x):\n    pass\n",
                   "docs/spec/traps.md": HEAD + "| a `l=` | `Suite.holds`, `Other.holds_too`, `tests/c/test_d.py::test_e` |\n"})
    assert project.lines(traps) == []


def test_a_test_that_is_gone_is_found(project):
    project.write({"src/a/tests/b_test.cpp": "// TEST(Suite, holds)\n", "docs/spec/traps.md": HEAD + "| a | `Suite.holds` |\n| b | |\n"})
    assert project.lines(traps) == ["docs/spec/traps.md:3 error", "docs/spec/traps.md:4 error"]
