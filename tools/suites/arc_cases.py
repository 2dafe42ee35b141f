#!/usr/bin/python3
"""Turns the ValiMail ARC suites (YAML) into JSON: cases, and each scenario's TXT records as plain text.

    arc_cases.py SUITE.yml >CASES.json
"""

import json
import sys

import yaml


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = []
    with open(sys.argv[1], encoding="utf-8") as suite:
        # BaseLoader: every scalar is text.
        for scenario in yaml.load_all(suite, Loader=yaml.BaseLoader):
            if not scenario:
                continue
            records = {name.lower(): "".join(text.split("\n")) for name, text in scenario["txt-records"].items()}
            shared = {key: scenario[key] for key in ("domain", "sel", "privatekey") if key in scenario}
            for name, test in scenario["tests"].items():
                cases.append({**shared, **test, "name": name, "records": records})
    json.dump(cases, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
