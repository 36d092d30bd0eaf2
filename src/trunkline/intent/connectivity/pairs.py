"""Pairs of prefixes that ought to reach each other: a site's and a virtual network's over the site's circuits, or two
sites' over Global Reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.compile.draft import ce_node, host_node, vnet_node
from trunkline.intent.compile.site import ordered
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, connections
from trunkline.intent.placement import placed
from trunkline.intent.reach import ReachView, reaches
from trunkline.intent.view import CircuitView, site_model, vnet_peerings
from trunkline.model.bgp import family_of, network, within
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Place:
    """One end. ``address``: somebody's there, if there is anybody; ``host``: the node of who has it. ``nodes``: the
    routers at which a packet for the prefix has arrived."""

    owner: ResourceId
    prefix: str
    address: str
    host: str
    nodes: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.owner.name


@dataclass(frozen=True, slots=True)
class Pair:
    """``circuits`` and ``gateways`` over which the two may reach each other, by their keys."""

    here: Place
    there: Place
    circuits: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.here.name} {self.here.prefix} ↔ {self.there.name} {self.there.prefix}"


def pairs(sites: Iterable[Resource], estate: Estate) -> tuple[Pair, ...]:
    return tuple(Pair(here, there, tuple(dict.fromkeys(circuit for circuit, _ in over)),
                      tuple(dict.fromkeys(gateway for _, gateway in over if gateway)))
                 for site in sites for there, over in _beyond(site, estate).items()
                 for here in _of_site(site) if family_of(here.prefix) == family_of(there.prefix))


def _beyond(site: Resource, estate: Estate) -> dict[Place, list[tuple[str, str]]]:
    """Everything that the site's circuits lead to, with the circuits and gateways on the way. Two sites over Global
    Reach are a pair of the one whose circuit made the link."""
    found: dict[Place, list[tuple[str, str]]] = {}
    for circuit in private_circuits(site, estate):
        for connection in connections(estate, circuit.resource.id):
            for place in _behind(connection.gateway, estate):
                found.setdefault(place, []).append((circuit.resource.id.key, connection.gateway.resource.id.key))
        for link in reaches(estate, circuit.resource.id):
            for place in _reached(site, link) if link.is_near(circuit.resource.id) else ():
                found.setdefault(place, []).extend((one.resource.id.key, "") for one in (link.near, link.far))
    return found


def _reached(site: Resource, link: ReachView) -> Iterator[Place]:
    """Prefixes of the sites at the other end, but the site's own that stands behind both circuits."""
    others = {order.site.id.key: order.site for _, order in link.far.orders if order.site}
    for key, other in others.items():
        if key != site.id.key:
            yield from _of_site(other)


def private_circuits(site: Resource, estate: Estate) -> tuple[CircuitView, ...]:
    """Those with private peering that end at a site, each once."""
    return tuple({one.circuit.resource.id.key: one.circuit for one in ordered(estate, site)
                  if one.peering.kind is PeeringType.PRIVATE}.values())


def _of_site(site: Resource) -> Iterator[Place]:
    model = site_model(site)
    nodes = tuple(ce_node(site.id, router.name) for router in model.routers)
    for prefix in model.prefixes:
        host = next(((address, host_node(site.id, one.name)) for one in model.hosts for address in one.addresses
                     if within(address, prefix)), None)
        address, name = host or (_somewhere(prefix), "")
        yield Place(site.id, prefix, address, name, nodes)


def _behind(gateway: GatewayView, estate: Estate) -> Iterator[Place]:
    """Its own network's prefixes and those of networks that use it; of a hub those of the networks at it."""
    if gateway.wan:
        yield from (_of_vnet(one.vnet.id, prefix, estate) for one in gateway.wan.networks for prefix in one.prefixes)
        return
    borrowers = [(one.remote.resource.id, prefix) for one in vnet_peerings(estate, gateway.vnet) if one.lends
                 for prefix in one.prefixes]
    for vnet, prefix in ((gateway.vnet.resource.id, own) for own in gateway.vnet.prefixes):
        yield _of_vnet(vnet, prefix, estate)
    for vnet, prefix in borrowers:
        yield _of_vnet(vnet, prefix, estate)


def _of_vnet(vnet: ResourceId, prefix: str, estate: Estate) -> Place:
    machine = next(((address, vm_node(nic.resource.id)) for subnet in placed(estate, vnet) for nic in subnet.nics
                    for address in nic.addresses if within(address, prefix)), None)
    address, name = machine or (_somewhere(prefix), "")
    return Place(vnet, prefix, address, name, (vnet_node(vnet),))


def _somewhere(prefix: str) -> str:
    found = network(prefix)
    return str(found[min(4, found.num_addresses - 1)])
