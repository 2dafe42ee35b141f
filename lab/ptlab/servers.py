"""The world's mail servers: their configuration, and how each is started in the foreground.

Every receiver keeps what it accepts as Maildir files under <state>/<server>/mail/ (mailbox.py reads them back). They verify nothing and
ask for no PTR: a refusal in the lab comes from the rehearsal, or from the local parts that stand for a broken mailbox.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from . import dns
from .errors import LabError
from .world import Server, World

# Accounts of the servers, made up for the world's own /etc/passwd. Group 603 is Postfix's "postdrop".
ACCOUNTS = {"postfix": (601, 601), "Debian-exim": (602, 602), "opendkim": (604, 604)}
POSTDROP_GROUP = 603

SUBMISSION_PORT = 587
PORTS = {"knot": 53, "unbound": 53, "postfix": 25, "exim": 25, "rehearsal": 25, "relay": SUBMISSION_PORT}


@dataclass(frozen=True)
class Options:
    """What the user chose at the start, beside the world."""

    ptarmigan: str | None = None  # the program that plays the rehearsal
    without: frozenset[str] = frozenset()  # servers not to prepare


@dataclass
class Part:
    """A server, ready to be started: `command` runs it in the foreground and logs to standard error (or its own log file)."""

    server: Server
    port: int
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    ready_words: str = ""  # what its log says when it is ready, where listening is not enough
    absent: str = ""  # why it cannot be started, if so


def prepare(world: World, state: Path, options: Options) -> list[Part]:
    makers = {
        "knot": dns.prepare_knot,
        "unbound": dns.prepare_unbound,
        "postfix": prepare_postfix,
        "exim": prepare_exim,
        "relay": prepare_relay,
    }
    parts = []
    for server in world.servers.values():
        if server.key in options.without:
            continue
        part = Part(server, PORTS[server.kind])
        if server.kind == "rehearsal":
            _prepare_rehearsal(part, state, options)
        else:
            part.command = makers[server.kind](world, server, state)
        if server.kind == "knot":
            part.ready_words = dns.KNOT_READY
        if one_id() and server.kind in ("postfix", "relay", "exim"):
            part.environment = WRAPPED
        parts.append(part)
    return parts


def one_id() -> bool:
    """Whether this world has no id but root's (an unprivileged user without subordinate ids): see namespace.pretend_ids()."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines()) == 1


def give(path: Path, account: str) -> None:
    """Makes `path`, a folder, and hands it to `account`."""
    path.mkdir(parents=True, exist_ok=True)
    if not one_id():
        os.chown(path, *ACCOUNTS[account])


# A world with one id: programs that ask who they are get the answer they expect (namespace.pretend_ids() does the rest).
WRAPPED = {"LD_PRELOAD": "libuid_wrapper.so", "UID_WRAPPER": "1", "UID_WRAPPER_ROOT": "1"}


# --- Files in /etc, and certificates --------------------------------------------------------------------------------------------------


def etc_files(world: World) -> dict[str, str]:
    """The world's own files under /etc, by path: everything else is the packages' or the host's."""
    passwd = _other_accounts("/etc/passwd", set(ACCOUNTS))
    group = _other_accounts("/etc/group", set(ACCOUNTS) | {"postdrop"})
    for name, (uid, gid) in ACCOUNTS.items():
        passwd.append(f"{name}:x:{uid}:{gid}::/nonexistent:/usr/sbin/nologin")
        group.append(f"{name}:x:{gid}:")
    group.append(f"postdrop:x:{POSTDROP_GROUP}:")
    dns_host = world.only("knot")
    files = {
        "passwd": "\n".join(passwd) + "\n",
        "group": "\n".join(group) + "\n",
        # Knot looks its own name up before it serves any
        "hosts": "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{address} {dns_host.name}\n" for address in dns_host.addresses),
        "hostname": f"{world.sender.name}\n",
        "mailname": f"{world.sender.name}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        "resolv.conf": "".join(f"nameserver {address}\n" for address in world.only("unbound").addresses)
        + "options edns0 trust-ad timeout:2 attempts:2\n",
        "gai.conf": "",
    }
    for server in world.servers.values():
        if server.kind == "exim":
            files["exim4/exim4.conf"] = exim_config(server)
    return files


def _other_accounts(path: str, names: set[str]) -> list[str]:
    ids = {str(number) for pair in ACCOUNTS.values() for number in pair} | {str(POSTDROP_GROUP)}
    lines = Path(path).read_text().splitlines()
    return [line for line in lines if line.split(":")[0] not in names and line.split(":")[2:3] and line.split(":")[2] not in ids]


