"""Distances on the globe, and how long light in fibre takes for them."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

#: Light in fibre: 299,792 km/s over a refractive index of 1.468.
US_PER_KM = 4.9
#: How much longer fibre is than the great circle, by kind of way: on land it follows roads and rails.
LAND_FACTOR, SEA_FACTOR = 1.6, 1.25
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees north and east."""

    latitude: float
    longitude: float

    def km_to(self, other: Position) -> float:
        """Along the great circle (haversine)."""
        north, far_north = radians(self.latitude), radians(other.latitude)
        east = radians(other.longitude - self.longitude)
        half = sin((far_north - north) / 2) ** 2 + cos(north) * cos(far_north) * sin(east / 2) ** 2
        return 2 * _EARTH_KM * asin(sqrt(min(1.0, half)))


def latency_us(km: float) -> int:
    """One way over fibre of that length."""
    return round(km * US_PER_KM)
