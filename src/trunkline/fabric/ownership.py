"""The alias of an interface, by which it is known as ours: ``tl:<instance>:<digest>``, and for a borrowed interface
``tl:<instance>:<digest>:<its MTU>:<its name>``.

The digest covers what is fixed when an interface is made and cannot be read back (which end belongs to which, where a
tunnel's socket is). What can be read back (addresses, MTU, VNI …) is compared directly and mended in place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from trunkline.intent.network import Link, Port, Tap, Tunnel


@dataclass(frozen=True, slots=True)
class Mark:
    instance: str
    digest: str
    mtu: int = 0  #: a borrowed interface's own MTU
    name: str = ""  #: a borrowed interface's own name

    def __str__(self) -> str:
        owned = f"tl:{self.instance}:{self.digest}"
        return f"{owned}:{self.mtu}:{self.name}" if self.name else owned


def parse(alias: str) -> Mark | None:
    match alias.split(":", 4):
        case ["tl", instance, digest]:
            return Mark(instance, digest)
        case ["tl", instance, digest, mtu, name] if mtu.isdigit() and name:
            return Mark(instance, digest, int(mtu), name)
    return None


def is_ours(alias: str, instance: str) -> bool:
    mark = parse(alias)
    return mark is not None and mark.instance == instance


def mark_link(instance: str, link: Link) -> Mark:
    return _mark(instance, "link", link.a.node, link.a.name, link.b.node, link.b.name)


def mark_tunnel(instance: str, tunnel: Tunnel) -> Mark:
    return _mark(instance, "tunnel", tunnel.underlay, tunnel.end.node, tunnel.end.name)


def mark_tap(instance: str, tap: Tap) -> Mark:
    return _mark(instance, "tap", tap.node, tap.interface, tap.owner)


def mark_port(instance: str, port: Port) -> Mark:
    return _mark(instance, "port", port.node, port.interface, port.takes)


def _mark(instance: str, *identity: str) -> Mark:
    return Mark(instance, hashlib.blake2b("\0".join(identity).encode(), digest_size=5).hexdigest())
