"""Mail submitted by HTTP, judged by what programs are told and by what the receiver gets: parts, batches, tokens, idempotency keys, refusals."""

import base64
import email
import email.policy
import json

import pytest

CLIENT = """
import json, sys, urllib.error, urllib.request
out = []
for headers, body in json.load(sys.stdin):
    path = headers.pop("path", "/api/v1/messages")
    request = urllib.request.Request("http://127.0.0.1:8025" + path, body.encode() if body is not None else None, headers)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    out.append([answer.status, dict(answer.headers), answer.read().decode()])
json.dump(out, sys.stdout)
"""


@pytest.fixture(scope="module")
def server(story):
    tokens = story.inside("tokens")
    story.tokens = {}
    for name, role in (("app", "submit"), ("other", "operate"), ("eye", "read")):
        made = story.ptarmigan("console", "token", "add", name, "--role", role, "--file", tokens)
        assert made.returncode == 0, made.stderr
        story.tokens[name] = made.stdout.strip()
    story.configure(standing="off")
    config = story.home / "ptarmigan.toml"
    limits = 'max_message = "64kB"\nmax_recipients = 100\n'
    config.write_text(config.read_text().replace("[submission]\n", f'[console]\nlisten = "127.0.0.1:8025"\ntoken_file = "{tokens}"\n\n[submission]\n{limits}'))
    story.start_server()
    return story


