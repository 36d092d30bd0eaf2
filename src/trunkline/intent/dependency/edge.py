"""Scopes of what ends at the edge: legs, Direct ports, cables, orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import span_between
from trunkline.intent.view import CIRCUIT, PEERING
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.impairment import Impairment
from trunkline.model.resource import Resource, ResourceId

Scopes = Iterator[Scope]


def legs(circuit: ResourceId) -> Scopes:
    for leg in Leg:
        yield Scope(ScopeKind.LEG, circuit.key, leg)


def of_circuit(resource: Resource, _estate: Estate) -> Scopes:
    yield from legs(resource.id)


def of_peering(resource: Resource, _estate: Estate) -> Scopes:
    if resource.id.parent:
        yield from legs(resource.id.parent)


def of_route_filter(resource: Resource, estate: Estate) -> Scopes:
    """The legs of circuits whose peerings it is attached to."""
    for peering in estate.referrers(resource.id, PEERING):
        yield from of_peering(peering, estate)


def of_pointer(*names: str) -> Callable[[Resource, Estate], Scopes]:
    """The legs of the circuit that a property (or system value) of one of these names points at."""
    def scopes(resource: Resource, _estate: Estate) -> Scopes:
        for values in (resource.properties, resource.system):
            for name in names:
                if name in values:
                    yield from legs(ResourceId.parse(values[name]["id"]))
    return scopes


def of_impairment(resource: Resource, estate: Estate) -> Scopes:
    """The legs of a circuit, or a link of the backbone."""
    yield from of_pointer("circuit")(resource, estate)
    model = Impairment.model_validate(resource.properties)
    if span := span_between(model.site, model.to):
        yield from (Scope(ScopeKind.SPAN, str(span), leg) for leg in model.legs)


def _links_of_port(port: ResourceId) -> Scopes:
    for leg in Leg:
        yield Scope(ScopeKind.DIRECT, port.key, leg)


def of_port(resource: Resource, _estate: Estate) -> Scopes:
    """Its links alone: what else circuits need to know of it never changes while there are any."""
    yield from _links_of_port(resource.id)


def of_cable(resource: Resource, estate: Estate) -> Scopes:
    """Its port's links, and what comes in over them."""
    port = ResourceId.parse(resource.properties["port"]["id"])
    yield from _links_of_port(port)
    yield from _legs_on_port(port, estate)


def _legs_on_port(port: ResourceId, estate: Estate) -> Scopes:
    for circuit in estate.referrers(port, CIRCUIT):
        yield from legs(circuit.id)


def site_of(order: Resource, _estate: Estate) -> Scopes:
    """The site at which an order or a cable ends."""
    if site := order.properties.get("site"):
        yield Scope(ScopeKind.SITE, ResourceId.parse(site["id"]).key)


def of_site(resource: Resource, _estate: Estate) -> Scopes:
    yield Scope(ScopeKind.SITE, resource.id.key)


def by_parent(scopes: Callable[[Resource, Estate], Scopes]) -> Callable[[Resource, Estate], Scopes]:
    """The scopes of the resource's parent."""
    def of_parent(resource: Resource, estate: Estate) -> Scopes:
        parent = estate.get(resource.id.parent) if resource.id.parent else None
        if parent:
            yield from scopes(parent, estate)
    return of_parent


def port_of(circuit: ResourceId, estate: Estate) -> ResourceId | None:
    """The Direct port that a circuit is on."""
    found = estate.get(circuit)
    port = Circuit.model_validate(found.properties).express_route_port if found else None
    return port.target if port else None
