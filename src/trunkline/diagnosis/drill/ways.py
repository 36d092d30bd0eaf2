"""Which ways a pair's packets have, which of them a failure takes, and what is left.

Two gateway instances are always active, and the backbone leads around what is between two sites, so neither takes a
way for good. With the region of a gateway, a hub or a network goes the pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.model.backbone import backbone, site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, RehearsedFault
from trunkline.model.plant import region


@dataclass(frozen=True, slots=True, order=True)
class CircuitLeg:
    """``circuit``: the id's key; ``name``: as it is told, with its group where another bears the same."""

    circuit: str
    name: str
    leg: str
    provider: str
    location: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.leg}"

    @property
    def site(self) -> str:
        """Where its edge is: of a metro's legs each in another building."""
        return site_of(self.location, Leg(self.leg))


@dataclass(frozen=True, slots=True)
class Way:
    """Over a leg of a circuit to a network, or over legs of the same name of two circuits to another site (Global
    Reach). ``regions``: of the gateway or hub, then of the network; none between sites. ``trouble``: why it carries
    nothing at present, in words; empty where it could."""

    legs: tuple[CircuitLeg, ...]
    regions: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def leg(self) -> str:
        return self.legs[0].leg

    @property
    def label(self) -> str:
        return f"{' ~ '.join(one.name for one in self.legs)} {self.leg}"

    @property
    def backbone(self) -> tuple[str, ...]:
        """The sites that its packets cross there; none if it is not known where they leave."""
        ends = (*(one.site.casefold() for one in self.legs), *(_place(one) for one in self.regions[:1]))
        return backbone().path(ends[0], ends[1], Leg(self.leg)) if len(ends) > 1 else ()


@dataclass(frozen=True, slots=True)
class End:
    """``node``: of the machine, as ``trunkline exec`` knows it. ``prefix``: the announced one that holds it."""

    node: str
    address: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A host at a site, and a machine in a virtual network or a host at another site; of one family."""

    here: End
    there: End
    ways: tuple[Way, ...]

    @property
    def label(self) -> str:
        return f"{self.here.prefix} ↔ {self.there.prefix}"

    @property
    def between_sites(self) -> bool:
        return all(len(way.legs) > 1 for way in self.ways)

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
    """It falls with any leg that it is over, and with any end."""
    if fault.kind is FaultKind.REGION:
        return _place(fault.region) in map(_place, way.regions)
    if fault.kind is FaultKind.CORE:
        return way.leg == fault.leg and _place(fault.site) in (*(one.site.casefold() for one in way.legs),
                                                               *map(_place, way.regions))
    return any(_takes(fault, one) for one in way.legs)


def _takes(fault: RehearsedFault, one: CircuitLeg) -> bool:
    leans_on: dict[FaultKind, tuple[tuple[str, str | None], ...]] = {
        FaultKind.LEG: ((one.circuit, _key(fault)), (one.leg, fault.leg)),
        FaultKind.EDGE: ((one.site, _edge(fault)), (one.leg, fault.leg)),
        FaultKind.SWITCH: ((one.provider, fault.provider), (one.site, _edge(fault)), (one.leg, fault.leg)),
        FaultKind.LOCATION: ((one.site, fault.location),)}
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
        return "; ".join(troubled) or f"no circuit leads from {pair.here.prefix} to {pair.there.prefix}"
    return "; ".join((f"all its ways fall: {', '.join(way.label for way in falling)}", _shared(fault, falling),
                      *troubled))


def _shared(fault: RehearsedFault, falling: tuple[Way, ...]) -> str:
    """What the missing second way would be."""
    match fault.kind:
        case FaultKind.LOCATION if len(falling[0].legs) > 1:
            return f"no other Global Reach link between them, past {fault.location}"
        case FaultKind.LOCATION:
            return f"no circuit at another location than {fault.location}"
        case FaultKind.REGION:
            return f"its only machine or gateway is in {fault.region}"
        case _:
            return "no other leg carries it"


def shaken(ways: tuple[Way, ...], fault: RehearsedFault) -> frozenset[CircuitLeg]:
    """Those some session of which may fall: also those that lead to what fails, or over it."""
    return frozenset(leg for way in ways if _shakes(fault, way) for leg in way.legs)


def _shakes(fault: RehearsedFault, way: Way) -> bool:
    if fault.kind is FaultKind.INSTANCE:
        return True
    if fault.kind in (FaultKind.SPAN, FaultKind.CORE):
        return fault.leg in (None, way.leg)
    return falls(way, fault) or _passes(way, fault)


def _passes(way: Way, fault: RehearsedFault) -> bool:
    """Whether its packets cross the location or region on the backbone."""
    return fault.kind in (FaultKind.LOCATION, FaultKind.REGION) and _place(
        fault.location or fault.region) in way.backbone
