"""Whether session policies and containments leave a peering without any usable session, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections
from trunkline.intent.reach import reaches
from trunkline.intent.session_policy import Controls, controls_of
from trunkline.intent.view import PEERING, CircuitView, circuit_view, referrers, site_model
from trunkline.model.bgp import network
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT, Containment, ContainmentAction
from trunkline.model.peering import Peering
from trunkline.model.resource import ResourceId
from trunkline.model.session_policy import PrefixLists, PrefixRange, SessionPolicy


@dataclass(frozen=True, slots=True)
class Announced:
    """What is known to be announced; nothing known is no fault. ``told``: by the cloud, ``heard``: by the customer."""

    told: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()


def lock_out(peering: Peering, controls: Controls, announced: Announced,
             standing: tuple[Containment, ...] = ()) -> tuple[str, ...]:
    """For each leg a sentence's piece that says why it is of no use; empty as soon as one leg is. ``standing``: of the
    peering, on either leg."""
    found = tuple((*_reasons(peering, leg, controls.on(leg), announced), *contained(leg, standing, announced))
                  for leg in Leg)
    if not all(found):
        return ()
    return tuple(f"{leg}: {', '.join(reasons)}" for leg, reasons in zip(Leg, found, strict=True))


def _reasons(peering: Peering, leg: Leg, policy: SessionPolicy | None, announced: Announced) -> Iterator[str]:
    if not any(subnet.enabled for subnet in peering.on(leg)):
        yield "state of the peering is Disabled"
    if policy is None:
        return
    if not policy.is_enabled:
        yield "enabled is false"
    if policy.graceful_shutdown:
        yield "gracefulShutdown is true"
    for word, lists, known in (("advertise", policy.told, announced.told), ("accept", policy.taken, announced.heard)):
        if _stops(lists, known):
            yield f"{word} lets none of {', '.join(known) or 'all prefixes'} through"


def contained(leg: Leg, standing: tuple[Containment, ...], announced: Announced) -> Iterator[str]:
    own = [one for one in standing if one.leg is leg]
    for action in sorted({one.action for one in own} - {ContainmentAction.DROP_PREFIX}):
        yield f"it is contained by {action}"
    dropped = {prefix for one in own for prefix in one.prefixes}
    if announced.heard and dropped.issuperset(announced.heard):
        yield f"dropPrefix contains all of {', '.join(announced.heard)}"


def idle(peering: ResourceId, leg: Leg, estate: Estate) -> str:
    """Why one leg is of no use to a peering, by what is wished; empty if it is of use."""
    resource = next((one for one in estate.children(peering.parent, PEERING) if one.id.key == peering.key), None
                    ) if peering.parent else None
    if resource is None:
        return "it has no such peering"
    model, announced = Peering.model_validate(resource.properties), announced_at(peering, estate)
    policy = controls_of(estate, peering).on(leg)
    return ", ".join((*_reasons(model, leg, policy, announced),
                      *contained(leg, containments_at(peering, estate), announced)))


def containments_at(peering: ResourceId, estate: Estate, without: ResourceId | None = None) -> tuple[Containment, ...]:
    """Those in force on a peering, on either leg."""
    found = referrers(estate, peering.parent, CONTAINMENT) if peering.parent else ()
    models = (Containment.model_validate(one.properties) for one in found
              if without is None or one.id.key != without.key)
    return tuple(one for one in models if one.peering is None or one.peering.lower() == peering.name.lower())


def announced_at(peering: ResourceId, estate: Estate) -> Announced:
    """By the gateways that are connected and the sites that Global Reach links to; by the sites that the circuit was
    ordered for."""
    circuit = circuit_view(estate, peering.parent) if peering.parent else None
    if circuit is None or circuit.private is None or circuit.private.resource.id.key != peering.key:
        return Announced()
    networks = (prefix for one in connections(estate, circuit.resource.id) for prefix in one.gateway.prefixes)
    others = (prefix for link in reaches(estate, circuit.resource.id)
              for prefix in _of_sites(link.other(circuit.resource.id)))
    return Announced(tuple(dict.fromkeys((*networks, *others))), tuple(dict.fromkeys(_of_sites(circuit))))


def _of_sites(circuit: CircuitView) -> Iterator[str]:
    return (prefix for _, order in circuit.orders if order.site for prefix in site_model(order.site).prefixes)


def _stops(lists: PrefixLists, known: tuple[str, ...]) -> bool:
    if known:
        return not any(lists.passes(prefix) for prefix in known)
    return any(_is_everything(one) for one in lists.deny or ())


def _is_everything(one: PrefixRange) -> bool:
    return network(one.prefix).prefixlen == 0 and one.lengths == (0, network(one.prefix).max_prefixlen)
