"""An operator's own plant instead of the one that ships: its rows, and whether this process uses one.

``model.plant_files`` reads it; ``model.plant``, ``backbone``, ``provider`` and ``port_location`` make of it what others
ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. ``cells``: by column, all of them, empty where nothing is."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, eq=False)
class OwnPlant:
    """Two readings are two plants, whatever they say."""

    locations: tuple[Row, ...]
    regions: tuple[Row, ...]
    spans: tuple[Row, ...]
    metros: tuple[Row, ...] = ()


def key(name: str) -> str:
    """Of a location or a metro, as a site of the backbone."""
    return name.casefold()


def region_name(display: str) -> str:
    return display.replace(" ", "").lower()


def site_name(text: str, sites: Mapping[str, object]) -> str:
    """Of a location, or of a region by name or display name."""
    return key(text) if key(text) in sites else region_name(text)


_used: list[OwnPlant] = []


def use(plant: OwnPlant | None) -> None:
    """From now on, in this process; before anybody asks where something is. ``None``: what ships."""
    _used[:] = [plant] if plant else []


def used() -> OwnPlant | None:
    return _used[0] if _used else None
