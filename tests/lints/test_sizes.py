"""sizes.py: soft sizes warn, double fails, and functions are told from everything else with braces."""

import sizes

LONG_BODY = "  f();\n" * 70
TOO_LONG_BODY = "  f();\n" * 130


def names(text: str) -> list[str]:
    return [name for _, _, name in sizes.functions(text)]


def test_soft_sizes_warn_and_double_fails(project):
    project.write({"src/a.hpp": "\n" * 201, "src/b.hpp": "\n" * 401, "src/c.cpp": "\n" * 600, "src/d.cpp": "\n" * 1201})
    assert project.lines(sizes) == ["src/a.hpp:0 warning", "src/b.hpp:0 error", "src/d.cpp:0 error"]


def test_a_long_function_is_found_at_its_first_line(project):
    project.write({"src/a.cpp": f"int x;\n\nvoid g() {{\n{LONG_BODY}}}\n", "src/b.cpp": f"void g() {{\n{TOO_LONG_BODY}}}\n"})
    assert project.lines(sizes) == ["src/a.cpp:3 warning", "src/b.cpp:1 error"]


def test_namespaces_types_and_tables_are_no_functions():
    assert names("namespace a::b {\nstruct S {\n int x = 0;\n};\nenum class E { a, b };\nconstexpr int t[] = {1, 2};\n}") == []


def test_functions_of_every_shape_are_seen():
    text = """
    S::S(int a) : a_(a), b_{a} {}
    auto f() -> Result<int> { return 1; }
    bool T::operator==(const T&) const noexcept { return true; }
    template <class X> requires C<X> void g(X x) { if (x) { h(); } }
    TEST(Suite, name) { EXPECT_TRUE(true); }
    struct S { int m() const { return 1; } };
    """
    assert len(names(text)) == 6


def test_braces_in_strings_comments_and_characters_do_not_count():
    assert names("void f() {\n // }\n g(\"}\", '}', R\"x( } )x\"); }\nvoid h() {}\n") == ["f", "h"]


def test_a_lambda_belongs_to_its_function():
    assert names("void f() { auto l = [](int x) { return x; }; }") == ["f"]
