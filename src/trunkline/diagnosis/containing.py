"""What a policy does about an event, and what keeps it from doing too much. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trunkline.model.circuit import Leg
from trunkline.model.containment import Containment, ContainmentAction, ContainmentPolicy
from trunkline.model.event import Event, EventKind
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Reference

#: Whose prefix it is, nobody knows: to drop it could complete a hijack.
_UNDECIDED = (EventKind.CONTESTED_PREFIX,)
#: A circuit's key, its leg and the peering there.
At = tuple[str, Leg, PeeringType]
_SILENCING = (ContainmentAction.STOP_EXPORT, ContainmentAction.SHUT_LEG)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``standing``: what is contained in the subscription already. ``sessions``: of its legs with customers, by
    circuit, leg and peering. ``carried``: prefixes that the leg brings, ``elsewhere``: those that some other session
    brings too, or one that covers them. ``peering``: where it was seen, ``refused``: what its session refuses
    anyhow. ``idle``: why the circuit's other leg is of no use to it; empty if it is of use."""

    standing: tuple[Containment, ...] = ()
    sessions: Mapping[At, int] = field(default_factory=dict)
    carried: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    peering: PeeringType | None = None
    refused: frozenset[str] = frozenset()
    idle: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """``containment``: what to do; None if nothing is to be done. ``limit``: why it is not done all the same."""

    containment: Containment | None = None
    limit: str = ""


def decide(event: Event, policy: ContainmentPolicy, around: Surroundings) -> Decision:
    action = ContainmentAction.ALERT if event.kind in _UNDECIDED else policy.action(event.kind)
    if action is ContainmentAction.ALERT or event.severity.rank < policy.minimum_severity.rank or not event.leg:
        return Decision()
    admitted = tuple(one for one in event.prefixes if one not in around.refused)
    if event.prefixes and not admitted:
        return Decision()
    drops, held = action is ContainmentAction.DROP_PREFIX, _held(event, around)
    prefixes = tuple(one for one in admitted if one not in held) if drops else ()
    if drops and not prefixes:
        return Decision()
    wanted = Containment.model_construct(
        circuit=_circuit(event), leg=Leg(event.leg), peering=around.peering, action=action, prefixes=prefixes,
        expires_in_seconds=policy.expires_in_seconds, reason=f"event {event.id}: {event.summary}"[:500])
    if any(_same(one, wanted) for one in around.standing):
        return Decision()
    return Decision(wanted, next(_limits(wanted, policy, around), ""))


def _held(event: Event, around: Surroundings) -> frozenset[str]:
    return frozenset(prefix for one in around.standing for prefix in one.prefixes
                     if one.circuit.target.key == event.source.lower() and one.leg == event.leg
                     and one.peering in (None, around.peering))


def _circuit(event: Event) -> Reference:
    return Reference(id=event.source)


def _same(one: Containment, other: Containment) -> bool:
    return (_leg(one) == _leg(other) and one.peering in (None, other.peering) and one.action is other.action
            and set(other.prefixes) <= set(one.prefixes))


def _leg(one: Containment) -> tuple[str, Leg]:
    return one.circuit.target.key, one.leg


def _limits(wanted: Containment, policy: ContainmentPolicy, around: Surroundings) -> Iterator[str]:
    yield from _both_legs(wanted, around)
    if wanted.action is ContainmentAction.DROP_PREFIX:
        yield from _too_many_prefixes(wanted, policy, around)
        alone = sorted(set(wanted.prefixes) - around.elsewhere)
    else:
        yield from _too_many_sessions(wanted, policy, around)
        alone = sorted(around.carried - around.elsewhere)
    if alone and not policy.allow_last_path:
        yield (f"nobody else brings {', '.join(alone[:5])}{' …' if len(alone) > 5 else ''}, and the last path of a "
               "prefix is kept unless allowLastPath is true")


def _too_many_prefixes(wanted: Containment, policy: ContainmentPolicy, around: Surroundings) -> Iterator[str]:
    total = len({*wanted.prefixes, *(prefix for one in around.standing for prefix in one.prefixes)})
    if total > policy.max_prefixes:
        yield f"{total} prefixes would be dropped at once, and maxPrefixes is {policy.max_prefixes}"


def _both_legs(wanted: Containment, around: Surroundings) -> Iterator[str]:
    """A prefix that is dropped on one leg counts for the other like a leg that is silent."""
    circuit, leg = _leg(wanted)
    other = leg.other
    if around.idle:
        yield f"the {other} leg is of no use ({around.idle}), and never are both taken"
    standing = [one for one in around.standing if _leg(one) == (circuit, other) and _meet(one.peering, wanted.peering)]
    if wanted.action is ContainmentAction.DROP_PREFIX:
        dropped = {prefix for one in standing for prefix in one.prefixes}
        if both := sorted(dropped.intersection(wanted.prefixes)):
            yield f"{both[0]} is dropped on the {other} leg already, and never is it on both"
    if any(one.action in _SILENCING for one in standing):
        yield f"the {other} leg is contained already, and never are both"


def _meet(one: PeeringType | None, other: PeeringType | None) -> bool:
    """Nothing said is all of a leg."""
    return one is None or other is None or one is other


def _too_many_sessions(wanted: Containment, policy: ContainmentPolicy, around: Surroundings) -> Iterator[str]:
    silencing = (wanted, *(one for one in around.standing if one.action in _SILENCING))
    count = sum(number for (circuit, leg, peering), number in around.sessions.items()
                if any(_leg(one) == (circuit, leg) and one.peering in (None, peering) for one in silencing))
    if count > policy.max_sessions:
        yield f"{count} sessions would be closed or silenced at once, and maxSessions is {policy.max_sessions}"
    total = sum(around.sessions.values())
    if total and count * 100 > total * policy.max_percent:
        yield (f"{count} of {total} sessions would be closed or silenced at once, more than the {policy.max_percent} % "
               "of maxPercent")
