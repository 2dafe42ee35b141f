#!/usr/bin/python3
"""Messages made to cost, through `ptarmigan verify`: how long the program runs and how much memory it takes, beside a plain message.

    ./dev bench hostile [--json]

DNS is a recording in which every name answers at once. Time is CPU time of the process, memory its peak resident set: both are the
whole program, start included. What is *counted* (keys, questions, octets) is tested in src/auth/tests/hostile_test.cpp.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PROGRAM = os.environ.get("PTARMIGAN_BIN", str(Path(__file__).resolve().parents[1] / "build/release/bin/ptarmigan"))
MEBI = 1 << 20
HASH = b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
SIGNATURE = b"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
FROM = b"From: Joe <joe@example.com>\r\n"
WORLD = {"version": 1, "dns": [
    {"name": "example.com", "type": "TXT", "data": ['"v=spf1 ip4:192.0.2.1 -all"']},
    {"name": "_dmarc.example.com", "type": "TXT", "data": ['"v=DMARC1; p=reject"']},
    *[{"name": f"s._domainkey.{domain}", "type": "TXT", "data": ['"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="']}
      for domain in ("example.com", *(f"d{i}.example" for i in range(1000)))]]}


def signature(domain: bytes = b"example.com", form: bytes = b"relaxed/relaxed", names: bytes = b"from") -> bytes:
    return (b"DKIM-Signature: v=1; a=ed25519-sha256; c=" + form + b"; d=" + domain + b"; s=s; h=" + names + b"; bh=" + HASH + b"; b="
            + SIGNATURE + b"\r\n")


def arc_sets(count: int) -> bytes:
    out = b""
    for i in range(1, count + 1):
        tags = b" a=ed25519-sha256; d=d%d.example; s=s; b=" % i + SIGNATURE + b"\r\n"
        out += b"ARC-Seal: i=%d; cv=%s;" % (i, b"none" if i == 1 else b"pass") + tags
        out += b"ARC-Message-Signature: i=%d; c=relaxed/relaxed; h=from; bh=" % i + HASH + b";" + tags
        out += b"ARC-Authentication-Results: i=%d; mx.example; none\r\n" % i
    return out


MESSAGES: dict[str, Callable[[], bytes]] = {
    "a plain message of 4 KB": lambda: signature() + FROM + b"\r\n" + b"a line of text\r\n" * 250,
    "30 MB of text": lambda: signature() + FROM + b"\r\n" + b"a line of text \r\n" * (30 * MEBI // 17),
    "10,000 header fields": lambda: signature() + b"X-Filler: 0123456789\r\n" * 9_998 + FROM + b"\r\n",
    "100,000 header fields": lambda: signature() + b"X-F: 0\r\n" * 100_000 + FROM + b"\r\n",
    "1,000 signatures": lambda: b"".join(signature(b"d%d.example" % i) for i in range(1000)) + FROM + b"\r\n",
    "8 signatures over 9,000 fields each": lambda: b"".join(
        signature(b"d%d.example" % i, b"relaxed/simple", b"from" + b"".join(b":x%d" % n for n in range(400))) for i in range(8))
        + b"".join(b"X%d: 0123456789\r\n" % (i % 400) for i in range(9_000)) + FROM + b"\r\n",
    "30 MB of blank lines": lambda: signature() + signature(form=b"simple/simple") + FROM + b"\r\n" + b"\r\n" * (15 * MEBI),
    "30 MB of spaces": lambda: signature() + FROM + b"\r\n" + b" " * (30 * MEBI),
    "30 MB of lone CRs": lambda: signature() + FROM + b"\r\n" + b"\r" * (30 * MEBI),
    "30 MB in lines of 64 KB": lambda: signature() + FROM + b"\r\n" + (b"x" * 65_536 + b"\r\n") * 480,
    "a header line of 64 KB": lambda: signature(names=b"from:subject") + b"Subject: " + b"x" * 65_536 + b"\r\n" + FROM + b"\r\n",
    "comments nested 100,000 deep": lambda: b"From: " + b"(" * 100_000 + b")" * 100_000 + b" joe@example.com\r\n\r\n",
    "5,000 authors": lambda: b"From: joe@example.com" + b"".join(b",a@d%d.example" % i for i in range(5_000)) + b"\r\n\r\n",
    "50 ARC sets": lambda: arc_sets(50) + FROM + b"\r\n",
    "30 MB of header": lambda: FROM + b"X: y\r\n" * (5 * MEBI),
}


def measure(message: bytes, folder: Path) -> dict:
    file = folder / "message.eml"
    file.write_bytes(message)
    command = [PROGRAM, "verify", str(file), "--ip", "192.0.2.1", "--helo", "mail.example.com", "--mail-from", "joe@example.com", "--at",
               "1528637909", "--json", "--replay-dns", str(folder / "dns.json")]
    # A child of a child: its peak is its own, not that of the largest so far.
    probe = ("import json, resource, subprocess, sys\n"
             "done = subprocess.run(sys.argv[1:], capture_output=True, timeout=120)\n"
             "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
             "print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss, done.stdout.decode()]))")
    done = subprocess.run([sys.executable, "-c", probe, *command], capture_output=True, check=True, text=True)
    code, spent, peak, output = json.loads(done.stdout)
    got = json.loads(output)
    signatures = [one["result"] for one in got["dkim"]["signatures"]]
    return {"octets": len(message), "seconds": round(spent, 3), "peak_kib": peak, "exit_code": code, "dmarc": got["dmarc"]["result"],
            "signatures": len(signatures), "ignored": got["dkim"]["ignored"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    figures = {}
    with tempfile.TemporaryDirectory(prefix="ptarmigan-hostile-") as name:
        folder = Path(name)
        (folder / "dns.json").write_text(json.dumps(WORLD))
        for title, make in MESSAGES.items():
            figures[title] = measure(make(), folder)
    if options.json:
        print(json.dumps({"version": 1, "messages": figures}, indent=2))
        return 0
    print(f"{'message':<38}{'size':>10}{'CPU':>10}{'peak memory':>13}   judged")
    for title, one in figures.items():
        judged = f"dmarc={one['dmarc']}, {one['signatures']} signatures judged, {one['ignored']} ignored"
        print(f"{title:<38}{one['octets'] / 1024:>7.0f} KB{one['seconds'] * 1000:>7.0f} ms{one['peak_kib'] / 1024:>10.1f} MB   {judged}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
