"""ptarmigan config."""

import os
import socket
import subprocess

import pytest


def findings(outcome):
    return {finding["setting"]: finding for finding in outcome.json["findings"]}


def test_a_file_that_fits_is_good(ptarmigan, config):
    told = ptarmigan("config", "check", config, "--offline")
    assert (told.code, told.err) == (0, "")


@pytest.mark.parametrize(
    "line, place, words",
    [
        ("hostnme = \"a.example\"", ":1:", "hostname"),
        ("hostname = ", ":1:", ""),
        ("hostname = \"a b\"", ":1:", ""),
        ("[delivery]\nprefr = \"ipv6\"", ":2:", "prefer"),
        ("[delivery]\nport = 70000", ":2:", "65535"),
    ],
)
def test_broken_toml_names_the_line_and_the_nearest_key(ptarmigan, tmp_path, line, place, words):
    path = tmp_path / "broken.toml"
    path.write_text(line + "\n")
    refused = ptarmigan("config", "check", path)
    assert refused.code == 2
    assert f"{path}{place}" in refused.err and words in refused.err


def test_an_address_that_is_not_here_is_found(ptarmigan, config):
    config.write_text(config.read_text().replace('ipv4 = "127.0.0.1"', 'ipv4 = "192.0.2.77"\nipv6 = "2001:db8::77"'))
    told = ptarmigan("config", "check", config, "--offline", "--json")
    assert told.code == 1
    assert "192.0.2.77" in findings(told)["source[0].ipv4"]["message"]
    assert "2001:db8::77" in findings(told)["source[0].ipv6"]["message"]


def test_a_host_without_ipv6_is_said_as_such(ptarmigan, config):
    config.write_text(config.read_text().replace('ipv4 = "127.0.0.1"', 'ipv6 = "2001:db8::77"'))
    program = os.environ["PTARMIGAN_BIN"]
    # A network namespace of its own has nothing but a loopback that is down.
    told = subprocess.run(["unshare", "--user", "--net", "--map-root-user", program, "config", "check", config, "--offline"], capture_output=True, text=True)
    if "unshare" in told.stderr:
        pytest.skip("no user namespaces here")
    assert told.returncode == 1
    assert "this host has no IPv6 address that others see" in told.stdout


def test_a_port_in_use_is_found(ptarmigan, config):
    port = int(config.read_text().split('listen = ["127.0.0.1:')[1].split('"')[0])
    with socket.create_server(("127.0.0.1", port)):
        told = ptarmigan("config", "check", config, "--offline", "--json")
    assert told.code == 1
    assert "Address already in use" in findings(told)["submission.listen[0]"]["message"]


def test_a_spool_of_a_newer_version_is_found(ptarmigan, config):
    spool = config.parent / "spool"
    spool.mkdir()
    (spool / "FORMAT").write_text("ptarmigan spool 99\n")
    told = ptarmigan("config", "check", config, "--offline", "--json")
    assert told.code == 1
    assert "format 99" in findings(told)["spool.path"]["message"]
    for command in (["queue", "list"], ["queue", "retry", "--all"], ["serve"]):
        refused = ptarmigan(*command, "--config", config)
        assert refused.code == 2 and "format 99" in refused.err, command


def test_missing_folders_and_files_are_found(ptarmigan, config, tmp_path):
    text = config.read_text().replace(f'path = "{tmp_path}/history.db"', f'path = "{tmp_path}/missing/history.db"')
    text += f"""\
[[relay]]
name = "r"
host = "relay.example.net"
password_file = "{tmp_path}/no-password"
[[domain]]
name = "example.com"
[[domain.dkim]]
selector = "s1"
key_file = "{tmp_path}/no-key.pem"
"""
    config.write_text(text)
    told = ptarmigan("config", "check", config, "--offline", "--json")
    assert {"store.path", "relay[0].password_file", "domain[0].dkim[0].key_file"} <= set(findings(told))


def with_key(ptarmigan, config, tmp_path):
    key = tmp_path / "s1.pem"
    made = ptarmigan("dkim", "keygen", "example.com", "--selector", "s1", "--out", key, "--json").json
    config.write_text(config.read_text() + f'[[domain]]\nname = "example.com"\n[[domain.dkim]]\nselector = "s1"\nkey_file = "{key}"\n')
    empty = tmp_path / "empty.json"
    empty.write_text('{"version": 1, "dns": []}')
    return key, made, ("--replay-dns", empty)


def test_a_key_without_its_record_is_found(ptarmigan, config, tmp_path):
    _, made, dns = with_key(ptarmigan, config, tmp_path)
    told = ptarmigan("config", "check", config, "--json", *dns)
    assert told.code == 1
    assert made["zone_line"] in findings(told)["domain[0].dkim[0].key_file"]["remedy"]
    assert ptarmigan("config", "check", config, *dns, "--set", made["zone_line"]).code == 0


def test_a_record_of_another_key_is_found(ptarmigan, config, tmp_path):
    _, _, dns = with_key(ptarmigan, config, tmp_path)
    other = ptarmigan("dkim", "keygen", "example.com", "--selector", "s1", "--out", tmp_path / "other.pem", "--json").json
    told = ptarmigan("config", "check", config, "--json", *dns, "--set", other["zone_line"])
    assert "another key" in findings(told)["domain[0].dkim[0].key_file"]["message"]


def test_an_unreadable_key_is_found(ptarmigan, config, tmp_path):
    key, _, _ = with_key(ptarmigan, config, tmp_path)
    key.chmod(0)
    # Root reads everything, unless it gives that up.
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    program = os.environ["PTARMIGAN_BIN"]
    told = subprocess.run([*as_others, program, "config", "check", config, "--offline", "--json"], capture_output=True, text=True)
    assert told.returncode == 1, told.stderr
    assert "Permission denied" in told.stdout
    refused = subprocess.run([*as_others, program, "serve", "--config", config], capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2 and str(key) in refused.stderr and "Permission denied" in refused.stderr


def test_silent_dns_is_found(ptarmigan, config, silent_dns):
    told = ptarmigan("config", "check", config, "--json")
    assert told.code == 1
    assert silent_dns in findings(told)["dns.servers"]["message"]


def test_reference_lists_the_settings(ptarmigan):
    told = ptarmigan("config", "reference")
    assert told.code == 0
    assert "retry_first" in told.out and "key_file" in told.out
