"""Typed views over ExpressRoute Direct: a port pair with what is plugged into its links, and the circuits on it."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.estate import Estate
from trunkline.model.cable import Cable, CableEnd
from trunkline.model.circuit import Leg
from trunkline.model.plant import edges_of_port
from trunkline.model.port import LINKS, Encapsulation, LinkSettings, Port
from trunkline.model.resource import Resource, ResourceId

PORT = "Microsoft.Network/expressRoutePorts"
CABLE = "Trunkline.Site/cables"


def link_of(leg: Leg) -> str:
    """A port pair's first link is on the primary edge."""
    return LINKS[list(Leg).index(leg)]


@dataclass(frozen=True, slots=True)
class PluggedView:
    """The far end of one link, with the site of its router if it has one."""

    resource: Resource
    end: CableEnd
    site: Resource | None


@dataclass(frozen=True, slots=True)
class PortView:
    """``location``: the peering location whose edges have the port."""

    resource: Resource
    model: Port
    location: str
    plugged: tuple[tuple[Leg, PluggedView], ...]

    def end(self, leg: Leg) -> PluggedView | None:
        return next((view for which, view in self.plugged if which is leg), None)

    def settings(self, leg: Leg) -> LinkSettings:
        return LinkSettings.model_validate(self.resource.system["links"][link_of(leg)])

    @property
    def double_tagged(self) -> bool:
        return self.model.encapsulation is Encapsulation.QINQ


def port_view(estate: Estate, port: ResourceId) -> PortView | None:
    resource = _alive(estate, port)
    model = Port.model_validate(resource.properties) if resource else None
    place = edges_of_port(model.peering_location) if model else None
    if not resource or not model or not place:
        return None
    return PortView(resource, model, place.name, tuple(_plugged(estate, port)))


def _plugged(estate: Estate, port: ResourceId) -> list[tuple[Leg, PluggedView]]:
    found = []
    for resource in cables_at(estate, port):
        model = Cable.model_validate(resource.properties)
        site = _alive(estate, model.site.target) if model.site else None
        for leg in Leg:
            end = model.end(link_of(leg))
            if end and (site or not end.router):
                found.append((leg, PluggedView(resource, end, site)))
    return found


def cables_at(estate: Estate, place: ResourceId) -> tuple[Resource, ...]:
    """Of a port, or of a site."""
    return tuple(one for one in estate.referrers(place, CABLE) if not one.deleting)


def _alive(estate: Estate, resource: ResourceId) -> Resource | None:
    found = estate.get(resource)
    return found if found and not found.deleting else None
