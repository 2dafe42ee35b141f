"""Knot as the world's authoritative server, Unbound as its resolver: files they need, and changes by dynamic update.

Keys are made before the first start, so each zone's DS can stand in its parent's zone file; Knot then signs all zones
(ECDSA P-256, NSEC) from the root down. `keys/root.ds` is the trust anchor, `keys/root.hints` the root hints, `keys/update.key` the
TSIG key in the one-line form "algorithm:name:secret" that `knsupdate -k` and `kdig -k` read.
"""

import base64
import secrets
import shlex
import subprocess
from pathlib import Path

from .errors import LabError
from .world import Server, World, Zone, reverse_name

TSIG_ALGORITHM = "hmac-sha256"
TSIG_NAME = "update.lab"
KNOT_READY = "server started"  # it listens before its zones are loaded
# RFC 6303 zones that resolvers answer by themselves, and that this world really has.
AS112_ZONES = ("2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")


def zone_text(world: World, zone: Zone, ds: dict[str, list[str]]) -> str:
    """The zone file: SOA, NS, the world's records, and for each zone below it NS and DS. `ds`: DS data of each origin."""
    name_server, contact = f"{world.name_server}.", f"{world.contact}."
    lines = [
        f"$ORIGIN {absolute(zone.origin)}",
        f"$TTL {world.ttl}",
        f"@ SOA {name_server} {contact} 1 3600 600 86400 {world.negative_ttl}",
        f"@ NS {name_server}",
        zone.records.strip(),
    ]
    for child in world.zones.values():
        if world.parent_of(child) == zone:
            lines.append(f"{absolute(child.origin)} NS {name_server}")
            lines += [f"{absolute(child.origin)} DS {data}" for data in ds[child.origin]]
    if zone.origin == ".":
        lines += _address_records(name_server, world.only("knot"))
    return "\n".join(lines) + "\n"


def check_zones(log: str) -> None:
    """Knot serves the zones that it could read and only logs the others; a world with a hole in it is of no use."""
    errors = [line.split(" error: ", 1)[1] for line in log.splitlines() if " error: [" in line]
    if errors:
        raise LabError("a zone of the world is wrong: " + errors[0], "\n     ".join(errors[1:] or ["see its records in the world file"]))


def absolute(origin: str) -> str:
    return "." if origin == "." else f"{origin}."


def _address_records(name: str, server: Server) -> list[str]:
    return [f"{name} {'AAAA' if ':' in address else 'A'} {address}" for address in server.addresses]


def zone_file(zone: Zone) -> str:
    return ("root" if zone.origin == "." else zone.origin.replace("/", "-")) + ".zone"


def prepare_knot(world: World, server: Server, state: Path) -> list[str]:
    """Writes keys, zones and configuration under `state`; returns the command that serves them."""
    keys, zones, home = state / "keys", state / "zones", state / server.key
    for folder in (keys, zones, home):
        folder.mkdir(exist_ok=True)
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    (keys / "update.key").write_text(f"{TSIG_ALGORITHM}:{TSIG_NAME}:{secret}\n")
    config = home / "knot.conf"
    config.write_text(_knot_config(world, server, zones, home, secret))
    ds = {origin: _make_key(config, zone) for origin, zone in world.zones.items()}
    for zone in world.zones.values():
        (zones / zone_file(zone)).write_text(zone_text(world, zone, ds))
    (keys / "root.ds").write_text("".join(f". IN DS {data}\n" for data in ds["."]))
    hints = [f". 3600000 NS {world.name_server}."]
    hints += [record.replace(" ", " 3600000 ", 1) for record in _address_records(f"{world.name_server}.", server)]
    (keys / "root.hints").write_text("\n".join(hints) + "\n")
    return ["knotd", "-c", str(config)]


