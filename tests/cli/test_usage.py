"""What every command shares: help, unknown words, exit codes."""

import os
import pty
import subprocess

import pytest

COMMANDS = [
    ["check"], ["config", "check"], ["config", "reference"], ["dkim", "keygen"], ["dkim", "record"], ["dkim", "sign"],
    ["dkim", "verify"], ["explain"], ["explain-reply"], ["ptr"], ["queue", "list"], ["queue", "show"], ["queue", "hold"],
    ["queue", "release"], ["queue", "retry"], ["queue", "delete"], ["rehearse"], ["send"], ["serve"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_answers(ptarmigan, command):
    helped = ptarmigan(*command, "--help")
    assert helped.code == 0
    assert "Usage: ptarmigan " + " ".join(command) in helped.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_unknown_option_is_named(ptarmigan, command):
    refused = ptarmigan(*command, "--no-such-option")
    assert refused.code == 2
    assert "--no-such-option" in refused.err
    assert "--help" in refused.err
    assert refused.out == ""


def test_near_miss_of_a_command_is_led_back(ptarmigan):
    refused = ptarmigan("chek", "example.com")
    assert refused.code == 2
    assert "there is no command 'chek'" in refused.err
    assert "did you mean `ptarmigan check`?" in refused.err


def test_near_miss_of_an_option_is_led_back(ptarmigan):
    assert "did you mean --json?" in ptarmigan("ptr", "192.0.2.1", "--jsn").err


def test_no_command_is_an_error(ptarmigan):
    refused = ptarmigan()
    assert refused.code == 2
    assert "--help" in refused.err


def test_version(ptarmigan):
    assert ptarmigan("--version").out.strip()[0].isdigit()


def test_colour_only_on_a_terminal(ptarmigan, tmp_path):
    recording = tmp_path / "dns.json"
    recording.write_text('{"version": 1, "dns": []}')
    words = [os.environ["PTARMIGAN_BIN"], "ptr", "192.0.2.1", "--replay-dns", str(recording)]
    assert "\x1b" not in ptarmigan(*words[1:]).out

    def on_terminal(environment):
        ours, theirs = pty.openpty()
        subprocess.run(words, stdout=theirs, env=environment)
        os.close(theirs)
        shown = os.read(ours, 65536)
        os.close(ours)
        return shown

    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    assert b"\x1b[" in on_terminal(plain)
    assert b"\x1b[" not in on_terminal(plain | {"NO_COLOR": "1"})
