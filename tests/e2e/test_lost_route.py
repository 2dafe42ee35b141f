"""The removed PTR: while mail flows, the console's API names the rule and the fix, one alert comes, mail takes another route; and it heals by itself."""

import hashlib
import hmac
import json
import re
import time

import pytest

from ptlab.story import need

ADDRESS = "2001:db8::1"
SECRET = "a shared secret"

CONSOLE = """
[console]
listen = ["127.0.0.1:8025"]
token_file = "/run/lab/sender/tokens"

[watch]
alert_webhook = "https://mail.example.com:8443/alerts"
alert_secret_file = "/run/lab/sender/secret"
alert_ca_file = "/run/lab/keys/ca.pem"
"""

# Keeps each request as one JSON line: its signature and its body.
WEBHOOK = r"""
import http.server, json, socket, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "a") as out:
            out.write(json.dumps({"signature": self.headers.get("X-Ptarmigan-Signature"), "body": body.decode()}) + "\n")
        self.send_response(204)
        self.end_headers()
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
server = Server(("::", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/lab/keys/sender.pem", "/run/lab/keys/sender.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""


class World:
    def __init__(self, story, token):
        self.story, self.token = story, token

    def api(self, path, method="GET"):
        words = ["curl", "-sS", "-X", method, "-H", f"Authorization: Bearer {self.token}", f"http://127.0.0.1:8025/api/v1/{path}"]
        done = self.story.lab.run(words, capture_output=True, text=True, timeout=30)
        need(done.returncode == 0, done.stderr)
        return json.loads(done.stdout)

    def send(self):
        return self.story.submit("friend@gmail.com")[1]

    def cell(self):
        return next((c["standing"] for c in self.api("home")["cells"] if (c["route"], c["site"]) == (ADDRESS, "gmail")), "")

    def alerts(self):
        path = self.story.home / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def mail_until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            need(time.monotonic() < end, f"within {seconds} s: {what}\n{json.dumps(self.api('incidents?which=all'), indent=1)}\n{self.story.server_log()[-3000:]}")
            self.send()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def world(story):
    (story.home / "secret").write_text(SECRET + "\n")
    made = story.ptarmigan("console", "token", "add", "tester", "--role", "operate", "--file", story.inside("tokens"), show=False)
    need(made.returncode == 0, made.stderr)
    story.lab.dns_set(ADDRESS, "PTR", "mail.example.com.")
    story.configure(standing="enforce", extra=CONSOLE)
    log = (story.home / "webhook.log").open("wb")
    webhook = story.lab.popen(["/usr/bin/python3", "-c", WEBHOOK, story.inside("alerts.jsonl")], stdout=log, stderr=log)
    try:
        story.wait("the webhook listens", lambda: b"ready" in (story.home / "webhook.log").read_bytes(), 10)
        story.start_server()
        yield World(story, made.stdout.strip())
    finally:
        webhook.kill()
        webhook.wait()
        log.close()


def test_a_removed_ptr_is_seen_told_once_routed_around_and_heals(world):
    world.mail_until(lambda: world.cell() == "good", 30, "IPv6 is in good standing at Gmail")
    assert world.api("incidents")["incidents"] == []

    world.story.lab.dns_delete(ADDRESS, "PTR")
    world.mail_until(lambda: world.api("incidents")["incidents"], 60, "an incident is open")
    (incident,) = world.api("incidents")["incidents"]
    assert incident["rule"] == "gmail.ptr", incident
    assert re.search(r"ip6\.arpa\..*\bPTR\s+mail\.example\.com\.", incident["fix"]), incident
    assert (incident["source"], incident["site"]) == (ADDRESS, "gmail")
    world.mail_until(lambda: world.cell() == "poor", 30, "the cell turns")
    subject = world.send()
    assert world.story.await_arrival("gmail", subject).peer_address == "192.0.2.1"

    checked = world.api(f"incidents/{incident['id']}/check", "POST")
    assert checked["state"] == "broken", checked
    world.mail_until(lambda: world.alerts(), 30, "an alert comes")
    changed = lambda: [e["what"] for e in world.api(f"incidents/{incident['id']}")["events"]]  # noqa: E731
    world.mail_until(lambda: {"opened", "checked", "changed"} <= set(changed()), 60, "the story tells of the change of the record")

    (alert,) = world.alerts()
    assert alert["signature"] == "sha256=" + hmac.new(SECRET.encode(), alert["body"].encode(), hashlib.sha256).hexdigest()
    (told,) = json.loads(alert["body"])["incidents"]
    assert (told["state"], told["rule"], told["id"]) == ("open", "gmail.ptr", incident["id"])

    world.story.lab.dns_set(ADDRESS, "PTR", "mail.example.com.")
    world.mail_until(lambda: not world.api("incidents")["incidents"], 60, "the incident closes by itself")
    world.mail_until(lambda: world.cell() == "good", 30, "the cell turns back")
    world.mail_until(lambda: len(world.alerts()) == 2, 30, "its end is told")
    (told,) = json.loads(world.alerts()[1]["body"])["incidents"]
    assert told["state"] == "closed"
    assert world.story.bounces() == 0
