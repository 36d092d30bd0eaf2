"""Which of the plant an estate uses, and for what: sites and spans of the backbone by leg, as compile requires them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from trunkline.intent.compile import compile
from trunkline.intent.dependency import awaited
from trunkline.intent.direct import PORT
from trunkline.intent.estate import Estate, Remembered
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.plant import location, region
from trunkline.model.port import Port
from trunkline.model.port_location import port_locations
from trunkline.model.profile import AZURE
from trunkline.model.provider import offers
from trunkline.model.resource import Resource

#: Types by which an estate stands on the plant.
ROOTS = (CIRCUIT, PORT, GATEWAY, EXCHANGE, MEMBER)
#: Types that lie in a region; and all that name a place.
_IN_REGIONS = (VNET, GATEWAY, VIRTUAL_HUB)
PLACED = (CIRCUIT, PORT, EXCHANGE, *_IN_REGIONS)

#: What requires nothing of the plant, and of which a site costs as much as all its legs.
ALONE = (ScopeKind.SITE, ScopeKind.VALIDATOR)

_By = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class PlantUse:
    """By name of a site, or ``a~b`` of a span: the legs that use it, and the ids of resources for which they do."""

    legs: Mapping[str, frozenset[Leg]]
    by: _By


def plant_use(resources: Iterable[Resource], estate: Estate) -> PlantUse:
    """``resources``: those of the ``ROOTS``."""
    legs: dict[str, set[Leg]] = defaultdict(set)
    by: dict[str, set[str]] = defaultdict(set)
    remembered = Remembered(estate)

    @cache
    def required(scope: Scope) -> tuple[Scope, ...]:
        return compile(scope, remembered, AZURE).requires

    for resource in resources:
        if not resource.deleting:
            for name, leg in _stands_on(resource, remembered, required):
                legs[name].add(leg)
                by[name].add(str(resource.id))
    return PlantUse({name: frozenset(found) for name, found in legs.items()},
                    {name: frozenset(found) for name, found in by.items()})


def _stands_on(resource: Resource, estate: Estate,
               required: Callable[[Scope], tuple[Scope, ...]]) -> Iterator[tuple[str, Leg]]:
    """Sites and spans, each with a leg; again and again."""
    todo, seen = list(awaited(resource, estate)), set[Scope]()
    while todo:
        scope = todo.pop()
        if scope in seen:
            continue
        seen.add(scope)
        if scope.kind in (ScopeKind.CORE, ScopeKind.EDGE):
            yield scope.key, Leg(scope.leg)
        elif scope.kind is ScopeKind.BACKBONE:
            yield from _path(scope)
        elif scope.kind not in ALONE:
            todo += required(scope)


def _path(scope: Scope) -> Iterator[tuple[str, Leg]]:
    leg, (one, _, other) = Leg(scope.leg), scope.key.partition("~")
    path = backbone().path(one, other, leg)
    yield from ((site, leg) for site in path)
    yield from ((str(span), leg) for pair in pairwise(path) if (span := backbone().span(*pair)))


def lost(estate: Mapping[str, Iterable[Resource]]) -> Iterator[str]:
    """What an estate, by type, uses that the plant no longer has."""
    for kind in PLACED:
        for resource in estate.get(kind, ()):
            for what, name, column in _missing(resource):
                yield (f"{what} '{name}' is used by {resource.id} and is not in the plant. Put it back into {column}, "
                       "or delete what uses it before the plant is changed.")


def _missing(resource: Resource) -> Iterator[tuple[str, str, str]]:
    if resource.id.type in _IN_REGIONS and region(resource.location) is None:
        yield "region", resource.location, "regions.csv"
    if resource.id.type == CIRCUIT and "twin" in resource.system:
        order = Circuit.model_validate(resource.properties).service
        yield from _not_sold(order.service_provider_name, order.peering_location)
    elif resource.id.type == PORT:
        place = Port.model_validate(resource.properties).peering_location
        if port_locations().get(place) is None:
            yield "port location", place, "locations.csv (direct: yes)"
    elif resource.id.type == EXCHANGE and location(str(resource.properties.get("peeringLocation"))) is None:
        yield "peering location", str(resource.properties.get("peeringLocation")), "locations.csv"


def _not_sold(provider: str, place: str) -> Iterator[tuple[str, str, str]]:
    if location(place) is None:
        yield "peering location", place, "locations.csv or metros.csv"
    elif not (offer := offers().get(provider)) or not offer.serves(place):
        yield "provider", f"{provider} at {place}", "the providers of that location"
