"""Trunkline.Plant/faults: failures made on purpose, one at a time on each leg of a circuit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import circuit_of, immovable, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import FAULT, referrers
from trunkline.model.resource import Json, Resource
from trunkline.model.site import RehearsedFault


def _model(fault: Resource) -> RehearsedFault:
    return RehearsedFault.model_validate(fault.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    fault, model = wish.resource, _model(wish.resource)
    circuit = yield from circuit_of(fault.id, model.circuit, estate)
    if circuit is None:
        return
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    for other in referrers(estate, circuit.id, FAULT):
        if other.id.key != fault.id.key and _model(other).leg is model.leg:
            yield Conflict("LegAlreadyFailed", f"The {model.leg} leg of circuit {circuit.id.name} has the fault "
                           f"{other.id}. Delete that one first, or choose the other leg.", "leg")


def _moved(old: RehearsedFault, new: RehearsedFault) -> Iterator[Fault]:
    another = "Delete this fault and create another."
    yield from stays("circuit", old.circuit, new.circuit, another, "circuit")
    if old.leg is not new.leg:
        yield immovable("leg", old.leg, new.leg, another, "leg")


def _generate(wish: Wish, _ledger: Ledger) -> Json:
    seconds = _model(wish.resource).expires_in_seconds
    return {"expiresAt": (wish.resource.created + timedelta(seconds=seconds)).isoformat()}


def _show(fault: Resource, _estate: Estate) -> Json:
    return {"expiresAt": fault.system["expiresAt"]}


FAULTS = ResourceType(
    FAULT, model=RehearsedFault, tracked=False, realised=True, check=_check, generate=_generate,
    show=_show)
