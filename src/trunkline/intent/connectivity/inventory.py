"""What there is to look at: circuits, gateways, sites and networks, whoever's they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.vnet_peering import vnet_peering_scope
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, gateway_view
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView, circuit_view, hub_of, vnet_peerings, vnet_view
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId

#: Nothing of a pair hangs on them.
_BESIDE = (ScopeKind.SERVICES, ScopeKind.VALIDATOR)


@dataclass(frozen=True, slots=True)
class Inventory:
    """``gateways``: in virtual networks and in hubs. ``backbone_spans``: between which sites there is fibre."""

    circuits: tuple[CircuitView, ...]
    gateways: tuple[GatewayView, ...]
    sites: tuple[Resource, ...]
    vnets: tuple[ResourceId, ...]

    @property
    def backbone_sites(self) -> tuple[str, ...]:
        return tuple(site.name for site in backbone().sites)

    @property
    def backbone_spans(self) -> tuple[tuple[str, str], ...]:
        return tuple((span.a, span.b) for span in backbone().spans)


def inventory(circuits: Iterable[Resource], gateways: Iterable[Resource], sites: Iterable[Resource],
              vnets: Iterable[Resource], estate: Estate) -> Inventory:
    return Inventory(
        tuple(circuit for one in circuits if (circuit := circuit_view(estate, one.id))),
        tuple(gateway for one in gateways if (gateway := gateway_view(estate, one.id))),
        tuple(one for one in sites if not one.deleting),
        tuple(one.id for one in vnets if not one.deleting))


def blueprints(found: Inventory, estate: Estate, profile: Profile) -> tuple[Blueprint, ...]:
    """Of all of it and of what that stands on, each once."""
    todo, known = list(_scopes(found, estate)), dict[Scope, Blueprint]()
    while todo:
        scope = todo.pop()
        if scope not in known and scope.kind not in _BESIDE:
            known[scope] = compile(scope, estate, profile)
            todo.extend(known[scope].requires)
    return tuple(known.values())


def _scopes(found: Inventory, estate: Estate) -> Iterator[Scope]:
    for circuit in found.circuits:
        yield from (Scope(ScopeKind.LEG, circuit.resource.id.key, leg) for leg in Leg)
    for gateway in found.gateways:
        yield Scope(ScopeKind.GATEWAY, gateway.resource.id.key)
        if gateway.wan:
            yield Scope(ScopeKind.HUB, gateway.wan.resource.id.key)
    yield from (Scope(ScopeKind.SITE, site.id.key) for site in found.sites)
    for identity in found.vnets:
        vnet = vnet_view(estate, identity)
        if vnet:
            yield Scope(ScopeKind.VNET, identity.key)
            yield from (vnet_peering_scope(identity, one.remote.resource.id) for one in vnet_peerings(estate, vnet))
            if hub := hub_of(estate, vnet):
                yield Scope(ScopeKind.HUB, hub.resource.id.key)
