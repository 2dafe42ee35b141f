#!/usr/bin/python3
"""Plays the story in a lab of its own, with the real output of every command; then stays up for trying out (--once: ends)."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from ptlab.errors import LabError  # noqa: E402
from ptlab.lab import DEFAULT_PACKAGES, Lab  # noqa: E402
from ptlab.story import Story, StoryError  # noqa: E402

BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def say(line: str) -> None:
    print(line, flush=True)


def play(lab: Lab, story: Story) -> None:
    story.set_up()
    for number, (step, title) in enumerate(story.STEPS, 1):
        say(f"\n{BOLD}{number}. {title}{PLAIN}")
        began = time.monotonic()
        story.play(step)
        say(f"{BOLD}   step {number} holds{PLAIN} ({time.monotonic() - began:.1f} s)")


def stay(lab: Lab) -> None:
    say(f"""
The lab stays up in {lab.folder}. In another terminal:
  ./dev lab --dir {lab.folder} shell                     a shell in the world (swaks, kdig, ptarmigan ...)
  ./dev lab --dir {lab.folder} mail gmail                what Gmail saw
  ./dev lab --dir {lab.folder} dns del 2001:db8::1 PTR   break it again
Ctrl-C ends it.""")
    try:
        while lab.keeper() is not None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__)
    parser.add_argument("--ptarmigan", type=Path, required=True, help="the program")
    parser.add_argument("--once", action="store_true", help="end after the last step")
    parser.add_argument("--dir", type=Path, default=DEFAULT_PACKAGES / "story", help="the lab's state folder")
    arguments = parser.parse_args()
    lab = Lab(arguments.dir)
    try:
        lab.stop()
        began = time.monotonic()
        lab.start(ptarmigan=str(arguments.ptarmigan), say=lambda text: say(f"lab: {text}"))
        story = Story(lab, arguments.ptarmigan, say)
        try:
            play(lab, story)
            say(f"\n{BOLD}The story holds, every step with its evidence{PLAIN} ({time.monotonic() - began:.0f} s)")
            if not arguments.once:
                stay(lab)
        finally:
            story.end()
            lab.stop()
    except StoryError as error:
        say(f"\nThe story went wrong: {error}")
        return 1
    except LabError as error:
        print(f"lab: {error.what}\n     {error.remedy}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
