"""Network values: the pieces of a blueprint that Linux realises. Each has a ``key``: what it is and which one.

A piece says everything about itself, so two equal pieces need no change and a plane can tell from the kernel alone
whether a piece exists exactly as described.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a node is (design, section 1)."""

    SWITCH = "switch"  #: provider switch, one per provider, location and leg
    EDGE = "edge"  #: the cloud's edge router: its ports
    CORE = "core"  #: backbone router of an edge or region, where tunnels have their sockets
    VRF = "vrf"
    GATEWAY = "gateway"
    ROUTER = "router"  #: VNet router
    HUB = "hub"  #: instance of a Route Server
    VM = "vm"
    CE = "ce"
    LAN = "lan"
    HOST = "host"


#: Kind and name; unique in an estate.
Key = tuple[str, str]

#: The namespace in which Trunkline runs, where external hand-offs end.
OUTSIDE = ""


@dataclass(frozen=True, slots=True)
class Address:
    """``local`` with prefix length (``10.0.0.1/30``); with ``peer`` (no length) a point-to-point address."""

    local: str
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A network namespace.

    ``loopback``: addresses of ``lo`` beside 127.0.0.1, with length. ``bridge``: it holds a learning bridge ``br0``.
    ``sysctls`` beyond the plane's defaults (rp_filter 0, IPv6 off, no ICMP redirects): (name, value) under ``net.``.
    """

    name: str
    role: Role
    forwarding: bool = False
    bridge: bool = False
    loopback: tuple[str, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    host: str = "local"

    @property
    def key(self) -> Key:
        return ("node", self.name)


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a link. ``name`` is unique in its node, at most 15 characters. ``mac`` empty: the kernel's choice.

    ``bridged``: port of the node's ``br0``. ``proxy_arp``: answers for addresses routed elsewhere.
    """

    node: str
    name: str
    addresses: tuple[Address, ...] = ()
    mtu: int = 1500
    mac: str = ""
    bridged: bool = False
    proxy_arp: bool = False


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
    """An interface of this machine taken into ``node`` as ``interface``; given back under its name when removed."""

    node: str
    interface: str
    takes: str
    mtu: int = 1500

    @property
    def key(self) -> Key:
        return ("port", f"{self.node}:{self.interface}")


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


@dataclass(frozen=True, slots=True)
class Route:
    """A static route; several next hops share the load. Without ``next_hops`` it leads to the link ``interface``."""

    node: str
    prefix: str
    next_hops: tuple[str, ...] = ()
    interface: str = ""

    @property
    def key(self) -> Key:
        return ("route", f"{self.node}:{self.prefix}")


ETH_P_8021Q, ETH_P_8021AD = 0x8100, 0x88A8


@dataclass(frozen=True, slots=True)
class Tag:
    vid: int
    protocol: int = ETH_P_8021Q


class Direction(StrEnum):
    """As the edge sees it: ``in`` from the customer, ``out`` to the customer."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class CrossConnect:
    """One direction of a hand-off inside ``node``: frames that arrive on ``ingress`` with exactly the tags ``match``
    (outer first; at most two) leave on ``egress`` with those tags replaced by ``push`` (outer first).

    ``attachment`` names the counter, together with ``direction``. ``drop``: count and drop instead (a rehearsed fault).
    """

    node: str
    ingress: str
    egress: str
    attachment: str
    direction: Direction
    match: tuple[Tag, ...] = ()
    push: tuple[Tag, ...] = ()
    drop: bool = False

    @property
    def key(self) -> Key:
        tags = ".".join(str(tag.vid) for tag in self.match) or "untagged"
        return ("cross-connect", f"{self.node}:{self.ingress}:{tags}")


#: Whatever a plane can realise, in the order of creation.
Piece = Node | Link | Port | Tunnel | Route | CrossConnect
PIECE_ORDER: tuple[type[Piece], ...] = (Node, Link, Port, Tunnel, Route, CrossConnect)


@dataclass(frozen=True, slots=True)
class Counter:
    packets: int = 0
    byte_count: int = 0


@dataclass(frozen=True, slots=True)
class PortCounters:
    """What a node's ``xconnect`` program has counted since it was loaded."""

    attachments: dict[tuple[str, Direction], Counter]
    drops: dict[str, Counter]  #: by reason, over all ports of the node


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One row of a kernel neighbour table; ``state`` in the kernel's word (REACHABLE, STALE, INCOMPLETE …)."""

    address: str
    mac: str
    interface: str
    state: str
    age_s: int
