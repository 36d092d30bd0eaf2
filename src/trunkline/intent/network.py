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

    ``bridged``: port of the node's ``br0``. ``proxy_arp``: answers for addresses routed elsewhere. ``strict``: drops
    what comes from addresses that are not routed here.
    """

    node: str
    name: str
    addresses: tuple[Address, ...] = ()
    mtu: int = 1500
    mac: str = ""
    bridged: bool = False
    proxy_arp: bool = False
    strict: bool = False


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


class RouteKind(StrEnum):
    """``throw``: this table has no answer, so the next rule is asked."""

    UNICAST = "unicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    THROW = "throw"


#: The table that is asked where no rule says otherwise.
MAIN = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A static route; several next hops share the load. Without ``next_hops`` it leads to the link ``interface``; with
    both, the next hop is taken to be on that link. ``table``: MAIN, or one that a Lookup leads to."""

    node: str
    prefix: str
    next_hops: tuple[str, ...] = ()
    interface: str = ""
    table: int = MAIN
    kind: RouteKind = RouteKind.UNICAST

    @property
    def key(self) -> Key:
        where = f"@{self.table}" if self.table else ""
        return ("route", f"{self.node}:{self.prefix}{where}")


class Verdict(StrEnum):
    """What a Lookup does with a packet: ask its table, go on at the rule of its target priority, or turn it away."""

    TABLE = "table"
    GOTO = "goto"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A routing rule. Rules are asked by ascending priority (at most 2^32 - 1); Linux's own are 0, 32766 and 32767.

    ``interface``: only for packets that came in there. ``to``: only to these destinations. ``target``: a table, or the
    priority to go on at. ``longer_than``: a route of the table counts only if its prefix is longer; -1 for any.
    """

    node: str
    priority: int
    verdict: Verdict
    target: int = MAIN
    interface: str = ""
    to: str = ""
    longer_than: int = -1

    @property
    def key(self) -> Key:
        return ("rule", f"{self.node}:{self.priority}:{self.interface or self.to}")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Addresses in one of ``prefixes``, or routed (in the main table) to one of the interfaces ``behind``; with
    ``others``, all but these."""

    prefixes: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    others: bool = False

    def __bool__(self) -> bool:
        """Whether there are any such addresses."""
        return bool(self.prefixes or self.behind or self.others)


NOWHERE, ANYWHERE = Whereabouts(), Whereabouts(others=True)

#: First and last.
PortRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FilterRule:
    """``counter`` names what counts its matches, unique in the node. ``protocol``: ``tcp``, ``udp``, ``icmp``, ``esp``,
    ``ah``, or empty for all. No ports: all of them. With ports and no protocol, TCP and UDP are meant."""

    counter: str
    allow: bool
    protocol: str = ""
    source: Whereabouts = ANYWHERE
    destination: Whereabouts = ANYWHERE
    source_ports: tuple[PortRange, ...] = ()
    destination_ports: tuple[PortRange, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleList:
    """The first rule that matches decides; a packet that matches none passes."""

    name: str
    rules: tuple[FilterRule, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rule lists that a new flow must pass, in this order, when it comes ``from_here`` or goes ``to_here``.
    ``sources``: the only addresses that packets may come from, also those of a flow."""

    interface: str
    from_here: tuple[str, ...] = ()
    to_here: tuple[str, ...] = ()
    sources: Whereabouts = ANYWHERE


@dataclass(frozen=True, slots=True)
class Filter:
    """What a node forwards between its interfaces. Only the first packet of a flow is judged: what belongs to a flow
    that was let through passes, both ways, also after the rules have changed."""

    node: str
    lists: tuple[RuleList, ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def key(self) -> Key:
        return ("filter", self.node)


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
Piece = Node | Filter | Link | Port | Tunnel | Route | Lookup | CrossConnect
PIECE_ORDER: tuple[type[Piece], ...] = (Node, Filter, Link, Port, Tunnel, Route, Lookup, CrossConnect)


def nodes_of(piece: Piece) -> frozenset[str]:
    """Names of the nodes that a piece needs or stands in; it is lost with any of them."""
    match piece:
        case Node():
            return frozenset({piece.name})
        case Link():
            return frozenset({piece.a.node, piece.b.node})
        case Tunnel():
            return frozenset({piece.underlay, piece.end.node})
        case _:
            return frozenset({piece.node})


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


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """One route as the kernel has it, whoever made it: ``protocol`` is ``static`` for ours, else the daemon's name or
    the kernel's word. ``next_hops``: (gateway, interface), either may be empty."""

    prefix: str
    table: int
    kind: str
    protocol: str
    next_hops: tuple[tuple[str, str], ...] = ()
