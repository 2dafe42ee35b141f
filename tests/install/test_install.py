"""The installed authentication library: a program of somebody else builds against it with CMake and with pkg-config, and runs."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
LIBRARIES = {"base", "dns", "facts", "message", "auth"}


def run(*words, **more) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, **more)
    assert done.returncode == 0, f"{shlex.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def build() -> Path:
    program = Path(os.environ.get("PTARMIGAN_BIN", ROOT / "build/dev/bin/ptarmigan"))
    if not (program.parents[1] / "cmake_install.cmake").exists() or not program.exists():
        pytest.skip(f"{program} does not stand in a build folder: ./dev build")
    return program.parents[1]


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory) -> Path:
    """Installed into one folder, and moved: nothing may remember where it was."""
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", build, "--component", "auth", "--prefix", folder / "first")
    (folder / "first").rename(folder / "moved")
    return folder / "moved"


@pytest.fixture(scope="module")
def compiler(build) -> list[str]:
    """The compiler of the build, with its sanitizer: one that the library wants linked, too."""
    cache = (build / "CMakeCache.txt").read_text()
    sanitizer = re.search(r"^PTARMIGAN_SANITIZE:\w+=(\w+)$", cache, re.MULTILINE)
    name = re.search(r"^CMAKE_CXX_COMPILER:\w+=(\S+)$", cache, re.MULTILINE)
    return [name[1], *(["-fsanitize=" + {"address": "address,undefined"}.get(sanitizer[1], sanitizer[1])] if sanitizer else [])]


def expected(name: str) -> str:
    return (EXAMPLES / "expected" / f"{name}.txt").read_text()


def test_what_is_installed_is_the_library_and_nothing_else(prefix):
    headers = prefix / "include" / "ptarmigan"
    assert {path.name for path in headers.iterdir()} == LIBRARIES
    assert not [path for path in prefix.rglob("*") if path.name in ("tests", "fuzz", "bench")]
    for path in prefix.rglob("*"):
        if path.suffix in (".cmake", ".pc", ".hpp"):
            assert str(ROOT) not in path.read_text(), f"{path} names the folder that it was built in"


def test_every_installed_header_is_found_by_the_others_and_needs_no_outside_library(prefix, compiler, tmp_path):
    headers = sorted((prefix / "include" / "ptarmigan").rglob("*.hpp"), reverse=True)
    source = tmp_path / "all.cpp"
    source.write_text("".join(f'#include "{path.relative_to(prefix / "include/ptarmigan")}"\n' for path in headers))
    run(compiler[0], "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{prefix}/include/ptarmigan", source)
    outside = {name for path in headers for name in re.findall(r"#include <([^>]+)>", path.read_text()) if "/" in name or name.endswith(".h")}
    assert outside == set()


def test_an_example_builds_with_find_package_and_runs(prefix, compiler, tmp_path):
    flags = " ".join(compiler[1:])
    run("cmake", "-S", EXAMPLES, "-B", tmp_path, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={compiler[0]}",
        f"-DCMAKE_CXX_FLAGS={flags}", "-DCMAKE_C_COMPILER=" + compiler[0].replace("clang++", "clang"))
    run("cmake", "--build", tmp_path, "--target", "example_authenticate")
    assert run(tmp_path / "example_authenticate") == expected("authenticate")


def test_an_example_builds_with_pkg_config_and_runs(prefix, compiler, tmp_path):
    where = os.environ | {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "ptarmigan-auth", env=where).split()
    program = tmp_path / "spf"
    run(*compiler, "-std=c++23", EXAMPLES / "spf.cpp", "-o", program, *flags)
    assert run(program) == expected("spf")


def test_a_component_that_is_not_there_is_said(prefix, compiler, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES CXX)\nfind_package(ptarmigan REQUIRED COMPONENTS relay)\n")
    done = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={compiler[0]}"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode != 0
    assert "relay" in done.stderr
