"""Where ExpressRoute Direct ports are sold, as Azure publishes it: buildings, and metros, where the links of a pair end
in two buildings of a city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from trunkline.model.catalogue import Catalogue, document, listed, table


@dataclass(frozen=True, slots=True)
class PortLocation:
    """Where Direct ports are sold. ``address``: of a metro, both buildings with a semicolon between them."""

    name: str
    address: str
    contact: str
    sizes_gbps: tuple[int, ...] = (10, 100)

    @property
    def metro(self) -> bool:
        return self.name.endswith(" Metro")

    @property
    def buildings(self) -> tuple[str, str]:
        """Of the pair's links: of a metro its two, else the place for both."""
        first, *others = listed(self.address) if self.metro else (self.name,)
        return first, others[0] if others else first


@cache
def port_locations() -> Catalogue[PortLocation]:
    return Catalogue({place.name: place for place in _published()})


def _published() -> Iterator[PortLocation]:
    for row in document("expressRoutePortsLocations-2021-07-13.json")["value"]:
        properties = row["properties"]
        yield PortLocation(row["name"], properties["address"], properties["contact"])
    for metro in table("metro-locations.csv"):
        if metro["er_direct"] == "yes":
            yield PortLocation(metro["metro"], metro["sites"], "")
