#!/usr/bin/python3
"""Turns the openspf SPF suite (YAML) into JSON: cases, and each scenario's zone as a DNS recording (facts/recording.hpp).

    spf_cases.py SUITE.yml >CASES.json
"""

import json
import sys

import yaml

TYPES = ("A", "AAAA", "MX", "PTR", "TXT")
LONGEST_STRING = 255
LONGEST_ALIAS_CHAIN = 8


def escaped_name(name: str) -> str:
    """Presentation form (RFC 1035 section 5.1), absolute."""
    out = "".join(c if "!" <= c <= "~" and c not in '\\"' else f"\\{ord(c):03}" for c in name)
    return out if out.endswith(".") else out + "."


def quoted(text: str) -> str:
    """Character-strings in presentation form; each code point of the suite is one octet."""
    chunks = [text[at : at + LONGEST_STRING] for at in range(0, len(text), LONGEST_STRING)] or [""]
    return " ".join('"' + "".join(c if " " <= c <= "~" and c not in '\\"' else f"\\{ord(c):03}" for c in chunk) + '"'
                    for chunk in chunks)


def txt_data(value) -> str:
    strings = value if isinstance(value, list) else [value]
    return " ".join(quoted(string) for string in strings) or '""'


def data_of(kind: str, value) -> str:
    if kind == "TXT":
        return txt_data(value)
    if kind == "MX":
        return f"{value[0]} {escaped_name(value[1])}"
    if kind == "PTR":
        return escaped_name(value)
    return value


def records_of(entries: list, kind: str) -> list[str]:
    values = [entry[kind] for entry in entries if isinstance(entry, dict) and kind in entry]
    if kind == "TXT" and not values:  # records of type SPF stand for TXT, unless TXT: NONE is there
        values = [entry["SPF"] for entry in entries if isinstance(entry, dict) and "SPF" in entry]
    return [data_of(kind, value) for value in values if value != "NONE"]


def alias_of(entries: list) -> str | None:
    return next((entry["CNAME"] for entry in entries if isinstance(entry, dict) and "CNAME" in entry), None)


def answer(zone: dict, name: str, kind: str) -> dict:
    chain = []
    target = name
    while True:
        entries = zone.get(target.lower().rstrip("."))
        if entries is None:
            return {"rcode": "NXDOMAIN", "cname": chain}
        alias = alias_of(entries)
        if alias is None:
            break
        chain.append(escaped_name(alias))
        target = alias
        if len(chain) > LONGEST_ALIAS_CHAIN:
            return {"rcode": "SERVFAIL"}
    data = records_of(entries, kind)
    if not data and "TIMEOUT" in entries:
        return {"timeout": True}
    return {"data": data, "cname": chain}


def recording(zonedata: dict) -> dict:
    zone = {name.lower().rstrip("."): entries for name, entries in zonedata.items()}
    return {"version": 1, "default": "NXDOMAIN",
            "dns": [{"name": escaped_name(name), "type": kind, **answer(zone, name, kind)} for name in zone for kind in TYPES]}


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = []
    worlds = []
    with open(sys.argv[1], encoding="utf-8") as suite:
        # BaseLoader: every scalar is text, so an address or a number is never read as something else.
        for scenario in yaml.load_all(suite, Loader=yaml.BaseLoader):
            if not scenario:
                continue
            for name, test in scenario["tests"].items():
                expected = test["result"]
                cases.append({"name": f"{scenario['description']}: {name}", "world": len(worlds), "ip": test["host"],
                              "helo": test["helo"], "mail_from": test["mailfrom"],
                              "results": expected if isinstance(expected, list) else [expected],
                              "explanation": test.get("explanation")})
            worlds.append(recording(scenario["zonedata"]))
    json.dump({"cases": cases, "worlds": worlds}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
