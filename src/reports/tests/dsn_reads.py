#!/usr/bin/python3
"""Reads our notices with Python's own e-mail parser: dsn_reads.py PROGRAM (reports_samples)."""
import email
import email.policy
import subprocess
import sys


def notice(program, name):
    octets = subprocess.run([program, name], check=True, capture_output=True).stdout
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report", message.get_content_type()
    assert message.get_param("report-type") == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied"
    assert [str(address) for address in message["To"].addresses] == ["anna@example.com"]
    for part in [message, *message.walk()]:
        assert not part.defects, (name, part.get_content_type(), part.defects)
    people, status, returned = message.iter_parts()
    assert people.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    return message, people.get_content(), status.get_payload(), returned


def unfolded(value):
    return " ".join(value.split())


def main(program):
    message, text, (about, recipient), returned = notice(program, "failed")
    assert message["Bcc"] is None
    assert "IPv6 sending guidelines" in unfolded(text) and "Publish a PTR record for 2001:db8::1" in text
    assert about["Reporting-MTA"] == "dns; mail.example.com"
    assert about["Original-Envelope-Id"] == "QQ+314159"
    assert recipient["Action"] == "failed" and recipient["Status"] == "5.1.1"
    assert recipient["Final-Recipient"] == "rfc822; user@gmail.com"
    assert recipient["Original-Recipient"] == "rfc822; User+news@example.org"
    assert unfolded(recipient["Diagnostic-Code"]).startswith("smtp; 550-5.1.1 The email account that you")
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Subject: Hello" in returned.get_content() and "The body." not in returned.get_content()

    _, _, _, returned = notice(program, "full")
    assert returned.get_content_type() == "message/rfc822"
    inner = returned.get_payload(0)
    assert inner["Message-ID"] == "<one@example.com>" and inner.get_content().splitlines()[-1] == "Anna"

    message, text, (about, recipient), _ = notice(program, "hostile")
    assert message["Bcc"] is None and set(about.keys()) == {"Original-Envelope-Id", "Reporting-MTA", "Arrival-Date"}
    assert recipient.get_all("Action") == ["failed"] and recipient.get_all("Status") == ["5.0.0"]
    assert len(list(message.iter_parts())) == 3 and "x" * 3000 in text

    _, text, (_, first, second), _ = notice(program, "delayed")
    assert first["Action"] == second["Action"] == "delayed"
    assert second["Final-Recipient"] == r"utf-8; \x{4E2D}\x{2B}tag@example.net"
    assert "\u4e2d+tag@example.net" in text and "sp\u00e4ter" in text
    print("4 notices read")


if __name__ == "__main__":
    main(sys.argv[1])