def make_certificates(world: World, keys: Path) -> dict[str, str]:
    """A certificate authority of this lab only, and for each mail server a certificate in its name: keys/<server>.pem, .key.

    Returns files under /etc that make the whole world trust that authority.
    """
    config = keys / "openssl.cnf"
    config.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -config".split() + [config]
    authority = keys / "ca.pem"
    _openssl(
        *(*request, "-subj", "/CN=Ptarmigan lab", "-keyout", keys / "ca.key", "-out", authority),
        *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    names = {server.key: server.name for server in world.servers.values() if server.kind in ("postfix", "exim", "relay", "rehearsal")}
    names["sender"] = world.sender.name
    for key, name in names.items():
        _openssl(
            *(*request, "-subj", f"/CN={name}", "-keyout", keys / f"{key}.key", "-out", keys / f"{key}.pem"),
            *("-CA", authority, "-CAkey", keys / "ca.key"),
            *("-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE"),
        )
    if not one_id():
        for server in world.servers.values():
            if server.kind == "exim":  # reads its key after it has dropped root
                os.chown(keys / f"{server.key}.key", *ACCOUNTS["Debian-exim"])
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    others = bundle.read_text() if bundle.exists() else ""
    subject_hash = _openssl("x509", "-hash", "-noout", "-in", authority).strip()
    own = authority.read_text()
    return {"ssl/certs/ca-certificates.crt": others + own, f"ssl/certs/{subject_hash}.0": own}


def _openssl(*words) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"openssl failed: {done.stderr.strip()}")
    return done.stdout


# --- Postfix --------------------------------------------------------------------------------------------------------------------------

POSTFIX_SERVICES = """\
pickup    unix  n - n 60  1 pickup
cleanup   unix  n - n -   0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -   - trivial-rewrite
bounce    unix  - - n -   0 bounce
defer     unix  - - n -   0 bounce
trace     unix  - - n -   0 bounce
verify    unix  - - n -   1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -   - proxymap
smtp      unix  - - n -   - smtp
relay     unix  - - n -   - smtp
error     unix  - - n -   - error
retry     unix  - - n -   - error
discard   unix  - - n -   - discard
virtual   unix  - n n -   - virtual
anvil     unix  - - n -   1 anvil
scache    unix  - - n -   1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def _postfix_settings(server: Server, state: Path) -> dict[str, str]:
    home = state / server.key
    uid, gid = ACCOUNTS["postfix"]
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{home}/queue",
        "data_directory": f"{home}/data",
        "maillog_file": f"{state}/log/{server.key}.log",
        "maillog_file_prefixes": f"{state}/log",
        "syslog_name": server.key,
        "myhostname": server.name,
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "inet_interfaces": ", ".join(server.addresses),
        "inet_protocols": "all",
        "import_environment": " ".join(["MAIL_CONFIG", "TZ", "LANG=C", *WRAPPED, "UID_WRAPPER_INITIAL_RUID", "UID_WRAPPER_INITIAL_EUID"]),
        "mynetworks": "127.0.0.0/8",
        "smtputf8_enable": "yes",
        "message_size_limit": "52428800",
        "smtpd_client_connection_count_limit": "0",
        "default_process_limit": "100",
        "smtpd_tls_chain_files": f"{state}/keys/{server.key}.key, {state}/keys/{server.key}.pem",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_received_header": "yes",
        "smtpd_tls_loglevel": "1",
        "smtpd_recipient_restrictions": f"check_recipient_access regexp:{home}/busy",
        "virtual_transport": "virtual",
        "virtual_mailbox_base": f"{home}/mail",
        "virtual_mailbox_maps": f"regexp:{home}/mailboxes",
        "virtual_uid_maps": f"static:{uid}",
        "virtual_gid_maps": f"static:{gid}",
        "virtual_mailbox_limit": "0",
    }


def _write_postfix(server: Server, state: Path, settings: dict[str, str], listener: str) -> list[str]:
    home = state / server.key
    for folder in ("config", "queue", "queue/pid"):
        (home / folder).mkdir(parents=True)
    for folder in "active bounce corrupt defer deferred flush hold incoming private saved trace".split():
        give(home / "queue" / folder, "postfix")
    for folder in ("public", "maildrop"):
        give(home / "queue" / folder, "postfix")
    give(home / "data", "postfix")
    give(home / "mail", "postfix")
    (home / "busy").write_text("/^busy@/ 450 4.2.1 The mailbox is busy, try again later\n")
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (home / "config" / "main.cf").write_text(text)
    (home / "config" / "master.cf").write_text(f"{listener}\n{POSTFIX_SERVICES}")
    for path in (home / "config").iterdir():  # Postfix waits until its settings are some seconds old
        os.utime(path, (0, 0))
    return ["/usr/lib/postfix/sbin/master", "-d", "-c", str(home / "config")]


def prepare_postfix(world: World, server: Server, state: Path) -> list[str]:
    """A receiver on port 25 for its domains; a Maildir for each domain."""
    settings = _postfix_settings(server, state)
    settings["virtual_mailbox_domains"] = ", ".join(server.domains)
    settings["smtpd_relay_restrictions"] = "reject_unauth_destination"
    command = _write_postfix(server, state, settings, "25 inet n - n - - smtpd")
    mailboxes = "".join(f"/@{domain.replace('.', chr(92) + '.')}$/ {domain}/\n" for domain in server.domains)
    (state / server.key / "mailboxes").write_text(f"if !/^unknown@/\n{mailboxes}endif\n")
    return command


def prepare_relay(world: World, server: Server, state: Path) -> list[str]:
    """A submission server on port 587: TLS and AUTH required. It keeps all mail for all the world: a Maildir for each known domain."""
    home = state / server.key
    settings = _postfix_settings(server, state)
    settings |= {
        "virtual_mailbox_domains": "static:all",
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_auth_only": "yes",
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sasl_type": "cyrus",
        "smtpd_sasl_path": "smtpd",
        "smtpd_sasl_local_domain": server.name,
        "smtpd_sasl_authenticated_header": "yes",
        "smtpd_sasl_security_options": "noanonymous",
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
    }
    command = _write_postfix(server, state, settings, f"{SUBMISSION_PORT} inet n - n - - smtpd")
    domains = sorted({domain for each in world.servers.values() for domain in each.domains} | {world.sender.domain})
    mailboxes = "".join(f"/@{domain.replace('.', chr(92) + '.')}$/ {domain}/\n" for domain in domains)
    (home / "mailboxes").write_text(f"if !/^unknown@/\n{mailboxes}/@/ elsewhere/\nendif\n")
    (home / "config" / "sasl").mkdir()  # where Debian's Postfix has Cyrus SASL look for <smtpd_sasl_path>.conf
    (home / "config" / "sasl" / "smtpd.conf").write_text(
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {home}/sasldb2\nmech_list: PLAIN LOGIN SCRAM-SHA-256\n"
    )
    for user, password in server.users.items():
        done = subprocess.run(
            ["saslpasswd2", "-p", "-c", "-f", home / "sasldb2", "-u", server.name, user], input=password + "\n", text=True, capture_output=True
        )
        if done.returncode != 0:
            raise LabError(f"saslpasswd2 failed: {done.stderr.strip()}")
    if server.users and not one_id():
        os.chown(home / "sasldb2", *ACCOUNTS["postfix"])
    return command


# --- Exim -----------------------------------------------------------------------------------------------------------------------------


def exim_config(server: Server) -> str:
    """A receiver that needs no root after its start (no set-id binary in the lab): deliver_drop_privilege."""
    home = f"/run/lab/{server.key}"
    addresses = " ; ".join(server.addresses)
    return f"""primary_hostname = {server.name}
