"""What our index asks of each pair beside what the model says of single failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from trunkline.diagnosis.resiliency.evidence import Evidence, LegOf, LegSeen
from trunkline.errors import NotFound
from trunkline.intent.connectivity.model import Bundle
from trunkline.intent.gateways import GatewayView
from trunkline.intent.view import CircuitView
from trunkline.model.backbone import backbone, site_of
from trunkline.model.bgp import family_of
from trunkline.model.circuit import Leg
from trunkline.model.resource import ResourceId

PROVIDERS, LOCATIONS, BACKBONE, UP, BFD, DRILLS, SIX = (
    "Diverse providers", "Diverse locations", "Diverse backbone paths", "Both legs up", "BFD", "Drills", "IPv6 parity")

#: (days since a leg was tried, what that is worth)
_AGES = ((30, 1.0), (60, 0.75), (90, 0.5))
_OLD = 0.25
_METRO = 0.5


@dataclass(frozen=True, slots=True)
class Lack:
    """``share``: of what the criterion is worth for a pair."""

    share: float
    who: str
    why: str
    back: str


@dataclass(frozen=True, slots=True)
class End:
    """A site of a pair, and the pair's circuits that end there."""

    name: str
    circuits: tuple[CircuitView, ...]


def _ends_at(circuit: CircuitView, site: ResourceId) -> bool:
    return any(order.site and order.site.id == site for _, order in circuit.orders)


@dataclass(frozen=True, slots=True)
class Ways:
    """What a bundle's traffic may take: circuits with their used legs, and gateways. ``six``: which bundles of the same
    two ends are IPv6 and connected."""

    bundle: Bundle
    name: str
    circuits: tuple[CircuitView, ...]
    gateways: tuple[GatewayView, ...]
    names: Mapping[str, str]
    six: bool
    wants_six: bool

    @property
    def legs(self) -> tuple[LegOf, ...]:
        return tuple((one.resource.id.key, leg) for one in self.circuits for leg in Leg if one.order(leg))

    @property
    def ends(self) -> tuple[End, ...]:
        """Circuits that end at one site are ways beside each other; those of two sites, over Global Reach, are one way
        behind the other."""
        pair = self.bundle.pairs[0]
        found = [End(place.name, tuple(one for one in self.circuits if _ends_at(one, place.owner)))
                 for place in (pair.here, pair.there)]
        return tuple(one for one in found if one.circuits) or (End(pair.here.name, self.circuits),)

    def said(self, leg: LegOf) -> str:
        return f"{self.names[leg[0]]} {leg[1]}"


Criterion = Callable[[Ways, Evidence], Iterator[Lack]]


def providers(ways: Ways, _evidence: Evidence) -> Iterator[Lack]:
    """At each end. A Direct port is nobody's but one's own."""
    for end in ways.ends:
        found = {one.provider.casefold() or one.resource.id.key: one.provider for one in end.circuits}
        if len(found) < 2:
            name = next(iter(found.values()), "") or "one Direct port"
            yield Lack(1 / len(ways.ends), ways.name, f"all circuits of {end.name} are of {name}",
                       "order a second circuit from another provider, or stand on a Direct port")


def locations(ways: Ways, _evidence: Evidence) -> Iterator[Lack]:
    """At each end. A Metro is half of it: two buildings, one city."""
    for end in ways.ends:
        cities = {one.location.casefold() for one in end.circuits}
        buildings = {site_of(one.location, leg) for one in end.circuits for leg in Leg}
        if len(cities) < 2:
            where = next((one.location for one in end.circuits), "no location")
            yield Lack((_METRO if len(buildings) > 1 else 1.0) / len(ways.ends), ways.name,
                       f"everything of {end.name} comes in at {where}",
                       "order a circuit at another peering location and connect it; 'trunkline plant nearest' finds "
                       "one")


def backbone_paths(ways: Ways, _evidence: Evidence) -> Iterator[Lack]:
    """Whether anything is common to all paths between where the circuits come in and the gateways' regions, or between
    the circuits of two sites over Global Reach."""
    between = [(one.location, gateway.region) for one in ways.circuits for gateway in ways.gateways] or [
        (one.location, other.location) for near, far in combinations(ways.ends, 2)
        for one, other in product(near.circuits, far.circuits) if one.location != other.location]
    paths = [path for start, end in between for leg in Leg if (path := _path(start, end, leg))]
    common = set.intersection(*(set(map(frozenset, pairwise(path))) for path in paths)) if paths else set()
    for span in sorted("~".join(sorted(one)) for one in common):
        yield Lack(1.0 / len(common), f"link {span}", f"all backbone paths of {ways.name} take it",
                   "order a circuit at a location from which another way leads there")


def _path(start: str, end: str, leg: Leg) -> Sequence[str]:
    try:
        return backbone().path(start.casefold(), end.casefold(), leg)
    except NotFound:
        return ()


def legs_up(ways: Ways, evidence: Evidence) -> Iterator[Lack]:
    """A leg that is not ordered counts as down."""
    wanted = [(one.resource.id.key, leg) for one in ways.circuits for leg in Leg]
    for leg in wanted:
        if leg not in ways.legs:
            yield Lack(1 / len(wanted), ways.said(leg), "it is not ordered: the circuit has one leg",
                       "order it at the provider's exchange, at another router of the site")
        elif not evidence.legs.get(leg, LegSeen(False, False)).up:
            yield Lack(1 / len(wanted), ways.said(leg), "its BGP session is not up",
                       f"'trunkline routes {ways.names[leg[0]]}' says why; bring it up")


def bfd(ways: Ways, evidence: Evidence) -> Iterator[Lack]:
    for leg in ways.legs:
        if not evidence.legs.get(leg, LegSeen(False, False)).bfd:
            yield Lack(1 / len(ways.legs), ways.said(leg),
                       "BFD does not watch it, so a silent failure lasts as long as the hold time",
                       "switch BFD on at both ends")


def drills(ways: Ways, evidence: Evidence) -> Iterator[Lack]:
    for leg in ways.legs:
        age = evidence.last(leg)
        worth = 0.0 if age is None else next((worth for most, worth in _AGES if age <= most), _OLD)
        if worth < 1:
            why = "no drill of it was ever passed" if age is None else f"its last passed drill is {age:.0f} days old"
            if spoiled := evidence.last_spoiled(leg):
                why += f"; its last drill {spoiled.how} on {spoiled.at:%Y-%m-%d at %H:%M} UTC"
            elif age is None:
                why = "its failover was never drilled"
            yield Lack((1 - worth) / len(ways.legs), ways.said(leg), why,
                       f"'trunkline drill failover {ways.said(leg)}'")


def parity(ways: Ways, _evidence: Evidence) -> Iterator[Lack]:
    """Asked of IPv4 where an end has IPv6 as well."""
    if ways.wants_six and not ways.six and family_of(ways.bundle.pairs[0].here.prefix) == 4:
        yield Lack(1.0, ways.name, "an end has IPv6, and no pair of IPv6 prefixes is connected",
                   "give the peering an ipv6PeeringConfig, and the site and the GatewaySubnet IPv6 prefixes")


#: What each is worth.
CRITERIA: tuple[tuple[str, int, Criterion], ...] = (
    (PROVIDERS, 5, providers), (LOCATIONS, 5, locations), (BACKBONE, 5, backbone_paths), (UP, 10, legs_up),
    (BFD, 10, bfd), (DRILLS, 20, drills), (SIX, 5, parity))
