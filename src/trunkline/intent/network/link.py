"""What joins nodes: links, tunnels, and ports that are the machine's or the user's."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Address, Key


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a link. ``name`` is unique in its node, at most 15 characters. ``mac`` empty: the kernel's choice.

    ``index``: the kernel's number for it, 0 for the kernel's choice; only of a link's first end.
    ``bridged``: port of the node's ``br0``. ``proxy_arp``: answers for addresses routed elsewhere. ``strict``: drops
    what comes from addresses that are not routed here. Unless ``up``, the other end has no carrier.
    """

    node: str
    name: str
    addresses: tuple[Address, ...] = ()
    mtu: int = 1500
    mac: str = ""
    bridged: bool = False
    proxy_arp: bool = False
    strict: bool = False
    up: bool = True
    index: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A veth pair. Both ends may be in one node. ``b`` in OUTSIDE: the user's; where they move it is theirs."""

    a: Interface
    b: Interface

    @property
    def key(self) -> Key:
        return ("link", f"{self.a.node}:{self.a.name}")


@dataclass(frozen=True, slots=True)
class Port:
    """An interface of this machine taken into ``node`` as ``interface``; given back under its name when removed.
    ``bridged``: port of the node's ``br0``."""

    node: str
    interface: str
    takes: str
    mtu: int = 1500
    up: bool = True
    bridged: bool = False

    @property
    def key(self) -> Key:
        return ("port", f"{self.node}:{self.interface}")


@dataclass(frozen=True, slots=True)
class Tap:
    """A TAP of ours in ``node``: it stays without a program, and has carrier while one has it open. ``owner``: whose
    it is; one of the same name that is somebody else's is left alone."""

    node: str
    interface: str
    mtu: int = 1500
    up: bool = True
    owner: str = ""

    @property
    def key(self) -> Key:
        return ("tap", f"{self.node}:{self.interface}")


@dataclass(frozen=True, slots=True)
class Secured:
    """MACsec (IEEE 802.1AE) on an interface of ``node``, which without it stays down. ``cipher``: ARM's word."""

    node: str
    interface: str
    cipher: str

    @property
    def key(self) -> Key:
        return ("macsec", f"{self.node}:{self.interface}")


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One end of a point-to-point VXLAN: created in ``underlay`` (where its socket stays), moved into the end's node.

    ``local`` and ``remote`` are loopbacks of core nodes, without length.
    """

    underlay: str
    end: Interface
    vni: int
    local: str
    remote: str

    @property
    def key(self) -> Key:
        return ("tunnel", f"{self.end.node}:{self.end.name}")
