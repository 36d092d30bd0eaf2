"""Network values: the pieces of a blueprint that Linux realises. Each has a ``key``: what it is and which one.

A piece says everything about itself, so two equal pieces need no change and a plane can tell from the kernel alone
whether a piece exists exactly as described.
"""

from __future__ import annotations

from trunkline.intent.network.bound import ANY_TAG, Capacity, Impairment
from trunkline.intent.network.cache import RTR_PORT, Cache
from trunkline.intent.network.filter import (
    ANYWHERE,
    NOWHERE,
    Filter,
    FilterRule,
    Guard,
    PortRange,
    RuleList,
    Whereabouts,
)
from trunkline.intent.network.handoff import (
    ETH_P_8021AD,
    ETH_P_8021Q,
    CrossConnect,
    Direction,
    Hygiene,
    Policer,
    Sentry,
    Tag,
)
from trunkline.intent.network.link import Interface, Link, Port, Secured, Tap, Tunnel
from trunkline.intent.network.node import OUTSIDE, Address, Key, Node, Role
from trunkline.intent.network.observed import (
    CapacityCounters,
    Counter,
    Harm,
    KernelRoute,
    Line,
    Neighbor,
    PortCounters,
    Where,
    Wire,
)
from trunkline.intent.network.outage import Outage
from trunkline.intent.network.responder import Answer, Responder
from trunkline.intent.network.rewriting import Rewriting, Translation
from trunkline.intent.network.route import MAIN, Lookup, Route, RouteKind, Verdict

__all__ = [
    "ANYWHERE", "ANY_TAG", "ETH_P_8021AD", "ETH_P_8021Q", "MAIN", "NOWHERE", "OUTSIDE", "PIECE_ORDER", "RTR_PORT",
    "Address", "Answer", "Cache", "Capacity", "CapacityCounters", "Counter", "CrossConnect", "Direction", "Filter",
    "FilterRule", "Guard", "Harm", "Hygiene", "Impairment", "Interface", "KernelRoute", "Key", "Line", "Link", "Lookup",
    "Neighbor", "Node", "Outage", "Piece", "Policer", "Port", "PortCounters", "PortRange", "Responder", "Rewriting",
    "Role", "Route", "RouteKind", "RuleList", "Secured", "Sentry", "Tag", "Tap", "Translation", "Tunnel",
    "Verdict", "Where", "Whereabouts", "Wire", "nodes_of",
]

#: Whatever a plane can realise, in the order of creation. A sentry stands before anything is let through to it.
Piece = (Node | Filter | Link | Port | Tap | Secured | Hygiene | Tunnel | Route | Lookup | Sentry | Policer
         | CrossConnect | Capacity | Impairment | Outage | Cache | Rewriting | Responder)
PIECE_ORDER: tuple[type[Piece], ...] = (Node, Filter, Link, Port, Tap, Secured, Hygiene, Tunnel, Route, Lookup, Sentry,
                                        Policer, CrossConnect, Capacity, Impairment, Outage, Cache, Rewriting,
                                        Responder)


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
