"""layers.py: who may include whom, and what pure libraries may not touch."""

import layers
import pytest


def library(name: str, level: int, files: dict[str, str]) -> dict[str, str]:
    return {f"src/{name}/README.md": "# x\n", f"src/{name}/CMakeLists.txt": f"ptarmigan_library({name} LEVEL {level})\n",
            **{f"src/{name}/{file}": text for file, text in files.items()}}


def test_lower_levels_and_the_library_itself_may_be_included(project):
    project.write(library("facts", 2, {"a.cpp": '#include "facts/a.hpp"\n#include "dns/name.hpp"\n#include <vector>\n'}))
    assert project.lines(layers) == []


@pytest.mark.parametrize("includer, level, included", [
    ("dns", 1, "facts/facts.hpp"),  # above
    ("dns", 1, "message/header.hpp"),  # beside
    ("net", 6, "spool/spool.hpp"),  # an edge beside an edge
    ("adapt", 7, "cli/main.hpp"),  # of L7's peers only those that are listed
])
def test_what_is_above_or_beside_is_refused_with_its_line(project, includer, level, included):
    project.write(library(includer, level, {"a.cpp": f'// x\n#include "{included}"\n'}))
    assert project.lines(layers) == [f"src/{includer}/a.cpp:2 error"]
    assert "remedy:" in project.messages(layers)


def test_l7_composes_the_peers_that_are_listed(project):
    project.write(library("cli", 7, {"serve.cpp": '#include "relay/server.hpp"\n'}))
    assert project.lines(layers) == []


@pytest.mark.parametrize("line", [
    "#include <boost/asio.hpp>", "#include <unbound.h>", "#include <rocksdb/db.h>", "#include <sqlite3.h>",
    "#include <nats/nats.h>", "#include <CLI/CLI.hpp>", "#include <spdlog/spdlog.h>", "#include <thread>",
    "#include <mutex>", "#include <fstream>", "#include <filesystem>", "#include <sys/socket.h>",
    "auto t = std::chrono::system_clock::now();", "auto t = steady_clock::now();", "const char* p = getenv(\"HOME\");",
    "FILE* f = fopen(name, mode);", "thread_local int x;",
])
def test_a_pure_library_has_no_edges(project, line):
    project.write(library("auth", 3, {"dkim/a.cpp": f"// x\n{line}\n"}))
    assert "src/auth/dkim/a.cpp:2 error" in project.lines(layers)


def test_words_in_comments_and_strings_are_no_calls(project):
    project.write(library("auth", 3, {"a.cpp": '// never steady_clock::now()\nauto s = "system_clock::now()";\n'}))
    assert project.lines(layers) == []


def test_tests_of_a_pure_library_may_read_files(project):
    project.write(library("auth", 3, {"tests/a_test.cpp": "#include <fstream>\n"}))
    assert project.lines(layers) == []


def test_edges_may_use_the_system(project):
    project.write(library("net", 6, {"a.cpp": "#include <thread>\nauto t = steady_clock::now();\n"}))
    assert project.lines(layers) == []


@pytest.mark.parametrize("folder, level, errors", [("auth", 3, 1), ("net", 6, 0), ("tls", 3, 0), ("relay", 7, 1)])
def test_openssl_is_for_its_folders_only(project, folder, level, errors):
    project.write(library(folder, level, {"a.cpp": "#include <openssl/evp.h>\n"}))
    assert len(project.lines(layers)) == errors


def test_dkim_may_use_openssl(project):
    project.write(library("auth", 3, {"dkim/crypto.cpp": "#include <openssl/evp.h>\n"}))
    assert project.lines(layers) == []


def test_a_library_says_who_it_is(project):
    project.write({"src/dns/a.cpp": "// x\n"})
    assert project.lines(layers) == ["src/dns/README.md:0 error", "src/dns/CMakeLists.txt:0 error"]


def test_a_wrong_level_in_cmake_is_found(project):
    project.write(library("dns", 2, {"a.cpp": "// x\n"}))
    assert project.lines(layers) == ["src/dns/CMakeLists.txt:1 error"]


def test_an_unknown_library_needs_a_level(project):
    project.write(library("magic", 2, {"a.cpp": "// x\n"}))
    assert "no level" in project.messages(layers)


def test_includes_start_at_src(project):
    project.write(library("dns", 1, {"a.cpp": '#include "a.hpp"\n', "a.hpp": ""}))
    assert '"dns/a.hpp"' in project.messages(layers)
