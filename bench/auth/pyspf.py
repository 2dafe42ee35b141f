#!/usr/bin/python3
"""pyspf on the SPF world of bench/auth.py, its look-up replaced. usage: pyspf.py WORLD.json SECONDS"""

import json
import sys
import time

import spf

world = json.load(open(sys.argv[1]))
seconds = float(sys.argv[2])


def lookup(name, kind, *_, **__):
    found = []
    for data in world.get(f"{name.lower().rstrip('.')} {kind}", []):
        value = (data.encode(),) if kind == "TXT" else (int(data.split()[0]), data.split()[1]) if kind == "MX" else data
        found.append(((name, kind), value))
    return found


def evaluate():
    return spf.check2("192.0.2.10", "sender@example.com", "mx.example.com")


spf.DNSLookup = lookup
assert evaluate()[0] == "pass", evaluate()
count, began = 0, time.process_time()
while (spent := time.process_time() - began) < seconds:
    evaluate()
    count += 1
print(json.dumps({"who": "pyspf", "what": "spf", "rate": count / spent}))
