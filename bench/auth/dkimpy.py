#!/usr/bin/python3
"""dkimpy on the messages of bench/auth.py. usage: dkimpy.py DIRECTORY SECONDS"""

import json
import sys
import time
from pathlib import Path

import dkim

directory, seconds = Path(sys.argv[1]), float(sys.argv[2])
key = (directory / "key.pem").read_bytes()
record = (directory / "dkim.txt").read_bytes()
NAMES = b"from to subject date message-id mime-version content-type reply-to list-unsubscribe list-unsubscribe-post".split()


def rate(what: str, work) -> None:
    work()
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        work()
        count += 1
    print(json.dumps({"who": "dkimpy", "what": what, "rate": count / spent}), flush=True)


for size in ("4k", "1m"):
    message = (directory / f"msg{size}.eml").read_bytes()
    sign = lambda: dkim.sign(message, b"bench", b"example.com", key, canonicalize=(b"relaxed", b"relaxed"), include_headers=NAMES)  # noqa: E731
    signed = sign() + message
    verify = lambda: dkim.verify(signed, dnsfunc=lambda name, timeout=5: record)  # noqa: E731
    assert verify()
    if size == "4k":
        rate("sign 4k", sign)
    rate(f"verify {size}", verify)
