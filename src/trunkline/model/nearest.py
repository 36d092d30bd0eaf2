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


@dataclass(frozen=True, slots=True)
class Way:
    """Of one leg. ``access_us``: one way from the site to the leg's building, over fibre as on land; ``backbone_us``:
    from there along ``path`` to the region."""

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
    region."""

    location: PeeringLocation
    km: float
    ways: tuple[Way, Way]
    tier: SkuTier
    providers: tuple[str, ...]


def ranked(start: Position, region: Region) -> tuple[Choice, ...]:
    """Where circuits are sold, by the primary leg's round trip, then the secondary's."""
    found = (_choice(start, place, region) for place in _sold())
    return tuple(sorted(found, key=lambda one: (*(way.round_trip_us for way in one.ways), one.location.name)))


def _sold() -> Iterator[PeeringLocation]:
    """Test locations have no price zone; an operator's own need none."""
    served = {name for offer in offers().values() for name in offer.peering_locations}
    return (place for place in locations().values() if place.name in served and (place.zone or used()))


def _choice(start: Position, place: PeeringLocation, region: Region) -> Choice:
    primary, secondary = (_way(start, place.name, region.name, leg) for leg in Leg)
    tier = next(tier for tier in (SkuTier.LOCAL, SkuTier.STANDARD, SkuTier.PREMIUM)
                if not beyond(tier, place.name, region.name))
    served = tuple(offer.name for offer in offers().values() if offer.serves(place.name))
    return Choice(place, start.km_to(_site(primary.path[0]).position), (primary, secondary), tier, served)


def _way(start: Position, place: str, region: str, leg: Leg) -> Way:
    path = backbone().path(place.casefold(), region, leg)
    access = latency_us(start.km_to(_site(path[0]).position) * LAND_FACTOR)
    return Way(leg, path, access, backbone().latency_us(path))


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
