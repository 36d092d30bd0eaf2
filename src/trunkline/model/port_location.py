"""Where ExpressRoute Direct ports are sold, as Azure publishes it: buildings, and metros, where the links of a pair end
in two buildings of a city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from trunkline.model.catalogue import Catalogue, document, listed, table
from trunkline.model.own_plant import OwnPlant, key, used


@dataclass(frozen=True, slots=True)
class PortLocation:
    """Where Direct ports are sold. ``address``: of a metro, both buildings with a semicolon between them."""

    name: str
    address: str
    contact: str
    sizes_gbps: tuple[int, ...] = (10, 100)

    metro: bool = False

    @property
    def buildings(self) -> tuple[str, str]:
        """Of the pair's links: of a metro its two, else the place for both."""
        first, *others = listed(self.address) if self.metro else (self.name,)
        return first, others[0] if others else first


def port_locations() -> Catalogue[PortLocation]:
    return _own(own) if (own := used()) else _shipped()


@cache
def _own(own: OwnPlant) -> Catalogue[PortLocation]:
    """Each location and metro that sells such ports is a place of that name."""
    addresses = {key(row["location"]): row["address"] or row["location"] for row in own.locations}
    alone = [PortLocation(row["location"], row["address"], "") for row in own.locations if row["direct"] == "yes"]
    metros = [PortLocation(row["metro"], "; ".join(addresses[key(row[leg])] for leg in ("primary", "secondary")), "",
                           metro=True) for row in own.metros if row["direct"] == "yes"]
    return Catalogue({place.name: place for place in (*alone, *metros)})


@cache
def _shipped() -> Catalogue[PortLocation]:
    return Catalogue({place.name: place for place in _published()})


def _published() -> Iterator[PortLocation]:
    for row in document("expressRoutePortsLocations-2021-07-13.json")["value"]:
        properties = row["properties"]
        yield PortLocation(row["name"], properties["address"], properties["contact"])
    for metro in table("metro-locations.csv"):
        if metro["er_direct"] == "yes":
            yield PortLocation(metro["metro"], metro["sites"], "", metro=True)
