"""The removed PTR as somebody at the page sees it, in real Chromium against the real server: the incident with its rule and fix, the cell that turns, one
alert, mail over another route; and the end of it, by itself, though no mail flows any more. Screenshots of each page are kept in build/screenshots."""

import json
import re
import threading
import time

import pytest

from ptlab.browser import ROOT, Absent, Page
from ptlab.story import need

ADDRESS = "2001:db8::1"
REPORT = """<?xml version="1.0"?><feedback><report_metadata><org_name>receiver.example</org_name><email>a@receiver.example</email><report_id>1</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata><policy_published><domain>example.com</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>140</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>
<identifiers><header_from>example.com</header_from></identifiers><auth_results><spf><domain>example.com</domain><result>pass</result></spf></auth_results></record>
<record><row><source_ip>198.51.100.7</source_ip><count>3</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>example.com</header_from></identifiers><auth_results><spf><domain>evil.example</domain><result>fail</result></spf></auth_results></record></feedback>"""

SETTINGS = """
[console]
listen = ["127.0.0.1:8025"]
token_file = "/run/lab/sender/tokens"

[watch]
alert_mail = "postmaster@exim-receiver.com"

[rehearsal]
journal = "/run/lab/gmail/journal.jsonl"
"""


class Mail:
    """Mail that flows all the while, one message after another."""

    def __init__(self, story):
        self.story, self.stopped, self.problem = story, threading.Event(), None
        self.sent: list[tuple[str, str]] = []
        self.thread = threading.Thread(target=self.flow)
        self.thread.start()

    def flow(self):
        try:
            while not self.stopped.wait(0.3):
                self.sent.append(self.story.submit("friend@gmail.com"))
        except Exception as problem:  # told by stop()
            self.problem = problem

    def stop(self):
        self.stopped.set()
        self.thread.join(60)
        assert self.problem is None, self.problem


@pytest.fixture(scope="module")
def page(story):
    made = story.ptarmigan("console", "token", "add", "anna", "--role", "operate", "--file", story.inside("tokens"), show=False)
    need(made.returncode == 0, made.stderr)
    now = int(time.time())
    (story.home / "report.xml").write_text(REPORT.format(begin=now - 2 * 86400, end=now - 86400))
    story.lab.dns_set(ADDRESS, "PTR", "mail.example.com.")
    story.configure(standing="enforce", extra=SETTINGS)
    read = story.ptarmigan("watch", "import", story.inside("report.xml"), "--config", story.inside("ptarmigan.toml"), show=False)
    need(read.returncode == 0, read.stdout + read.stderr)
    story.start_server()
    try:
        browser = Page(story.lab, "http://127.0.0.1:8025", made.stdout.strip(), ROOT / "build" / "screenshots")
    except Absent as absent:
        pytest.skip(str(absent))
    try:
        yield browser
    finally:
        browser.close()


def alerts(story):
    """Subjects of the alerts that arrived, the oldest first."""
    found = [re.search(rb"^Subject: (.*(?:\r\n[ \t].*)*)", delivery.raw, re.M) for delivery in story.lab.received("exim")]
    return [subject[1].decode().replace("\r\n", "") for subject in found if subject]


def incidents(story, which):
    shown = story.ptarmigan("watch", "incidents", "--json", "--config", story.inside("ptarmigan.toml"), *which, show=False)
    return json.loads(shown.stdout)["incidents"]


def test_the_page_tells_of_a_removed_ptr_and_of_its_return(story, page):
    cell = f'tr:has(th:has-text("{ADDRESS}")) a.cell'
    mail = Mail(story)
    try:
        page("go", hash="#/")
        page("await", selector=cell, text="good", seconds=40)
        page("await", selector="h1", text="Mail is getting through", seconds=10)

        story.lab.dns_delete(ADDRESS, "PTR")
        page("await", selector="h1", text="One thing needs you", seconds=60)
        page("await", selector=".incident h3", text="no valid reverse DNS (PTR)", seconds=10)
        fix = page("await", selector=".incident .code", text="ip6.arpa", seconds=10)
        assert "".join(fix.split()).startswith("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.") and "mail.example.com." in fix
        page("await", selector=cell, text="poor", seconds=30)
        story.wait("an alert arrives", lambda: alerts(story), 30, story.server_log)
        went = len(mail.sent)
        story.wait("mail goes on", lambda: len(mail.sent) > went, 30)
        assert story.await_arrival("gmail", mail.sent[went][1]).peer_address == "192.0.2.1"

        page("click", selector=".incident a", text="Gmail")
        page("await", selector="a", text="gmail.ptr", seconds=10)
        page("await", selector="dd", text="no valid reverse DNS (PTR)", seconds=10)
        page("click", selector="button", text="Check again")
        page("await", selector="[role=status]", text="Still broken", seconds=20)
    finally:
        mail.stop()

    (incident,) = incidents(story, [])
    assert incident["rule"] == "gmail.ptr"
    for name, hash in {
        "home": "#/", "incidents": "#/incidents", "incident": f"#/incidents/{incident['id']}", "queue": "#/queue", "messages": "#/messages",
        "message": f"#/messages/{mail.sent[-1][0]}", "domains": "#/domains", "domain": "#/domains/example.com", "rehearsal": "#/rehearsal", "settings": "#/settings",
    }.items():  # fmt: skip
        page("shoot", name=name, hash=hash)
    page("shoot", name="rules", hash="#/rules", whole=False)

    # No mail any more: what is mended is seen all the same.
    story.lab.dns_set(ADDRESS, "PTR", "mail.example.com.")
    page("await", selector=".badge", text="closed", seconds=60)
    page("await", selector="dd", text="checked again, it holds", seconds=10)
    page("shoot", name="incident-closed", hash=f"#/incidents/{incident['id']}")
    page("go", hash="#/")
    page("await", selector="h1", text="Mail is getting through", seconds=30)
    story.wait("its end is told", lambda: len(alerts(story)) == 2, 30, story.server_log)
    page("shoot", name="home-mended", hash="#/")

    assert len(alerts(story)) == story.bounces() == 2, "nothing has the null reverse-path but the two alerts"
    assert page.problems == []
