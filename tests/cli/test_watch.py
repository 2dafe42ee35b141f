"""ptarmigan watch: reports are kept once and joined, forged and hostile ones do no harm, and the views answer."""

import gzip
import hashlib
import hmac
import http.server
import io
import json
import sqlite3
import ssl
import subprocess
import threading
import time
import zipfile

import pytest

NOW = int(time.time())

CONFIG = """
hostname = "mail.example.com"
[[source]]
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
[[domain]]
name = "example.com"
[store]
path = "{history}"
"""


def aggregate(domain="example.com", source="2001:db8::1", number="1", org="google.com", dkim="pass", count=10):
    return f"""<?xml version="1.0"?><feedback><report_metadata><org_name>{org}</org_name><report_id>{number}</report_id>
<date_range><begin>{NOW - 7200}</begin><end>{NOW - 3600}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><p>none</p></policy_published>
<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>
<dkim>{dkim}</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>{domain}</header_from></identifiers>
<auth_results><dkim><domain>{domain}</domain><selector>s1</selector><result>{dkim}</result></dkim></auth_results></record></feedback>"""


@pytest.fixture
def room(tmp_path, ptarmigan):
    """A folder with a configuration; room.watch("summary") runs a command in it."""

    class Room:
        folder = tmp_path
        history = tmp_path / "history.db"
        config = tmp_path / "ptarmigan.toml"

        def watch(self, command, *words):
            return ptarmigan("watch", command, "--config", self.config, *words)

        def put(self, name, content):
            path = self.folder / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return path

    Room.config.write_text(CONFIG.format(history=Room.history))
    return Room()


def test_a_report_counts_once_whatever_it_comes_in(room):
    plain = room.put("a.xml", aggregate())
    packed = room.put("a.xml.gz", gzip.compress(aggregate().encode()))
    first = room.watch("import", plain, packed)
    assert first.code == 0, first.err
    assert "1 report kept, 1 known before" in first.out
    assert "0 reports kept, 1 known before" in room.watch("import", plain).out
    seen = room.watch("dmarc", "example.com", "--json").json
    assert seen["own"] == {"messages": 10, "passed": 10} and seen["ipv6"]["messages"] == 10
    assert seen["version"] == 1


def test_what_a_stricter_policy_would_break_is_listed_and_impostors_are_not(room):
    room.watch("import", room.put("a.xml", aggregate(count=1000)), room.put("b.xml", aggregate(source="192.0.2.1", number="2", dkim="fail", count=100)),
               room.put("c.xml", aggregate(source="203.0.113.66", number="3", dkim="none", count=5000)))
    answer = room.watch("dmarc", "example.com", "--json")
    assert answer.code == 1
    seen = answer.json
    assert not seen["ready_for_reject"]
    assert "192.0.2.1" in [one["source"] for one in seen["would_break"]]
    assert "would break: 100 messages of 192.0.2.1 (own)" in room.watch("dmarc", "example.com").out


def test_a_forged_report_about_a_foreign_domain_counts_nowhere(room):
    answer = room.watch("import", room.put("a.xml", aggregate(domain="bank.example")))
    assert "1 not about our domains" in answer.out
    assert room.watch("dmarc", "--json").json["own"]["messages"] == 0


def test_html_in_every_field_stays_text(room):
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;"
    answer = room.watch("import", room.put("a.xml", aggregate(org=evil, source=evil, number=evil)))
    assert answer.code in (0, 1), answer.err
    assert "1 report kept" in answer.out


def test_names_in_archives_lead_nowhere(room):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("../../../../tmp/ptarmigan-escaped.xml", aggregate())
        out.writestr("/etc/ptarmigan-escaped.xml", aggregate(number="2"))
    answer = room.watch("import", room.put("a.zip", archive.getvalue()))
    assert "2 reports kept" in answer.out
    assert sorted(path.name for path in room.folder.iterdir() if "escaped" in path.name) == []


def test_a_bomb_is_bounded(room):
    bomb = gzip.compress(gzip.compress(b"<feedback>" + b" " * 300_000_000))
    answer = room.watch("import", room.put("bomb.gz", bomb))
    assert answer.code == 1
    assert "0 reports kept" in answer.out


def test_clocks_that_are_wrong_do_not_move_the_report_away(room):
    ahead = aggregate().replace(str(NOW - 7200), "4102444800")
    room.watch("import", room.put("a.xml", ahead))
    assert room.watch("dmarc", "example.com", "--days", "2", "--json").json["own"]["messages"] == 10


def test_summary_incidents_and_replies_of_an_empty_history_say_what_to_do(room):
    room.watch("import", room.put("a.xml", aggregate()))
    summary = room.watch("summary")
    assert summary.code == 0 and "Send mail through the server" in summary.out
    assert room.watch("incidents").out == "No incidents.\n"
    assert room.watch("replies", "--unclassified", "--json").json["replies"] == []
    missing = room.watch("incidents", "7")
    assert missing.code == 2 and "there is no incident 7" in missing.err


def test_figures_are_shown_with_what_is_wrong_and_without_any_what_to_set(room):
    room.watch("import", room.put("a.xml", aggregate()))
    empty = room.watch("figures")
    assert empty.code == 0 and "watch.google_key_file" in empty.out
    day = NOW // 86400 * 86400 * 1000
    with sqlite3.connect(room.history) as history:
        history.executemany(
            "INSERT INTO figures (provider, subject, day, metric, millionths, text) VALUES (?, ?, ?, ?, ?, ?)",
            [("google-postmaster", "example.com", day, "spam_rate", 3100, ""), ("snds", "192.0.2.1", day, "recipients", 7_000_000, ""), ("snds", "192.0.2.1", day, "filter", 0, "RED")],
        )
    shown = room.watch("figures")
    assert shown.code == 1 and "0.31 %" in shown.out and "recipients" in shown.out and "one-click unsubscribe" in shown.out
    assert [one["metric"] for one in room.watch("figures", "--json").json["figures"]] == ["spam_rate", "filter", "recipients"]


