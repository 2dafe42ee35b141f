"""The description of the world (world.toml), read into values and checked. No side effects."""

import ipaddress
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .errors import LabError

KINDS = ("knot", "unbound", "postfix", "exim", "relay", "rehearsal")


@dataclass(frozen=True)
class Server:
    key: str  # what the command line calls it: "postfix"
    kind: str
    name: str  # the host name it says
    addresses: tuple[str, ...]
    domains: tuple[str, ...] = ()
    users: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Zone:
    origin: str  # without the last dot, "." for the root
    records: str  # zone file text, relative to the origin
    updatable: bool


@dataclass(frozen=True)
class Sender:
    name: str
    domain: str
    addresses: tuple[str, ...]
    other_addresses: tuple[str, ...]


@dataclass(frozen=True)
class World:
    ttl: int
    negative_ttl: int
    name_server: str
    contact: str
    sender: Sender
    servers: dict[str, Server]
    zones: dict[str, Zone]

    @staticmethod
    def read(path: Path) -> "World":
        try:
            with open(path, "rb") as file:
                return _world(tomllib.load(file))
        except FileNotFoundError:
            raise LabError(f"there is no world at {path}", "name one with --world") from None
        except tomllib.TOMLDecodeError as error:
            raise LabError(f"{path}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise LabError(f"{path}: {type(error).__name__}: {error}") from None

    def addresses(self) -> list[str]:
        """Every address of the world, each once: what the loopback carries."""
        return list(dict.fromkeys([*self.sender.addresses, *self.sender.other_addresses, *self.server_addresses()]))

    def server_addresses(self) -> list[str]:
        return [address for server in self.servers.values() for address in server.addresses]

    def only(self, kind: str) -> Server:
        (server,) = (server for server in self.servers.values() if server.kind == kind)
        return server

    def zone_of(self, name: str) -> Zone:
        """The zone that holds `name`: the longest origin that it ends with."""
        labels = name.lower().rstrip(".").split(".")
        for start in range(len(labels)):
            zone = self.zones.get(".".join(labels[start:]))
            if zone:
                return zone
        return self.zones["."]

    def parent_of(self, zone: Zone) -> Zone | None:
        if zone.origin == ".":
            return None
        return self.zone_of(zone.origin.split(".", 1)[1] if "." in zone.origin else ".")


def _world(table: dict) -> World:
    defaults = table["defaults"]
    world = World(
        ttl=int(defaults["ttl"]),
        negative_ttl=int(defaults["negative_ttl"]),
        name_server=defaults["name_server"],
        contact=defaults["contact"],
        sender=Sender(
            table["sender"]["name"],
            table["sender"]["domain"],
            _addresses(table["sender"]["addresses"]),
            _addresses(table["sender"].get("other_addresses", [])),
        ),
        servers={key: _server(key, entry) for key, entry in table["servers"].items()},
        zones={origin.lower(): _zone(origin.lower(), entry) for origin, entry in table["zones"].items()},
    )
    for kind in ("knot", "unbound"):
        if sum(server.kind == kind for server in world.servers.values()) != 1:
            raise ValueError(f"the world needs exactly one server of kind {kind}")
    if sum(server.kind == "exim" for server in world.servers.values()) > 1:
        raise ValueError("at most one server of kind exim: its configuration has a fixed path")
    if "." not in world.zones:
        raise ValueError('the world needs the root zone: [zones."."]')
    return world


def _server(key: str, entry: dict) -> Server:
    unknown = set(entry) - {"kind", "name", "addresses", "domains", "users"}
    if unknown:
        raise ValueError(f"[servers.{key}] has an unknown key: {min(unknown)}")
    if entry["kind"] not in KINDS:
        raise ValueError(f"[servers.{key}] kind is {entry['kind']!r}, not one of {', '.join(KINDS)}")
    return Server(
        key, entry["kind"], entry["name"], _addresses(entry["addresses"]), tuple(entry.get("domains", ())), entry.get("users", {})
    )


def _zone(origin: str, entry: dict) -> Zone:
    unknown = set(entry) - {"records", "updatable"}
    if unknown:
        raise ValueError(f'[zones."{origin}"] has an unknown key: {min(unknown)}')
    return Zone(origin, entry.get("records", ""), entry.get("updatable", False))


def _addresses(texts: list[str]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_address(text)) for text in texts)


def reverse_name(text: str) -> str:
    """The reverse name of an address, without the last dot (RFC 1035#3.5, RFC 3596#2.5); any other text as it is."""
    try:
        return ipaddress.ip_address(text).reverse_pointer
    except ValueError:
        return text.rstrip(".")
