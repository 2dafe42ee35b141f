"""Who may submit: loopback, and whoever logs in over TLS; nobody else. Judged by what a strange client (swaks, not on loopback) is told."""

import pytest

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
