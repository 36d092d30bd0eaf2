"""Microsoft's index of a gateway (azure-facts, "Resiliency Insights score"; docs/resiliency.md).

Published: routes 20 points for circuits at two peering locations, 10 for a Metro, 5 for one; none while a link is down
on one location or Metro. They count fourfold after a validation test within 30 days, threefold within 60, twofold
within 90, and half of that if only one location was tested. Zone redundancy 10, Advisor's recommendations 10.

Not published is how Advisor's ten points are divided. Here they are for what we can see: each connection that is not
up, and each leg without BFD, takes an equal part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from trunkline.diagnosis.resiliency.evidence import Component, LegSeen, Lost, days
from trunkline.model.circuit import Leg
from trunkline.model.gateway_size import SCALABLE
from trunkline.model.network import GatewayScale, VirtualNetworkGateway

ROUTES, VALIDATION, ZONES, ADVISOR = "Route resiliency", "Resiliency validation", "Zone redundancy", "Recommendations"
_TWO_PLACES, _METRO, _ONE_PLACE = 20, 10, 5
#: (days since the last test, by how much the route score is multiplied)
_AGES = ((30, 4), (60, 3), (90, 2))
_MOST_FACTOR = 4
_TEN = 10
#: From this many scale units on a scalable gateway has all ten points.
_ENOUGH_UNITS = 5


@dataclass(frozen=True, slots=True)
class Linked:
    """A circuit with a connection to the gateway. ``up``: its connection carries routes."""

    name: str
    location: str
    metro: bool
    up: bool
    legs: tuple[tuple[Leg, LegSeen], ...]

    @property
    def down(self) -> tuple[Leg, ...]:
        return tuple(leg for leg, seen in self.legs if not seen.up)


@dataclass(frozen=True, slots=True)
class GatewaySeen:
    """``tests``: validations of a location that ended well, and when. ``zonal``: its address is of one zone alone."""

    name: str
    model: VirtualNetworkGateway
    zonal: bool
    linked: tuple[Linked, ...]
    tests: tuple[tuple[str, datetime], ...] = ()

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(sorted({one.location for one in self.linked if one.up}))


def index(gateway: GatewaySeen, now: datetime) -> tuple[Component, ...]:
    """Their scores add up to at most 100."""
    routes = _routes(gateway)
    return (routes, _validation(gateway, routes.score, now), _zones(gateway), _advisor(gateway))


def _routes(gateway: GatewaySeen) -> Component:
    places, up = gateway.locations, [one for one in gateway.linked if one.up]
    if len(places) > 1:
        return Component(ROUTES, _TWO_PLACES)
    second = "order a circuit at a second peering location and connect it to the gateway"
    if not up:
        why = "no connection to a circuit is up"
        return _lost(ROUTES, _TWO_PLACES, _TWO_PLACES, gateway.name, why, "connect circuits at two peering locations")
    broken = [one for one in up if one.down]
    if broken:
        legs = ", ".join(f"{one.name} {leg}" for one in broken for leg in one.down)
        return _lost(ROUTES, _TWO_PLACES, _TWO_PLACES, legs, "a link is down, and there is no second location",
                     f"bring it up: 'trunkline routes {broken[0].name}' says what is wrong; then {second}")
    if any(one.metro for one in up):
        return _lost(ROUTES, _TWO_PLACES, _TWO_PLACES - _METRO, gateway.name,
                     f"all comes in at two sites of one city, {places[0]}", second)
    return _lost(ROUTES, _TWO_PLACES, _TWO_PLACES - _ONE_PLACE, gateway.name,
                 f"all comes in at one peering location, {places[0]}", second)


def _validation(gateway: GatewaySeen, routes: float, now: datetime) -> Component:
    """What the multiplier adds to the route score."""
    most = _TWO_PLACES * (_MOST_FACTOR - 1)
    factor, why = _factor(gateway, now)
    score = routes * (factor - 1)
    drill = ("start a failover test of each of its peering locations: startSiteFailoverTest on the gateway"
             if len(gateway.locations) > 1 else "needs circuits at two peering locations first; then test each")
    return _lost(VALIDATION, most, most - score, gateway.name, why, drill)


def _factor(gateway: GatewaySeen, now: datetime) -> tuple[float, str]:
    ages: dict[str, float] = {}
    for location, at in gateway.tests:
        ages[location.casefold()] = min(ages.get(location.casefold(), days(at, now)), days(at, now))
    fresh = {location: age for location, age in ages.items() if age <= _AGES[-1][0]}
    if not fresh:
        return 1.0, "no location was tested in the last 90 days"
    newest = min(fresh.values())
    factor = float(next(factor for most, factor in _AGES if newest <= most))
    if len(fresh) < 2:
        return max(1.0, factor / 2), "only one location was tested in the last 90 days"
    return factor, f"the last test was {ceil(newest)} days ago"


def _zones(gateway: GatewaySeen) -> Component:
    sku = gateway.model.sku.name
    units = (gateway.model.auto_scale_configuration or GatewayScale()).bounds.min
    grow = "use a zone-redundant SKU: ErGw1AZ, ErGw2AZ, ErGw3AZ or ErGwScale"
    if sku == SCALABLE:
        return _lost(ZONES, _TEN, 0 if units >= _ENOUGH_UNITS else 2, gateway.name,
                     f"it may shrink to {units} of {_ENOUGH_UNITS} scale units",
                     f"set autoScaleConfiguration.bounds.min to {_ENOUGH_UNITS} or more")
    if sku.endswith("AZ"):
        return _lost(ZONES, _TEN, 2 if gateway.zonal else 0, gateway.name, "its public address is of one zone alone",
                     "give it a zone-redundant public IP address")
    return _lost(ZONES, _TEN, 8 if sku == "UltraPerformance" else 10, gateway.name,
                 f"SKU {sku} is not spread over availability zones", grow)


def _advisor(gateway: GatewaySeen) -> Component:
    checks = list(_checks(gateway))
    part = _TEN / len(checks) if checks else 0.0
    lost = tuple(Lost(ADVISOR, part, who, why, back) for good, who, why, back in checks if not good)
    return Component(ADVISOR, _TEN, lost or (() if checks else (
        Lost(ADVISOR, _TEN, gateway.name, "it has no connection", "connect a circuit"),)))


def _checks(gateway: GatewaySeen) -> Iterator[tuple[bool, str, str, str]]:
    for one in gateway.linked:
        yield one.up, one.name, "its connection is not up", f"'trunkline routes {one.name}' says what is wrong"
        for leg, seen in one.legs:
            yield (seen.bfd, f"{one.name} {leg}", "BFD does not watch it, so its loss is noticed by hold time alone",
                   "switch BFD on, on the customer's router too")


def _lost(name: str, most: float, points: float, who: str, why: str, back: str) -> Component:
    return Component(name, most, (Lost(name, points, who, why, back),) if points else ())
