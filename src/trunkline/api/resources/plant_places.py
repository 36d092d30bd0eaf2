"""Trunkline.Plant/peeringLocations, regions, backboneLinks: where the service is, what joins its places, and what of it
a subscription uses. Read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

from trunkline.api.declaration import Register, ResourceType
from trunkline.intent.direct import PORT, port_view
from trunkline.intent.plant_use import ROOTS, PlantUse, plant_use
from trunkline.intent.span import is_avoided
from trunkline.intent.view import CIRCUIT, circuit_view
from trunkline.model.backbone import BackboneSite, SiteKind, Span, backbone, site_of
from trunkline.model.circuit import Leg
from trunkline.model.plant import PeeringLocation, Region, locations, metro_sites, regions, site_called
from trunkline.model.provider import offers
from trunkline.model.resource import Json, Properties, ResourceId

NAMESPACE = "Trunkline.Plant"
_View = Callable[[ResourceId, Register], Iterator[Json]]


def _use(parent: ResourceId, register: Register) -> PlantUse:
    """Of the subscription that asks."""
    return plant_use((one for kind in ROOTS for one in register.list(kind, parent.subscription)), register)


def _row(parent: ResourceId, kind: str, name: str, properties: Json) -> Json:
    full = f"{NAMESPACE}/{kind}"
    return {"id": f"/subscriptions/{parent.subscription}/providers/{full}/{name}", "name": name, "type": full,
            "properties": {"provisioningState": "Succeeded", **properties}}


def _where(site: BackboneSite) -> Json:
    return {"latitude": site.latitude, "longitude": site.longitude}


def _locations(parent: ResourceId, register: Register) -> Iterator[Json]:
    use, served = _use(parent, register), _served()
    sold = cache(partial(_sold_at, register=register))
    return (_row(parent, "peeringLocations", place.name, _location(place, use, served.get(place.name, []), sold))
            for place in locations().values())


def _sold_at(text: str, register: Register) -> str:
    """The location that a circuit or a Direct port was ordered at."""
    wanted = ResourceId.parse(text)
    if wanted.type.lower() == PORT.lower():
        port = port_view(register, wanted)
        return port.location if port else ""
    circuit = circuit_view(register, wanted) if wanted.type.lower() == CIRCUIT.lower() else None
    return circuit.location if circuit else ""


def _served() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for offer in offers().values():
        for name in offer.peering_locations:
            found.setdefault(name, []).append(offer.name)
    return found


def _location(place: PeeringLocation, use: PlantUse, providers: list[str], sold: Callable[[str], str]) -> Json:
    """A metro is used by what is ordered there, not by whatever stands in its buildings."""
    sites = {leg: site_of(place.name, leg) for leg in Leg}
    near = backbone().nearest(sites[Leg.PRIMARY], SiteKind.REGION)[0][0]
    by = sorted({one for leg, site in sites.items() if leg in use.legs.get(site, ()) for one in use.by[site]
                 if place.name not in metro_sites() or sold(one) == place.name})
    return {
        **_where(backbone().by_name[sites[Leg.PRIMARY]]), "address": place.address, "zone": place.zone,
        "geopoliticalArea": place.area, "localRegions": list(place.local_regions), "nearestRegion": near,
        "expressRouteDirect": place.direct, "metro": place.name in metro_sites(),
        "sites": {leg.value: site_called(site) for leg, site in sites.items()}, "cityPairs": _pairs(place),
        "providers": providers,
        "used": bool(by), "usedBy": by}


def _pairs(place: PeeringLocation) -> list[str]:
    """The metros that one of its buildings is of."""
    sites = {site_of(place.name, leg) for leg in Leg}
    return [metro for metro, pair in metro_sites().items() if sites & set(pair) and metro != place.name]


def _regions(parent: ResourceId, register: Register) -> Iterator[Json]:
    use = _use(parent, register)
    return (_row(parent, "regions", one.name, _region(one, use)) for one in regions().values())


def _region(region: Region, use: PlantUse) -> Json:
    return {
        "displayName": region.display_name, **_where(backbone().by_name[region.name]), "geopoliticalArea": region.area,
        "localOf": [place.name for place in locations().values() if region.display_name in place.local_regions],
        "used": region.name in use.legs, "usedBy": sorted(use.by.get(region.name, ()))}


def _links(parent: ResourceId, register: Register) -> Iterator[Json]:
    use = _use(parent, register)
    return (_row(parent, "backboneLinks", str(span), _link(span, use, register)) for span in backbone().spans)


def _link(span: Span, use: PlantUse, register: Register) -> Json:
    legs = use.legs.get(str(span), frozenset())
    return {
        "sites": [site_called(span.a), site_called(span.b)], "kind": span.kind, "system": span.system,
        "lengthInKilometers": span.km,
        "latencyInMicroseconds": span.latency_us, "used": bool(legs), "usedBy": sorted(use.by.get(str(span), ())),
        "legs": {leg.value: {"used": leg in legs, "state": _state(span, leg, leg in legs, register)} for leg in Leg}}


def _state(span: Span, leg: Leg, used: bool, register: Register) -> str:
    """What the store knows; what routers say of a link, ``trunkline plant`` and the status tell."""
    if not used:
        return "NotBuilt"
    return "Avoided" if is_avoided(span, leg, register) else "Built"


def _type(kind: str, view: _View) -> ResourceType:
    return ResourceType(f"{NAMESPACE}/{kind}", model=Properties, tracked=False, view=view)


PLANT_PLACES = (_type("peeringLocations", _locations), _type("regions", _regions), _type("backboneLinks", _links))