def ask(server, *requests):
    """Each request is (what differs from the usual headers, body)."""
    asked = []
    for headers, body in requests:
        usual = {"Content-Type": "application/json", "Authorization": f"Bearer {server.tokens['app']}"} | headers
        asked.append([{name: value for name, value in usual.items() if value is not None}, body if isinstance(body, str) or body is None else json.dumps(body)])
    done = server.lab.run(["/usr/bin/python3", "-c", CLIENT], input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [(status, {name.lower(): value for name, value in headers.items()}, body) for status, headers, body in json.loads(done.stdout)]


def mail(subject: str, **more) -> dict:
    return {"from": "News <news@example.com>", "to": "someone@postfix-receiver.com", "subject": subject, "text": "Hello\n.\nbye"} | more


def arrivals(server, subject: str) -> int:
    return sum(f"Subject: {subject}\r\n".encode() in delivery.raw for delivery in server.lab.received("postfix"))


def test_parts_arrive_as_they_were_given(server):
    [(status, _, body)] = ask(
        server,
        ({}, mail("parts", html="<p>Hello</p>", attachments=[{"name": "a.bin", "content": base64.b64encode(b"\0\1\2").decode()}], bcc="hidden@postfix-receiver.com")),
    )
    assert status == 202, body
    message = json.loads(body)["messages"][0]
    assert [one["status"] for one in message["recipients"]] == ["queued", "queued"]
    arrived = email.message_from_bytes(server.await_arrival("postfix", "parts").raw, policy=email.policy.default)
    assert arrived.get_body(("plain",)).get_content().splitlines() == ["Hello", ".", "bye"]
    assert arrived.get_body(("html",)).get_content().strip() == "<p>Hello</p>"
    assert [part.get_content() for part in arrived.iter_attachments()] == [b"\0\1\2"]
    assert arrived["DKIM-Signature"] and "hidden" not in str(arrived["To"]) and not arrived["Bcc"]
    explained = server.explain(message["id"])
    assert "delivered" in explained


def test_a_raw_message_has_the_envelope_of_the_query(server):
    raw = "From: news@example.com\r\nTo: shown@elsewhere.example\r\nSubject: raw by HTTP\r\n\r\nhello\r\n"
    path = "/api/v1/messages?from=bounces%40example.com&to=someone%40postfix-receiver.com"
    [(status, _, body)] = ask(server, ({"Content-Type": "message/rfc822", "path": path}, raw))
    assert status == 202, body
    assert server.await_arrival("postfix", "raw by HTTP").mail_from == "bounces@example.com"


def test_each_message_and_recipient_of_a_batch_has_its_own_result(server):
    batch = {
        "messages": [
            mail("batch 1", to=["someone@postfix-receiver.com", "nobody"]),
            mail("batch 2", **{"from": "news@gmail.com"}),
            mail("batch 3", stream="bulk"),
            mail("batch 4", stream="bulk", unsubscribe="https://example.com/u/1"),
            mail("batch 5", text="x" * 70_000),
        ]
    }
    [(status, _, body)] = ask(server, ({}, batch))
    assert status == 202, body
    one, foreign, bulk, good, large = json.loads(body)["messages"]
    assert [(r["address"], r["status"]) for r in one["recipients"]] == [("someone@postfix-receiver.com", "queued"), ("nobody", "refused")], one
    assert "id" not in foreign and foreign["error"], foreign
    assert "unsubscribe" in (bulk["error"] + bulk.get("remedy", "")).lower(), bulk
    assert "65536" in large["error"] or "64" in large["error"], large
    assert one["id"] and good["id"] and one["id"] != good["id"]
    server.await_arrival("postfix", "batch 1")
    arrived = server.await_arrival("postfix", "batch 4")
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in arrived.raw
    assert b"X-Ptarmigan-Stream" not in arrived.raw
    assert arrivals(server, "batch 2") + arrivals(server, "batch 3") + arrivals(server, "batch 5") == 0


def test_the_same_key_sends_once_and_only_the_same_request_gets_its_reply(server):
    keyed = {"Idempotency-Key": "0b8a3c52"}
    first, again, other_body, other_user = ask(
        server,
        (keyed, mail("once")),
        (keyed, mail("once")),
        (keyed, mail("never")),
        (keyed | {"Authorization": f"Bearer {server.tokens['other']}"}, mail("another's")),
    )
    assert first[0] == 202 and "idempotent-replayed" not in first[1]
    assert again[0] == 202 and again[1]["idempotent-replayed"] == "true" and again[2] == first[2]
    assert other_body[0] == 422 and "Idempotency-Key" in other_body[2]
    assert other_user[0] == 202 and "idempotent-replayed" not in other_user[1]
    server.await_arrival("postfix", "another's")
    server.await_arrival("postfix", "once")
    server.stop_server()
    server.start_server()
    [after] = ask(server, (keyed, mail("once")))
    assert after[0] == 202 and after[2] == first[2], "the key is on disk"
    queue = json.loads(server.ptarmigan("queue", "list", "--json", "--config", server.inside("ptarmigan.toml")).stdout)
    assert queue["messages"] == [] and arrivals(server, "once") == 1 and arrivals(server, "never") == 0


def test_who_may_not_submit_is_told_so(server):
    stranger, wrong, reader = ask(
        server,
        ({"Authorization": None}, mail("stranger")),
        ({"Authorization": "Bearer ptm_" + "0" * 64}, mail("wrong token")),
        ({"Authorization": f"Bearer {server.tokens['eye']}"}, mail("reader")),
    )
    # Who may not submit sends no body either: it is not read.
    assert {stranger[0], wrong[0]} <= {401, 413} and reader[0] in (403, 413), (stranger, wrong, reader)
    for subject in ("stranger", "wrong token", "reader"):
        assert arrivals(server, subject) == 0


def test_what_is_wrong_with_a_request_is_said(server):
    answers = ask(
        server,
        ({}, '{"from": '),
        ({}, "[" * 60_000),
        ({}, mail("x", form="y")),
        ({}, mail("x\r\nBcc: evil@example.org")),
        ({}, {"messages": [], "more": 1}),
        ({"Content-Type": "text/plain"}, "x"),
        ({}, mail("x", text="y" * 200_000)),
        ({}, mail("x", to=[f"u{n}@postfix-receiver.com" for n in range(101)])),
        ({"Idempotency-Key": "x" * 300}, mail("x")),
    )
    assert [status for status, _, _ in answers] == [400, 400, 422, 422, 400, 415, 413, 422, 400]
    for _, headers, body in answers:
        assert body.strip() and "text/html" not in headers["content-type"], body


def test_a_draining_server_says_when_to_come_back(server):
    assert server.ptarmigan("queue", "drain", "--config", server.inside("ptarmigan.toml")).returncode == 0
    server.stop_server()
    server.start_server()  # who empties a host does not want it filled because it was restarted
    (status, headers, body), ready = ask(server, ({"Idempotency-Key": "drained"}, mail("drained")), ({"path": "/health/ready"}, None))
    assert status == 503 and int(headers["retry-after"]) > 0, body
    assert ready[0] == 503 and "queue resume" in ready[2], ready
    assert server.ptarmigan("queue", "resume", "--config", server.inside("ptarmigan.toml")).returncode == 0
    (status, _, body), ready = ask(server, ({"Idempotency-Key": "drained"}, mail("drained")), ({"path": "/health/ready"}, None))
    assert status == 202 and ready[0] == 200, (body, ready)
    server.await_arrival("postfix", "drained")


def test_the_document_describes_it(server):
    [(status, _, body)] = ask(server, ({"path": "/api/v1/openapi.json", "Authorization": None}, None))
    assert status == 200
    post = json.loads(body)["paths"]["/api/v1/messages"]["post"]
    assert set(post["requestBody"]["content"]) == {"application/json", "message/rfc822"}
    assert {"202", "401", "403", "409", "413", "415", "422", "429", "503"} <= set(post["responses"])
