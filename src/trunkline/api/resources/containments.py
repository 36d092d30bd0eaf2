"""Trunkline.Security: what is done against incidents on one leg, always for a while, and policies that do it."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.lasting import ends_in
from trunkline.api.resources.linked import circuit_of, immovable, linked, missing, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.lock_out import announced_at, containments_at, lock_out
from trunkline.intent.session_policy import controls_of
from trunkline.intent.view import CIRCUIT, PEERING, referrers
from trunkline.model.containment import (
    CONTAINMENT,
    CONTAINMENT_POLICY,
    OPERATORS_POLICY,
    Containment,
    ContainmentAction,
    ContainmentPolicy,
)
from trunkline.model.peering import Peering
from trunkline.model.resource import Json, Resource

_ANOTHER = "Delete this containment, which undoes it, and create another."


def _model(resource: Resource) -> Containment:
    return Containment.model_validate(resource.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource, _model(wish.resource)
    circuit = yield from circuit_of(own.id, model.circuit, estate)
    if circuit is None:
        return
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    both = tuple(_both_legs(own, model, circuit, estate)) if model.action is ContainmentAction.SHUT_LEG else ()
    yield from both
    if not both and not model.confirm_lock_out:
        yield from _locked_out(own, model, circuit, estate)


def _both_legs(own: Resource, model: Containment, circuit: Resource, estate: Estate) -> Iterator[Fault]:
    other = model.leg.other
    for one in referrers(estate, circuit.id, CONTAINMENT):
        if one.id.key != own.id.key and _model(one).leg is other and _model(one).action is ContainmentAction.SHUT_LEG:
            yield Conflict("BothLegsContained", f"The {other} leg of circuit {circuit.id.name} is shut by {one.id}; "
                           "with this one the circuit would have none. Undo that first, or use dropPrefix or "
                           "stopExport.", "leg")


def _locked_out(own: Resource, model: Containment, circuit: Resource, estate: Estate) -> Iterator[Fault]:
    """Together with what session policies and other containments have closed; not what was so before."""
    for peering in (one for one in estate.children(circuit.id, PEERING) if not one.deleting):
        if model.peering and model.peering.lower() != peering.id.name.lower():
            continue
        wanted, others = Peering.model_validate(peering.properties), containments_at(peering.id, estate, own.id)
        controls, announced = controls_of(estate, peering.id), announced_at(peering.id, estate)
        why = lock_out(wanted, controls, announced, (*others, model))
        if why and not lock_out(wanted, controls, announced, containments_at(peering.id, estate)):
            yield Conflict(
                "ContainmentLocksOut", f"Containment {own.id.name} would leave {peering.id} without any usable "
                f"session: {'; '.join(why)}. Undo what closes the other leg first, or write confirmLockOut true "
                "if that is what you want.", "confirmLockOut")


def _moved(old: Containment, new: Containment) -> Iterator[Fault]:
    yield from stays("circuit", old.circuit, new.circuit, _ANOTHER, "circuit")
    for name in ("leg", "peering", "action"):
        if getattr(old, name) is not getattr(new, name):
            yield immovable(name, getattr(old, name) or "all", getattr(new, name) or "all", _ANOTHER, name)


def _amend(wish: Wish, _ledger: Ledger) -> Json:
    return ends_in(_model(wish.resource).expires_in_seconds)


def _show(resource: Resource, _estate: Estate) -> Json:
    """``event`` and ``policy``: of those that a policy has made."""
    return {name: resource.system[name] for name in ("expiresAt", "event", "policy") if name in resource.system}


def _check_policy(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, ContainmentPolicy.model_validate(wish.resource.properties)
    if model.circuit and linked(estate, own, model.circuit.id, CIRCUIT) is None:
        yield missing(own, model.circuit.id, CIRCUIT, "circuit")
        return
    for other in estate.list(CONTAINMENT_POLICY, own.subscription):
        theirs = ContainmentPolicy.model_validate(other.properties).circuit
        of_same = (theirs.target.key if theirs else "") == (model.circuit.target.key if model.circuit else "")
        if other.id.key != own.key and not other.deleting and of_same:
            whose = f"circuit {model.circuit.target.name}" if model.circuit else "the subscription as a whole"
            yield Conflict("ContainmentPolicyExists", f"There is a policy for {whose} already, {other.id}. Change that "
                           "one, or delete it first.", "circuit")


def _check_operators(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, ContainmentPolicy.model_validate(wish.resource.properties)
    if model.circuit:
        yield Fault("BadRequest", f"circuit is '{model.circuit.id}', and an operator's policy is for the circuits "
                    f"of all subscriptions; leave it out, or write a {CONTAINMENT_POLICY} beside the circuit.",
                    "circuit")
    for other in estate.list(OPERATORS_POLICY):
        if other.id.key != own.key and not other.deleting:
            yield Conflict("ContainmentPolicyExists", f"There is an operator's policy already, {other.id}. Change that "
                           "one, or delete it first.")


CONTAINMENTS = ResourceType(
    CONTAINMENT, model=Containment, tracked=False, realised=True, check=_check, amend=_amend, show=_show)
CONTAINMENT_POLICIES = ResourceType(
    CONTAINMENT_POLICY, model=ContainmentPolicy, tracked=False, check=_check_policy)
OPERATORS_POLICIES = ResourceType(
    OPERATORS_POLICY, model=ContainmentPolicy, tracked=False, check=_check_operators)