def test_nobody_is_asked_for_figures_unless_configured(room):
    unset = room.watch("fetch-figures")
    assert unset.code == 2 and "watch.google_key_file or watch.snds_token_file" in unset.err
    room.config.write_text(room.config.read_text() + f'[watch]\ngoogle_key_file = "{room.put("key.json", "{}")}"\n')
    wrong = room.watch("fetch-figures")
    assert wrong.code == 2 and "is no key file of a Google service account" in wrong.err
    sign_in = room.watch("sign-in-at-snds")
    assert sign_in.code == 2 and "watch.snds_token_file is not set" in sign_in.err


def test_open_incidents_are_shown_with_their_fix_and_exit_1(room):
    room.watch("import", room.put("a.xml", aggregate()))
    with sqlite3.connect(room.history) as history:
        history.execute(
            "INSERT INTO incidents (key, kind, opened, last_seen, hits, site, source, domain, cause, rule_id, title, why, fix, evidence, closed_why)"
            " VALUES ('k', 'refusal', ?, ?, 3, 'gmail', '2001:db8::1', '', 'ptr', 'gmail.ptr', 'gmail refuses', '550 \x1b[2J no', 'publish a PTR', '', '')",
            (NOW * 1000, NOW * 1000))
    answer = room.watch("incidents")
    assert answer.code == 1
    assert "publish a PTR" in answer.out and "gmail.ptr" in answer.out and "\x1b" not in answer.out
    assert room.watch("summary", "--json").json["incidents"][0]["hits"] == 3
    assert room.watch("incidents", "1", "--json").json["events"] == []


def test_a_backup_is_a_history_and_never_overwrites(room):
    room.watch("import", room.put("a.xml", aggregate()))
    copy = room.folder / "copy.db"
    assert room.watch("backup", copy).code == 0
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM reports").fetchone() == (1,)
    again = room.watch("backup", copy)
    assert again.code == 2 and "exists" in again.err


def test_without_a_history_reports_are_only_shown(room, ptarmigan):
    path = room.put("a.xml", aggregate())
    answer = ptarmigan("watch", "import", path, "--json")
    assert json.loads(answer.out)["kind"] == "dmarc-aggregate"
    assert not room.history.exists()


def test_prometheus_rules_are_yaml_with_groups(ptarmigan):
    text = ptarmigan("watch", "prometheus-rules").out
    assert text.count("- alert:") >= 4 and "groups:" in text


def test_a_hundred_megabyte_report_is_read_within_bounds(room):
    rows = aggregate().split("<record>")[1].split("</record>")[0]
    big = aggregate().replace("</record>", "</record>" + f"<record>{rows}</record>" * (100_000_000 // (len(rows) + 17)), 1)
    answer = room.watch("import", room.put("big.xml", big))
    assert answer.code in (0, 1), answer.err
    assert "kept" in answer.out


class Hook:
    """A webhook over TLS on localhost that answers as it is told, and keeps what it got."""

    def __init__(self, folder, answers):
        self.answers, self.got = list(answers), []
        self.certificate, key = folder / "hook.pem", folder / "hook.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.path, dict(self.headers), body))
                self.send_response(hook.answers.pop(0))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, key)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, secret):
        return (f'[watch]\nalert_webhook = "https://localhost:{self.server.server_port}/hook"\n'
                f'alert_ca_file = "{self.certificate}"\nalert_secret_file = "{secret}"\n')


def test_a_test_alert_is_posted_signed_and_tried_again(room):
    hook = Hook(room.folder, [503, 200])
    secret = room.put("secret", "swordfish\n")
    room.config.write_text(room.config.read_text() + hook.settings(secret))
    answer = room.watch("test-alert")
    assert answer.code == 0, answer.out + answer.err
    assert "webhook localhost: sent" in answer.out
    assert len(hook.got) == 2
    path, fields, body = hook.got[1]
    assert path == "/hook"
    assert fields["X-Ptarmigan-Signature"] == "sha256=" + hmac.new(b"swordfish", body, hashlib.sha256).hexdigest()
    assert json.loads(body)["incidents"][0]["kind"] == "test"


def test_a_webhook_that_refuses_is_told_with_exit_1(room):
    hook = Hook(room.folder, [404])
    room.config.write_text(room.config.read_text() + hook.settings(room.put("secret", "x\n")))
    answer = room.watch("test-alert")
    assert answer.code == 1 and "answers 404" in answer.out


def test_a_command_gets_the_alert_on_standard_input(room):
    program = room.put("tell", f"#!/bin/sh\necho \"$1\" > {room.folder}/told\ncat >> {room.folder}/told\n")
    program.chmod(0o755)
    room.config.write_text(room.config.read_text() + f'[watch]\nalert_command = "{program}"\n')
    answer = room.watch("test-alert")
    assert answer.code == 0, answer.out
    told = (room.folder / "told").read_text()
    assert told.startswith("Open: A test of alerts") and "fix:" in told


def test_alerts_that_are_not_configured_or_not_usable_are_told(room):
    assert room.watch("test-alert").code == 2
    room.config.write_text(room.config.read_text() + '[watch]\nalert_webhook = "http://example.com/"\n')
    answer = room.watch("test-alert")
    assert answer.code == 2 and "no https URL" in answer.err
