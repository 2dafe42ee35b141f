"""Who may submit: loopback, whoever logs in over TLS, and whom a trusted front end names; nobody else. Judged by what a strange client is told."""

import os

import pytest
from ptlab import servers

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


MSMTP = """
account default
host 192.0.2.1
port {port}
from news@example.com
auth {auth}
user app
password {password}
tls on
tls_starttls {starttls}
tls_certcheck on
tls_trust_file /run/lab/keys/ca.pem
tls_host_override mail.example.com
"""


@pytest.mark.parametrize(("auth", "port", "starttls"), [("plain", 587, "on"), ("login", 465, "off"), ("scram-sha-256", 587, "on")])
def test_msmtp_submits(server, auth, port, starttls):
    settings = server.home / "msmtprc"
    settings.write_text(MSMTP.format(auth=auth, port=port, starttls=starttls, password=f'"{PASSWORD}"'))
    settings.chmod(0o600)
    subject = f"msmtp {auth}"
    told = server.command(
        "msmtp", f"--file={server.inside('msmtprc')}", "someone@postfix-receiver.com", input=f"From: news@example.com\nSubject: {subject}\n\nA line.\n.\nA dot before.\n"
    )
    assert told.returncode == 0, told.stderr
    raw = server.await_arrival("postfix", subject).raw
    received = raw[raw.index(b"Received: from localhost") :].split(b"\r\n")[:3]
    assert any(b"SA id" in line for line in received), received  # msmtp asks for SMTPUTF8 too: UTF8SMTPSA
    assert b"\r\n.\r\nA dot before." in raw, raw


# As published for a smart host: relayhost and the lines for SASL.
POSTFIX_CLIENT = """
compatibility_level = 3.6
queue_directory = /run/lab/client/queue
data_directory = /run/lab/client/data
maillog_file = /run/lab/client/log/mail.log
maillog_file_prefixes = /run/lab/client/log
myhostname = app.example.com
mydestination =
alias_maps =
inet_interfaces = loopback-only
relayhost = [mail.example.com]:587
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = texthash:/run/lab/client/sasl_passwd
smtp_tls_security_level = verify
smtp_tls_loglevel = 1
smtp_tls_CAfile = /run/lab/keys/ca.pem
"""


def test_postfix_submits_with_relayhost_and_sasl(server):
    home = server.lab.folder / "client"
    for folder in ("config", "log", "data"):
        (home / folder).mkdir(parents=True)
    script = (
        "mkdir -p /run/lab/client/queue/pid; cd /run/lab/client/queue;"
        "mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop;"
        "chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop ../data"
    )
    assert server.lab.run(["sh", "-ec", script]).returncode == 0
    (home / "config" / "main.cf").write_text(POSTFIX_CLIENT)
    (home / "config" / "master.cf").write_text("127.0.0.1:2727 inet n - n - - smtpd\n" + servers.POSTFIX_SERVICES)
    (home / "sasl_passwd").write_text(f"[mail.example.com]:587 app:{PASSWORD}\n")
    for path in (home / "config").iterdir():  # Postfix waits until its configuration is some seconds old
        os.utime(path, (0, 0))
    with (home / "out").open("wb") as log:
        master = server.lab.popen(["/usr/lib/postfix/sbin/master", "-d", "-c", "/run/lab/client/config"], stdout=log, stderr=log)
    try:
        log = lambda: "".join(path.read_text(errors="replace") for path in home.glob("log/*"))  # noqa: E731
        listens = lambda: server.lab.run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/2727"], capture_output=True).returncode == 0  # noqa: E731
        server.wait("Postfix listens", listens, 20, log)
        told = server.command("swaks", "--to", "someone@postfix-receiver.com", "--from", "news@example.com", "--server", "127.0.0.1", "--port", "2727", "--header", "Subject: through Postfix")
        assert told.returncode == 0, told.stdout
        raw = server.await_arrival("postfix", "through Postfix").raw
        assert b"with ESMTPSA id" in raw, raw
        assert "status=sent" in log() and "Verified TLS connection" in log(), log()
    finally:
        master.terminate()
        master.wait(20)
