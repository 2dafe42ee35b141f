"""Whole conformance suites through the commands, as anybody can run them: the same verdicts as the library gives."""

import json
import re
import subprocess

# RFC 8617 section 4.1.2 with RFC 6376 section 3.5: h= must sign From, and c= is simple/simple where it is absent. The suite follows the drafts.
OF_THE_DRAFTS = {"ams_fields_h_empty", "ams_fields_c_na"}


def report(name: str, passed: int, total: int) -> None:
    print(f"suite: {name} by command: {passed} of {total}")


def spf_domain(test: dict) -> str:
    return test["mail_from"].rsplit("@", 1)[-1] if test["mail_from"] else test["helo"]


def test_spf(ask, suite):
    cases = suite("spf_cases.py", "spf-rfc7208-openspf/rfc7208-tests.yml")
    wrong = []
    for test in cases["cases"]:
        code, got = ask(cases["worlds"][test["world"]], "spf", "--ip", test["ip"], "--helo", test["helo"], "--sender", test["mail_from"],
                        "--", spf_domain(test))
        explanation = test["explanation"]
        if got["result"] not in test["results"]:
            wrong.append((test["name"], got))
        elif explanation and explanation != "DEFAULT" and got["explanation"] != explanation:
            wrong.append((test["name"], got))
        assert code == {"pass": 0, "temperror": 2}.get(got["result"], 1)
    report("SPF", len(cases["cases"]) - len(wrong), len(cases["cases"]))
    assert not wrong


def quoted(text: str) -> str:
    octets = text.encode()
    chunks = [octets[at : at + 255] for at in range(0, len(octets), 255)] or [b""]
    return " ".join('"' + "".join(chr(c) if 32 <= c < 127 and c not in b'\\"' else f"\\{c:03}" for c in chunk) + '"' for chunk in chunks)


def test_dmarc(ask, suite):
    cases = suite(None, "dmarc-rfc9989-unified/cases.json")["cases"]
    wrong = []
    for test in cases:
        world = []
        failing = test.get("servfail", [])
        for name, types in test["zone"].items():
            for kind in ("TXT", "A", "AAAA", "MX"):
                data = [quoted(value) if kind == "TXT" else value for value in types.get(kind, [])]
                world.append({"name": name, "type": kind, "data": data})
        for name in failing:
            world += [{"name": name, "type": kind, "rcode": "SERVFAIL"} for kind in ("TXT", "A", "AAAA", "MX")]
        arguments = ["dmarc", test["from"], "--from", test["from"]]
        for domain in test["spf_pass"][-1:]:
            arguments += ["--spf-domain", domain]
        for domain in test["dkim_pass"]:
            arguments += ["--dkim-domain", domain]
        _, got = ask(world, *arguments)
        names = {"result": "result", "policy": "policy", "policy_domain": "policy_domain", "org": "organizational_domain",
                 "spf_aligned": "spf_aligned", "dkim_aligned": "dkim_aligned", "test_mode": "testing"}
        # A failed query above the author hides the organizational domain; the suite then names the author.
        got["organizational_domain"] = got["organizational_domain"] or got["author_domain"]
        differs = {key: got[ours] for key, ours in names.items() if key in test["expect"] and got[ours] != test["expect"][key]}
        if differs:
            wrong.append((test["name"], differs))
    report("DMARC", len(cases) - len(wrong), len(cases))
    assert [name for name, _ in wrong if "DISPUTED" not in name] == []


def test_arc_validation(ask, suite):
    cases = suite("arc_cases.py", "arc-valimail/arc-draft-validation-tests.yml")
    wrong = set()
    for test in cases:
        world = [{"name": name, "type": "TXT", "data": [quoted(text)]} for name, text in test["records"].items()]
        message = re.sub(r"\r?\n", "\r\n", test["message"]).encode()
        expected = (test.get("cv") or "fail").lower()
        code, got = ask(world, "arc", "verify", "-", "--at", "12345", message=message)
        if got["result"] != expected:
            wrong.add(test["name"])
        assert code == (0 if got["result"] == "pass" else 1)
    report("ARC", len(cases) - len(wrong), len(cases))
    assert wrong == OF_THE_DRAFTS


def tags(value: str) -> dict[str, str]:
    """Of a tag list, blanks and folds left out of the values."""
    pairs = (tag.partition("=") for tag in value.split(";") if tag.strip())
    return {name.strip(): re.sub(r"\s", "", text) for name, _, text in pairs}


def own_results(message: str, server: str) -> str:
    """What the server found, of all its Authentication-Results fields, in order."""
    header = re.sub(r"\r?\n[ \t]+", " ", message.split("\n\n")[0])
    found = re.findall(rf"(?mi)^authentication-results: *{re.escape(server)} *;(.*)$", header)
    return "; ".join(re.sub(r"\s+", " ", one).strip(" ;") for one in found)


def test_arc_sealing(program, suite, tmp_path):
    cases = suite("arc_cases.py", "arc-valimail/arc-draft-sign-tests.yml")
    wrong = []
    key, recording = tmp_path / "key.pem", tmp_path / "dns.json"
    for test in cases:
        key.write_text(test["privatekey"])
        world = [{"name": name, "type": "TXT", "data": [quoted(text)]} for name, text in test["records"].items()]
        recording.write_text(json.dumps({"version": 1, "dns": world}))
        results = own_results(test["message"], test["srv-id"])
        arguments = ["--key", key, "--domain", test["domain"], "--selector", test["sel"], "--authserv-id", test["srv-id"], "--results", results,
                     "--at", test["t"], "--headers", test["sig-headers"], "--replay-dns", recording]
        done = subprocess.run([program, "arc", "seal", "-", *arguments], input=re.sub(r"\r?\n", "\r\n", test["message"]).encode(),
                              capture_output=True, timeout=60)
        if not test["AS"].strip():
            if done.returncode != 2 or done.stdout:
                wrong.append((test["name"], done))
            continue
        header = re.sub(r"\r\n[ \t]+", " ", done.stdout.decode().split("\r\n\r\n")[0])
        # The set that is on top is the new one.
        fields = dict(line.split(":", 1) for line in reversed(header.split("\r\n")))
        words = [re.sub(r"\s+", " ", text).strip() for text in (fields.get("ARC-Authentication-Results", ""), test["AAR"])]
        if (done.returncode != 0 or words[0] != words[1] or tags(fields.get("ARC-Message-Signature", "")) != tags(test["AMS"])
                or tags(fields.get("ARC-Seal", "")) != tags(test["AS"])):
            wrong.append((test["name"], fields, done.stderr))
    report("ARC sealing", len(cases) - len(wrong), len(cases))
    assert not wrong
