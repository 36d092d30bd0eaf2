"""Which peering location is the nearest for a site and a region: by how long packets take to it and from it, each leg
on its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.errors import NotFound
from trunkline.model.backbone import BackboneSite, backbone, site_of
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.geography import LAND_FACTOR, Position, latency_us
from trunkline.model.own_plant import used
from trunkline.model.plant import PeeringLocation, Region, city_of, locations
from trunkline.model.provider import offers
from trunkline.model.reach import beyond

#: Kilometres of fibre that a carrier lays straight to a customer: nine of ten spans on land are no longer. Whoever is
#: farther away comes by the same cables as the backbone.
ACCESS_KM = 2200.0


@dataclass(frozen=True, slots=True)
class Way:
    """Of one leg. ``access_us``: one way from the site to the leg's building, over fibre as on land, or from the
    nearest location along the spans where that is too far; ``backbone_us``: from there along ``path`` to the region."""

    leg: Leg
    path: tuple[str, ...]
    access_us: int
    backbone_us: int

    @property
    def round_trip_us(self) -> int:
        return 2 * (self.access_us + self.backbone_us)


@dataclass(frozen=True, slots=True)
class Choice:
    """``km``: great circle from the site to the primary leg's building; ``tier``: the least SKU that reaches the
    region; ``is_near``: whether a carrier's line leads there."""

    location: PeeringLocation
    km: float
    ways: tuple[Way, Way]
    tier: SkuTier
    is_near: bool
    providers: tuple[str, ...]


def ranked(start: Position, region: Region) -> tuple[Choice, ...]:
    """Where circuits are sold: those that a line leads to before all others, each by the primary leg's round trip, then
    the secondary's."""
    access = Access(start)
    found = (_choice(access, place, region) for place in _sold())
    return tuple(sorted(found, key=lambda one: (
        not one.is_near, *(way.round_trip_us for way in one.ways), one.location.name)))


class Access:
    """How a site comes to the buildings where legs end."""

    def __init__(self, start: Position) -> None:
        self._start = start
        self._first = min((site_of(place.name, leg) for place in _sold() for leg in Leg), key=self.km, default="")
        self._spans = backbone().latencies(self._first) if self._first else {}

    def km(self, site: str) -> float:
        return self._start.km_to(_site(site).position)

    def is_near(self, site: str) -> bool:
        """The nearest location always is."""
        return site == self._first or self.km(site) * LAND_FACTOR <= ACCESS_KM

    def us(self, site: str) -> int:
        straight = latency_us(self.km(site) * LAND_FACTOR)
        if self.is_near(site) or site not in self._spans:
            return straight
        return latency_us(self.km(self._first) * LAND_FACTOR) + self._spans[site]


def _sold() -> Iterator[PeeringLocation]:
    """Test locations have no price zone; an operator's own need none."""
    served = {name for offer in offers().values() for name in offer.peering_locations}
    return (place for place in locations().values() if place.name in served and (place.zone or used()))


def _choice(access: Access, place: PeeringLocation, region: Region) -> Choice:
    primary, secondary = (_way(access, place.name, region.name, leg) for leg in Leg)
    tier = next(tier for tier in (SkuTier.LOCAL, SkuTier.STANDARD, SkuTier.PREMIUM)
                if not beyond(tier, place.name, region.name))
    served = tuple(offer.name for offer in offers().values() if offer.serves(place.name))
    building = primary.path[0]
    return Choice(place, access.km(building), (primary, secondary), tier, access.is_near(building), served)


def _way(access: Access, place: str, region: str, leg: Leg) -> Way:
    path = backbone().path(place.casefold(), region, leg)
    return Way(leg, path, access.us(path[0]), backbone().latency_us(path))


def _site(name: str) -> BackboneSite:
    found = backbone().by_name.get(name)
    if found is None:
        raise NotFound(f"The backbone has no site '{name}'.", "BackboneSiteNotFound")
    return found


def position_of(city: str) -> Position | None:
    """Of a city with a peering location, by its name or a location's."""
    names = {name.casefold(): name for name in locations()}
    cities = {city_of(name).casefold(): name for name in reversed(names.values())}
    place = names.get(city.casefold()) or cities.get(city.casefold())
    found = backbone().by_name.get(site_of(place, Leg.PRIMARY)) if place else None
    return found.position if found else None
