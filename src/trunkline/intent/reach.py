"""Global Reach links as the network has them: which circuits, and what each leg of one gets.

A link is there while both private peerings are and the service admitted it when it was last written. Its /29 is cut in
two /30, one for each leg, its /125 in two /126; the circuit that made it has the first address of each, the other the
second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trunkline.intent.estate import Estate
from trunkline.intent.view import PEERING, CircuitView, alive, circuit_view, referrers
from trunkline.model.bgp import network
from trunkline.model.circuit import Leg
from trunkline.model.peering import CircuitConnection, PeeringType
from trunkline.model.resource import Resource, ResourceId

CIRCUIT_CONNECTION = f"{PEERING}/connections"


@dataclass(frozen=True)
class ReachView:
    """``near``: the circuit that made it."""

    resource: Resource
    model: CircuitConnection
    near: CircuitView
    far: CircuitView

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        return prefixes_of(self.model)

    def is_near(self, circuit: ResourceId) -> bool:
        return self.near.resource.id.key == circuit.key

    def other(self, circuit: ResourceId) -> CircuitView:
        return self.far if self.is_near(circuit) else self.near

    def addresses(self, circuit: ResourceId, leg: Leg) -> tuple[tuple[str, str], ...]:
        """(own, the other's), each with length, of one circuit's leg in each family."""
        found = []
        for prefix in self.prefixes:
            whole = network(prefix)
            first, second = (f"{whole[4 * list(Leg).index(leg) + place]}/{whole.prefixlen + 1}"
                             for place in (1, 2))
            found.append((first, second) if self.is_near(circuit) else (second, first))
        return tuple(found)


def reaches(estate: Estate, circuit: ResourceId) -> tuple[ReachView, ...]:
    """A circuit's links, by number, whoever made them."""
    peering = private_peering(circuit)
    found = (reach_view(estate, one) for one in referrers(estate, peering, CIRCUIT_CONNECTION))
    return tuple(sorted((one for one in found if one), key=lambda one: one.resource.number))


def link_prefixes(estate: Estate, circuit: ResourceId) -> Iterator[tuple[Resource, str]]:
    """Of all links of a circuit, also of those that were not admitted."""
    for one in referrers(estate, private_peering(circuit), CIRCUIT_CONNECTION):
        yield from ((one, prefix) for prefix in prefixes_of(CircuitConnection.model_validate(one.properties)))


def prefixes_of(model: CircuitConnection) -> tuple[str, ...]:
    """Of each family that it carries, IPv4 first."""
    six = model.ipv6_circuit_connection_config
    return (model.address_prefix, *([six.address_prefix] if six else []))


def reach_view(estate: Estate, resource: Resource) -> ReachView | None:
    model, own = CircuitConnection.model_validate(resource.properties), resource.id.parent
    peer = model.peer_express_route_circuit_peering.target
    if not is_admitted(resource) or not own or not (alive(estate, own) and alive(estate, peer)):
        return None
    near, far = (circuit_view(estate, end.parent) if end.parent else None for end in (own, peer))
    return ReachView(resource, model, near, far) if near and far else None


def is_admitted(resource: Resource) -> bool:
    """Whether nothing stood in its way when it was last written."""
    return bool(resource.system.get("admitted"))


def is_reaching(estate: Estate, circuit: ResourceId) -> bool:
    return any(map(is_admitted, referrers(estate, private_peering(circuit), CIRCUIT_CONNECTION)))


def private_peering(circuit: ResourceId) -> ResourceId:
    return circuit.child("peerings", PeeringType.PRIVATE)


def ends(resource: Resource) -> tuple[ResourceId, ...]:
    """The circuits that a link joins, first the one that made it."""
    model = CircuitConnection.model_validate(resource.properties)
    peerings = (resource.id.parent, model.peer_express_route_circuit_peering.target)
    return tuple(peering.parent for peering in peerings if peering and peering.parent)


def linked_circuits(estate: Estate, circuit: ResourceId, *, going: bool = False) -> tuple[ResourceId, ...]:
    """The circuits at the other ends of one's links; also of those that are being deleted, if they are ``going``."""
    links = estate.referrers(private_peering(circuit), CIRCUIT_CONNECTION)
    found = (end for one in links if going or not one.deleting for end in ends(one))
    return tuple({end.key: end for end in found if end.key != circuit.key}.values())