def _knot_config(world: World, server: Server, zones: Path, home: Path, secret: str) -> str:
    listen = "".join(f"    listen: {address}@53\n" for address in server.addresses)
    text = f"""server:
    rundir: {home}
{listen}    tcp-workers: 1
    udp-workers: 1
    background-workers: 2
log:
  - target: stderr
    any: info
database:
    storage: {home}
key:
  - id: {TSIG_NAME}
    algorithm: {TSIG_ALGORITHM}
    secret: {secret}
acl:
  - id: update
    key: {TSIG_NAME}
    action: update
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: off
    cds-cdnskey-publish: none
template:
  - id: default
    storage: {zones}
    zonefile-sync: 0
    dnssec-signing: on
    dnssec-policy: lab
zone:
"""
    for zone in world.zones.values():
        text += f'  - domain: "{absolute(zone.origin)}"\n    file: {zone_file(zone)}\n'
        if zone.updatable:
            text += "    acl: update\n"
    return text


def _make_key(config: Path, zone: Zone) -> list[str]:
    """Makes the zone's one signing key; returns the data of its DS records with SHA-256 (digest type 2)."""
    name = absolute(zone.origin)
    _tool(["keymgr", "-c", config, name, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes"])
    answers = _tool(["keymgr", "-c", config, name, "ds"]).splitlines()
    data = [line.split(" DS ", 1)[1] for line in answers]  # name DS keytag algorithm digest-type digest
    return [text for text in data if text.split()[2] == "2"]


def prepare_unbound(world: World, server: Server, state: Path) -> list[str]:
    home = state / server.key
    home.mkdir(exist_ok=True)
    interfaces = "".join(f"  interface: {address}\n" for address in server.addresses)
    own = "".join(f'  local-zone: "{name}." nodefault\n' for name in AS112_ZONES)
    (home / "unbound.conf").write_text(
        f"""server:
{interfaces}  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  num-threads: 1
  username: ""
  chroot: ""
  directory: "{home}"
  pidfile: "{home}/unbound.pid"
  use-syslog: no
  logfile: ""
  root-hints: "{state}/keys/root.hints"
  trust-anchor-file: "{state}/keys/root.ds"
  cache-max-ttl: {world.ttl}
  cache-max-negative-ttl: {world.negative_ttl}
  infra-host-ttl: 5
  val-log-level: 2
{own}remote-control:
  control-enable: no
"""
    )
    return ["unbound", "-d", "-p", "-c", str(home / "unbound.conf")]


# --- Changes while the lab runs -------------------------------------------------------------------------------------------------------


def update_script(world: World, name: str, changes: list[str]) -> tuple[str, str]:
    """The knsupdate script that applies `changes` to the zone of `name`, and that zone's origin."""
    zone = world.zone_of(name)
    if not zone.updatable:
        allowed = ", ".join(origin for origin, each in world.zones.items() if each.updatable)
        raise LabError(f"zone {zone.origin} takes no updates", f"updatable zones: {allowed}; others are set in the world file")
    server = world.only("knot").addresses[0]
    return "\n".join([f"server {server}", f"zone {absolute(zone.origin)}", *changes, "send", "quit"]) + "\n", zone.origin


def set_changes(name: str, kind: str, data: str, ttl: int) -> list[str]:
    return [f"update delete {name}. {kind}", *add_changes(name, kind, data, ttl)]


def add_changes(name: str, kind: str, data: str, ttl: int) -> list[str]:
    return [f"update add {name}. {ttl} {kind} {_data(kind, data)}"]


def delete_changes(name: str, kind: str, data: str | None) -> list[str]:
    return [f"update delete {name}. {kind} {_data(kind, data)}" if data else f"update delete {name}. {kind}"]


def _data(kind: str, data: str) -> str:
    """TXT may be given as plain text of any length: it is quoted and cut into character-strings (RFC 1035#3.3.14)."""
    if kind != "TXT" or data.startswith('"'):
        return data
    parts = [data[start : start + 255] for start in range(0, len(data), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def owner(text: str) -> str:
    """What the user calls a name: an address means its reverse name."""
    return reverse_name(text)


def _tool(command: list) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"{shlex.join(map(str, command))} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
