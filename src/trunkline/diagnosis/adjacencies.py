"""Why packets do not go over a link of the backbone: what its routers' daemons say of each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trunkline.intent.allocation import core_loopback
from trunkline.intent.bgp import Adjacency, Remark
from trunkline.intent.compile.plant import CROSSING, backbone_interface, core_node
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import span_between
from trunkline.model.circuit import Leg

_FULL, _UP = "Full", "Up"
#: What a router must have been told in common (RFC 2328, 10.5), in BIRD's words.
_MISMATCH = re.compile(
    r"(?P<what>(?:hello interval|dead interval|area type|area|options|prefix length|MTU|authentication method) mismatch"
    r"|MTU mismatch|Authentication failed).*")


@dataclass(frozen=True, slots=True)
class End:
    """Of a link, at the core ``site`` of a leg: whom it ought to know there, and where."""

    site: str
    leg: Leg
    interface: str
    neighbour: str
    neighbour_leg: Leg

    @property
    def node(self) -> str:
        return core_node(self.site, self.leg)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``state``: OSPF's word (RFC 2328, 10.1), empty where the router knows no neighbour."""

    end: End
    family: int
    state: str
    problem: str
    remedy: str


def ends(scopes: Iterable[Scope]) -> Iterator[End]:
    """Of all links among them."""
    pairs = (Leg.PRIMARY, Leg.SECONDARY), (Leg.SECONDARY, Leg.PRIMARY)
    for scope in scopes:
        if scope.kind is ScopeKind.CROSSING:
            yield from (End(scope.key, leg, CROSSING, scope.key, other) for leg, other in pairs)
        elif scope.kind is ScopeKind.SPAN and (span := span_between(*scope.key.split("~"))):
            leg = Leg(scope.leg)
            for here, there in ((span.a, span.b), (span.b, span.a)):
                yield End(here, leg, backbone_interface(there), there, leg)


def troubles(end: End, found: Iterable[Adjacency], remarks: Sequence[Remark]) -> Iterator[Trouble]:
    """``found``: of its router; ``remarks``: what the router's daemon has logged, the latest last."""
    known = {one.family: one for one in found if one.interface == end.interface}
    for family in (4, 6):
        one = known.get(family)
        why = _why(end, one, _complaint(end, family, remarks))
        if why:
            yield Trouble(end, family, one.state if one else "", *why)


def _complaint(end: End, family: int, remarks: Sequence[Remark]) -> str:
    mine = re.compile(rf"\btl\.ospf{family}: .* (?:on|via) {re.escape(end.interface)}\b")
    told = (match["what"] + _numbers(one.text) for one in reversed(remarks)
            if mine.search(one.text) and (match := _MISMATCH.search(one.text)))
    return next(told, "")


def _numbers(text: str) -> str:
    """In brackets at a remark's end."""
    return found[0] if (found := re.search(r" \([^()]*\)$", text)) else ""


def _why(end: End, one: Adjacency | None, complaint: str) -> tuple[str, str] | None:
    if one and one.state == _FULL:
        return _well(end, one)
    if complaint:
        return complaint, "tell both ends the same: what differs was not set by Trunkline, which makes both alike"
    if one is None:
        return "hears nothing of it", _look_at(end, "is the link up, and does the other daemon run")
    if one.state == "Init":
        return "hears it, but is not heard by it", _look_at(end, "frames of one direction are lost")
    return "has not its routes yet", "wait: a few seconds after a start or a failure; if it stays, look at loss and MTU"


def _well(end: End, one: Adjacency) -> tuple[str, str] | None:
    if one.router_id != core_loopback(end.neighbour, end.neighbour_leg):
        return f"finds {one.router_id} there, another router", "look who is on that link"
    if one.bfd == _UP:
        return None
    return (f"BFD is {one.bfd or 'missing'}: a silent failure is noticed by OSPF's dead interval alone",
            _look_at(end, "does UDP port 3784 pass"))


def _look_at(end: End, question: str) -> str:
    return f"`trunkline capture {end.node} {end.interface}`: {question}? `trunkline heal` ends a rehearsed failure"
