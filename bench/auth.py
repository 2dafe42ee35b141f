#!/usr/bin/python3
"""The authentication library beside mailauth, dkimpy, OpenDKIM's library, pyspf and libspf2, on the same messages, in one run.

    ./dev bench auth [--runs 5] [--seconds 0.5] [--json]

Every program is pinned to one CPU and runs once in each round; the figures are medians over the rounds, of operations a second of CPU
time, so that other work on the machine counts little. DNS is canned: every program finds the key and the SPF records in memory, and
reads the key's record on each verification. Bare OpenSSL is measured in turns with ours, inside the same process. The exit code is 1
where a target is missed.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "auth"
BUILD = ROOT / "build" / "release"
MAILAUTH = ROOT / "build" / "bench" / "mailauth"
OURS = "ptarmigan"

# Three TXT records with two includes, an MX and two A; the last term but one matches.
SPF_WORLD = {
    "example.com TXT": ["v=spf1 include:_spf.a.example include:_spf.b.example mx -all"],
    "_spf.a.example TXT": ["v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/26 ip6:2001:db8:1::/48 ~all"],
    "_spf.b.example TXT": ["v=spf1 ip4:192.0.2.128/25 a:out.b.example ~all"],
    "out.b.example A": ["192.0.2.77"],
    "example.com MX": ["10 mx.example.com"],
    "mx.example.com A": ["192.0.2.10"],
}
WORDS = "relay queue message sender domain record policy header signature delivery network address lookup value result failure".split()


# --- What is measured ---


def message_of(octets: int) -> bytes:
    """A newsletter's header and text; every third line ends in one blank, every third in two."""
    chosen = random.Random(7)
    header = (
        "Received: from app.example.com (app.example.com [192.0.2.10])\r\n\tby mx.example.com with ESMTPS id 4Rabc123\r\n"
        "\tfor <rcpt@example.org>; Mon, 23 Nov 2026 15:00:00 +0000 (UTC)\r\n"
        'From: "Some Sender" <sender@example.com>\r\nTo: rcpt@example.org\r\nSubject: Quarterly report and other\r\n\tfolded words\r\n'
        "Date: Mon, 23 Nov 2026 15:00:00 +0000\r\nMessage-ID: <20261123150000.1@example.com>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nReply-To: help@example.com\r\n"
        "List-Unsubscribe: <https://example.com/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
    )
    lines, size = [header], len(header)
    while size < octets:
        line = ""
        while len(line) < 66:
            line += chosen.choice(WORDS) + " "
        lines.append(line.rstrip() + chosen.choice(["", " ", "  "]) + "\r\n")
        size += len(lines[-1])
    return "".join(lines).encode()


def write_inputs(folder: Path) -> None:
    (folder / "msg4k.eml").write_bytes(message_of(4 << 10))
    (folder / "msg1m.eml").write_bytes(message_of(1 << 20))
    key = folder / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout"], check=True, capture_output=True, text=True).stdout
    (folder / "dkim.txt").write_text("v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1]))
    (folder / "world.json").write_text(json.dumps(SPF_WORLD))
    zone, records = [], []
    for question, values in SPF_WORLD.items():
        name, kind = question.split()
        for value in values:
            data = f'"{value}"' if kind == "TXT" else f"{value}." if kind == "MX" else value
            zone.append(f"{name}. IN {kind} {data}")
            records.append(f'R("{name}", ns_t_{kind.lower()}, "{value.split()[1] if kind == "MX" else value}")')
    (folder / "spf.zone").write_text("\n".join(zone) + "\n")
    (folder / "zone_records").write_text("\n".join(records) + "\n")


# --- Who is measured ---


class Absent(Exception):
    """Why a peer cannot take part."""


def build_ours() -> Path:
    subprocess.run(["ninja", "-C", BUILD, "-j", os.environ.get("PTARMIGAN_JOBS", "2"), "bench_auth_rates"], check=True, stdout=sys.stderr)
    return BUILD / "bench" / "bench_auth_rates"


def compiled(name: str, library: str, folder: Path) -> Path:
    compiler = shutil.which("clang-19") or shutil.which("cc")
    if not compiler:
        raise Absent("there is no C compiler")
    out = folder / name
    done = subprocess.run([compiler, "-O2", "-w", f"-I{folder}", "-o", out, PEERS / f"{name}.c", f"-l{library}"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Absent(f"its program does not build: {done.stderr.strip().splitlines()[0]}")
    return out


def python_module(name: str) -> None:
    if subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], capture_output=True).returncode != 0:
        raise Absent(f"Python has no module {name}")


def mailauth() -> Path:
    module = MAILAUTH / "node_modules" / "mailauth"
    if not shutil.which("node"):
        raise Absent("there is no node")
    if not module.exists():
        if not shutil.which("npm"):
            raise Absent("there is no npm")
        MAILAUTH.mkdir(parents=True, exist_ok=True)
        (MAILAUTH / "package.json").write_text('{"private": true}\n')
        try:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "mailauth"], cwd=MAILAUTH, capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired:
            raise Absent("npm did not fetch it within 180 s") from None
        if done.returncode != 0:
            raise Absent("npm could not fetch it: " + (done.stderr.strip().splitlines() or ["no reason given"])[0])
    return module


