"""A leg as incidents leave it: its compiler's draft, with what is contained laid over its routers' sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.intent.bgp import (
    KEPT,
    Action,
    CommunityMatch,
    Policy,
    PrefixMatch,
    Refusal,
    Router,
    Rule,
    Session,
)
from trunkline.intent.compile import leg
from trunkline.intent.compile.controls import met
from trunkline.intent.compile.draft import INNER, Draft, vrf_node
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope
from trunkline.intent.view import circuit_view, referrers, site_model
from trunkline.model.bgp import family_of, within
from trunkline.model.containment import CONTAINMENT, Containment, ContainmentAction
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId

_NOTHING = Policy((Rule(Action.DENY, refusal=Refusal.CONTAINED),))
_UNTOLD = Rule(Action.DENY, communities=(CommunityMatch.exactly(KEPT),), refusal=Refusal.CONTAINED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts on one leg, or on one peering of it. ``refused``: prefixes that are not let in. ``untold``: those
    that are, for what comes from them is the customer's, and are told to nobody."""

    actions: frozenset[ContainmentAction] = frozenset()
    refused: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


def contained_leg(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    draft = leg.leg(scope, estate, profile)
    circuit = ResourceId.parse(scope.key)
    if draft.routers and (found := containments(estate, circuit, scope.leg)):
        own = _declared(estate, circuit)
        draft.routers = [
            _contained(router, standing([one for one in found if _concerns(one, router.node, circuit)], own))
            for router in draft.routers]
    return draft


def containments(estate: Estate, circuit: ResourceId, which: str) -> tuple[Resource, ...]:
    """Those of one leg."""
    found = referrers(estate, circuit, CONTAINMENT)
    return tuple(one for one in found if Containment.model_validate(one.properties).leg == which)


def standing(found: Iterable[Resource], own: tuple[str, ...]) -> Standing:
    """``own``: what the customer declares to be its own. Of that what somebody contains by hand is steered away from
    the leg: routes are told to nobody, and the customer may still send from there, as its router goes on to do. What is
    another's, or contained because of an event, is refused, and its sources are spoofed."""
    models = [(one, Containment.model_validate(one.properties)) for one in found]
    dropped = {(prefix, "event" in one.system) for one, model in models for prefix in model.prefixes}
    refused = {prefix for prefix, automatic in dropped if automatic or (own and not _is_among(prefix, own))}
    return Standing(frozenset(model.action for _, model in models), tuple(sorted(refused)),
                    tuple(sorted({prefix for prefix, _ in dropped} - refused)))


def _is_among(prefix: str, own: tuple[str, ...]) -> bool:
    return any(within(prefix, one) for one in own)


def _declared(estate: Estate, circuit: ResourceId) -> tuple[str, ...]:
    view = circuit_view(estate, circuit)
    return tuple(prefix for _, order in (view.orders if view else ()) if order.site
                 for prefix in site_model(order.site).prefixes)


def _concerns(one: Resource, node: str, circuit: ResourceId) -> bool:
    model = Containment.model_validate(one.properties)
    return model.peering is None or node == vrf_node(circuit, model.leg, model.peering)


def _contained(router: Router, now: Standing) -> Router:
    return replace(router, sessions=tuple(contained(session, now) for session in router.sessions))


def contained(session: Session, now: Standing) -> Session:
    """A session of the leg: with the customer it refuses prefixes or is closed, to others it tells nothing more."""
    if session.group in INNER:
        if ContainmentAction.STOP_EXPORT in now.actions:
            return replace(session, export_policy=_NOTHING)
        first = (_UNTOLD,) if now.untold else ()
        return replace(session, export_policy=Policy((*first, *session.export_policy.rules)))
    refused, untold = (tuple(PrefixMatch.exactly(prefix) for prefix in prefixes if family_of(prefix) == family_of(
        session.peer_address)) for prefixes in (now.refused, now.untold))
    first = (Rule(Action.DENY, refused, refusal=Refusal.CONTAINED),) if refused else ()
    marked = (each for rule in session.import_policy.rules for each in _marked(rule, untold))
    return replace(session, import_policy=Policy((*first, *marked))).unless(
        ContainmentAction.SHUT_LEG in now.actions, "a containment")


def _marked(rule: Rule, untold: tuple[PrefixMatch, ...]) -> Iterator[Rule]:
    """What a rule lets in as before; with the mark, if it is told to nobody."""
    if rule.action is Action.PERMIT and untold and (both := met(rule.prefixes, untold)):
        yield replace(rule, prefixes=both, add_communities=(*rule.add_communities, KEPT))
    yield rule
