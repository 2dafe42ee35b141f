"""Who may submit: loopback, whoever logs in over TLS, and whom a trusted front end names; nobody else. Judged by what a strange client is told."""

import pytest

BALANCER = "203.0.113.58"  # every address of the lab is here: a client chooses the one it comes from
FRONT_END = "203.0.113.36"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(story):
    """Listens on the public address too, with a certificate and one user."""
    made = story.lab.run(
        [story.program, "user", "add", "app", "--file", story.inside("users"), "--password-file", "-"], input=PASSWORD + "\n", text=True, capture_output=True
    )
    assert made.returncode == 0, made.stderr
    story.configure(standing="enforce")
    config = story.home / "ptarmigan.toml"
    text = config.read_text().replace(
        'listen = ["127.0.0.1:25", "127.0.0.1:587"]',
        f'''listen = ["127.0.0.1:587", "192.0.2.1:587"]
listen_tls = ["192.0.2.1:465"]
proxy_networks = ["{BALANCER}"]
xclient_networks = ["{FRONT_END}"]
networks = ["203.0.113.39"]
network_recipients_per_hour = 5
users_file = "{story.inside("users")}"
certificate = "/run/lab/keys/sender.pem"
key = "/run/lab/keys/sender.key"''',
    )
    config.write_text(text)
    story.start_server()
    return story


def swaks(story, *words):
    command = ["swaks", "--to", "someone@postfix-receiver.com", "--from", "news@example.com", "--server", "192.0.2.1", "--port", "587", *words]
    return story.command(*command)


def test_a_stranger_cannot_relay(server):
    told = swaks(server)
    assert told.returncode != 0 and "530 5.7.0" in told.stdout, told.stdout
    told = swaks(server, "--tls")
    assert told.returncode != 0 and "530 5.7.0" in told.stdout, told.stdout


def test_auth_is_not_offered_in_clear(server):
    told = swaks(server, "--auth", "PLAIN", "--auth-user", "app", "--auth-password", PASSWORD)
    assert told.returncode != 0
    assert "AUTH" not in told.stdout.split("250 SIZE")[0].split("EHLO")[-1], told.stdout


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_user_may_send_over_tls(server, mechanism):
    subject = f"auth {mechanism}"
    told = swaks(server, "--tls", "--auth", mechanism, "--auth-user", "app", "--auth-password", PASSWORD, "--header", f"Subject: {subject}")
    assert told.returncode == 0, told.stdout
    delivery = server.await_arrival("postfix", subject)
    assert b"with ESMTPSA id" in delivery.raw, "our trace field says that it came authenticated over TLS"


@pytest.mark.parametrize(("user", "password"), [("app", "wrong password"), ("nobody", PASSWORD)])
def test_a_wrong_password_is_refused(server, user, password):
    told = swaks(server, "--tls", "--auth", "PLAIN", "--auth-user", user, "--auth-password", password)
    assert told.returncode != 0 and "535 5.7.8" in told.stdout, told.stdout


def test_a_user_may_send_where_the_connection_begins_with_tls(server):
    subject = "implicit TLS"
    told = swaks(server, "--tls-on-connect", "--port", "465", "--auth", "PLAIN", "--auth-user", "app", "--auth-password", PASSWORD, "--header", f"Subject: {subject}")
    assert told.returncode == 0, told.stdout
    assert b"with ESMTPSA id" in server.await_arrival("postfix", subject).raw


SCRAM = r"""
import base64, hashlib, hmac, smtplib, ssl, sys
password, subject = sys.argv[1:]
to64 = lambda octets: base64.b64encode(octets).decode()
context = ssl.create_default_context(cafile="/run/lab/keys/ca.pem")
context.check_hostname = False
peer = smtplib.SMTP_SSL("192.0.2.1", 465, context=context)
peer.ehlo("client.example")
assert "SCRAM-SHA-256" in peer.esmtp_features["auth"], peer.esmtp_features
first = "n=app,r=" + "c" * 20
code, challenge = peer.docmd("AUTH SCRAM-SHA-256 " + to64(("n,," + first).encode()))
server_first = base64.b64decode(challenge).decode()
fields = dict(part.split("=", 1) for part in server_first.split(","))
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
client_key = hmac.digest(salted, b"Client Key", "sha256")
final = "c=biws,r=" + fields["r"]
signed = ",".join((first, server_first, final)).encode()
signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
proof = bytes(a ^ b for a, b in zip(client_key, signature))
code, answer = peer.docmd(to64((final + ",p=" + to64(proof)).encode()))
if code == 334:
    expected = "v=" + to64(hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256"))
    assert base64.b64decode(answer).decode() == expected, "the server proves that it knows the password too"
    code, answer = peer.docmd("")
print(code, answer.decode())
if code == 235:
    peer.sendmail("news@example.com", ["someone@postfix-receiver.com"], f"From: news@example.com\r\nSubject: {subject}\r\n\r\nx\r\n")
peer.quit()
"""


