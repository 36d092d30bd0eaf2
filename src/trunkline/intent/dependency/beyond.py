"""Scopes of both sides at once: what a circuit has on each."""

from __future__ import annotations

from trunkline.intent.dependency.cloud import beyond_connection, beyond_gateway, clouds_end, of_gateway
from trunkline.intent.dependency.edge import Scopes, legs, of_cable, port_of, site_of
from trunkline.intent.dependency.exchanges import exchanges_of_site
from trunkline.intent.direct import CABLE, cables_at
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import links
from trunkline.intent.maintenance import recorded
from trunkline.intent.reach import ends, linked_circuits
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.session_policy import circuit_of
from trunkline.intent.view import EXCHANGE_ORDER, GATEWAY
from trunkline.model.resource import Resource, ResourceId


def _sites_and_gateways(circuit: ResourceId, estate: Estate) -> Scopes:
    for order in estate.referrers(circuit, EXCHANGE_ORDER):
        yield from site_of(order, estate)
    if port := port_of(circuit, estate):
        for cable in estate.referrers(port, CABLE):
            yield from site_of(cable, estate)
    for connection in links(estate, circuit):
        yield from clouds_end(connection, estate)
        yield from beyond_connection(connection, estate)


def beyond_circuit(resource: Resource, estate: Estate) -> Scopes:
    """With the circuits that it reaches, whose legs have the other ends."""
    yield from _sites_and_gateways(resource.id, estate)
    for other in linked_circuits(estate, resource.id, going=True):
        yield from legs(other)


def of_reach(resource: Resource, _estate: Estate) -> Scopes:
    """The legs of both circuits."""
    for circuit in ends(resource):
        yield from legs(circuit)


def beyond_order(resource: Resource, estate: Estate) -> Scopes:
    yield from _sites_and_gateways(ResourceId.parse(resource.system["circuit"]["id"]), estate)
    yield from site_of(resource, estate)


def beyond_site(resource: Resource, estate: Estate) -> Scopes:
    for order in estate.referrers(resource.id, EXCHANGE_ORDER):
        yield from legs(ResourceId.parse(order.system["circuit"]["id"]))
    for cable in cables_at(estate, resource.id):
        yield from of_cable(cable, estate)
    yield from exchanges_of_site(resource.id, estate)


def of_session_policy(policy: Resource, estate: Estate) -> Scopes:
    """With the gateways, which heed what the edge says of a route."""
    if circuit := circuit_of(policy):
        yield from legs(circuit)
        for connection in links(estate, circuit):
            yield from clouds_end(connection, estate)


def beyond_session_policy(policy: Resource, estate: Estate) -> Scopes:
    """With the customer's routers, whose ends of the sessions follow."""
    if circuit := circuit_of(policy):
        yield from _sites_and_gateways(circuit, estate)


def of_maintenance(resource: Resource, estate: Estate) -> Scopes:
    """Legs; gateways with all that has sessions with them."""
    for part in recorded(resource):
        found = estate.get(part.resource)
        if found and found.id.type.lower() == GATEWAY.lower():
            yield from of_gateway(found, estate)
            yield from beyond_gateway(found, estate)
        elif found:
            yield Scope(ScopeKind.LEG, part.key, part.part)