domainlist local_domains = {" : ".join(server.domains)}
local_interfaces = <; {addresses}
daemon_smtp_ports = 25
keep_environment = LD_PRELOAD : ^UID_WRAPPER
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/exim.pid
deliver_drop_privilege = true
queue_run_in_order = false
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
message_size_limit = 50M
tls_advertise_hosts = *
tls_certificate = /run/lab/keys/{server.key}.pem
tls_privatekey = /run/lab/keys/{server.key}.key
helo_allow_chars = _
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
  deny  local_parts = unknown
        message = 550 5.1.1 No such mailbox
  defer local_parts = busy
        message = 450 4.2.1 The mailbox is busy, try again later
  deny  !domains = +local_domains
        message = 550 5.7.1 relay not permitted
  accept

begin routers
all:
  driver = accept
  domains = +local_domains
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {home}/mail/$domain_data
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  message_prefix = "X-Lab-Peer: address=$sender_host_address; helo=$sender_helo_name; tls=$received_protocol; auth=$authenticated_id\\n"
  user = Debian-exim
  group = Debian-exim

begin retry
* * F,2h,5m
"""


def prepare_exim(world: World, server: Server, state: Path) -> list[str]:
    home = state / server.key
    for folder in (home, home / "spool", home / "mail"):
        give(folder, "Debian-exim")
    return ["exim4", "-bdf", "-q1m"]


# --- Our own receiver -----------------------------------------------------------------------------------------------------------------


def _prepare_rehearsal(part: Part, state: Path, options: Options) -> None:
    if not options.ptarmigan:
        part.absent = "no program given (lab start --ptarmigan build/dev/bin/ptarmigan)"
        return
    home = state / part.server.key
    (home / "mail").mkdir(parents=True)
    part.command = rehearsal_command(options.ptarmigan, part.server, state)


def rehearsal_command(program: str, server: Server, state: Path) -> list[str]:
    """Plays the receiver: `ptarmigan rehearse` on port 25 of all its addresses, accepted mail as files in <state>/<server>/mail."""
    listen = ", ".join(f'"[{address}]:25"' if ":" in address else f'"{address}:25"' for address in server.addresses)
    config = state / server.key / "rehearse.toml"
    config.write_text(
        f"""[rehearsal]
receiver = "gmail"
hostname = "{server.name}"
listen = [{listen}]
mailbox = "{state}/{server.key}/mail"
journal = "{state}/{server.key}/journal.jsonl"
certificate = "{state}/keys/{server.key}.pem"
key = "{state}/keys/{server.key}.key"

[dns]
root_hints = "{state}/keys/root.hints"
trust_anchor = "{state}/keys/root.ds"
"""
    )
    return [program, "rehearse", "--config", str(config)]
