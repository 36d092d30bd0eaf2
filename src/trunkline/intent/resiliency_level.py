"""How much may fail between a circuit's customers and their networks, in Azure's three words, and the cities in which a
gateway reaches circuits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, GATEWAY, alive, referrers
from trunkline.intent.wan import WAN_CONNECTION
from trunkline.model.circuit import Circuit, ResiliencyLevel
from trunkline.model.network import Connection, VirtualNetworkGateway
from trunkline.model.plant import city_of, metro_sites
from trunkline.model.resource import Resource, ResourceId


def level(circuit: Resource, estate: Estate) -> ResiliencyLevel:
    """Maximum where each of its gateways reaches a circuit in another city too; High at a metro; else Standard."""
    place = _place(circuit)
    reached = [cities(links_of(gateway, estate), estate) for gateway in _gateways(circuit, estate)]
    if reached and all(found - {city_of(place)} for found in reached):
        return ResiliencyLevel.MAXIMUM
    return ResiliencyLevel.HIGH if place in metro_sites() else ResiliencyLevel.STANDARD


def links_of(gateway: ResourceId, estate: Estate) -> tuple[Resource, ...]:
    """Its connections to circuits."""
    links = referrers(estate, gateway, CONNECTION) if gateway.type.lower() == GATEWAY.lower() else estate.children(
        gateway, WAN_CONNECTION)
    return tuple(one for one in links if not one.deleting and _circuit(one))


def cities(links: Iterable[Resource], estate: Estate) -> frozenset[str]:
    found = (alive(estate, circuit) for link in links if (circuit := _circuit(link)))
    return frozenset(city_of(_place(one)) for one in found if one)


def required(connection: Resource, estate: Estate) -> Resource | None:
    """The gateway that a connection keeps at two cities, if that must stay so (``MultiHomed``). A gateway that
    goes with the connection no longer refers to its subnet."""
    model = Connection.model_validate(connection.properties)
    gateway = alive(estate, model.virtual_network_gateway1.target)
    if not gateway or gateway.properties.get("resiliencyModel") != "MultiHomed":
        return None
    subnet = VirtualNetworkGateway.model_validate(gateway.properties).subnet
    stays = subnet and gateway.id.key in {one.id.key for one in estate.referrers(subnet.target, GATEWAY)}
    others = [one for one in links_of(gateway.id, estate) if one.id.key != connection.id.key]
    left, had = cities(others, estate), cities((*others, connection), estate)
    return gateway if stays and len(left) < 2 <= len(had) else None


def _gateways(circuit: Resource, estate: Estate) -> Iterator[ResourceId]:
    for link in referrers(estate, circuit.id, CONNECTION):
        yield Connection.model_validate(link.properties).virtual_network_gateway1.target
    for link in referrers(estate, circuit.id, WAN_CONNECTION):
        if link.id.parent:
            yield link.id.parent


def _circuit(link: Resource) -> ResourceId | None:
    """A hub's connection names the circuit's peering."""
    peer, peering = link.properties.get("peer"), link.properties.get("expressRouteCircuitPeering")
    return ResourceId.parse(peer["id"]) if peer else ResourceId.parse(peering["id"]).parent if peering else None


def _place(circuit: Resource) -> str:
    """A Direct circuit is where its port is."""
    return str(circuit.system.get("peeringLocation")
               or Circuit.model_validate(circuit.properties).service.peering_location)