def peers(folder: Path, seconds: str) -> tuple[dict[str, list], dict[str, str]]:
    """Command lines of those that are here, and why the others are not."""
    def python(module: str, name: str, data: Path) -> list:
        python_module(module)
        return ["/usr/bin/python3", "-B", PEERS / f"{name}.py", data, seconds]

    ways = {
        "libopendkim": lambda: [compiled("opendkim", "opendkim", folder), folder, seconds],
        "dkimpy": lambda: python("dkim", "dkimpy", folder),
        "libspf2": lambda: [compiled("libspf2", "spf2", folder), seconds],
        "pyspf": lambda: python("spf", "pyspf", folder / "world.json"),
        "mailauth": lambda: ["node", PEERS / "mailauth.js", mailauth(), folder, seconds],
    }
    here, absent = {}, {}
    for name, way in ways.items():
        try:
            here[name] = way()
        except Absent as reason:
            absent[name] = str(reason)
    return here, absent


def run_pinned(command: list, cpu: int) -> list[dict]:
    done = subprocess.run(["taskset", "-c", str(cpu), *map(str, command)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Absent(f"it ended with code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- What comes of it ---


class Figures:
    def __init__(self):
        self._rates: dict[tuple[str, str], list[float]] = {}
        self.allocations: dict[str, dict] = {}

    def add(self, lines: list[dict]) -> None:
        for line in lines:
            if "rate" in line:
                self._rates.setdefault((line["what"], line["who"]), []).append(line["rate"])
            else:
                self.allocations[line["what"].removeprefix("allocations, ")] = {"own": line["own"], "openssl": line["openssl"]}

    def median(self, what: str, who: str) -> float | None:
        rates = self._rates.get((what, who))
        return statistics.median(rates) if rates else None

    def ratio(self, what: str, who: str, other: str) -> float | None:
        """Median over the rounds of one's rate as a multiple of the other's in the same round."""
        mine, theirs = self._rates.get((what, who)), self._rates.get((what, other))
        if not mine or not theirs or len(mine) != len(theirs):
            return None
        return statistics.median(a / b for a, b in zip(mine, theirs))

    def table(self) -> dict[str, dict[str, float]]:
        out: dict[str, dict[str, float]] = {}
        for what, who in self._rates:
            out.setdefault(what, {})[who] = self.median(what, who)
        return out


def targets(figures: Figures) -> list[dict]:
    sha256 = figures.ratio("verify 1m", "sha256", OURS)
    rows = [
        ("sign 4k", "of the bare OpenSSL signing rate", figures.ratio("sign 4k", OURS, "openssl"), 0.92, "at least"),
        ("verify 4k", "times OpenDKIM's library", figures.ratio("verify 4k", OURS, "libopendkim"), 4.0, "at least"),
        ("verify 1m", "times the time of bare SHA-256", sha256, 1.4, "at most"),
        ("spf", "times libspf2", figures.ratio("spf", OURS, "libspf2"), 1.0, "more than"),
    ]
    out = []
    for what, unit, value, bound, relation in rows:
        met = None
        if value is not None:
            met = {"at least": value >= bound, "at most": value <= bound, "more than": value > bound}[relation]
        out.append({"what": what, "value": value, "unit": unit, "relation": relation, "bound": bound, "met": met})
    return out


def report(figures: Figures, absent: dict[str, str]) -> None:
    print("operations a second of CPU time, pinned to one CPU (medians)")
    for what, rates in figures.table().items():
        ours = rates[OURS]
        print(f"  {what}")
        for who, rate in sorted(rates.items(), key=lambda one: -one[1]):
            against = "" if who == OURS else f"   ours / this {ours / rate:.2f}"
            print(f"    {who:<12} {rate:>12,.0f}{against}")
    for what, count in figures.allocations.items():
        print(f"  allocations in {what}: {count['own']} of ours, {count['openssl']} of OpenSSL")
    for who, reason in absent.items():
        print(f"  {who} took no part: {reason}")
    print("targets")
    for one in targets(figures):
        verdict = {True: "met", False: "MISSED", None: "not measured"}[one["met"]]
        value = "-" if one["value"] is None else f"{one['value']:.2f}"
        print(f"  {one['what']:<10} {value:>6} {one['unit']} ({one['relation']} {one['bound']:g}): {verdict}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds (5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of CPU time, for each figure and round (0.5)")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)), help="the CPU to use")
    parser.add_argument("--binary", type=Path, help="bench_auth_rates, where it is already built")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()

    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="bench-auth-") as name:
        folder = Path(name)
        write_inputs(folder)
        here, absent = peers(folder, str(options.seconds))
        here = {OURS: [options.binary or build_ours(), folder, str(options.seconds)], **here}
        for number in range(1, options.runs + 1):
            for who, command in list(here.items()):
                print(f"\rround {number} of {options.runs}: {who}\033[K", end="", file=sys.stderr, flush=True)
                try:
                    figures.add(run_pinned(command, options.cpu))
                except Absent as reason:
                    if who == OURS:
                        raise
                    absent[who] = str(reason)
                    del here[who]
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"version": 1, "runs": options.runs, "seconds": options.seconds, "rates": figures.table(),
                          "allocations": figures.allocations, "absent": absent, "targets": targets(figures)}, indent=2))
    else:
        report(figures, absent)
    return 1 if any(one["met"] is False for one in targets(figures)) else 0


if __name__ == "__main__":
    sys.exit(main())
