"""How much may fail between a circuit's customers and their networks, in Azure's three words, and the cities in which a
gateway reaches circuits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.intent.estate import Estate
from trunkline.intent.gateways import circuit_of, gateway_of, links
from trunkline.intent.view import GATEWAY, alive
from trunkline.model.circuit import Circuit, ResiliencyLevel
from trunkline.model.network import VirtualNetworkGateway
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
    return tuple(one for one in links(estate, gateway) if not one.deleting and circuit_of(one))


def cities(linked: Iterable[Resource], estate: Estate) -> frozenset[str]:
    found = (alive(estate, circuit) for link in linked if (circuit := circuit_of(link)))
    return frozenset(city_of(_place(one)) for one in found if one)


def required(connection: Resource, estate: Estate) -> Resource | None:
    """The gateway that a connection keeps at two cities, if that must stay so (``MultiHomed``). A gateway that
    goes with the connection no longer refers to its subnet."""
    gateway = alive(estate, gateway_of(connection))
    if not gateway or gateway.properties.get("resiliencyModel") != "MultiHomed":
        return None
    subnet = VirtualNetworkGateway.model_validate(gateway.properties).subnet
    stays = subnet and gateway.id.key in {one.id.key for one in estate.referrers(subnet.target, GATEWAY)}
    others = [one for one in links_of(gateway.id, estate) if one.id.key != connection.id.key]
    left, had = cities(others, estate), cities((*others, connection), estate)
    return gateway if stays and len(left) < 2 <= len(had) else None


def _gateways(circuit: Resource, estate: Estate) -> Iterator[ResourceId]:
    return (gateway_of(link) for link in links(estate, circuit.id) if not link.deleting)


def _place(circuit: Resource) -> str:
    """A Direct circuit is where its port is."""
    return str(circuit.system.get("peeringLocation")
               or Circuit.model_validate(circuit.properties).service.peering_location)
