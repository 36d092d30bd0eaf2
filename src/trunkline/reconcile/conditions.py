"""Impairments as ``trunkline status`` tells them: what was asked for, until when, and what has happened to frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from trunkline.intent.compile import impairments
from trunkline.intent.direct import link_of
from trunkline.intent.drivers import Plane
from trunkline.intent.estate import Estate
from trunkline.intent.view import CircuitView, ImpairmentView, circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.impairment import Way
from trunkline.model.port import AdminState
from trunkline.model.resource import Json, Resource

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
            "circuit": model.circuit.target.name if model.circuit else None, "site": model.site, "to": model.to,
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
