"""Which ways a pair's packets have, which of them a failure takes, and what is left.

Two gateway instances are always active, and the backbone leads around what is between two sites, so neither takes a
way for good. A gateway's region is where the machine itself is: with it goes the pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.model.backbone import backbone, site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, RehearsedFault
from trunkline.model.plant import region


@dataclass(frozen=True, slots=True)
class Way:
    """A leg of a circuit between a site and a virtual network. ``circuit``: the id's key. ``trouble``: why it carries
    nothing at present, in words; empty where it could."""

    circuit: str
    name: str
    leg: str
    provider: str
    location: str
    region: str
    trouble: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} {self.leg}"

    @property
    def site(self) -> str:
        """Where its edge is: of a metro's legs each in another building."""
        return site_of(self.location, Leg(self.leg))


@dataclass(frozen=True, slots=True)
class End:
    """``node``: of the machine, as ``trunkline exec`` knows it. ``prefix``: the announced one that holds it."""

    node: str
    address: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A host at a site and a machine in a virtual network, of one family."""

    site: End
    cloud: End
    ways: tuple[Way, ...]

    @property
    def label(self) -> str:
        return f"{self.site.prefix} ↔ {self.cloud.prefix}"

    @property
    def carrying(self) -> tuple[Way, ...]:
        return tuple(way for way in self.ways if not way.trouble)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a failure does to one pair. ``reason``: why nothing is left, in words; empty while something is."""

    pair: Pair
    falling: tuple[Way, ...]
    left: tuple[Way, ...]
    reason: str

    @property
    def protected(self) -> bool:
        return bool(self.left)


def falls(way: Way, fault: RehearsedFault) -> bool:
    if fault.kind is FaultKind.CORE:
        return way.leg == fault.leg and _place(fault.site) in (way.site, _place(way.region))
    leans_on: dict[FaultKind, tuple[tuple[str, str | None], ...]] = {
        FaultKind.LEG: ((way.circuit, _key(fault)), (way.leg, fault.leg)),
        FaultKind.EDGE: ((way.site, _edge(fault)), (way.leg, fault.leg)),
        FaultKind.SWITCH: ((way.provider, fault.provider), (way.site, _edge(fault)), (way.leg, fault.leg)),
        FaultKind.LOCATION: ((way.site, fault.location),),
        FaultKind.REGION: ((_place(way.region), _place(fault.region)),)}
    parts = leans_on.get(fault.kind, ())
    return bool(parts) and all(own.casefold() == (failed or "").casefold() for own, failed in parts)


def _place(name: str | None) -> str:
    """A region may be told by either of its names."""
    found = region(name or "")
    return found.name if found else (name or "").casefold()


def _edge(fault: RehearsedFault) -> str:
    """The building of a metro's leg, else the location."""
    return site_of(fault.location or "", fault.leg) if fault.leg else ""


def _key(fault: RehearsedFault) -> str:
    return fault.circuit.target.key if fault.circuit else ""


def expect(pair: Pair, fault: RehearsedFault) -> Expectation:
    falling = tuple(way for way in pair.carrying if falls(way, fault))
    left = tuple(way for way in pair.carrying if not falls(way, fault))
    return Expectation(pair, falling, left, "" if left else _reason(pair, fault, falling))


def _reason(pair: Pair, fault: RehearsedFault, falling: tuple[Way, ...]) -> str:
    troubled = [f"{way.label} carries nothing ({way.trouble})" for way in pair.ways if way.trouble]
    if not falling:
        return "; ".join(troubled) or f"no circuit leads from {pair.site.prefix} to {pair.cloud.prefix}"
    return "; ".join((f"all its ways fall: {', '.join(way.label for way in falling)}", _shared(fault, falling),
                      *troubled))


def _shared(fault: RehearsedFault, falling: tuple[Way, ...]) -> str:
    """What the missing second way would be."""
    match fault.kind:
        case FaultKind.LOCATION:
            return f"no circuit at another location than {falling[0].location}"
        case FaultKind.REGION:
            return f"the machine itself is in {falling[0].region}"
        case _:
            return "no other leg carries it"


def said(fault: RehearsedFault) -> str:
    """What fails, as ``trunkline fail`` names it."""
    words: tuple[str | None, ...]
    match fault.kind:
        case FaultKind.LEG:
            words = (fault.circuit.target.name if fault.circuit else "", fault.leg)
        case FaultKind.INSTANCE:
            words = ("gateway", fault.gateway.target.name if fault.gateway else "", str(fault.instance))
        case FaultKind.SPAN:
            words = ("link", fault.site, fault.to, fault.leg)
        case FaultKind.CORE:
            words = ("core", fault.site, fault.leg)
        case _:
            words = (fault.kind.value, fault.provider, fault.location, fault.region, fault.leg)
    return " ".join(str(word) for word in words if word)


def shaken(ways: tuple[Way, ...], fault: RehearsedFault) -> frozenset[tuple[str, str]]:
    """Circuits and legs some session of which may fall: also those that lead to what fails, or over it."""
    if fault.kind is FaultKind.INSTANCE:
        return frozenset((way.name, way.leg) for way in ways)
    if fault.kind in (FaultKind.SPAN, FaultKind.CORE):
        return frozenset((way.name, way.leg) for way in ways if fault.leg in (None, way.leg))
    return frozenset((way.name, way.leg) for way in ways if falls(way, fault) or _passes(way, fault))


def _passes(way: Way, fault: RehearsedFault) -> bool:
    """Whether its packets cross the location or region on the backbone."""
    failed = _place(fault.location or fault.region)
    path = backbone().path(way.site.casefold(), _place(way.region), Leg(way.leg))
    return fault.kind in (FaultKind.LOCATION, FaultKind.REGION) and failed in path
