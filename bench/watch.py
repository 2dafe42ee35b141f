#!/usr/bin/python3
"""What watching costs: a year of attempts and 10,000 DMARC reports taken into a history, and the console's pages over it.

    ./dev bench watch [--attempts 1000000] [--reports 10000] [--days 365] [--folder FOLDER]

Makes a Postfix log of that many attempts (40 sites, three addresses, every hour of those days) and as many small aggregate reports (gzip, one or two
records), reads both as an operator does (`ptarmigan log --learn`, `ptarmigan watch import`), then asks a running console for what each page asks. Prints
rates, the most memory, and of each question the middle and the worst time of 30. Exit code 1 where 10,000 reports take more than 20 s, or the middle time
of a question is more than 200 ms.
"""

import argparse
import gzip
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = os.environ.get("PTARMIGAN_BIN", str(ROOT / "build/release/bin/ptarmigan"))
REPORTS_GOAL = 20.0  # seconds for 10,000
PAGE_GOAL = 0.2
ROUNDS = 30
MEGABYTE = 1_000_000

RELAYS = ["gmail-smtp-in.l.google.com", "mta5.am0.yahoodns.net", "outlook-com.olc.protection.outlook.com", "mx01.mail.icloud.com", "mx00.gmx.net"]
RELAYS += [f"mx.site{number}.example" for number in range(35)]
REFUSALS = (
    ("5.7.1", "bounced", "550-5.7.1 [2001:db8::1] Our system has detected that this message does not meet IPv6 sending guidelines regarding PTR records"),
    ("4.7.28", "deferred", "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address"),
    ("5.1.1", "bounced", "550 5.1.1 The email account that you tried to reach does not exist"),
    ("4.7.0", "deferred", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"),
)

CONFIG = """
hostname = "mail.example.com"
[[source]]
name = "main"
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
[[domain]]
name = "example.com"
[spool]
path = "{folder}/spool"
[store]
path = "{folder}/history.db"
[console]
listen = ["127.0.0.1:{port}"]
token_file = "{folder}/tokens"
"""

REPORT = """<?xml version="1.0"?>
<feedback><report_metadata><org_name>receiver{org}.example</org_name><email>dmarc@receiver.example</email><report_id>{number}</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
<policy_published><domain>example.com</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><pct>100</pct></policy_published>{records}</feedback>"""
RECORD = """<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition><dkim>{result}</dkim>
<spf>{result}</spf></policy_evaluated></row><identifiers><header_from>example.com</header_from></identifiers><auth_results><dkim><domain>example.com</domain>
<selector>s1</selector><result>{result}</result></dkim><spf><domain>example.com</domain><result>{result}</result></spf></auth_results></record>"""


def make_log(path, options, dice, end):
    step = options.days * 86400 / options.attempts
    with path.open("w") as out:
        for number in range(options.attempts):
            stamp = (end - timedelta(seconds=(options.attempts - number) * step)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
            relay = RELAYS[min(int(dice.expovariate(0.15)), len(RELAYS) - 1)]
            queue_id = f"{number:010X}"
            dsn, status, reply = ("2.0.0", "sent", "250 2.0.0 OK") if dice.random() > 0.04 else dice.choice(REFUSALS)
            out.write(
                f"{stamp} mail postfix/smtp[{number % 30000}]: {queue_id}: to=<user{number % 50000}@example{number % 40}.net>, relay={relay}[203.0.113.{number % 250}]:25,"
                f" delay=1.2, delays=0.1/0/0.5/0.6, dsn={dsn}, status={status} ({'host ' + relay + '[203.0.113.1] said: ' if status != 'sent' else ''}{reply})\n"
            )


def make_reports(folder, options, dice, end):
    folder.mkdir()
    for number in range(options.reports):
        begin = int((end - timedelta(days=dice.randrange(1, options.days))).timestamp()) // 86400 * 86400
        records = "".join(
            RECORD.format(ip=dice.choice(("192.0.2.1", "2001:db8::1", f"198.51.100.{dice.randrange(250)}")), count=dice.randrange(1, 900), result=dice.choice(("pass", "pass", "fail")))
            for _ in range(dice.choice((1, 1, 2)))
        )
        text = REPORT.format(org=number % 60, number=number, begin=begin, end=begin + 86399, records=records)
        (folder / f"{number}.xml.gz").write_bytes(gzip.compress(text.encode(), 1))


def run(words, out):
    """Runs to the end, with what it prints in the file `out`: seconds, the most memory in octets, the last line."""
    began = time.perf_counter()
    with out.open("w") as told:
        process = subprocess.Popen(words, stdout=told, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    with out.open("rb") as told:
        told.seek(max(0, out.stat().st_size - 500))
        last = told.read().decode(errors="replace").strip().splitlines()[-1:]
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, words[:4]))} failed: {last}")
    return took, used.ru_maxrss * 1024, "".join(last)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_of(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def ask_pages(folder, port, token, config):
    def get(path):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read()

    server = subprocess.Popen([PROGRAM, "console", "serve", "--config", config], stdout=subprocess.DEVNULL, stderr=(folder / "console.log").open("w"))
    try:
        end = time.monotonic() + 20
        while True:
            try:
                get("me")
                break
            except OSError:
                if time.monotonic() > end or server.poll() is not None:
                    sys.exit("the console did not start: " + (folder / "console.log").read_text())
                time.sleep(0.05)
        message = json.loads(get("messages?limit=1"))["attempts"][0]["id"]
        questions = {
            "home, 24 hours": ["home", "rates?hours=48", "rates?hours=48&by=family"],
            "home, a year": ["home?hours=8760", "rates?hours=8760&step=day", "rates?hours=8760&step=day&by=family"],
            "incidents": ["incidents?which=all"],
            "messages, the newest": ["messages"],
            "messages, by recipient": ["messages?recipient=" + urllib.parse.quote("user77@example37.net")],
            "messages, by words of the reply": ["messages?reply=" + urllib.parse.quote("IPv6 sending guidelines")],
            "messages, by site": ["messages?site=gmail"],
            "message": ["messages/" + message],
            "domain, 400 days of reports": ["domains/example.com?days=400", "figures?days=30"],
            "refusals, a year": ["refusals?hours=8760"],
            "rules": ["rules"],
            "settings": ["settings"],
        }
        slow = []
        for name, paths in questions.items():
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                octets = sum(len(get(path)) for path in paths)
                times.append(time.perf_counter() - began)
            times.sort()
            print(f"  {name:34} {times[len(times) // 2] * 1000:7.1f} ms, worst {times[-1] * 1000:7.1f} ms, {octets / 1000:8.1f} kB")
            if times[len(times) // 2] > PAGE_GOAL:
                slow.append(name)
        print(f"  the console's most memory: {memory_of(server) / MEGABYTE:.0f} MB")
        return slow
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", help="where the history is made (a temporary one)")
    options = parser.parse_args()
    dice = random.Random(6)
    end = datetime.now(timezone.utc)
    with tempfile.TemporaryDirectory(prefix="bench-watch.", dir=options.folder) as name:
        folder = Path(name)
        port = free_port()
        config = folder / "ptarmigan.toml"
        config.write_text(CONFIG.format(folder=folder, port=port))
        make_log(folder / "mail.log", options, dice, end)
        make_reports(folder / "reports", options, dice, end)
        size = sum(file.stat().st_size for file in (folder / "reports").iterdir())

        files = sorted((folder / "reports").iterdir())
        took, memory, last = run([PROGRAM, "watch", "import", "--config", config, *files], folder / "out")
        print(f"{len(files)} aggregate reports ({size / MEGABYTE:.1f} MB packed): {took:.1f} s, {len(files) / took:,.0f} a second, at most {memory / MEGABYTE:.0f} MB ({last})")
        late = took > REPORTS_GOAL * max(1, options.reports / 10_000)

        log = (folder / "mail.log").stat().st_size
        took, memory, _ = run([PROGRAM, "log", "--learn", "--json", "--outcomes", "--config", config, folder / "mail.log"], folder / "out")
        print(f"{options.attempts} attempts from a log of {log / MEGABYTE:.0f} MB: {took:.1f} s, {options.attempts / took:,.0f} a second, at most {memory / MEGABYTE:.0f} MB")
        history = sum(file.stat().st_size for file in folder.glob("history.db*"))
        with sqlite3.connect(folder / "history.db") as rows:
            kept, counts = (rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("attempts", "traffic"))
        print(f"the history: {history / MEGABYTE:.0f} MB; {kept} attempts are younger than watch.keep_attempts, {counts} counts by hour and day tell of all")

        made = subprocess.run([PROGRAM, "console", "token", "add", "bench", "--role", "read", "--file", folder / "tokens"], capture_output=True, text=True)
        print(f"pages, {ROUNDS} times each, all that a page asks:")
        slow = ask_pages(folder, port, made.stdout.strip(), config)
        if late:
            print(f"the reports took longer than {REPORTS_GOAL:.0f} s for 10,000")
        if slow:
            print(f"slower than {PAGE_GOAL * 1000:.0f} ms: {', '.join(slow)}")
        return 1 if late or slow else 0


if __name__ == "__main__":
    sys.exit(main())
