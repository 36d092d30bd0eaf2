"""A hand-off in small: host, CE, provider switch, edge, VRF, host, as pieces.

    here 10.1.1.10 ── CE v─x ═C═ w ═C═ c switch e ═S,C═ p edge a ── customer VRF ── 10.2.1.10 there

Two chains may share the switch and the edge's port, and may have equal addresses and C-tags.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trunkline.intent.network import (
    ETH_P_8021AD,
    Address,
    CrossConnect,
    Direction,
    Interface,
    Link,
    Node,
    Piece,
    Role,
    Route,
    Tag,
)

HERE, THERE = "10.1.1.10", "10.2.1.10"
CE, VRF = "10.9.0.1", "10.9.0.2"
TRUNK_MTU = 1508


@dataclass(frozen=True)
class Chain:
    """One customer's. ``number`` distinguishes the names of the things that two chains do not share."""

    number: int = 1
    stag: int = 100
    ctag: int = 20

    def node(self, what: str) -> str:
        return f"{what}{self.number}"

    @property
    def attachment(self) -> str:
        return f"circuit-{self.number}-primary"

    @property
    def tags(self) -> tuple[Tag, Tag]:
        return Tag(self.stag, ETH_P_8021AD), Tag(self.ctag)

    def nodes(self) -> list[Piece]:
        routers = [Node(self.node("ce"), Role.CE, forwarding=True), Node(self.node("vrf"), Role.VRF, forwarding=True)]
        return [*routers, Node(self.node("here"), Role.HOST), Node(self.node("there"), Role.HOST)]

    def links(self) -> list[Link]:
        here, ce, vrf, there = (self.node(what) for what in ("here", "ce", "vrf", "there"))
        return [
            Link(_end(here, "eth0", f"{HERE}/24"), _end(ce, "lan", "10.1.1.1/24")),
            Link(_end(ce, "v", f"{CE}/30"), _end(ce, "x")),
            Link(Interface(ce, "w", mtu=TRUNK_MTU), Interface("switch", f"c{self.number}", mtu=TRUNK_MTU)),
            Link(_end(vrf, "customer", f"{VRF}/30"), _end("edge", f"a{self.number}")),
            Link(_end(there, "eth0", f"{THERE}/24"), _end(vrf, "lan", "10.2.1.1/24")),
        ]

    def routes(self) -> list[Piece]:
        here, ce, vrf, there = (self.node(what) for what in ("here", "ce", "vrf", "there"))
        return [
            Route(here, "0.0.0.0/0", ("10.1.1.1",)),
            Route(ce, "10.2.0.0/16", (VRF,)),
            Route(vrf, "10.1.0.0/16", (CE,)),
            Route(there, "0.0.0.0/0", ("10.2.1.1",)),
        ]

    def cross_connects(self) -> list[CrossConnect]:
        ce, name, tag = self.node("ce"), self.attachment, Tag(self.ctag)
        port, inner = f"c{self.number}", f"a{self.number}"
        return [
            CrossConnect(ce, "w", "x", name, Direction.OUT, match=(tag,)),
            CrossConnect(ce, "x", "w", name, Direction.IN, push=(tag,)),
            CrossConnect("switch", port, "e", name, Direction.IN, match=(tag,), push=self.tags),
            CrossConnect("switch", "e", port, name, Direction.OUT, match=self.tags, push=(tag,)),
            CrossConnect("edge", "p", inner, name, Direction.IN, match=self.tags),
            CrossConnect("edge", inner, "p", name, Direction.OUT, push=self.tags),
        ]

    def pieces(self) -> tuple[Piece, ...]:
        return (*self.nodes(), *self.links(), *self.routes(), *self.cross_connects())

    def straight(self) -> tuple[Piece, ...]:
        """The same veth path without xconnect: switch and edge bridge, the CE's address is on its trunk."""
        links = self.links()
        ce, vrf = self.node("ce"), self.node("vrf")
        links[1:4] = [
            Link(_end(ce, "v", f"{CE}/30"), _end("switch", "c")),
            Link(_end(vrf, "customer", f"{VRF}/30"), _end("edge", "a")),
        ]
        return (*self.nodes(), *(_bridged(link) for link in links), *self.routes())


def shared(bridge: bool = False) -> tuple[Piece, ...]:
    """Switch, edge, and the link between them that carries both tags."""
    trunk = Link(Interface("edge", "p", mtu=TRUNK_MTU), Interface("switch", "e", mtu=TRUNK_MTU))
    nodes = Node("switch", Role.SWITCH, bridge=bridge), Node("edge", Role.EDGE, bridge=bridge)
    return (*nodes, _bridged(trunk) if bridge else trunk)


def _end(node: str, name: str, *addresses: str) -> Interface:
    return Interface(node, name, tuple(Address(address) for address in addresses))


def _bridged(link: Link) -> Link:
    ends = [replace(end, bridged=end.node in ("switch", "edge")) for end in (link.a, link.b)]
    return Link(*ends)
