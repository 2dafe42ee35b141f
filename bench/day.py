#!/usr/bin/python3
"""./dev bench day: a day of a million messages over five sites, played in virtual time by the server's own decisions, as a picture.

    day.py [--messages N] [--out FOLDER]     writes day.csv and day.svg (build/bench)
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITES = ("gmail", "outlook", "slow", "dead", "narrow")
SOURCES = {"new-ipv6": "#7c3aed", "main-ipv6": "#0369a1", "main-ipv4": "#b45309"}
COLOURS = dict(zip(SITES, ("#be123c", "#0369a1", "#4d7c0f", "#525252", "#b45309")))
STANDING = {"good": "#86c99a", "probation": "#f2c14e", "unknown": "#d4d4d4", "poor": "#e06c75"}
PHASE = {"stopped": "#e06c75", "recovering": "#f2c14e", "open": "#86c99a"}
WIDTH, LEFT, RIGHT, HEIGHT, GAP = 1200, 90, 170, 150, 62
BAND = 16
SMOOTH = 5  # minutes
MINUTES = 24 * 60


class Picture:
    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.parts: list[str] = []
        self.y = 70

    def x(self, minute: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * minute / self.minutes

    def text(self, x: float, y: float, words: str, anchor: str = "start", size: int = 12, colour: str = "#333", bold: bool = False) -> None:
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"{weight}>{words}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = "#ddd", dash: str = "") -> None:
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
                          + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def hours(self, top: float, bottom: float, labels: bool = True) -> None:
        for hour in range(0, self.minutes // 60 + 1, 2):
            self.line(self.x(hour * 60), top, self.x(hour * 60), bottom, "#eee")
            if labels:
                self.text(self.x(hour * 60), bottom + 15, f"{hour % 24:02}:00", "middle", 11, "#666")

    def chart(self, title: str, lines: dict[str, tuple[list[float], str]], unit: str, marks: tuple[tuple[int, str], ...] = ()) -> None:
        top, bottom = self.y, self.y + HEIGHT
        most = max(max(values) for values, _ in lines.values()) or 1
        self.text(LEFT, top - 10, f"{title} ({unit})", size=14, bold=True)
        self.hours(top, bottom)
        for share in (0, 0.5, 1):
            y = bottom - share * HEIGHT
            self.line(LEFT, y, WIDTH - RIGHT, y)
            self.text(LEFT - 8, y + 4, f"{most * share:,.0f}", "end", 11, "#666")
        for i, (minute, words) in enumerate(marks):
            self.line(self.x(minute), top, self.x(minute), bottom, "#999", "3,3")
            self.text(self.x(minute) + 4, top + 12 + 15 * (i % 2), words, size=11, colour="#555")
        label = top + 6
        for name, (values, colour) in lines.items():
            points = " ".join(f"{self.x(i):.1f},{bottom - value / most * HEIGHT:.1f}" for i, value in enumerate(values))
            self.parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
            self.line(WIDTH - RIGHT + 12, label - 4, WIDTH - RIGHT + 32, label - 4, colour)
            self.text(WIDTH - RIGHT + 38, label, name, size=12)
            label += 18
        self.y = bottom + GAP

    def bands(self, title: str, rows: dict[str, list[str]], colours: dict[str, str]) -> None:
        self.text(LEFT, self.y - 10, title, size=14, bold=True)
        for name, words in rows.items():
            start = 0
            for i in range(1, len(words) + 1):
                if i < len(words) and words[i] == words[start]:
                    continue
                self.parts.append(f'<rect x="{self.x(start):.1f}" y="{self.y}" width="{max(0.8, self.x(i) - self.x(start)):.1f}" '
                                  f'height="{BAND}" fill="{colours[words[start]]}"><title>{words[start]}</title></rect>')
                start = i
            self.text(LEFT - 8, self.y + 12, name, "end", 11, "#333")
            self.y += BAND + 4
        label = self.y - len(rows) * (BAND + 4) + 12
        for word, colour in colours.items():
            self.parts.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{label - 10}" width="14" height="12" fill="{colour}"/>')
            self.text(WIDTH - RIGHT + 34, label, word)
            label += 17
        self.hours(self.y, self.y)
        self.y += GAP

    def svg(self, title: str) -> str:
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.y}" font-family="system-ui, sans-serif">'
                f'<rect width="{WIDTH}" height="{self.y}" fill="#fff"/><text x="{LEFT}" y="32" font-size="18" font-weight="600" fill="#111">{title}</text>')
        return head + "".join(self.parts) + "</svg>\n"


def smooth(values: list[float]) -> list[float]:
    """The mean of the last minutes, so that single minutes do not hide the course."""
    return [sum(values[max(0, i + 1 - SMOOTH):i + 1]) / min(SMOOTH, i + 1) for i in range(len(values))]


def draw(rows: list[dict[str, str]], title: str) -> str:
    number = lambda name: [float(row[name]) for row in rows]  # noqa: E731
    total = lambda names: [sum(values) for values in zip(*(number(name) for name in names))]  # noqa: E731
    picture = Picture(len(rows))
    picture.chart("Delivered, by site", {site: (smooth(total([f"{site} {source} accepted" for source in SOURCES])), COLOURS[site]) for site in SITES},
                  "messages a minute", ((360 + 30, "PTR lost"), (540, "PTR back"), (900, "newsletter")))
    picture.chart("Waiting, by site", {site: (number(f"{site} waiting"), COLOURS[site]) for site in SITES}, "messages",
                  ((480, "slow: 60 s each"), (600, "dead: no answer"), (840, "answers again")))
    picture.chart("Gmail: delivered, by own address", {source: (smooth(number(f"gmail {source} accepted")), colour) for source, colour in SOURCES.items()}, "messages a minute")
    refused = {"no PTR": (total([f"gmail {source} refused-address" for source in SOURCES]), "#be123c"),
               "4.7.28 rate": (total([f"gmail {source} refused-rate" for source in SOURCES]), "#b45309")}
    picture.chart("Gmail: refused", refused, "messages a minute")
    picture.bands("Gmail: standing of each address", {source: [row[f"{source} standing"] for row in rows] for source in SOURCES}, STANDING)
    picture.bands("Gmail: pace of each address", {source: [row[f"{source} phase"] for row in rows] for source in SOURCES}, PHASE)
    picture.chart("Warm-up of the new address: sent today", {"new-ipv6": (number("warm-up used"), SOURCES["new-ipv6"])}, "messages")
    return picture.svg(title)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    options = parser.parse_args()
    subprocess.run(["ninja", "-C", ROOT / "build/release", "-j", os.environ.get("PTARMIGAN_JOBS", "2"), "bench_day"], check=True, stdout=subprocess.DEVNULL)
    options.out.mkdir(parents=True, exist_ok=True)
    table = options.out / "day.csv"
    done = subprocess.run([ROOT / "build/release/bench/bench_day", str(options.messages), table], text=True, stdout=subprocess.PIPE)
    print(done.stdout, end="")
    if done.returncode:
        return done.returncode
    with table.open() as file:
        rows = list(csv.DictReader(file))[:MINUTES]
    picture = options.out / "day.svg"
    picture.write_text(draw(rows, f"A day of {options.messages:,} messages over five sites"))
    print(f"{table}\n{picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
