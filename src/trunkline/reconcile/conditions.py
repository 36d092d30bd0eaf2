"""What is done to legs on purpose, as ``trunkline status`` tells it: impairments with what has happened to frames,
maintenance, and what keeps routes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from trunkline.intent.bgp import SessionState
from trunkline.intent.compile import impairments
from trunkline.intent.compile.contained import containments
from trunkline.intent.direct import link_of
from trunkline.intent.drivers import Plane
from trunkline.intent.estate import Estate
from trunkline.intent.maintenance import Part, concerns_alone, recorded, work_on
from trunkline.intent.view import CircuitView, ImpairmentView, circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.containment import Containment
from trunkline.model.impairment import Way
from trunkline.model.maintenance import MAINTENANCE, model_of, state_of
from trunkline.model.peering import PeeringType
from trunkline.model.port import AdminState
from trunkline.model.resource import Json, Resource, ResourceId

_ALL = 100  #: percent
_ASKED = ("lossInPercent", "duplicationInPercent", "corruptionInPercent", "reorderingInPercent",
          "delayInMilliseconds", "jitterInMilliseconds")


def told(resources: Iterable[Resource], estate: Estate, plane: Plane) -> Iterator[Json]:
    for resource in resources:
        view = ImpairmentView.of(resource)
        model, asked = view.model, view.model.model_dump(by_alias=True)
        harm = _harm(view, estate, plane)
        yield {
            "id": str(resource.id), "name": resource.id.name, "leg": model.leg, "at": model.at,
            "circuit": model.circuit.target.name if model.circuit else None,
            "circuitId": str(model.circuit.target) if model.circuit else None, "site": model.site, "to": model.to,
            "direction": model.direction, "expiresAt": view.expires,
            "conditions": {name: asked[name] for name in _ASKED if asked[name]},
            "linkPresent": harm is not None, "frames": harm or {}}


def links(estate: Estate, resource: Resource) -> dict[str, list[str]]:
    """What can be impaired of a circuit, by leg."""
    view = circuit_view(estate, resource.id)
    if view is None:
        return {leg.value: [] for leg in Leg}
    return {leg.value: sorted(impairments.links(view, leg)) for leg in Leg}


def cut(view: CircuitView, leg: Leg) -> list[str]:
    """What keeps frames off a leg because somebody wants it so, beside rehearsed faults."""
    found = [f"impaired 100% {one.at}{'' if one.direction is Way.BOTH else f' {one.direction}'}"
             for one in (impairment.model for impairment in view.impairments)
             if one.leg is leg and one.loss_in_percent == _ALL]
    if view.port and view.port.settings(leg).admin_state is AdminState.DISABLED:
        found.append(f"{view.port.resource.id.name} {link_of(leg)} disabled")
    return [*found, *_by_policy(view, leg)]


def _by_policy(view: CircuitView, leg: Leg) -> Iterator[str]:
    for peering in view.peerings:
        policy = peering.controls.on(leg)
        if policy and not policy.is_enabled:
            yield f"{peering.kind} closed by policy"
        elif policy and policy.graceful_shutdown:
            yield f"{peering.kind} drained"


def work(estate: Estate, circuit: ResourceId, leg: Leg) -> Json | None:
    """Maintenance that the leg feels now."""
    found = work_on(estate, Part(circuit.key, leg.value))
    return None if found is None else {
        "name": found.resource.id.name, "state": found.state.value, "reason": model_of(found.resource).reason,
        "endTime": model_of(found.resource).end_time.isoformat()}


def announced(subscription: str, estate: Estate) -> Iterator[Json]:
    """Maintenance that is not over, of this subscription's circuits and gateways alone."""
    for one in estate.list(MAINTENANCE):
        parts = recorded(one)
        mine = [part for part in sorted(parts) if part.resource.subscription.lower() == subscription.lower()]
        if mine and not one.deleting and not state_of(one).final:
            wish = model_of(one)
            yield {"name": one.id.name, "state": state_of(one).value, "reason": wish.reason,
                   "startTime": wish.start_time.isoformat(), "endTime": wish.end_time.isoformat(),
                   "why": one.status.get("why", "") if concerns_alone(parts, subscription) else "",
                   "affected": [{"id": part.key, "name": part.resource.name, "part": part.part} for part in mine]}


def withheld(view: CircuitView, estate: Estate, leg: Leg) -> Iterator[Json]:
    """What lets fewer routes through, by peering (all of them: empty) and way as the edge sees it."""
    for peering in view.peerings:
        policy = peering.controls.on(leg)
        for way, lists in (("in", policy.accept), ("out", policy.advertise)) if policy else ():
            if lists and (lists.permit or lists.deny):
                yield {"peering": peering.kind.value, "way": way, "by": "a session policy's prefix lists"}
    for one in containments(estate, view.resource.id, leg.value):
        model = Containment.model_validate(one.properties)
        if model.prefixes:
            yield {"peering": model.peering or "", "way": "in", "by": f"containment {one.id.name}"}


def with_far_ends(circuits: Sequence[Json]) -> list[Json]:
    """Rows of circuits with what is withheld beyond: over Global Reach only what a far leg is told comes to a near
    one."""
    legs = {one["id"].lower(): one["legs"] for one in circuits}
    return [{**circuit, "legs": {name: {**leg, "withheld": [*leg["withheld"], *_untold(circuit, name, legs)]}
                                 for name, leg in circuit["legs"].items()}} for circuit in circuits]


def _untold(circuit: Json, name: str, legs: Json) -> Iterator[Json]:
    for link in circuit["globalReach"]:
        far = legs.get(link["otherId"].lower(), {}).get(name)
        if far and far["bgp"] != SessionState.ESTABLISHED:
            yield {"peering": PeeringType.PRIVATE.value, "way": "out",
                   "by": f"{name} of {link['other']}, over Global Reach, is {far['bgp']}"}


def _harm(view: ImpairmentView, estate: Estate, plane: Plane) -> dict[str, dict[str, int]] | None:
    """By direction, of all links that are meant; None while there is none."""
    found: dict[str, dict[str, int]] = {}
    for ways in impairments.meant(view, estate):
        placed = dict(impairments.pieces(view, ways))
        harm = plane.impaired(tuple(placed.values()))
        for way, piece in placed.items():
            before = found.get(way.value, {})
            found[way.value] = {name: count + before.get(name, 0) for name, count in asdict(harm[piece.key]).items()}
    return found or None