def test_a_user_may_log_in_with_scram(server):
    told = server.command("/usr/bin/python3", "-c", SCRAM, PASSWORD, "auth SCRAM")
    assert told.returncode == 0 and "235" in told.stdout, told.stdout + told.stderr
    assert b"with ESMTPSA id" in server.await_arrival("postfix", "auth SCRAM").raw


def test_scram_refuses_a_wrong_password(server):
    told = server.command("/usr/bin/python3", "-c", SCRAM, "wrong password", "never")
    assert "535 5.7.8" in told.stdout, told.stdout + told.stderr


def test_behind_a_balancer_the_client_counts_and_not_the_balancer(server):
    for version in ("1", "2"):
        proxied = ["--local-interface", BALANCER, "--proxy-version", version, "--proxy-family", "TCP4" if version == "1" else "AF_INET", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "587"]
        proxied += ["--proxy-source-port", "4711"]
        if version == "2":
            proxied += ["--proxy-command", "PROXY", "--proxy-protocol", "STREAM"]
        told = swaks(server, *proxied, "--proxy-source", "203.0.113.99")
        assert told.returncode != 0 and "530 5.7.0" in told.stdout, told.stdout
        told = swaks(server, *proxied, "--proxy-source", "203.0.113.39", "--header", f"Subject: proxied {version}")
        assert told.returncode == 0, told.stdout
        assert b"([203.0.113.39])" in server.await_arrival("postfix", f"proxied {version}").raw


def test_a_balancer_that_does_not_say_for_whom_it_speaks_is_sent_away(server):
    told = swaks(server, "--local-interface", BALANCER, "--timeout", "5")
    assert told.returncode != 0 and "220 " not in told.stdout, told.stdout


def test_xclient_is_believed_from_front_ends_only(server):
    named = ["--xclient", "ADDR=198.51.100.7 LOGIN=app HELO=phone.example"]
    told = swaks(server, "--local-interface", FRONT_END, *named, "--header", "Subject: xclient")
    assert told.returncode == 0, told.stdout
    raw = server.await_arrival("postfix", "xclient").raw
    assert b"from phone.example ([198.51.100.7])" in raw and b"with ESMTPA id" in raw, raw
    told = swaks(server, *named)
    assert told.returncode != 0 and "did not advertise XCLIENT" in told.stderr, told.stdout


def test_a_network_over_its_rate_is_told_when_to_come_back(server):
    clients = ["--local-interface", "203.0.113.39"]
    told = swaks(server, *clients, "--to", ",".join(f"user{n}@postfix-receiver.com" for n in range(6)))
    assert "450 4.7.1" in told.stdout and "come back in" in told.stdout, told.stdout


def test_the_gate_tells_what_is_wrong_and_how_to_mend_it(server):
    def submit(*words):
        return server.command("swaks", "--to", "someone@postfix-receiver.com", "--from", "news@example.com", "--server", "127.0.0.1", "--port", "587", *words).stdout

    assert "No DKIM key is configured for the From domain example.net (gate.signed_domain)" in submit("--header", "From: a@example.net")
    bulk = submit("--header", "Precedence: bulk")
    assert "550 5.7.1 Fix: Add List-Unsubscribe" in bulk and "(gate.unsubscribe)" in bulk, bulk


def test_dsn_and_requiretls_are_offered(server):
    offered = server.command("swaks", "--server", "192.0.2.1", "--port", "465", "--tls-on-connect", "--quit-after", "EHLO").stdout
    for word in ("DSN", "CHUNKING", "REQUIRETLS", "8BITMIME", "SMTPUTF8", "PIPELINING", "AUTH SCRAM-SHA-256 PLAIN LOGIN"):
        assert word in offered, offered
