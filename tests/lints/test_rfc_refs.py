"""rfc_refs.py: references stand in the table, and the table is exact."""

import pytest
import rfc_refs

HEAD = "rfc\tsection\ttopic\tstatus\twhere\n"
ROW = "7208\t4.6.4\tlimits\timplemented\tsrc/auth/\n"


def with_table(project, rows: str, files: dict[str, str]):
    return project.write({"docs/spec/rfcs.tsv": HEAD + rows, **files})


def test_a_reference_in_the_table_is_fine(project):
    with_table(project, ROW, {"src/auth/a.hpp": "// RFC 7208#4.6.4. And RFC 7208 as a whole.\n"})
    assert project.lines(rfc_refs) == []


def test_a_missing_section_names_the_line_to_add(project):
    with_table(project, ROW, {"src/auth/spf/a.hpp": "\n// RFC 5321#4.5.3.1.5, RFC 7208#4.6.4\n", "src/auth/b.hpp": ""})
    assert project.lines(rfc_refs) == ["src/auth/spf/a.hpp:2 error"]
    assert "5321\t4.5.3.1.5\tTOPIC\timplemented\tsrc/auth/spf/" in project.messages(rfc_refs)


def test_appendices_are_sections(project):
    with_table(project, "9989\tB.4.1\twalk\timplemented\tsrc/\n", {"src/a.cpp": "// (RFC 9989#B.4.1)\n// RFC 9989#B.4\n"})
    assert project.lines(rfc_refs) == ["src/a.cpp:2 error"]


@pytest.mark.parametrize("text", ["RFC 7208 section 4.6.4", "RFC 7208, Section 4.6.4", "RFC7208#4.6.4", "RFC 7208 §4.6.4"])
def test_a_form_that_cannot_be_checked_is_refused(project, text):
    with_table(project, ROW, {"src/auth/a.hpp": f"// {text}\n"})
    assert "write RFC 7208#4.6.4" in project.messages(rfc_refs)


def test_text_for_users_is_prose_and_looked_up_all_the_same(project):
    with_table(project, ROW, {"src/auth/a.cpp": 'auto a = "RFC 7208 section 4.6.4";\nauto b = "RFC 7208 section 9.9";\n'})
    assert project.lines(rfc_refs) == ["src/auth/a.cpp:2 error"]


@pytest.mark.parametrize("row, problem", [
    ("7208\t4.*\tlimits\tplanned\t-\n", "not one exact section"),
    ("7208\t4.6.4\tlimits\tdone\t-\n", "status done"),
    ("7208\t4.6.4\tlimits\timplemented\n", "columns"),
    ("7208\t4.6.4\tlimits\timplemented\tsrc/nowhere/\n", "does not exist"),
    ("7208\t4.6.4\tlimits\tplanned\tsrc/auth/\n", "planned and yet has a place"),
    (ROW + ROW, "twice"),
])
def test_a_wrong_row_is_found(project, row, problem):
    with_table(project, row, {"src/auth/a.hpp": ""})
    assert problem in project.messages(rfc_refs)


def test_cited_but_planned_is_a_warning(project):
    with_table(project, "7208\t4.6.4\tlimits\tplanned\t-\n", {"src/auth/a.hpp": "// RFC 7208#4.6.4\n"})
    assert project.lines(rfc_refs) == ["src/auth/a.hpp:1 warning"]


def test_update_writes_places_and_keeps_judgements(project):
    with_table(project, "7208\t3\trecords\tplanned\t-\n7208\t4.1\targuments\tpartial\tsrc/\n7208\t5.5\tptr\tn/a\t-\n",
               {"src/auth/spf/tests/a_test.cpp": "// RFC 7208#3\n", "src/auth/spf/b.cpp": "// RFC 7208#4.1\n"})
    rfc_refs.update(project.root)
    assert (project.root / rfc_refs.TABLE).read_text() == HEAD + (
        "7208\t3\trecords\timplemented\tsrc/auth/spf/\n7208\t4.1\targuments\tpartial\tsrc/auth/spf/\n7208\t5.5\tptr\tn/a\t-\n")
    assert project.lines(rfc_refs) == []
