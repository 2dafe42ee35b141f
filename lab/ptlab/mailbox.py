"""What a receiver saw: its Maildir files, read back as values.

The facts come from the receiver's own trace header (RFC 5321#4.4), which is the first one and the only one that it wrote itself.
"""

import re
from dataclasses import dataclass
from pathlib import Path

# Headers that receivers put before the first Received at final delivery.
_DELIVERY_HEADERS = ("return-path", "x-original-to", "delivered-to", "envelope-to", "delivery-date", "x-lab-peer")
_ADDRESS = r"\[(?:IPv6:)?(?P<address>[0-9A-Fa-f:.]+)\]"


@dataclass(frozen=True)
class Delivery:
    """One accepted message. `raw` is what came in DATA, with CRLF line ends, without what the receiver put before it."""

    receiver: str
    path: Path
    peer_address: str
    ehlo_name: str
    tls: bool
    auth_user: str | None
    mail_from: str
    recipients: tuple[str, ...]
    queue_id: str
    received: str  # the receiver's own Received header, unfolded
    authentication_results: str  # the receiver's own, unfolded; empty where it writes none
    raw: bytes

    def to_json(self) -> dict:
        values = dict(vars(self), path=str(self.path), recipients=list(self.recipients), size=len(self.raw))
        del values["raw"]
        return values


def read_all(receiver: str, host: str, folder: Path) -> list[Delivery]:
    """Every message that `receiver`, whose name is `host`, keeps under `folder`, oldest first; several files of one message (one a recipient) are one Delivery."""
    found: dict[tuple, Delivery] = {}
    paths = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "tmp" and not path.name.startswith(".")]
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name)):
        delivery = read(receiver, host, path)
        key = (delivery.queue_id, delivery.raw) if delivery.queue_id else (path,)
        if key in found:
            first = found[key]
            delivery = Delivery(**{**vars(first), "recipients": first.recipients + delivery.recipients})
        found[key] = delivery
    return list(found.values())


def read(receiver: str, host: str, path: Path) -> Delivery:
    """`host`: the receiver's host name, by which its own Authentication-Results field is known (RFC 8601#2.5)."""
    data = path.read_bytes()
    if b"\r\n" not in data.split(b"\n", 1)[0] + b"\n":
        data = data.replace(b"\n", b"\r\n")
    values: dict[str, list[str]] = {}
    received = ""
    while data and not data.startswith(b"\r\n"):
        end = _end_of_header(data)
        name, _, value = data[:end].decode(errors="replace").partition(":")
        name, value = name.lower(), " ".join(value.split())
        if name == "received" and not received:
            received = value
        elif name in _DELIVERY_HEADERS:
            values.setdefault(name, []).append(value)
        elif received and name == "authentication-results" and name not in values and value.startswith(f"{host};"):
            values[name] = [value]
        elif received:
            break
        data = data[end:]
    return _delivery(receiver, path, values, received, data)


def _end_of_header(data: bytes) -> int:
    match = re.compile(rb"\r\n(?![ \t])").search(data)
    return match.end() if match else len(data)


def _delivery(receiver: str, path: Path, values: dict, received: str, raw: bytes) -> Delivery:
    recipients = values.get("x-original-to") or values.get("envelope-to") or re.findall(r"\bfor <([^>]*)>", received)
    peer = dict(part.strip().split("=", 1) for part in values["x-lab-peer"][0].split(";")) if "x-lab-peer" in values else {}
    address = re.search(_ADDRESS, received)
    ehlo = re.match(r"from (\S+)", received)
    user = re.search(r"\(Authenticated sender: ([^)]*)\)", received)
    queue_id = re.search(r"\bid ([^\s;]+)", received)
    protocol = re.search(r"\bwith ((?:UTF8)?E?SMTPS?A?)\b", received, re.IGNORECASE)  # RFC 3848, RFC 6531#4.3
    return Delivery(
        receiver=receiver,
        path=path,
        peer_address=peer.get("address") or (address["address"] if address else ""),
        ehlo_name=peer.get("helo") or (ehlo[1] if ehlo else ""),
        tls=(peer.get("tls") or (protocol[1] if protocol else "")).strip().upper() in ("ESMTPS", "ESMTPSA", "UTF8SMTPS", "UTF8SMTPSA"),
        auth_user=peer.get("auth") or (user[1].split("@")[0] if user else None),  # without the realm
        mail_from=values.get("return-path", [""])[0].strip("<>"),
        recipients=tuple(recipients),
        queue_id=queue_id[1] if queue_id else "",
        received=received,
        authentication_results=values.get("authentication-results", [""])[0],
        raw=raw,
    )
