#!/usr/bin/python3
"""Generates SPF worlds and asks pyspf, an independent implementation, for its verdict on each; prints JSON in the form of spf_cases.py.

    spf_peer_cases.py COUNT SEED >CASES.json
Each case also holds pyspf's own words. Exit code 3 where pyspf (Debian: python3-spf) is not installed.
"""

import json
import random
import sys

from spf_cases import recording

HOSTS = [f"n{number}.example.com" for number in range(6)]
ABSENT = "absent.example.com"
SLOW = "slow.example.com"
CLIENTS = ["192.0.2.1", "192.0.2.2", "192.0.2.77", "198.51.100.9", "2001:db8::1", "2001:db8::2", "2001:db8:ffff::9", "::ffff:192.0.2.1"]
V4 = ["192.0.2.1", "192.0.2.2", "192.0.2.64", "198.51.100.9"]
V6 = ["2001:db8::1", "2001:db8::2", "2001:db8:1::5"]
BROKEN = ["moo", "all:x", "ip4:192.0.2.300", "ip4:192.0.2.1/33", "a:museum", "a/33", "mx:", "include", "exists:", "ip6:192.0.2.1", "ptr/24",
          "-", "redirect:n1.example.com", "a:%{x}.example.com", "a:%{d", "=x", "ip4:192.0.2.1/032", "a:192.0.2.1"]


class Generator:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def one(self, values):
        return self.random.choice(values)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def target(self) -> str:
        if self.chance(0.06):
            return ABSENT
        if self.chance(0.03):
            return SLOW
        if self.chance(0.15):
            return self.one(["%{d}", "%{l}.example.com", "%{o}", "n%{d5r}.example.com", "%{i}.x.example.com", "%{ir}.%{v}.example.com",
                             "%{l1r-}.example.com", "%{h}", "%{L}.%{d2}", "n1.%{d2}", "%{s}.example.com"])
        return self.one(HOSTS)

    def prefix(self, dual: bool, v6: bool = False) -> str:
        if self.chance(0.6):
            return ""
        if dual:
            return self.one(["/24", "/32", "/0", "//64", "//128", "/24//64", "/31//0"])
        return self.one(["/0", "/32", "/64", "/127", "/128"] if v6 else ["/0", "/8", "/24", "/31", "/32"])

    def mechanism(self) -> str:
        qualifier = self.one(["", "", "", "", "+", "-", "~", "?"])
        kind = self.one(["ip4", "ip4", "ip6", "a", "a", "mx", "include", "include", "exists", "ptr"])
        if kind == "ip4":
            return f"{qualifier}ip4:{self.one(V4)}{self.prefix(False)}"
        if kind == "ip6":
            return f"{qualifier}ip6:{self.one(V6)}{self.prefix(False, True)}"
        if kind in ("a", "mx"):
            domain = f":{self.target()}" if self.chance(0.7) else ""
            return f"{qualifier}{kind}{domain}{self.prefix(True)}"
        if kind == "ptr":
            return f"{qualifier}ptr" + (f":{self.target()}" if self.chance(0.5) else "")
        return f"{qualifier}{kind}:{self.target()}"

    def record(self) -> str:
        terms = [self.mechanism() for _ in range(self.random.randrange(0, 5))]
        if self.chance(0.08):
            terms.insert(self.random.randrange(0, len(terms) + 1), self.one(BROKEN))
        if self.chance(0.7):
            terms.append(self.one(["-all", "~all", "?all", "+all", "all"]))
        if self.chance(0.25):
            terms.insert(self.random.randrange(0, len(terms) + 1), f"redirect={self.target()}")
        if self.chance(0.2):
            terms.append(f"exp={self.one(['text.example.com', ABSENT, '%{d}'])}")
        if self.chance(0.1):
            terms.insert(0, self.one(["foo=bar", "x.y-z_1=%{d}", "default=-"]))
        return self.one(["v=spf1 ", "v=spf1 ", "V=SPF1 ", "v=spf1  "]) + " ".join(terms) + self.one(["", "", " "])

    def world(self) -> dict:
        zone = {"text.example.com": [{"TXT": "%{i} is not for %{o} (%{d}), %%%_%{v}"}], SLOW: ["TIMEOUT"]}
        for host in HOSTS:
            entries = []
            if self.chance(0.9):
                entries.append({"TXT": self.record()})
            if self.chance(0.05):
                entries.append({"TXT": self.record()})
            if self.chance(0.3):
                entries.append({"TXT": "other text"})
            # Both families or neither: the two disagree on what counts as void beyond that.
            if self.chance(0.85):
                entries += [{"A": address} for address in self.random.sample(V4, 2)] + [{"AAAA": address} for address in self.random.sample(V6, 2)]
            if self.chance(0.7):
                entries += [{"MX": [str(at), self.one(HOSTS)]} for at in range(self.random.randrange(1, 4))]
            if entries:
                zone[host] = entries
        for address in CLIENTS:
            if ":" not in address and self.chance(0.7):
                reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
                zone[reverse] = [{"PTR": name} for name in self.random.sample([*HOSTS, ABSENT], 2)]
        return zone


def lookup_in(zone: dict, error: type):
    """What takes the place of pyspf's own look-up."""
    def lookup(name, qtype, strict=True, timeout=20):
        name = name.lower().rstrip(".")
        entries = zone.get(name, [])
        values = [entry[qtype] for entry in entries if isinstance(entry, dict) and qtype in entry]
        if not values and "TIMEOUT" in entries:
            raise error("DNS timeout")
        out = []
        for value in values:
            if qtype == "TXT":
                value = (value.encode("latin-1"),)
            elif qtype == "MX":
                value = (int(value[0]), value[1])
            out.append(((name, qtype), value))
        return out
    return lookup


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        import spf
    except ImportError:
        return 3
    generator = Generator(int(sys.argv[2]))
    cases = []
    worlds = []
    while len(cases) < int(sys.argv[1]):
        zone = generator.world()
        spf.DNSLookup = lookup_in(zone, spf.TempError)
        client = generator.one(CLIENTS)
        sender = generator.one(["a@n0.example.com", "n1@n0.example.com", "first-last@n0.example.com", "n0.example.com", "@n0.example.com", ""])
        query = spf.query(i=client, s=sender, h="n0.example.com", receiver="unknown", strict=True, timeout=20, querytime=0)
        result, _, text = query.check()
        text = text if isinstance(text, str) else text.decode("latin-1")
        if "trivial recursion" in text:  # pyspf's own rule: such a record is refused even where a term before it matches
            continue
        cases.append({"name": f"generated {len(cases)}", "world": len(worlds), "ip": client, "helo": "n0.example.com", "mail_from": sender,
                      "results": [result], "words": text, "voids": query.void_lookups})
        worlds.append(recording(zone))
    json.dump({"cases": cases, "worlds": worlds}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
