"""`ptarmigan records` and `plan`: every form is read by its own parser, where that is on this machine."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

WORLD = """example.com. 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
example.com. 300 IN NS ns.example.com.
ns.example.com. 300 IN A 192.0.2.53
example.com. 300 IN MX 10 mail.example.com.
example.com. 300 IN TXT "v=spf1 include:_spf.example.com -all"
_spf.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.0/25 -all"
2.0.192.in-addr.arpa. 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
8.b.d.0.1.0.0.2.ip6.arpa. 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
"""
REVERSE = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
SPF = "v=spf1 include:_spf.example.com ip6:2001:db8::1 -all"


@pytest.fixture(scope="module")
def key(ptarmigan, tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "mail.pem"
    assert ptarmigan("dkim", "keygen", "example.com", "-s", "2026a", "--out", path).code == 0
    return path


@pytest.fixture
def ask(ptarmigan, key, tmp_path):
    zone, empty = tmp_path / "world.zone", tmp_path / "empty.json"
    zone.write_text(WORLD)
    empty.write_text('{"version": 1, "dns": []}')

    def run(command, *words, zone_file=zone):
        told = ptarmigan(
            *(command, "example.com", "--source", "192.0.2.1,2001:db8::1", "--ehlo", "mail.example.com"),
            *("--dkim", f"2026a={key}", "--zone", zone_file, "--replay-dns", empty, *words),
        )
        assert told.code in (0, 1), told.err
        return told.out

    return run


UNPACKED = Path(__file__).resolve().parents[2] / "build" / "lab" / "root" / "usr"  # the lab's packages, where it was started


def tool(name):
    path = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/usr/bin:{UNPACKED}/bin:{UNPACKED}/sbin")
    if not path:
        pytest.skip(f"{name} is not here")
    return path


def test_json_tells_what_is_there_and_what_it_replaces(ask):
    told = json.loads(ask("records", "--json"))
    by_step = {record["step"]: record for record in told["records"]}
    assert by_step["SPF"]["data"] == f'"{SPF}"'
    assert by_step["SPF"]["in_place_of"] == ['example.com. 300 IN TXT "v=spf1 include:_spf.example.com -all"']
    reverse = [record for record in told["records"] if record["step"] == "reverse name"]
    assert [(r["zone"], r["name_in_zone"]) for r in reverse] == [("2.0.192.in-addr.arpa", "1"), ("8.b.d.0.1.0.0.2.ip6.arpa", REVERSE)]
    assert not any(record["present"] for record in told["records"])


@pytest.mark.parametrize("checker", ["named-checkzone", "kzonecheck"])
@pytest.mark.parametrize("zone", ["example.com", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"])
def test_bind_lines_load_in_a_zone_checker(ask, tmp_path, zone, checker):
    program = tool(checker)
    lines = [line for line in ask("records", "--format", "bind").splitlines() if line.split(" ")[0].endswith(zone + ".")]
    assert lines
    path = tmp_path / "published.zone"
    path.write_text(f"{zone}. 300 IN SOA ns.example.net. h.example.net. 1 7200 900 1209600 300\n{zone}. 300 IN NS ns.example.net.\n" + "\n".join(lines) + "\n")
    words = [program, zone, path] if checker == "named-checkzone" else [program, "-o", zone, path]
    libraries = {"LD_LIBRARY_PATH": f"{UNPACKED}/lib/x86_64-linux-gnu"} if program.startswith(str(UNPACKED)) else {}
    done = subprocess.run(words, capture_output=True, text=True, env=libraries)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_records_printed_published_leaves_nothing_to_plan(ask, tmp_path):
    printed = ask("records", "--format", "bind")
    replaced = {line.removeprefix("; in place of: ") for line in printed.splitlines() if line.startswith("; in place of")}
    path = tmp_path / "after.zone"
    path.write_text("\n".join(line for line in WORLD.splitlines() if line not in replaced) + "\n" + printed)
    assert ask("plan", zone_file=path) == "Everything is published.\n"


def test_dnscontrol_is_javascript_that_declares_each_record(ask):
    node = tool("node")
    script = """
