"""A fault: outages on nodes of other scopes, which must not take them for damage."""

from __future__ import annotations

from trunkline.intent.compile.draft import Draft
from trunkline.intent.compile.failing import Cut, carriers, cuts
from trunkline.intent.estate import Estate
from trunkline.intent.network import Outage
from trunkline.intent.scope import Scope
from trunkline.intent.view import CIRCUIT, alive, circuit_view, referrers
from trunkline.model.fault import FaultKind, FaultMode, RehearsedFault, Target
from trunkline.model.impairment import Way
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId


def fault(scope: Scope, estate: Estate, _profile: Profile) -> Draft:
    resource = alive(estate, ResourceId.parse(scope.key))
    return Draft(list(outages(resource, estate))) if resource else Draft()


def outages(resource: Resource, estate: Estate) -> tuple[Outage, ...]:
    """Of a fault as it is in the estate, or would be."""
    model = RehearsedFault.model_validate(resource.properties)
    return tuple(_outage(resource, model, cut) for cut in struck(model, estate))


def struck(model: RehearsedFault, estate: Estate) -> tuple[Cut, ...]:
    """The places at which a fault acts."""
    found = carriers if model.mode is FaultMode.LINK_DOWN else cuts
    return found(model.target, estate)


def targets(model: RehearsedFault, estate: Estate) -> tuple[Target, ...]:
    """What really fails: with the link of a Direct port every circuit on it."""
    is_leg_down = model.circuit and model.mode is FaultMode.LINK_DOWN
    circuit = circuit_view(estate, ResourceId.parse(model.target.key)) if is_leg_down else None
    if circuit is None or circuit.port is None:
        return (model.target,)
    return tuple(Target(FaultKind.LEG, one.id.key, model.target.part)
                 for one in referrers(estate, circuit.port.resource.id, CIRCUIT))


def _outage(resource: Resource, model: RehearsedFault, cut: Cut) -> Outage:
    coming, leaving = (way in model.direction.ways for way in (Way.IN, Way.OUT))
    if model.is_reversed:
        coming, leaving = leaving, coming
    return Outage(
        cut.node, str(resource.system["begunAt"]), str(resource.system["expiresAt"]), cut.interface, cut.vid,
        coming, leaving, _milliseconds(model.down_in_seconds), _milliseconds(model.up_in_seconds),
        model.mode is FaultMode.LINK_DOWN)


def _milliseconds(seconds: float | None) -> int:
    return round((seconds or 0) * 1000)
