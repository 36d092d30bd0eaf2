"""Trunkline.Plant/throttles: what a provider lets through of a circuit. Only operators write them, so they are no part
of what the customer orders."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.linked import circuit_of, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.view import THROTTLE, referrers
from trunkline.model.circuit import Circuit
from trunkline.model.resource import Resource
from trunkline.model.throttle import Throttle


def _model(throttle: Resource) -> Throttle:
    return Throttle.model_validate(throttle.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, _model(wish.resource)
    circuit = yield from circuit_of(own, model.circuit, estate)
    if circuit is None:
        return
    if own.group.lower() != circuit.id.group.lower():
        yield Fault("ThrottleNotBesideCircuit", f"Throttle {own} is for circuit {circuit.id} and has to stand in its "
                    f"resource group, {circuit.id.group}, so that they go together.", "circuit")
    if Circuit.model_validate(circuit.properties).direct:
        yield Fault("CircuitHasNoProvider", f"Circuit {circuit.id.name} is on a Direct port, where no provider stands "
                    "between; its own limit is enableDirectPortRateLimit.", "circuit")
    if wish.existing:
        yield from stays("circuit", _model(wish.existing).circuit, model.circuit,
                         "Delete this throttle and create another.", "circuit")
    for other in referrers(estate, circuit.id, THROTTLE):
        if other.id.key != own.key:
            yield Conflict("CircuitAlreadyThrottled", f"Circuit {circuit.id.name} has the throttle {other.id}. Change "
                           "that one, or delete it first.", "circuit")


THROTTLES = ResourceType(THROTTLE, model=Throttle, tracked=False, realised=True, check=_check)
