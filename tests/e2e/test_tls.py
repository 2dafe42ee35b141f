"""DANE and MTA-STS: mail goes out verified, or waits; never with less than the receiver's domain has published."""

import hashlib
import subprocess
import time

import pytest

TLSA = "_25._tcp.mx.dane-receiver.com"
STS_RECORD = "_mta-sts.sts-receiver.com"
STS_HOST = "mta-sts.sts-receiver.com"
STS_ADDRESS = "203.0.113.39"
GOOD_MX = "mx.postfix-receiver.com"


@pytest.fixture
def server(story):
    """Without the relay: that is another route, with a TLS of its own, and may be taken where the receiver's hosts fail."""
    story.configure(standing="off")
    path = story.home / "ptarmigan.toml"
    before, relay = path.read_text().split("[[relay]]", 1)
    path.write_text(before + relay[relay.index("[submission]") :])
    story.start_server()
    yield story
    story.stop_server()


def openssl(*words, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, check=True).stdout


def key_digest(certificate) -> str:
    """What a TLSA 3 1 1 record of this certificate holds."""
    key = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", stdin=key)).hexdigest()


def need_waiting(server, queue_id: str, subject: str, words: str) -> None:
    """The message was tried, failed for `words`, and the receiver has not got it."""
    words_of = ("explain", queue_id, "--config", server.inside("ptarmigan.toml"))
    explain = lambda: " ".join(server.ptarmigan(*words_of, show=False).stdout.split())  # noqa: E731
    server.wait(f"explain says “{words}”", lambda: words in explain(), 20, lambda: explain() + server.server_log())
    time.sleep(1)
    assert server.arrived("postfix", subject) is None


def test_dane_receiver_gets_verified_mail_and_a_wrong_record_holds_it(server):
    server.lab.dns_set(TLSA, "TLSA", "3 1 1 " + "ab" * 32)
    held, held_subject = server.submit("friend@dane-receiver.com")
    need_waiting(server, held, held_subject, "TLSA")

    server.lab.dns_set(TLSA, "TLSA", "3 1 1 " + key_digest(server.lab.folder / "keys" / "postfix.pem"))
    arrival = server.await_arrival("postfix", held_subject, 30)
    assert arrival.tls
    assert "verified (dane)" in server.explain(held)

    server.lab.dns_delete(TLSA, "TLSA")


class PolicyHost:
    """An HTTPS server in the lab, in the policy host's name, with the policy that is written beside it."""

    PROGRAM = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(sys.argv[1] + "/policy.txt", "rb").read()
        self.send_response(200 if self.path == "/.well-known/mta-sts.txt" else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer((sys.argv[2], 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/policy.pem", sys.argv[1] + "/policy.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""

    def __init__(self, story):
        self.story = story
        home, keys = story.home, story.lab.folder / "keys"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"),
            *("-subj", f"/CN={STS_HOST}", "-addext", f"subjectAltName=DNS:{STS_HOST}", "-addext", "basicConstraints=critical,CA:FALSE"),
            *("-CA", keys / "ca.pem", "-CAkey", keys / "ca.key", "-keyout", home / "policy.key", "-out", home / "policy.pem"),
        )
        (home / "policy.py").write_text(self.PROGRAM)

    def publish(self, identity: str, mode: str, mx: str) -> None:
        (self.story.home / "policy.txt").write_text(f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n")
        self.story.lab.dns_set(STS_RECORD, "TXT", f"v=STSv1; id={identity};")

    def __enter__(self):
        command = ["/usr/bin/python3", self.story.inside("policy.py"), self.story.inside("."), STS_ADDRESS]
        self.process = self.story.lab.popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_mta_sts_receiver_gets_verified_mail_and_a_policy_that_does_not_fit_holds_it(server):
    with PolicyHost(server) as policy:
        policy.publish("1", "enforce", "mx.elsewhere.com")
        held, held_subject = server.submit("friend@sts-receiver.com")
        need_waiting(server, held, held_subject, "does not name mx.postfix-receiver.com")

        policy.publish("2", "enforce", GOOD_MX)
        arrival = server.await_arrival("postfix", held_subject, 30)
        assert arrival.tls
        assert "verified (mta-sts)" in server.explain(held)

        policy.publish("3", "testing", "mx.elsewhere.com")
        time.sleep(6)  # until the record of id 2 has left the caches
        queue_id, subject = server.submit("friend@sts-receiver.com")
        server.await_arrival("postfix", subject, 30)
        assert "verified (mta-sts)" not in server.explain(queue_id)

    server.lab.dns_delete(STS_RECORD, "TXT")
