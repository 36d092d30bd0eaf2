"""Trunkline.Routing/sessionPolicies: what a customer decides about the routes and sessions of a peering, on one leg or
both. One that would cut its owner off is refused until it says that this is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable, linked, missing, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.lock_out import announced_at, containments_at, lock_out
from trunkline.intent.session_policy import BFD_KEY, SESSION_POLICY, Controls, model_of, policies_of
from trunkline.intent.view import PEERING, circuit_view, site_model
from trunkline.model.circuit import Leg
from trunkline.model.peering import Peering
from trunkline.model.resource import Resource
from trunkline.model.session_policy import Authentication, SessionPolicy
from trunkline.model.site import Daemon

_ANOTHER = "Delete this policy and create another."


def _check(lacks_tcp_ao: Callable[[], tuple[str, ...]], wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, model_of(wish.resource)
    if wish.existing:
        yield from _moved(model_of(wish.existing), model)
    peering = linked(estate, own, model.peering.id, PEERING)
    if peering is None:
        yield missing(own, model.peering.id, PEERING, "peering")
        return
    if own.group.lower() != peering.id.group.lower():
        yield Fault("SessionPolicyNotBesideCircuit", f"Policy {own} is for {peering.id} and has to stand in its "
                    f"resource group, {peering.id.group}, so that they go together.", "peering")
    for other in policies_of(estate, peering.id):
        if other.id.key != own.key and model_of(other).leg is model.leg:
            yield Conflict("SessionPolicyExists", f"{_place(model)} of {peering.id} has the policy {other.id}, and one "
                           "is allowed for each leg and one for both. Change that one, or delete it first.", "leg")
    yield from _unspeakable(wish.resource, peering, estate)
    yield from _without_key(model)
    if model.authentication is Authentication.AO:
        yield _no_tcp_ao(lacks_tcp_ao())
    if not model.confirm_lock_out:
        yield from _locked_out(wish.resource, peering, estate)


def _place(model: SessionPolicy) -> str:
    return f"The {model.leg} leg" if model.leg else "Both legs together"


def _moved(old: SessionPolicy, new: SessionPolicy) -> Iterator[Fault]:
    yield from stays("peering", old.peering, new.peering, _ANOTHER, "peering")
    if old.leg is not new.leg:
        yield immovable("leg", old.leg or "both", new.leg or "both", _ANOTHER, "leg")


def _locked_out(policy: Resource, peering: Resource, estate: Estate) -> Iterator[Fault]:
    """Only of a policy that makes it so: what was cut off before is not this one's doing."""
    model, standing = Peering.model_validate(peering.properties), policies_of(estate, peering.id)
    others = tuple(model_of(one) for one in standing if one.id.key != policy.id.key)
    announced = announced_at(peering.id, estate)
    contained = containments_at(peering.id, estate)
    why = lock_out(model, Controls((*others, model_of(policy))), announced, contained)
    if why and not lock_out(model, Controls(tuple(model_of(one) for one in standing)), announced, contained):
        yield Conflict(
            "SessionPolicyLocksOut", f"Policy {policy.id.name} would leave {peering.id} without any usable session: "
            f"{'; '.join(why)}. Leave one leg as it is, or write confirmLockOut true if that is what you want.",
            "confirmLockOut")


def _in_use(policy: Resource, estate: Estate) -> Iterator[Fault]:
    """What keeps a leg open over a policy of both that closes it goes with its peering, and not by accident."""
    own, target = model_of(policy), model_of(policy).peering.target
    siblings = estate.children(target.parent, PEERING) if target.parent else ()
    peering = next((one for one in siblings if one.id.key == target.key and not one.deleting), None)
    others = tuple(model_of(one) for one in policies_of(estate, target) if one.id.key != policy.id.key)
    if peering is None or any(one.confirm_lock_out for one in others):
        return
    model, announced = Peering.model_validate(peering.properties), announced_at(peering.id, estate)
    contained = containments_at(target, estate)
    why = lock_out(model, Controls(others), announced, contained)
    if why and not lock_out(model, Controls((*others, own)), announced, contained):
        yield Conflict("SessionPolicyLocksOut", f"Without policy {policy.id.name} {peering.id} would have no usable "
                       f"session: {'; '.join(why)}. Change the policy of both legs first, or write confirmLockOut true "
                       "there if that is what you want.")


def _no_tcp_ao(lacking: tuple[str, ...]) -> Fault:
    """Where nothing lacks, it is us: no session of ours is set up with it yet."""
    told = " and ".join(lacking or ("Trunkline sets up no keys for it yet",))
    return Fault("NotSupportedOnThisMachine", f"authentication TcpAo (RFC 5925) is not possible here: {told}. Leave "
                 "authentication out, and give the peering a sharedKey: its sessions are then signed by TCP-MD5.",
                 "authentication")


def _without_key(model: SessionPolicy) -> Iterator[Fault]:
    if model.bfd_authentication and not model.bfd_authentication.shared_key:
        yield Fault("MissingRequiredProperty", f"Property '{BFD_KEY}' is required where bfdAuthentication is given: "
                    "write the key that the customer's router has, or leave bfdAuthentication out.", BFD_KEY)


def _unspeakable(policy: Resource, peering: Resource, estate: Estate) -> Iterator[Fault]:
    """FRR 8 runs BFD over several hops beside TTL security, and then meets nobody; and it authenticates none."""
    others = (model_of(one) for one in policies_of(estate, peering.id) if one.id.key != policy.id.key)
    controls = Controls((*others, model_of(policy)))
    for leg, router, site in _frr_routers(peering, estate):
        merged = controls.on(leg)
        if merged is None or (merged.bfd is not None and not merged.bfd.enabled):
            continue
        if merged.gtsm:
            yield Fault("GtsmWithBfdNotSupported", f"gtsm true on the {leg} leg needs bfd.enabled false: router "
                        f"{router} of {site} runs FRR, which cannot have both. Switch BFD off there, or let the router "
                        "run BIRD.", "gtsm")
        if merged.bfd_authentication:
            yield Fault("BfdAuthenticationNotSupported", f"bfdAuthentication on the {leg} leg cannot be: router "
                        f"{router} of {site} runs FRR, which has no BFD authentication. Leave it out, switch BFD "
                        "off there, or let the router run BIRD.", "bfdAuthentication")


def _frr_routers(peering: Resource, estate: Estate) -> Iterator[tuple[Leg, str, str]]:
    """Of our sites: leg, the router's name and its site's."""
    circuit = circuit_view(estate, peering.id.parent) if peering.id.parent else None
    for leg, order in circuit.orders if circuit else ():
        routers = site_model(order.site).routers if order.site else ()
        if order.site and any(one.name == order.order.router and one.daemon is Daemon.FRR for one in routers):
            yield leg, order.order.router or "", order.site.id.name


def policies_below(circuit: Resource, estate: Estate) -> Iterator[Resource]:
    """Of all peerings of a circuit, which they do not outlive."""
    for peering in estate.children(circuit.id, PEERING):
        yield from policies_of(estate, peering.id)


def session_policies(lacks_tcp_ao: Callable[[], tuple[str, ...]]) -> ResourceType:
    """``lacks_tcp_ao``: what keeps the machine from it."""
    return ResourceType(
        SESSION_POLICY, model=SessionPolicy, tracked=False, realised=True, secrets=(BFD_KEY,),
        check=partial(_check, lacks_tcp_ao), in_use=_in_use)
