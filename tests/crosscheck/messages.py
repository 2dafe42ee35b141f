"""Messages that canonicalization and header selection may trip over, each for one reason."""

_BEGINNING = (
    b"Received: from app.example.com (app.example.com [192.0.2.10])\r\n\tby mail.example.com with ESMTPS id 1;\r\n"
    b"\tMon, 23 Nov 2026 15:00:00 +0000\r\n"
    b"From: Alice Example <alice@example.com>\r\nTo: Bob <bob@example.org>\r\nSubject: A report\r\n"
    b"Date: Mon, 23 Nov 2026 15:00:00 +0000\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
)
_TEXT = b"Dear Bob,\r\n\r\nall is well.\r\n"

MESSAGES = {
    "plain": _BEGINNING + b"\r\n" + _TEXT,
    "folded": _BEGINNING.replace(b"Subject: A report", b"Subject:\r\n A\r\n\t  report \r\n of several\t\tlines") + b"\r\n" + _TEXT,
    "names in odd case, blanks before the colon's value": _BEGINNING.replace(b"Subject: ", b"sUBJECT:   \t").replace(b"To: ", b"TO:") + b"\r\n" + _TEXT,
    "trailing blanks": _BEGINNING.replace(b"A report", b"A report \t ") + b"\r\none  \r\ntwo\t\r\n   \r\n\tthree  and \t four\r\n \t\r\n",
    "trailing empty lines": _BEGINNING + b"\r\n" + _TEXT + b"\r\n" * 7,
    "blank line at the end": _BEGINNING + b"\r\n" + _TEXT + b" \r\n",
    "empty body": _BEGINNING + b"\r\n",
    "body of one empty line": _BEGINNING + b"\r\n\r\n",
    "no CRLF at the end": _BEGINNING + b"\r\nDear Bob,\r\nno end",
    "8-bit": _BEGINNING + b"\r\n" + "Grüße aus Köln – ✓\r\n".encode() + bytes(range(0x80, 0x100)) + b"\r\n",
    "lines that begin with dots": _BEGINNING + b"\r\n.\r\n..\r\n.dot\r\nend\r\n",
    "many fields": _BEGINNING + b"".join(b"X-Field-%d: value %d\r\n" % (number, number) for number in range(300)) + b"\r\n" + _TEXT,
    "repeated fields": b"Reply-To: first@example.com\r\nComments: one\r\n" + _BEGINNING + b"Comments: two\r\nComments: three\r\n\r\n" + _TEXT,
    "empty field": _BEGINNING + b"Cc:\r\nReply-To: \r\nIn-Reply-To:  \t\r\n\r\n" + _TEXT,
    "newsletter": _BEGINNING + b"List-Unsubscribe: <https://example.com/u/1>,\r\n <mailto:u@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n" + _TEXT,
    "long lines": _BEGINNING + b"\r\n" + b"word " * 190 + b"\r\n" + b"x" * 998 + b"\r\n",
    "large body": _BEGINNING + b"\r\n" + b"All work and no play makes a long message.  \r\n" * 4000,
}
