"""Where the service is: peering locations, at which circuits end, and regions, in which virtual networks live.

Each has an ``index`` from which addresses of the backbone are computed: its place in the alphabet of all, or in an
operator's own file, at whose end more can be added without moving any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from trunkline.errors import NotFound
from trunkline.model.catalogue import Catalogue, listed, table
from trunkline.model.closest import did_you_mean
from trunkline.model.own_plant import OwnPlant, Row, key, region_name, used
from trunkline.model.port_location import PortLocation, port_locations
from trunkline.model.provider import offers


@dataclass(frozen=True, slots=True)
class PeeringLocation:
    """``zone``: price zone, 0 where none is published (test locations). ``local_regions``: display names of the regions
    that a Local circuit reaches from here. ``direct``: ExpressRoute Direct ports are sold here. ``area``: geopolitical,
    whose regions a Standard circuit reaches; empty where none is published (test locations)."""

    name: str
    address: str = ""
    zone: int = 0
    local_regions: tuple[str, ...] = ()
    direct: bool = False
    index: int = 0
    area: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """``name`` as resources bear it (``westus``); ``display_name`` as people write it (``West US``)."""

    name: str
    display_name: str
    index: int = 0
    area: str = ""


def locations() -> Catalogue[PeeringLocation]:
    """All peering locations by name, metros and those that only test providers name included."""
    return _own_locations(own) if (own := used()) else _shipped_locations()


@cache
def _own_locations(own: OwnPlant) -> Catalogue[PeeringLocation]:
    places = [(index, row, row["location"], row["area"]) for index, row in enumerate(own.locations)
              if row["kind"] != "building"]
    areas = {key(row["location"]): row["area"] for row in own.locations}
    places += [(len(own.locations) + index, row, row["metro"], areas[key(row["primary"])])
               for index, row in enumerate(own.metros)]
    return Catalogue({name: PeeringLocation(
        name, _own_address(own, row), int(row["zone"] or 0), listed(row["local_regions"]), row["direct"] == "yes",
        index, area) for index, row, name, area in places})


def _own_address(own: OwnPlant, row: Row) -> str:
    """A metro's are those of its buildings, or their names."""
    if "address" in row.cells:
        return row["address"]
    found = {key(one["location"]): one["address"] or one["location"] for one in own.locations}
    return "; ".join(found[key(row[column])] for column in ("primary", "secondary"))


@cache
def _shipped_locations() -> Catalogue[PeeringLocation]:
    rows = {row.name.casefold(): row for row in _locations()}
    alone = [place for place in port_locations().values() if _around(place, rows.values()) is None]
    rows |= {place.name.casefold(): PeeringLocation(place.name, place.address, direct=True) for place in alone}
    ordered, areas = sorted(rows.values(), key=lambda row: row.name.casefold()), _areas("places")
    return Catalogue({row.name: replace(row, index=index, area=areas.get(city_of(row.name), ""))
                      for index, row in enumerate(ordered)})


def regions() -> Catalogue[Region]:
    """All regions by name (``westus``)."""
    return _own_regions(own) if (own := used()) else _shipped_regions()


@cache
def _own_regions(own: OwnPlant) -> Catalogue[Region]:
    return Catalogue({_name(row["region"]): Region(_name(row["region"]), row["region"], index, row["area"])
                      for index, row in enumerate(own.regions)})


@cache
def _shipped_regions() -> Catalogue[Region]:
    names, areas = sorted({(_name(display), display) for display in _display_names()}), _areas("regions")
    return Catalogue({
        name: Region(name, display, index, areas.get(display, "")) for index, (name, display) in enumerate(names)})


def metro_sites() -> Catalogue[tuple[str, str]]:
    """By metro, the sites of its two buildings: of the primary leg and of the secondary."""
    return _own_metros(own) if (own := used()) else _shipped_metros()


@cache
def _own_metros(own: OwnPlant) -> Catalogue[tuple[str, str]]:
    return Catalogue({row["metro"]: (key(row["primary"]), key(row["secondary"])) for row in own.metros})


@cache
def _shipped_metros() -> Catalogue[tuple[str, str]]:
    return Catalogue({row["metro"]: (row["primary"], row["secondary"]) for row in table("metro-sites.csv")})


