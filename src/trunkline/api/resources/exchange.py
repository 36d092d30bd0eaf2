"""Trunkline.Exchange/virtualCrossConnects: the customer's end of a circuit, ordered with its service key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.handoffs import check_interfaces, check_routers
from trunkline.api.resources.linked import immovable, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import EXCHANGE_ORDER, referrers
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import VirtualCrossConnect


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
    routers = tuple((leg, ordered.router) for leg in Leg if (ordered := model.order(leg)) and ordered.router)
    yield from check_routers(order.id, model.site, routers, estate)
    yield from check_interfaces(order, existing_interfaces, estate)


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
