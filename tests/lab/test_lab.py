#!/usr/bin/python3
"""The lab keeps its promises (lab/README.md). Run: /usr/bin/python3 -m pytest tests/lab"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "lab"))

from ptlab import Lab, LabError, mailbox  # noqa: E402
from ptlab.world import World, reverse_name  # noqa: E402

PROGRAM = str(REPOSITORY / "lab" / "lab")
RESOLVER = "198.51.100.54"
AUTHORITY = "198.51.100.53"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab") / "run").started() as lab:
        yield lab


def dig(lab: Lab, *words: str, server: str = RESOLVER) -> str:
    return lab.run(["kdig", f"@{server}", *words], capture_output=True, text=True, check=True).stdout


def swaks(lab: Lab, receiver: str, sender: str, to: str, *more: str) -> subprocess.CompletedProcess:
    """One message from the address `sender` to the host `receiver`."""
    family = "-6" if ":" in sender else "-4"
    words = ["swaks", family, "--server", receiver, "--local-interface", sender, "--helo", "mail.example.com"]
    words += ["--from", "alice@example.com", "--to", to, "--body", "line one\n..two dots\nlast line", *more]
    return lab.run(words, capture_output=True, text=True)


def processes_naming(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if text in (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                    found.append(entry.name)
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def network_of(process) -> str:
    return os.readlink(f"/proc/{process}/ns/net")


def processes_in_network(network: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if network_of(entry.name) == network:
                    found.append(entry.name)
            except OSError:
                pass
    return found


def await_no_process_in(network: str) -> None:
    end = time.monotonic() + 3
    while processes_in_network(network):
        assert time.monotonic() < end, "processes of the lab are left"
        time.sleep(0.05)


# --- Life ---


def test_start_and_stop_leave_nothing_behind(tmp_path):
    mounts = Path("/proc/self/mounts").read_text()
    resolver = Path("/etc/resolv.conf").read_bytes()
    lab = Lab(tmp_path / "run")
    lab.start()
    network = network_of(lab.keeper())
    orphan = lab.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    assert orphan.stdout.strip().isdigit()
    assert len(processes_in_network(network)) > 5
    assert lab.stop()
    await_no_process_in(network)
    assert not (tmp_path / "run").exists()
    assert Path("/proc/self/mounts").read_text() == mounts
    assert Path("/etc/resolv.conf").read_bytes() == resolver


def test_killed_keeper_takes_the_world_with_it_and_a_new_start_cleans_up(tmp_path):
    lab = Lab(tmp_path / "run")
    lab.start()
    network = network_of(lab.keeper())
    os.kill(lab.keeper(), signal.SIGKILL)
    await_no_process_in(network)
    assert lab.keeper() is None
    lab.start()
    assert {server["status"] for server in lab.status() if server["name"] != "gmail"} == {"running"}
    assert lab.stop()
    assert not (tmp_path / "run").exists()


def test_two_labs_side_by_side_do_not_see_each_other(lab, tmp_path):
    with Lab(tmp_path / "second").started() as second:
        lab.dns_set("side.example.com", "TXT", "first")
        second.dns_set("side.example.com", "TXT", "second")
        assert lab.dns_show("side.example.com", "TXT") == '"first"\n'
        assert second.dns_show("side.example.com", "TXT") == '"second"\n'
        assert swaks(second, "203.0.113.36", "192.0.2.1", "side@exim-receiver.com").returncode == 0
        assert second.await_received("exim", 1)
        assert not [each for each in lab.received("exim") if "side@exim-receiver.com" in each.recipients]
    assert lab.keeper() is not None


def test_second_start_in_the_same_folder_is_refused(lab):
    with pytest.raises(LabError, match="already runs"):
        Lab(lab.folder).start()
    assert lab.keeper() is not None


def test_folder_with_other_files_is_refused_and_kept(tmp_path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(LabError, match="holds other files"):
        Lab(tmp_path).start()
    assert not Lab(tmp_path).stop()
    assert (tmp_path / "precious").read_text() == "x"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_unprivileged_user_can_run_a_lab():
    home = Path("/tmp") / f"lab-of-nobody-{os.getpid()}"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", PROGRAM, "--dir", str(home / "run")]
    try:
        start = subprocess.run([*become, "start"], capture_output=True, text=True)
        assert start.returncode == 0, start.stderr
        for receiver, address in (("postfix", "2001:db8:feed::35"), ("exim", "2001:db8:feed::36")):
            send = ["swaks", "--server", address, "--from", "a@example.com", "--to", f"b@{receiver}-receiver.com", "--tls"]
            sent = subprocess.run([*become, "run", *send], capture_output=True, text=True)
            assert sent.returncode == 0, sent.stdout
            end = time.monotonic() + 5
            while time.monotonic() < end:
                (*seen,) = json.loads(subprocess.run([*become, "mail", receiver, "--json"], capture_output=True, text=True).stdout)
                if seen:
                    break
                time.sleep(0.1)
            assert [(each["peer_address"], each["tls"]) for each in seen] == [("2001:db8::1", True)]
    finally:
        stop = subprocess.run([*become, "stop"], capture_output=True, text=True)
        left = list(home.iterdir())
        shutil.rmtree(home)
    assert stop.returncode == 0, stop.stderr
    assert not left


# --- Running things inside ---


def test_run_hands_on_exit_status_streams_and_folder(lab, tmp_path):
    done = lab.run(["sh", "-c", "cat; pwd; exit 7"], input="in", cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, f"in{tmp_path}\n")
    assert lab.run(["no-such-program"], capture_output=True).returncode == 127


def test_signals_reach_the_program_and_killing_its_runner_kills_it(lab):
    polite = lab.popen(["sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True)
    assert polite.stdout.readline() == "up\n"
    polite.terminate()
    assert polite.communicate(timeout=5)[0] == "bye\n"
    assert polite.returncode == 3
    word = f"marker-{os.getpid()}"
    stubborn = lab.popen(["sh", "-c", f"trap '' TERM; echo up; while :; do sleep 0.05; done # {word}"], stdout=subprocess.PIPE, text=True)
    assert stubborn.stdout.readline() == "up\n"
    stubborn.kill()
    stubborn.wait()
    end = time.monotonic() + 3
    while processes_naming(word) and time.monotonic() < end:
        time.sleep(0.05)
    assert not processes_naming(word)


def test_nothing_reaches_the_outside(lab):
    done = lab.run(["/usr/bin/python3", "-c", "import socket; socket.create_connection(('1.1.1.1', 53), 2)"], capture_output=True, text=True)
    assert "unreachable" in done.stderr


def test_command_line_answers(lab, tmp_path):
    status = subprocess.run([PROGRAM, "--dir", str(lab.folder), "status", "--json"], capture_output=True, text=True)
    assert status.returncode == 0 and json.loads(status.stdout)["running"] is True
    assert subprocess.run([PROGRAM, "--help"], capture_output=True).returncode == 0
    none = subprocess.run([PROGRAM, "--dir", str(tmp_path / "none"), "run", "true"], capture_output=True, text=True)
    assert none.returncode == 2 and "start one" in none.stderr
    unknown = subprocess.run([PROGRAM, "--dir", str(lab.folder), "mail", "nobody"], capture_output=True, text=True)
    assert unknown.returncode == 2 and "servers: dns" in unknown.stderr


# --- DNS ---


@pytest.mark.parametrize(
    "name, kind",
    [
        ("gmail.com", "MX"),
        ("aspmx.l.google.com", "AAAA"),
        ("example.com", "TXT"),
        ("customer-of-google.com", "MX"),
        (reverse_name("192.0.2.1"), "PTR"),
        (reverse_name("192.0.2.34"), "PTR"),
    ],
)
def test_chain_of_trust_holds_from_the_root(lab, name, kind):
    answer = dig(lab, "+dnssec", name, kind)
    flags = next(line for line in answer.splitlines() if "Flags:" in line)
    assert "status: NOERROR" in answer and " ad" in flags.split("QUERY")[0], answer


def test_absence_is_proved_too(lab):
    for name in (reverse_name("2001:db8::1"), "nothing.gmail.com"):
        answer = dig(lab, "+dnssec", name, "PTR")
        flags = next(line for line in answer.splitlines() if "Flags:" in line)
        assert "status: NXDOMAIN" in answer and " ad" in flags.split("QUERY")[0], answer


def test_wrong_trust_anchor_breaks_the_chain(lab, tmp_path):
    """The resolver really validates: with another anchor the same names fail."""
    anchor = (lab.folder / "keys" / "root.ds").read_text().split()
    anchor[-1] = ("0" if anchor[-1][0] != "0" else "1") + anchor[-1][1:]
    (tmp_path / "root.ds").write_text(" ".join(anchor) + "\n")
    text = (lab.folder / "resolver" / "unbound.conf").read_text()
    text = text.replace("/run/lab/keys/root.ds", f"{tmp_path}/root.ds").replace(RESOLVER, "127.0.0.9").replace("  interface: 2001:db8:53::54\n", "")
    (tmp_path / "unbound.conf").write_text(text.replace("/run/lab/resolver/unbound.pid", f"{tmp_path}/pid"))
    resolver = lab.popen(["unbound", "-d", "-c", tmp_path / "unbound.conf"], stderr=subprocess.DEVNULL)
    try:
        answer = dig(lab, "+retry=5", "+timeout=1", "gmail.com", "MX", server="127.0.0.9")
        assert "status: SERVFAIL" in answer
    finally:
        resolver.kill()
        resolver.wait()


def test_delegation_after_rfc2317_leads_to_the_child_zone(lab):
    assert dig(lab, "+short", "-x", "192.0.2.34") == "34.32/28.2.0.192.in-addr.arpa.\nmail2.example.com.\n"


def test_reverse_zones_are_zones_of_their_own(lab):
    for origin in ("2.0.192.in-addr.arpa", "32/28.2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"):
        assert dig(lab, "+short", origin, "SOA").startswith("ns.nic.com. ")


def test_update_with_tsig_is_seen_by_authority_at_once_and_by_resolver_after_the_negative_ttl(lab):
    name = "2001:db8::22"
    assert dig(lab, "+short", "-x", name) == ""
    owner = lab.dns_set(name, "PTR", "mail2.example.com.")
    assert owner == reverse_name(name)
    assert lab.dns_show(name, "PTR") == "mail2.example.com.\n"
    time.sleep(World.read(lab.folder / "world.toml").negative_ttl + 0.5)
    answer = dig(lab, "+dnssec", "-x", name)
    assert "mail2.example.com." in answer and " ad" in next(line for line in answer.splitlines() if "Flags:" in line)
    lab.dns_delete(name, "PTR")
    assert lab.dns_show(name, "PTR") == ""


def test_update_follows_the_rfc2317_alias(lab):
    assert lab.dns_set("192.0.2.34", "PTR", "other.example.com.") == "34.32/28.2.0.192.in-addr.arpa"
    assert lab.dns_show("192.0.2.34", "PTR").splitlines()[-1] == "other.example.com."
    lab.dns_set("192.0.2.34", "PTR", "mail2.example.com.")


def test_long_text_is_cut_into_strings(lab):
    lab.dns_set("long._domainkey.example.com", "TXT", "v=DKIM1; p=" + "A" * 400)
    first, second = lab.dns_show("long._domainkey.example.com", "TXT").split()[-2:]
    assert len(first.strip('"')) + len(second.strip('"')) >= 400
    shown = lab.dns_show("long._domainkey.example.com", "TXT")
    assert shown.replace('" "', "").strip() == '"v=DKIM1; p=' + "A" * 400 + '"'


def test_update_with_a_wrong_key_is_refused(lab, tmp_path):
    algorithm, name, secret = (lab.folder / "keys" / "update.key").read_text().strip().split(":")
    script = f"server {AUTHORITY}\nzone example.com.\nupdate add stolen.example.com. 5 TXT x\nsend\nquit\n"
    forged = secret[:-5] + ("AAAA=" if secret[-5:] != "AAAA=" else "BBBB=")
    for key, works in ((f"{algorithm}:{name}:{forged}", False), (f"{algorithm}:{name}:{secret}", True)):
        (tmp_path / "key").write_text(key + "\n")
        done = lab.run(["knsupdate", "-k", tmp_path / "key"], input=script, capture_output=True, text=True)
        assert (done.returncode == 0) is works, done.stderr
        assert (lab.dns_show("stolen.example.com", "TXT") != "") is works
    lab.dns_delete("stolen.example.com", "TXT")


def test_update_of_a_zone_that_takes_none_names_the_zones_that_do(lab):
    with pytest.raises(LabError) as refusal:
        lab.dns_set("gmail.com", "TXT", "x")
    assert "example.com" in refusal.value.remedy


def test_updates_survive_a_restart_of_the_dns_server(lab):
    lab.dns_set("kept.example.com", "TXT", "kept")
    lab.stop_server("dns")
    assert lab.run(["kdig", f"@{AUTHORITY}", "+timeout=1", "+retry=0", "example.com"], capture_output=True).returncode != 0
    lab.start_server("dns")
    assert lab.dns_show("kept.example.com", "TXT") == '"kept"\n'


# --- Mail ---


def test_who_binds_no_address_sends_from_the_senders_main_ones(lab):
    code = "import socket, sys\nfor to in sys.argv[1:]: s = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM); s.connect((to, 25)); print(s.getsockname()[0])"
    addresses = World.read(lab.folder / "world.toml").server_addresses()
    seen = lab.run(["/usr/bin/python3", "-c", code, *addresses], capture_output=True, text=True).stdout.split()
    assert seen == ["2001:db8::1" if ":" in address else "192.0.2.1" for address in addresses]


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("sender", ["192.0.2.1", "2001:db8::1"], ids=["v4", "v6"])
@pytest.mark.parametrize("receiver", ["postfix", "exim"])
def test_receiver_takes_mail_and_tells_what_it_saw(lab, receiver, sender, tls):
    before = len(lab.received(receiver))
    domain = f"{receiver}-receiver.com"
    host = f"mx.{domain}"
    done = swaks(lab, host, sender, f"bob@{domain},carol@{domain}", *(["--tls"] if tls else []))
    assert done.returncode == 0, done.stdout
    seen = lab.await_received(receiver, before + 1)[before]
    end = time.monotonic() + 5
    while len(seen.recipients) < 2 and time.monotonic() < end:
        seen = lab.received(receiver)[before]
    assert seen.peer_address == sender
    assert seen.ehlo_name == "mail.example.com"
    assert seen.tls is tls
    assert seen.auth_user is None
    assert seen.mail_from == "alice@example.com"
    assert sorted(seen.recipients) == [f"bob@{domain}", f"carol@{domain}"]
    assert seen.raw.startswith(b"Date: ")
    assert b"\r\n\r\nline one\r\n..two dots\r\nlast line\r\n" in seen.raw


@pytest.mark.parametrize("receiver", ["postfix", "exim"])
def test_broken_mailboxes_are_refused_for_good_and_for_now(lab, receiver):
    for local_part, code in (("unknown", "550 5.1.1"), ("busy", "450 4.2.1")):
        done = swaks(lab, f"mx.{receiver}-receiver.com", "192.0.2.1", f"{local_part}@{receiver}-receiver.com")
        assert done.returncode != 0 and code in done.stdout
    done = swaks(lab, f"mx.{receiver}-receiver.com", "192.0.2.1", "someone@gmail.com")
    assert done.returncode != 0 and " 55" in done.stdout


@pytest.mark.parametrize("domain, sender", [("v4only-receiver.com", "192.0.2.1"), ("v6only-receiver.com", "2001:db8::1")])
def test_receivers_of_one_family(lab, domain, sender):
    other = "2001:db8::1" if sender == "192.0.2.1" else "192.0.2.1"
    assert swaks(lab, f"mx.{domain}", other, f"a@{domain}").returncode != 0
    before = len(lab.received("postfix"))
    assert swaks(lab, f"mx.{domain}", sender, f"a@{domain}").returncode == 0
    assert lab.await_received("postfix", before + 1)[-1].peer_address == sender


def relay(lab: Lab, sender: str, *more: str) -> subprocess.CompletedProcess:
    return swaks(lab, "smtp.relayservice.com", sender, "someone@gmail.com", "--port", "587", *more)


def test_relay_refuses_without_tls_and_without_auth_and_with_a_wrong_password(lab):
    assert "530 5.7.0 Must issue a STARTTLS command first" in relay(lab, "192.0.2.1").stdout
    assert "554 5.7.1" in relay(lab, "192.0.2.1", "--tls").stdout
    wrong = relay(lab, "192.0.2.1", "--tls", "--auth", "PLAIN", "-au", "example", "-ap", "wrong")
    assert "535 5.7.8" in wrong.stdout and wrong.returncode != 0
    assert lab.received("relay") == []


@pytest.mark.parametrize("sender, mechanism", [("192.0.2.1", "PLAIN"), ("2001:db8::1", "LOGIN")])
def test_relay_takes_mail_for_the_world_with_auth_over_tls(lab, sender, mechanism):
    before = len(lab.received("relay"))
    certificate = ["--tls-verify", "--tls-ca-path", "/run/lab/keys/ca.pem"]
    done = relay(lab, sender, "--tls", *certificate, "--auth", mechanism, "-au", "example", "-ap", PASSWORD)
    assert done.returncode == 0, done.stdout
    seen = lab.await_received("relay", before + 1)[before]
    assert (seen.peer_address, seen.tls, seen.auth_user) == (sender, True, "example")
    assert seen.recipients == ("someone@gmail.com",)
    assert (lab.folder / "relay" / "mail" / "gmail.com" / "new").is_dir()


def test_stopped_server_refuses_connections_until_it_is_started(lab):
    lab.stop_server("relay")
    assert [server["status"] for server in lab.status() if server["name"] == "relay"] == ["stopped"]
    assert "onnection refused" in relay(lab, "192.0.2.1").stdout + relay(lab, "192.0.2.1").stderr
    lab.start_server("relay")
    assert "530 5.7.0" in relay(lab, "192.0.2.1").stdout


def test_certificates_are_trusted_by_everything_in_the_lab(lab):
    check = ["openssl", "s_client", "-starttls", "smtp", "-verify_return_error"]
    for server, name in (("203.0.113.58:587", "smtp.relayservice.com"), ("203.0.113.36:25", "mx.exim-receiver.com")):
        good = lab.run([*check, "-connect", server, "-verify_hostname", name], input="QUIT\r\n", capture_output=True, text=True)
        bad = lab.run([*check, "-connect", server, "-verify_hostname", "other.example"], input="QUIT\r\n", capture_output=True, text=True)
        assert (good.returncode, bad.returncode) == (0, 1), good.stderr


def test_what_the_rehearsal_wrote_is_told_from_what_was_sent(tmp_path):
    sent = b"Authentication-Results: mail.example.com; none\r\nReceived: from inner by mail.example.com; x\r\nFrom: a@example.com\r\n\r\nhi\r\n"
    trace = b"Received: from mail.example.com ([IPv6:2001:db8::1])\r\n by mx.google.com with ESMTPS id 7f; Mon, 23 Nov 2026 18:00:00 +0000\r\n"
    own = b"Authentication-Results: mx.google.com;\r\n spf=pass smtp.mailfrom=example.com\r\n"
    top = b"Return-Path: <a@example.com>\r\nX-Original-To: b@gmail.com\r\nX-Original-To: c@gmail.com\r\n"
    (tmp_path / "7f.eml").write_bytes(top + trace + own + sent)
    (seen,) = mailbox.read_all("gmail", "mx.google.com", tmp_path)
    assert (seen.peer_address, seen.ehlo_name, seen.tls) == ("2001:db8::1", "mail.example.com", True)
    assert (seen.mail_from, seen.recipients) == ("a@example.com", ("b@gmail.com", "c@gmail.com"))
    assert seen.authentication_results == "mx.google.com; spf=pass smtp.mailfrom=example.com"
    assert seen.raw == sent


# --- The description of the world ---


@pytest.mark.parametrize(
    "change, words",
    [
        (('kind = "exim"', 'kind = "sendmail"'), "not one of knot"),
        (('addresses = ["203.0.113.36"', 'addresses = ["203.0.113.999"'), "203.0.113.999"),
        (("[servers.exim]", "[servers.exim"), "line"),
        (('updatable = true', 'updateable = true'), "unknown key: updateable"),
    ],
)
def test_mistake_in_the_world_is_explained(tmp_path, change, words):
    text = (REPOSITORY / "lab" / "world.toml").read_text()
    assert change[0] in text
    (tmp_path / "world.toml").write_text(text.replace(*change))
    with pytest.raises(LabError, match=words):
        Lab(tmp_path / "run").start(tmp_path / "world.toml")
    assert not (tmp_path / "run").exists()


def test_mistake_in_a_zone_is_explained(tmp_path):
    text = (REPOSITORY / "lab" / "world.toml").read_text()
    (tmp_path / "world.toml").write_text(text.replace("mail    A     192.0.2.1\n", "mail    A     192.0.2.300\n"))
    with pytest.raises(LabError) as refusal, Lab(tmp_path / "run").started(world=tmp_path / "world.toml"):
        pass
    assert "example.com" in refusal.value.what + refusal.value.remedy
    assert not (tmp_path / "run").exists()
