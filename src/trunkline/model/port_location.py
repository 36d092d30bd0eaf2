"""Where ExpressRoute Direct ports are sold, as Azure publishes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from trunkline.model.catalogue import Catalogue, document


@dataclass(frozen=True, slots=True)
class PortLocation:
    """Where Direct ports are sold."""

    name: str
    address: str
    contact: str
    sizes_gbps: tuple[int, ...] = (10, 100)


@cache
def port_locations() -> Catalogue[PortLocation]:
    return Catalogue({place.name: place for place in _published()})


def _published() -> Iterator[PortLocation]:
    for row in document("expressRoutePortsLocations-2021-07-13.json")["value"]:
        properties = row["properties"]
        yield PortLocation(row["name"], properties["address"], properties["contact"])
