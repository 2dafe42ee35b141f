"""links.py: relative links and anchors in Markdown lead somewhere."""

import links


def test_files_and_anchors_that_exist_are_fine(project):
    project.write({"README.md": "[a](docs/a.md) [b](docs/a.md#the-1-thing) [c](#here) [d](https://x.example/y)\n\n# Here\n",
                   "docs/a.md": "# Top\n## The `1` thing\n[up](../README.md)\n"})
    assert project.lines(links) == []


def test_a_link_that_leads_nowhere_is_found(project):
    project.write({"README.md": "x\n[a](docs/none.md)\n[ref]: gone.md\n[b](#nothing)\n"})
    assert project.lines(links) == ["README.md:2 error", "README.md:3 error", "README.md:4 error"]


def test_code_shows_links_without_being_one(project):
    project.write({"README.md": "`[a](none.md)`\n\n```\n[b](none.md)\n```\n"})
    assert project.lines(links) == []