def location(name: str) -> PeeringLocation | None:
    return locations().get(name)


def edges_of_port(port_location: str) -> PeeringLocation | None:
    """The peering location whose edges have the Direct ports of a port location."""
    place = port_locations().get(port_location)
    return _around(place, locations().values()) if place else None


def _around(place: PortLocation, known: Iterable[PeeringLocation]) -> PeeringLocation | None:
    """By the building (Equinix-Ashburn-DC2 is Washington DC's Equinix DC2), else by the longest name of a location in
    the port location's own."""
    words = _words(place.name)
    named = [one for one in known if _stands_in(_words(one.name), words)]
    housed = [one for one in known if {words[0], words[-1]} <= set(_words(one.address))]
    return max(named, key=lambda one: len(_words(one.name)), default=None) or min(
        housed, key=lambda one: one.name.endswith(" Metro"), default=None)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", text.casefold()))


def _stands_in(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[at:at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def region(text: str) -> Region | None:
    """By name or display name."""
    return regions().get(_name(text))


def site_named(name: str) -> str:
    """A location's or a region's name as in scopes; a region may be written as people do (``West US``)."""
    found = region(name)
    return found.name if found else name.casefold()


def site_called(name: str) -> str:
    """A site of the backbone as people write it: a location or a region by its name, a metro's building by its own."""
    place, area = location(name), region(name)
    if place or area:
        return place.name if place else area.display_name if area else name
    if own := used():
        return next((row["location"] for row in own.locations if key(row["location"]) == key(name)), name)
    return name.title() if key(name) in buildings() else name


def location_index(name: str) -> int:
    """Of a peering location, or of a building of a metro that is none."""
    found, own = location(name), used()
    if found is None and key(name) in buildings():
        return _own_building(own, name) if own else len(locations()) + buildings().index(key(name))
    if found is None:
        raise NotFound(f"There is no peering location '{name}'.{did_you_mean(name, locations())}",
                       "PeeringLocationNotFound")
    return found.index


def _own_building(own: OwnPlant, name: str) -> int:
    return next(index for index, row in enumerate(own.locations) if key(row["location"]) == key(name))


def buildings() -> tuple[str, ...]:
    """Those of metros that are no locations, as sites of the backbone."""
    own = used()
    return tuple(key(row["location"]) for row in own.locations if row["kind"] == "building") if own \
        else _shipped_buildings()


@cache
def _shipped_buildings() -> tuple[str, ...]:
    return tuple(sorted({site for pair in metro_sites().values() for site in pair if location(site) is None}))


def region_index(name: str) -> int:
    found = region(name)
    if found is None:
        raise NotFound(f"There is no region '{name}'.{did_you_mean(name, regions())}", "LocationNotFound")
    return found.index


_name = region_name


def _areas(column: str) -> dict[str, str]:
    return {member: row["area"] for row in table("geopolitical-areas.csv") for member in listed(row[column])}


def city_of(place: str) -> str:
    """Amsterdam, of its second location and of its metro too; of an operator's own location its metro, or itself."""
    if own := used():
        return next((key(row["metro"]) for row in own.metros
                     if key(place) in (key(row["metro"]), key(row["primary"]), key(row["secondary"]))), key(place))
    return place.removesuffix(" Metro").rstrip("0123456789")


def _locations() -> Iterator[PeeringLocation]:
    """Later ones replace earlier ones: what is published replaces a bare name in an offer."""
    for offer in offers().values():
        yield from map(PeeringLocation, offer.peering_locations)
    for row in table("metro-locations.csv"):
        yield PeeringLocation(row["metro"], row["sites"], int(row["zone"]), listed(row["local_region"]),
                              row["er_direct"] == "yes")
    for row in table("peering-locations.csv"):
        yield PeeringLocation(row["location"], row["address"], int(row["zone"]), listed(row["local_azure_regions"]),
                              row["er_direct"] == "yes")


def _display_names() -> Iterator[str]:
    yield from (row["name"] for row in table("bgp-communities.csv") if row["kind"] == "region")
    yield from (row["name"] for row in table("canary-regions.csv"))
    for place in locations().values():
        yield from place.local_regions
