"""rehearse --service: an address for a test, mail to it by SMTP, the verdict at a private link."""

import json
import os
import smtplib
import socket
import subprocess
import urllib.error
import urllib.request

import pytest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Service:
    def __init__(self, folder):
        (folder / "empty.json").write_text('{"version": 1, "dns": []}')
        self.smtp, self.http = free_port(), free_port()
        self.process = subprocess.Popen(
            [os.environ["PTARMIGAN_BIN"], "rehearse", "--service", "--domain", "test.example", "--listen", f"127.0.0.1:{self.smtp}",
             "--listen", f"[::1]:{self.smtp}", "--http", f"127.0.0.1:{self.http}", "--replay-dns", folder / "empty.json"],
            stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            assert self.process.stdout.readline()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=20) as reply:
            return reply.read().decode(), dict(reply.headers)

    def open(self, **form):
        body = "&".join(f"{key}={value}" for key, value in form.items()).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/api/v1/tests", data=body, timeout=20) as reply:
            return json.load(reply)

    def send(self, address, host="127.0.0.1", subject="Hello"):
        message = (f"From: News <news@example.com>\r\nTo: <{address}>\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                   "Message-ID: <1@example.com>\r\n\r\nHello\r\n")
        try:
            with smtplib.SMTP(host, self.smtp, local_hostname="mail.example.com", timeout=30) as client:
                client.sendmail("news@example.com", [address], message)
            return 250, ""
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            return code, text.decode()
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, refused.smtp_error.decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    if not os.environ.get("PTARMIGAN_BIN"):
        pytest.skip("PTARMIGAN_BIN names no program")
    started = Service(tmp_path_factory.mktemp("service"))
    yield started
    started.process.terminate()
    assert started.process.wait(20) == 0
    started.process.stdout.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_mail_to_the_address_is_judged_as_every_receiver(service, host):
    test = service.open()
    assert service.send(test["address"], host)[0] == 250
    shown = json.loads(service.get(test["json"])[0])
    result = shown["results"][0]
    assert result["peer"] == host
    assert {d["receiver"] for d in result["report"]["deliveries"]} >= {"gmail", "yahoo", "outlook", "apple", "gmx", "strict"}
    lost = sum(float(d["points"]) for d in result["deductions"])
    assert float(result["score"]) == pytest.approx(max(0.0, 10 - lost))
    assert all(d["why"] for d in result["deductions"])
    assert "-> ehlo mail.example.com" in result["transcript"]


def test_the_page_waits_and_then_shows_the_verdict(service):
    test = service.open()
    waiting, headers = service.get(test["html"])
    assert test["address"] in waiting and 'http-equiv="refresh"' in waiting
    assert headers["Cache-Control"] == "no-store" and "default-src 'none'" in headers["Content-Security-Policy"]
    service.send(test["address"], subject="<script>alert(1)</script>")
    page, _ = service.get(test["html"])
    assert "Score" in page and "<script" not in page


def test_a_profile_answers_as_its_receiver_would(service):
    test = service.open(profile="gmail")
    code, text = service.send(test["address"])
    assert code == 550 and "PTR" in text
    assert json.loads(service.get(test["json"])[0])["results"][0]["reply"].startswith("550")


def test_a_scripted_rate_refusal_ends_after_its_time(service):
    test = service.open(fault="rate")
    assert [service.send(test["address"])[0] for _ in range(3)] == [421, 421, 250]


def test_greylisting_defers_the_first_attempt(service):
    test = service.open(fault="greylist")
    assert service.send(test["address"])[0] == 451


def test_it_is_no_open_relay_and_knows_only_its_tests(service):
    assert service.send("test-nobody@test.example")[0] == 550
    assert service.send("ann@example.net")[0] == 550


def test_a_link_cannot_be_had_from_the_address(service):
    test = service.open()
    for path in ("/t/" + test["address"].split("@")[0], "/t/", "/t/x.json", "/nothing"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            service.get(path)
        assert refused.value.code == 404


def test_an_unknown_profile_is_refused(service):
    with pytest.raises(urllib.error.HTTPError) as refused:
        service.open(profile="nobody")
    assert refused.value.code == 400
