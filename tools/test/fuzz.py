#!/usr/bin/python3
"""Runs the libFuzzer targets of the build preset `fuzz`.

    fuzz.py list
    fuzz.py run TARGET SECONDS             with its seeds and a corpus that grows in build/fuzz-corpus/TARGET
    fuzz.py smoke SECONDS [--junit FILE]   every target for SECONDS or less, those of src/auth for six times as long, from its seeds alone and
                                           with one seed of chance; PTARMIGAN_JOBS (2) at a time
Inputs that break a property are kept in build/fuzz-finds/TARGET; exit code 1 where there is one.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build/fuzz/fuzz"
CORPORA = ROOT / "build/fuzz-corpus"
FINDS = ROOT / "build/fuzz-finds"
SMOKE_BUDGET_SECONDS = 270  # for all targets together, where WORKERS run
AUTH_FACTOR = 6  # the library that judges what strangers send
WORKERS = int(os.environ.get("PTARMIGAN_JOBS", "2"))
SMOKE_CHANCE = 1
SLOWEST_INPUT_SECONDS = 10
MEMORY_LIMIT_MB = 2048


@dataclass
class Result:
    target: str
    executions: int
    finds: list[Path]
    output: str
    code: int

    def line(self) -> str:
        verdict = "ok" if not self.code else f"FOUND {', '.join(str(find.relative_to(ROOT)) for find in self.finds) or '?'}"
        return f"{self.target:<28} {self.executions:>10} executions  {verdict}"


def targets() -> list[str]:
    return sorted(path.name.removeprefix("fuzz_") for path in PROGRAMS.glob("fuzz_*")
                  if path.is_file() and os.access(path, os.X_OK))


def seed_folders(target: str) -> list[Path]:
    return [path for path in sorted((ROOT / "src").glob(f"**/fuzz/seeds/{target}")) if any(path.iterdir())]


def smoke_seconds(names: list[str], wanted: int) -> dict[str, int]:
    """What each target gets: those of src/auth AUTH_FACTOR times `wanted`, the others `wanted` or less where the budget asks for it."""
    of_auth = {name for name in names if any((ROOT / "src/auth").glob(f"**/fuzz/seeds/{name}"))}
    left = SMOKE_BUDGET_SECONDS * WORKERS - len(of_auth) * wanted * AUTH_FACTOR
    others = min(wanted, left // max(1, len(names) - len(of_auth)))
    return {name: wanted * AUTH_FACTOR if name in of_auth else max(1, others) for name in names}


def command(target: str, seconds: int, corpus: Path, chance: int | None = None) -> list[str]:
    finds = FINDS / target
    finds.mkdir(parents=True, exist_ok=True)
    dictionaries = sorted((ROOT / "src").glob(f"**/fuzz/{target}.dict"))
    return [str(PROGRAMS / f"fuzz_{target}"), f"-max_total_time={seconds}", f"-timeout={SLOWEST_INPUT_SECONDS}",
            f"-rss_limit_mb={MEMORY_LIMIT_MB}", f"-artifact_prefix={finds}/", "-print_final_stats=1",
            *[f"-dict={dictionary}" for dictionary in dictionaries[:1]], *([f"-seed={chance}"] if chance else []),
            str(corpus), *map(str, seed_folders(target))]


def result_of(target: str, code: int, output: str) -> Result:
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    finds = [Path(name) for name in re.findall(r"Test unit written to (\S+)", output)]
    return Result(target, int(executions[1]) if executions else 0, finds, output, code)


def run(target: str, seconds: int) -> int:
    corpus = CORPORA / target
    corpus.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(command(target, seconds, corpus), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace")
    output = []
    for line in process.stdout:
        output.append(line)
        print(line, end="", flush=True)
    result = result_of(target, process.wait(), "".join(output))
    print(f"\n{result.line()}, {sum(1 for _ in corpus.iterdir())} inputs in the corpus")
    return 1 if result.code else 0


def report(output: str) -> str:
    """What a reader needs of libFuzzer's output: from the error on, or its end where there is none."""
    error = output.find("ERROR:")
    return output[output.rfind("\n", 0, error) + 1:] if error >= 0 else output[-2000:]


def smoke_one(target: str, seconds: int) -> Result:
    if not seed_folders(target):
        return Result(target, 0, [], f"no seeds: put some into src/<library>/fuzz/seeds/{target}/\n", 1)
    with tempfile.TemporaryDirectory(prefix="ptarmigan-fuzz-") as corpus:
        done = subprocess.run(command(target, seconds, Path(corpus), SMOKE_CHANCE), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
    return result_of(target, done.returncode, done.stdout)


def smoke(seconds: int, junit: Path | None) -> int:
    names = targets()
    if not names:
        print("skipped: there is no fuzz target yet")
        return 0
    each = smoke_seconds(names, seconds)
    print(f"{len(names)} targets, {min(each.values())} to {max(each.values())} s each, {WORKERS} at a time", flush=True)
    names.sort(key=lambda name: -each[name])  # the long ones first, so that all workers end at about the same time
    suite = xml.Element("testsuite", name="fuzz")
    failed = False
    with ThreadPoolExecutor(WORKERS) as pool:
        for result in pool.map(lambda name: smoke_one(name, each[name]), names):
            print(result.line(), flush=True)
            case = xml.SubElement(suite, "testcase", classname="fuzz", name=result.target)
            if result.code:
                failed = True
                print(report(result.output))
                xml.SubElement(case, "failure", message=result.line())
    if junit:
        xml.ElementTree(suite).write(junit)
    return int(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run libFuzzer targets.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list")
    one = verbs.add_parser("run")
    one.add_argument("target")
    one.add_argument("seconds", type=int)
    every = verbs.add_parser("smoke")
    every.add_argument("seconds", type=int)
    every.add_argument("--junit", type=Path)
    options = parser.parse_args()
    if options.verb == "list":
        print("\n".join(targets()) or "there is no fuzz target yet")
        return 0
    if options.verb == "smoke":
        return smoke(options.seconds, options.junit)
    if options.target not in targets():
        sys.exit(f"no fuzz target '{options.target}'; ./dev fuzz lists them")
    return run(options.target, options.seconds)


if __name__ == "__main__":
    sys.exit(main())
