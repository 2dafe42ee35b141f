"""Reports of others by SMTP: taken from any stranger for the report address alone, never sent on; forged, broken and hostile ones do no harm."""

import base64
import gzip
import io
import json
import zipfile

import pytest

FOLDER = "/run/lab/sender/reports"
STRANGER = "203.0.113.58"  # every address of the lab is here: a client chooses the one it comes from
BEGIN = 1795392000  # 2026-11-23

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<feedback>
 <report_metadata><org_name>{org}</org_name><email>dmarc@receiver.example</email><report_id>{id}</report_id>
  <date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
 <policy_published><domain>{domain}</domain><p>none</p><adkim>r</adkim><aspf>r</aspf><pct>100</pct></policy_published>
 <record><row><source_ip>192.0.2.1</source_ip><count>{count}</count>
   <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>
  <identifiers><header_from>{domain}</header_from></identifiers>
  <auth_results><spf><domain>{domain}</domain><result>pass</result></spf></auth_results></record>
</feedback>
"""


@pytest.fixture(scope="module")
def server(story):
    (story.home / "reports").mkdir()
    story.configure(standing="enforce")
    config = story.home / "ptarmigan.toml"
    text = config.read_text().replace('listen = ["127.0.0.1:25", "127.0.0.1:587"]', 'listen = ["127.0.0.1:587", "192.0.2.1:587"]\nmax_message = "1MB"')
    config.write_text(text + f'\n[watch]\ndrop_folder = "{FOLDER}"\nreport_addresses = ["dmarc@example.com"]\n')
    story.start_server()
    return story


def report(id: str, domain: str = "example.com", org: str = "receiver.example", count: int = 7, begin: int = BEGIN) -> bytes:
    return REPORT.format(id=id, domain=domain, org=org, count=count, begin=begin, end=begin + 86399).encode()


def message(name: str, octets: bytes, kind: str = "application/gzip") -> str:
    return (
        "From: noreply@receiver.example\nTo: dmarc@example.com\nSubject: Report domain: example.com\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n"
        f'Message-ID: <{name}@receiver.example>\nMIME-Version: 1.0\nContent-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(octets).decode()
    )


def send(server, text: str, to: str = "dmarc@example.com", *more):
    (server.home / "report.eml").write_text(text)
    words = ["swaks", "--server", "192.0.2.1", "--port", "587", "--local-interface", STRANGER, "--from", "<>", "--to", to]
    return server.command(*words, "--data", "@" + server.inside("report.eml"), *more, show=False)


def settled(server) -> None:
    folder = server.home / "reports"
    server.wait("every report was read", lambda: not [path for path in folder.iterdir() if path.is_file()], 20, server.server_log)


def summary(server) -> dict:
    done = server.ptarmigan("watch", "dmarc", "--json", "--days", "1100", "--config", server.inside("ptarmigan.toml"), show=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_stranger_may_write_to_the_report_address_and_to_nobody_else(server):
    for to in ("someone@postfix-receiver.com", "postmaster@example.com", "dmarc@postfix-receiver.com"):
        refused = send(server, message("a.xml.gz", gzip.compress(report("a"))), to)
        assert refused.returncode != 0 and "550 5.7.1 Relaying is not allowed" in refused.stdout, refused.stdout
    mixed = send(server, message("first.xml.gz", gzip.compress(report("first"))), "DMARC@Example.com,someone@postfix-receiver.com")
    assert "550 5.7.1 Relaying is not allowed" in mixed.stdout and "250 2.0.0 Ok: taken as a report" in mixed.stdout, mixed.stdout
    settled(server)
    # The history is written behind the reader.
    server.wait("it is counted", lambda: summary(server)["own"] == {"messages": 7, "passed": 7}, 10, server.server_log)
    assert server.lab.received("postfix") == []
    assert "nothing is queued" in server.queue(show=False)


def test_forged_broken_and_hostile_reports_do_no_harm(server):
    before = summary(server)
    path_tricks = io.BytesIO()
    with zipfile.ZipFile(path_tricks, "w") as archive:
        archive.writestr("../../../../run/lab/sender/escaped.xml", report("path"))
    bomb = gzip.compress(b"<feedback>" + b"x" * 300_000_000)
    assert len(bomb) < 700_000
    hostile = {
        "other.xml.gz": gzip.compress(report("other", domain="victim.example", count=99_999)),
        "html.xml.gz": gzip.compress(report("html", org="&lt;script&gt;alert(1)&lt;/script&gt;", count=1)),
        "future.xml.gz": gzip.compress(report("future", begin=4102444800)),
        "bomb.xml.gz": bomb,
        "tricks.zip": path_tricks.getvalue(),
        "garbage.xml.gz": b"\x1f\x8b" + b"\x00" * 100,
    }
    for name, octets in hostile.items():
        taken = send(server, message(name, octets, "application/zip" if name.endswith("zip") else "application/gzip"))
        assert "taken as a report" in taken.stdout, (name, taken.stdout[-600:])
    settled(server)
    assert not (server.home / "escaped.xml").exists()
    assert server.server.poll() is None
    # One in "html", seven in "tricks"; nothing of what is about others.
    counted = lambda: summary(server)["own"]["messages"] - before["own"]["messages"]  # noqa: E731
    server.wait("the sound ones are counted", lambda: counted() >= 8, 10, server.server_log)
    assert counted() in (8, 15), summary(server)  # the future one by its date or by ours
    failed = sorted(path.name for path in (server.home / "reports/failed").iterdir())
    assert failed, "what holds no report is put aside"


def test_a_report_that_is_too_large_is_refused_before_it_is_read(server):
    refused = send(server, message("large.xml", b"x" * 2_000_000))
    assert refused.returncode != 0 and "552 5.3.4" in refused.stdout, refused.stdout[-500:]