const calls = [];
const record = type => (name, value, ...more) => ({type, name, value});
const [A, AAAA, PTR, TXT] = ["A", "AAAA", "PTR", "TXT"].map(record);
const TTL = seconds => seconds, NO_PURGE = "NO_PURGE", NewRegistrar = x => x, NewDnsProvider = x => x, DnsProvider = x => x;
const D = (zone, ...rest) => calls.push({zone, records: rest.filter(x => x && x.type)});
""" + ask("records", "--format", "dnscontrol") + "\nconsole.log(JSON.stringify(calls));"
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    zones = {call["zone"]: call["records"] for call in json.loads(done.stdout)}
    assert {"type": "TXT", "name": "@", "value": SPF} in zones["example.com"]
    assert zones["8.b.d.0.1.0.0.2.ip6.arpa"] == [{"type": "PTR", "name": REVERSE, "value": "mail.example.com."}]


def test_octodns_is_yaml_of_each_zone(ask):
    yaml = pytest.importorskip("yaml")
    zones = [zone for zone in yaml.safe_load_all(ask("records", "--format", "octodns")) if zone]
    assert [record["values"] for zone in zones for record in zone.get("", [])] == [[SPF]]
    (dmarc,) = [record for zone in zones for record in zone.get("_dmarc", [])]
    assert dmarc["values"] == ["v=DMARC1\\; p=none\\; rua=mailto:dmarc-reports@example.com"]


def test_terraform_reads_its_form(ask, tmp_path):
    program = tool("terraform")
    path = tmp_path / "records.tf"
    path.write_text(ask("records", "--format", "terraform"))
    done = subprocess.run([program, "fmt", "-check", "-diff", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cloudflare_batches_are_json(ask):
    batches = {batch["zone"]: batch for batch in json.loads(ask("records", "--format", "cloudflare"))}
    assert {"name": "mail.example.com", "type": "A", "content": "192.0.2.1", "ttl": 3600, "comment": "the forward name of 192.0.2.1"} in batches["example.com"]["posts"]
    assert len(batches["example.com"]["deletes"]) == 1


def test_table_has_names_without_the_zone(ask):
    rows = ask("records").splitlines()
    assert any(row.split()[:3] == ["mail", "A", "3600"] for row in rows)
    assert any(row.split()[0:2] == ["@", "TXT"] and SPF in row for row in rows)


def test_plan_is_ordered_and_waits_for_caches(ask):
    steps = json.loads(ask("plan", "--json"))["steps"]
    assert [step["title"] for step in steps][:3] == ["publish the forward name", "publish the reverse name", "publish the SPF"]
    assert all(step["wait"] == 300 and step["proofs"] for step in steps)
    assert steps == sorted(steps, key=lambda step: step["earliest"])


def test_plan_rotates_by_two_selectors(ask, ptarmigan, tmp_path):
    path = tmp_path / "next.pem"
    ptarmigan("dkim", "keygen", "example.com", "-s", "2027a", "--out", path)
    text = ask("plan", "--rotate", "2026a", "--to", f"2027a={path}")
    assert "+ 2027a._domainkey.example.com. 3600 IN TXT" in text
    assert text.index("sign with selector 2027a") < text.index("revoke selector 2026a")
    assert "in effect after 5 d" in text


def test_mta_sts_policy_is_the_file_to_serve(ask):
    assert ask("records", "--mta-sts-policy").splitlines()[:3] == ["version: STSv1", "mode: testing", "mx: mail.example.com"]


def test_bad_input_is_one_clear_error(ptarmigan):
    told = ptarmigan("records", "example.com", "--format", "wrong")
    assert told.code == 2 and "formats: bind" in told.err
    told = ptarmigan("publish", "--from-check", "/nonexistent", "--resolver", "127.0.0.1:9")
    assert told.code == 2 and "/nonexistent" in told.err
