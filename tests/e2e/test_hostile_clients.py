"""Clients that smuggle, inject, flood, stall and fall silent, over real sockets: what they are told, and that others are served meanwhile.

The client is plain Python inside the lab; it knows nothing of SMTP but what each test lets it say.
"""

import pytest

CLIENT = r"""
import glob, resource, socket, ssl, sys, time

def connect(port=587):
    peer = socket.create_connection(("127.0.0.1", port), timeout=20)
    return peer

def answer(peer):
    "One reply, all its lines; '' where the connection was closed."
    octets = b""
    while True:
        try:
            got = peer.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return octets.decode()
        octets += got
        lines = octets.split(b"\r\n")
        if not got or (octets.endswith(b"\r\n") and lines[-2][3:4] != b"-"):
            return octets.decode(errors="replace")

def say(peer, octets):
    peer.sendall(octets)
    return answer(peer)

def begin(peer):
    answer(peer)
    return say(peer, b"EHLO client.example\r\n")

def message_begun(sender=b"news@example.com"):
    peer = connect()
    begin(peer)
    for line in (b"MAIL FROM:<" + sender + b">", b"RCPT TO:<someone@postfix-receiver.com>", b"DATA"):
        told = say(peer, line + b"\r\n")
    assert told.startswith("354"), told
    return peer
"""


@pytest.fixture(scope="module")
def server(story):
    story.configure(standing="enforce")
    config = story.home / "ptarmigan.toml"
    sessions = "max_sessions = 10050\nmax_sessions_per_client = 10050\nmax_waiting = \"16MB\"\n"
    config.write_text(config.read_text().replace("[submission]\n", "[submission]\n" + sessions))
    story.start_server()
    return story


def client(server, code: str, *words) -> str:
    done = server.command("/usr/bin/python3", "-c", CLIENT + code, *words, show=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Each would end the message for a server that is not strict; what follows would then be commands.
ENDS = [rb"\n.\n", rb"\n.\r\n", rb"\r\n.\n", rb"\r.\r", rb"\r.\r\n", rb"\r\n.\r", rb"\r.\n", rb"\n.\r", rb"\r\n\0.\r\n", rb"\r\n.\0\r\n", rb"\n\n.\r\n"]


def test_no_variant_of_an_end_smuggles_a_second_message(server):
    code = r"""
ends = eval(sys.argv[1])
for end in ends:
    peer = message_begun()
    told = say(peer, b"From: news@example.com\r\nSubject: smuggled\r\n\r\nfirst" + end +
               b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<someone@postfix-receiver.com>\r\nDATA\r\nSubject: smuggled 2\r\n\r\nx\r\n.\r\n")
    print(repr(end), repr(told), repr(say(peer, b"NOOP\r\n")))
"""
    ends = "[" + ", ".join(f"b'{end.decode()}'" for end in ENDS) + "]"
    told = client(server, code, ends).splitlines()
    assert len(told) == len(ENDS)
    for line in told:
        assert "'550 5.6.11" in line and "'250 " in line, "refused once, after the true end: " + line
    assert server.arrived("postfix", "smuggled") is None and server.arrived("postfix", "smuggled 2") is None


def test_commands_behind_starttls_data_and_ehlo_are_never_obeyed(server):
    code = r"""
peer = connect()
answer(peer)
print(repr(say(peer, b"EHLO a.example\r\nMAIL FROM:<news@example.com>\r\n")))
peer = connect()
begin(peer)
told = say(peer, b"MAIL FROM:<news@example.com>\r\nRCPT TO:<someone@postfix-receiver.com>\r\nDATA\r\nSubject: early\r\n\r\nx\r\n.\r\n")
while not told.rstrip().split("\r\n")[-1].startswith(("354", "554", "421")):
    told += answer(peer)
print(repr(told))
"""
    early, data = client(server, code).splitlines()
    assert "554 5.5.0" in early and "250 2.1.0" not in early, early
    assert "554 5.5.0" in data, data
    assert server.arrived("postfix", "early") is None


def test_lines_that_are_none_are_refused(server):
    code = r"""
for octets in (b"NOOP\0\r\n", b"NOOP\n", b"NO\rOP\r\n", b"NOOP " + b"x" * 5000 + b"\r\n"):
    peer = connect()
    begin(peer)
    print(repr(say(peer, octets)), repr(say(peer, b"NOOP\r\n")))
peer = message_begun()
print(repr(say(peer, b"From: news@example.com\r\n\r\n" + b"x" * 2000 + b"\r\n.\r\n")))
peer = message_begun()
print(repr(say(peer, b"From: news@example.com\r\nSubject: gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n.\r\n")))
"""
    *commands, long_line, header = client(server, code).splitlines()
    assert len(commands) == 4
    for line in commands:
        assert line.startswith("'500 5.5.2") and "'250 2.0.0" in line, line
    assert "554 5.6.0" in long_line, long_line
    assert "550-5.6.9" in header and "RFC 2047" in header, header


def test_what_waits_in_memory_is_bounded(server):
    code = r"""
peers = [message_begun() for _ in range(4)]
line = b"x" * 998 + b"\r\n"
for peer in peers:
    peer.sendall(b"From: news@example.com\r\nSubject: heavy\r\n\r\n" + line * 5000)
print([say(peer, b"\r\n.\r\n")[:9] for peer in peers])
peer = message_begun()
print(say(peer, b"From: news@example.com\r\nSubject: light\r\n\r\nx\r\n.\r\n"))
"""
    heavy, light = client(server, code).splitlines()[:2]
    assert heavy.count("452 4.3.1") >= 1 and heavy.count("250 2.0.0") >= 3, heavy
    assert light.startswith("250 "), "room is given back"


def test_ten_thousand_idle_clients_and_slow_ones_hold_up_nobody(server):
    code = r"""
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
(status,) = [s for s in glob.glob("/proc/[0-9]*/status") if b"\0serve\0" in open(s[:-6] + "cmdline", "rb").read() and "ptarmigan" in open(s).readline()]
def resident():
    for line in open(status):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
before = resident()
idle = []
for _ in range(10000):
    peer = connect()
    idle.append(peer)
    answer(peer)
slow = idle[:200]
for peer in slow:
    peer.sendall(b"EHLO a.exa")
peer = message_begun()
print(say(peer, b"From: news@example.com\r\nSubject: among idle ones\r\n\r\nx\r\n.\r\n"))
print((resident() - before) * 1024 // 10000)
for peer in slow:
    assert say(peer, b"mple\r\n").startswith("250")
refused = [connect() for _ in range(100)]
print(answer(refused[-1]))
"""
    told, each, refused = [line for line in client(server, code).splitlines() if line.strip()]
    assert told.startswith("250 "), told
    if not any(word in str(server.program) for word in ("asan", "tsan")):  # a sanitizer keeps books beside each
        assert int(each) < 16384, f"{each} octets of memory for an idle connection"
    assert refused.startswith("421 4.3.2"), refused
    assert server.await_arrival("postfix", "among idle ones")
