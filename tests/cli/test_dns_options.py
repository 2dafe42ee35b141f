"""The options that choose which DNS is asked."""

import json
import socket
import struct
import threading

import pytest

ZONE = """\
$ORIGIN example.com.
@ SOA ns hostmaster 1 2 3 4 5
mail A 192.0.2.1
$ORIGIN 2.0.192.in-addr.arpa.
@ SOA ns.example.com. hostmaster.example.com. 1 2 3 4 5
1 PTR mail.example.com.
"""


@pytest.fixture
def empty_world(tmp_path):
    """A recording in which no name exists."""
    path = tmp_path / "empty.json"
    path.write_text('{"version": 1, "dns": []}')
    return path


def test_a_draft_zone_speaks_over_the_world(ptarmigan, tmp_path, empty_world):
    zone = tmp_path / "draft.zone"
    zone.write_text(ZONE)
    assert ptarmigan("ptr", "192.0.2.1", "--replay-dns", empty_world).code == 1
    assert ptarmigan("ptr", "192.0.2.1", "--replay-dns", empty_world, "--zone", zone).code == 0


def test_set_replaces_one_record_set_of_the_draft(ptarmigan, tmp_path, empty_world):
    zone = tmp_path / "draft.zone"
    zone.write_text(ZONE)
    words = ("ptr", "192.0.2.1", "--json", "--replay-dns", empty_world, "--zone", zone)
    other = ptarmigan(*words, "--set", "mail.example.com A 192.0.2.9")
    assert other.code == 1
    assert other.json["addresses"][0]["names"] == [
        {"name": "mail.example.com", "status": "found", "addresses": ["192.0.2.9"], "confirmed": False}
    ]
    both = ptarmigan(*words, "--set", "mail.example.com A 192.0.2.9", "--set", "mail.example.com A 192.0.2.1")
    assert both.code == 0


def test_set_follows_a_cname(ptarmigan, tmp_path, empty_world):
    told = ptarmigan(
        "ptr", "192.0.2.34", "--json", "--replay-dns", empty_world,
        "--set", "34.2.0.192.in-addr.arpa CNAME 34.32-63.2.0.192.in-addr.arpa.",
        "--set", "34.32-63.2.0.192.in-addr.arpa PTR mail2.example.com.",
        "--set", "mail2.example.com A 192.0.2.34",
    )  # fmt: skip
    assert told.code == 0
    assert told.json["addresses"][0]["owner"] == "34.32-63.2.0.192.in-addr.arpa."


def test_zone_file_with_a_syntax_error_names_the_line(ptarmigan, tmp_path):
    zone = tmp_path / "broken.zone"
    zone.write_text(ZONE + "2 PTRR mail.example.com.\n")
    refused = ptarmigan("ptr", "192.0.2.1", "--zone", zone)
    assert refused.code == 2
    assert f"{zone}:7:" in refused.err


def test_zone_file_without_origin_is_refused(ptarmigan, tmp_path):
    zone = tmp_path / "relative.zone"
    zone.write_text("mail 300 IN A 192.0.2.1\n")
    refused = ptarmigan("ptr", "192.0.2.1", "--zone", zone)
    assert refused.code == 2
    assert "$ORIGIN" in refused.err


@pytest.mark.parametrize("content, reason", [("", "not a JSON object"), ('{"version": 9, "dns": []}', "version 9"), ("{}", "no list 'dns'")])
def test_bad_recording_is_named(ptarmigan, tmp_path, content, reason):
    path = tmp_path / "dns.json"
    path.write_text(content)
    refused = ptarmigan("ptr", "192.0.2.1", "--replay-dns", path)
    assert refused.code == 2
    assert str(path) in refused.err and reason in refused.err


def test_missing_files_are_named(ptarmigan, tmp_path):
    for option in ("--zone", "--replay-dns", "--config"):
        refused = ptarmigan("ptr", "192.0.2.1", option, tmp_path / "nowhere")
        assert refused.code == 2
        assert "nowhere" in refused.err and "No such file" in refused.err


def test_malformed_values_are_named(ptarmigan):
    assert "--set" in ptarmigan("ptr", "192.0.2.1", "--set", "nonsense").err
    assert "--resolver" in ptarmigan("ptr", "192.0.2.1", "--resolver", "not/an/address").err


def test_dns_server_that_does_not_answer_is_said_as_such(ptarmigan, config, silent_dns):
    silent = ptarmigan("ptr", "192.0.2.1", "--config", config)
    assert silent.code == 2
    assert f"no DNS answer from DNS server {silent_dns}" in silent.err


def test_record_then_replay_gives_the_same_answer(ptarmigan, tmp_path):
    """Against a DNS server that is written here: it knows one PTR and one A record."""
    ptr, a = 12, 1
    records = {
        (b"\x011\x012\x010\x03192\x07in-addr\x04arpa\0", ptr): b"\x04mail\x07example\x03com\0",
        (b"\x04mail\x07example\x03com\0", a): bytes([192, 0, 2, 1]),
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.2)
        stop = threading.Event()

        def serve():
            while not stop.is_set():
                try:
                    query, client = listener.recvfrom(4096)
                except TimeoutError:
                    continue
                end = 12
                while query[end]:
                    end += query[end] + 1
                name, kind = query[12 : end + 1].lower(), struct.unpack(">H", query[end + 1 : end + 3])[0]
                data = records.get((name, kind))
                flags, count = (0x8180, 1) if data else (0x8183 if not any(n == name for n, _ in records) else 0x8180, 0)
                reply = query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12 : end + 5]
                if data:
                    reply += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, len(data)) + data
                listener.sendto(reply, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            recording = tmp_path / "recorded.json"
            resolver = f"127.0.0.1:{listener.getsockname()[1]}"
            live = ptarmigan("ptr", "192.0.2.1", "--resolver", resolver, "--record-dns", recording, "--json")
        finally:
            stop.set()
            thread.join()
    assert live.code == 0, live.out + live.err
    recorded = json.loads(recording.read_text())
    assert {"PTR", "A", "SOA"} == {entry["type"] for entry in recorded["dns"]}
    again = ptarmigan("ptr", "192.0.2.1", "--replay-dns", recording, "--json")
    assert again.code == 0
    assert again.json["addresses"][0]["names"] == live.json["addresses"][0]["names"]
