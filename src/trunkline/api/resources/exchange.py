"""Trunkline.Exchange/virtualCrossConnects: the customer's end of a circuit, ordered with its service key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable, linked, missing, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import EXCHANGE_ORDER, SITE, referrers, site_model
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import Handoff, VirtualCrossConnect


def _model(order: Resource) -> VirtualCrossConnect:
    return VirtualCrossConnect.model_validate(order.properties)


def _check(existing_interfaces: frozenset[str], wish: Wish, estate: Register) -> Iterator[Fault]:
    order, model = wish.resource, _model(wish.resource)
    if not any(model.order(leg) for leg in Leg):
        yield Fault("LegRequired", "A virtual cross connect needs primary, secondary or both; give one leg at least.",
                    "primary")
    circuit = _circuit(model.service_key, estate)
    if circuit is None:
        yield Fault("ServiceKeyUnknown", f"serviceKey '{model.service_key}' belongs to no circuit. Take it from the "
                    "circuit's serviceKey property.", "serviceKey")
    else:
        yield from _legs_free(order.id, circuit, model, estate)
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    yield from _routers(order.id, model, estate)
    yield from _handoffs(order.id, model, estate)
    yield from _not_offered(model, existing_interfaces)


def _moved(old: VirtualCrossConnect, new: VirtualCrossConnect) -> Iterator[Fault]:
    another = "Delete this virtual cross connect and order another."
    if old.service_key.lower() != new.service_key.lower():
        yield immovable("serviceKey", old.service_key, new.service_key, another, "serviceKey")
    yield from stays("site", old.site, new.site, another, "site")


def _circuit(service_key: str, estate: Register) -> Resource | None:
    found = estate.by_alias(service_key.lower())
    return found if found and not found.deleting else None


def _legs_free(order: ResourceId, circuit: Resource, model: VirtualCrossConnect, estate: Estate) -> Iterator[Fault]:
    for other in referrers(estate, circuit.id, EXCHANGE_ORDER):
        for leg in Leg:
            if other.id.key != order.key and model.order(leg) and _model(other).order(leg):
                yield Conflict("LegAlreadyOrdered", f"The {leg} leg of the circuit with this service key is ordered by "
                               f"{other.id}. Change that virtual cross connect, or leave {leg} out.", leg)


def _routers(order: ResourceId, model: VirtualCrossConnect, estate: Estate) -> Iterator[Fault]:
    wanted = [(leg, ordered.router) for leg in Leg if (ordered := model.order(leg)) and ordered.router]
    if model.site is None:
        for leg, router in wanted:
            yield Fault("SiteRequired", f"{leg}.router '{router}' is a router of a site; give site.id, or a handoff "
                        "instead of the router.", "site")
        return
    site = linked(estate, order, model.site.id, SITE)
    if site is None:
        yield missing(order, model.site.id, SITE, "site")
        return
    names = [router.name for router in site_model(site).routers]
    for leg, router in wanted:
        if router not in names:
            yield Fault("RouterNotInSite", f"{leg}.router '{router}' is not a router of site {site.id.name}, which has "
                        f"{', '.join(names)}.", f"{leg}.router")


def _interfaces(model: VirtualCrossConnect) -> Iterator[tuple[Leg, Handoff]]:
    for leg in Leg:
        ordered = model.order(leg)
        if ordered and ordered.handoff:
            yield leg, ordered.handoff


def _handoffs(order: ResourceId, model: VirtualCrossConnect, estate: Register) -> Iterator[Fault]:
    """Interfaces of hand-offs are in one namespace, so their names are unique among all customers."""
    taken = {handoff.interface: other.id for other in estate.list(EXCHANGE_ORDER) if other.id.key != order.key
             for _, handoff in _interfaces(_model(other))}
    for leg, handoff in _interfaces(model):
        if handoff.interface in taken:
            same = taken[handoff.interface].key == order.key
            owner = "the other leg" if same else "another virtual cross connect"
            yield Fault("HandoffInterfaceInUse", f"{leg}.handoff.interface '{handoff.interface}' is used by {owner}; "
                        "each leg needs its own interface.", f"{leg}.handoff.interface")
        taken[handoff.interface] = order


def _not_offered(model: VirtualCrossConnect, offered: frozenset[str]) -> Iterator[Fault]:
    """An interface that the machine has is taken from it, so the operator says which may be."""
    for leg, handoff in _interfaces(model):
        if not handoff.create and handoff.interface not in offered:
            yield Fault("HandoffInterfaceNotOffered", f"{leg}.handoff.interface '{handoff.interface}' is not among the "
                        "interfaces of this machine that its operator offers. Set handoff.create to true for a new "
                        "one, or ask the operator to name it in TRUNKLINE_HANDOFF_INTERFACES.",
                        f"{leg}.handoff.interface")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    circuit = _circuit(_model(wish.resource).service_key, ledger)
    system: Json = {"number": ledger.allocate("virtualCrossConnects", wish.resource.id.key)}
    return {**system, "circuit": {"id": str(circuit.id)}} if circuit else system


def _show(order: Resource, _estate: Estate) -> Json:
    return {"expressRouteCircuit": order.system["circuit"]}


def virtual_cross_connects(existing_interfaces: frozenset[str]) -> ResourceType:
    """``existing_interfaces``: those of the machine that a hand-off may take."""
    return ResourceType(
        EXCHANGE_ORDER, model=VirtualCrossConnect, tracked=False, realised=True,
        secrets=("primary.sharedKey", "secondary.sharedKey"), check=partial(_check, existing_interfaces),
        generate=_generate, show=_show)
