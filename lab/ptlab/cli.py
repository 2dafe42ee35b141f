"""The command line of the lab."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from .errors import LabError
from .lab import DEFAULT_FOLDER, DEFAULT_WORLD, Lab

DESCRIPTION = """\
A private world on this machine: real DNS (signed, updatable) and real mail servers on the documentation addresses of the examples.
Nothing is installed, and nothing outside its folder is changed."""


def main(words: list[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(words)
    try:
        return arguments.action(Lab(arguments.dir), arguments) or 0
    except LabError as error:
        print(f"lab: {error.what}", file=sys.stderr)
        if error.remedy:
            print(f"     {error.remedy}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default=os.environ.get("LAB_DIR", DEFAULT_FOLDER), help="the lab's state folder (default: build/lab/run, or $LAB_DIR)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        return sub

    start = command("start", _start, "start the world (the first start downloads and unpacks its servers)")
    start.add_argument("--ptarmigan", metavar="PROGRAM", help="our program: plays Gmail (rehearse)")
    start.add_argument("--world", type=Path, default=DEFAULT_WORLD, help="the description of the world (default: lab/world.toml)")
    start.add_argument("--without", action="append", default=[], metavar="SERVER", help="leave a server out (may be repeated)")
    command("stop", _stop, "end every process of the lab and delete its state")
    status = command("status", _status, "what runs (exit status 1: no lab)")
    status.add_argument("--json", action="store_true")
    command("shell", _shell, "a shell in the world")
    run = command("run", _run, "run a command in the world")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    _dns_parser(command("dns", _dns_show, "change and show DNS records"))
    log = command("log", lambda lab, a: print(lab.log(a.server), end=""), "a server's log")
    log.add_argument("server")
    mail = command("mail", _mail, "what a receiver saw")
    mail.add_argument("server")
    mail.add_argument("--json", action="store_true")
    mail.add_argument("--raw", action="store_true", help="the messages themselves")
    for name, text in (("stop-server", "stop one server"), ("start-server", "start it again")):
        sub = command(name, _server, text)
        sub.add_argument("server")
        sub.set_defaults(verb=name)
    return parser


def _dns_parser(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(required=True, metavar="set|add|del|show")
    for verb, action, text in (
        ("set", _dns_set, "replace all records of NAME and TYPE by this one"),
        ("add", _dns_add, "add a record"),
        ("del", _dns_delete, "delete the records of NAME and TYPE, or the one with DATA"),
        ("show", _dns_show, "the authoritative answer"),
    ):
        sub = verbs.add_parser(verb, help=text, description=f"{text}. NAME may be an address: its reverse name.")
        sub.set_defaults(action=action)
        sub.add_argument("name", metavar="NAME")
        sub.add_argument("type", metavar="TYPE")
        if verb in ("set", "add"):
            sub.add_argument("data", metavar="DATA", nargs="+")
            sub.add_argument("--ttl", type=int)
        elif verb == "del":
            sub.add_argument("data", metavar="DATA", nargs="*")


def _start(lab: Lab, arguments) -> None:
    began = time.monotonic()
    progress = _Progress()
    try:
        notes = lab.start(arguments.world, say=progress.say, ptarmigan=arguments.ptarmigan, without=frozenset(arguments.without))
    finally:
        progress.clear()
    print(f"lab is up in {lab.folder} ({time.monotonic() - began:.1f} s)")
    for note in notes:
        print(f"without {note}")


def _stop(lab: Lab, arguments) -> None:
    print("lab stopped" if lab.stop() else f"no lab in {lab.folder}")


def _status(lab: Lab, arguments) -> int:
    running = lab.keeper() is not None
    servers = lab.status() if running else []
    if arguments.json:
        print(json.dumps({"folder": str(lab.folder), "running": running, "servers": servers}, indent=1))
    elif not running:
        print(f"no lab runs in {lab.folder}")
    else:
        print(f"lab in {lab.folder}")
        for server in servers:
            where = ", ".join(server["addresses"][:2]) + (" ..." if len(server["addresses"]) > 2 else "")
            print(f"  {server['name']:<10} {server['status']:<8} port {server['port']:<4} {server['host']:<24} {where}")
    return 0 if running else 1


def _shell(lab: Lab, arguments) -> int:
    shell = os.environ.get("SHELL", "/bin/bash")
    print(f"in the lab as its root; its state is in /run/lab; leave with `exit`", file=sys.stderr)
    return lab.enter_and_run([shell if os.access(shell, os.X_OK) else "/bin/sh"])


def _run(lab: Lab, arguments) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("run what?", "lab run COMMAND [ARGUMENT...]")
    return lab.enter_and_run(command)


def _dns_set(lab: Lab, arguments) -> None:
    print(f"set {lab.dns_set(arguments.name, arguments.type, ' '.join(arguments.data), arguments.ttl)} {arguments.type.upper()}")


def _dns_add(lab: Lab, arguments) -> None:
    print(f"added {lab.dns_add(arguments.name, arguments.type, ' '.join(arguments.data), arguments.ttl)} {arguments.type.upper()}")


def _dns_delete(lab: Lab, arguments) -> None:
    print(f"deleted {lab.dns_delete(arguments.name, arguments.type, ' '.join(arguments.data) or None)} {arguments.type.upper()}")


def _dns_show(lab: Lab, arguments) -> int:
    answer = lab.dns_show(arguments.name, arguments.type)
    print(answer, end="")
    return 0 if answer else 1


def _mail(lab: Lab, arguments) -> None:
    deliveries = lab.received(arguments.server)
    if arguments.json:
        print(json.dumps([delivery.to_json() for delivery in deliveries], indent=1))
        return
    for number, each in enumerate(deliveries, 1):
        tls = "TLS" if each.tls else "no TLS"
        user = f", user {each.auth_user}" if each.auth_user else ""
        print(f"{number}. {each.peer_address} as {each.ehlo_name} ({tls}{user}): <{each.mail_from}> -> {', '.join(each.recipients)}, {len(each.raw)} bytes")
        if arguments.raw:
            sys.stdout.write(each.raw.decode(errors="replace").replace("\r\n", "\n"))
    if not deliveries:
        print(f"{arguments.server} has accepted no mail")


def _server(lab: Lab, arguments) -> None:
    (lab.stop_server if arguments.verb == "stop-server" else lab.start_server)(arguments.server)


class _Progress:
    """One line that is rewritten on a terminal; nothing for a file, but for downloads, which take long."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()

    def say(self, text: str) -> None:
        if self.terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif not text.startswith("starting"):
            print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
