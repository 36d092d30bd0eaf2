"""What policies do about events, and each limit that keeps them from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from looks import ER1, ER2
from trunkline.diagnosis.containing import Surroundings, decide
from trunkline.model.circuit import Leg
from trunkline.model.containment import Containment, ContainmentAction, ContainmentPolicy
from trunkline.model.event import Event, EventKind, Severity
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Reference

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVENT = Event("e1", EventKind.PREFIX_HIJACK, Severity.CRITICAL, "prefixHijack|x", "er2 took it", ER2, NOON, NOON,
              leg="primary", prefixes=("10.10.0.0/16",))
PRIVATE, MICROSOFT = PeeringType.PRIVATE, PeeringType.MICROSOFT
SESSIONS = {(one.lower(), leg, PRIVATE): 1 for one in (ER1, ER2) for leg in Leg}
AROUND = Surroundings(sessions=SESSIONS, carried=frozenset({"10.10.0.0/16"}), elsewhere=frozenset({"10.10.0.0/16"}))


def policy(action: str = "dropPrefix", **changed: object) -> ContainmentPolicy:
    return ContainmentPolicy.model_validate({"reactions": [{"kind": "prefixHijack", "action": action}], **changed})


def standing(action: str, leg: Leg = Leg.PRIMARY, circuit: str = ER2, prefixes: tuple[str, ...] = ()) -> Containment:
    return Containment(circuit=Reference(id=circuit), leg=leg, action=ContainmentAction(action), prefixes=prefixes)


def test_a_hijacked_prefix_is_dropped_at_the_leg_that_announced_it() -> None:
    made = decide(EVENT, policy(expiresInSeconds=60), AROUND).containment
    assert made is not None
    assert (made.circuit.id, made.leg, made.action, made.prefixes, made.expires_in_seconds) == (
        ER2, Leg.PRIMARY, ContainmentAction.DROP_PREFIX, ("10.10.0.0/16",), 60)


@pytest.mark.parametrize("event", [
    replace(EVENT, severity=Severity.MEDIUM), replace(EVENT, kind=EventKind.SESSION_FLAP), replace(EVENT, leg="")])
def test_what_no_policy_asks_for_is_an_alert(event: Event) -> None:
    assert decide(event, policy(), AROUND).containment is None


def test_an_alert_is_all_that_alert_does() -> None:
    assert decide(EVENT, policy("alert"), AROUND).containment is None


def test_what_is_contained_already_is_not_contained_again() -> None:
    around = replace(AROUND, standing=(standing("dropPrefix", prefixes=("10.10.0.0/16",)),))
    assert decide(EVENT, policy(), around).containment is None
    shut = replace(AROUND, standing=(standing("shutLeg"),))
    assert decide(EVENT, policy("shutLeg"), shut).containment is None


def test_the_last_path_of_a_prefix_stays_unless_it_may_go() -> None:
    around = replace(AROUND, elsewhere=frozenset())
    assert "last path" in decide(EVENT, policy(), around).limit
    assert decide(EVENT, policy(allowLastPath=True), around).limit == ""
    assert "last path" in decide(EVENT, policy("shutLeg"), around).limit


def test_no_more_prefixes_than_allowed_are_dropped_at_once() -> None:
    others = standing("dropPrefix", circuit=ER1, prefixes=("10.50.0.0/16", "10.51.0.0/16"))
    around = replace(AROUND, standing=(others,))
    assert "3 prefixes" in decide(EVENT, policy(maxPrefixes=2), around).limit
    assert decide(EVENT, policy(maxPrefixes=3), around).limit == ""


def test_never_are_both_legs_contained() -> None:
    around = replace(AROUND, standing=(standing("stopExport", Leg.SECONDARY),))
    assert "secondary leg is contained" in decide(EVENT, policy("shutLeg", maxPercent=100), around).limit


def test_no_more_sessions_than_allowed_are_closed_in_number_and_in_percent() -> None:
    around = replace(AROUND, standing=(standing("shutLeg", circuit=ER1),))
    assert "maxSessions is 1" in decide(EVENT, policy("shutLeg", maxSessions=1), around).limit
    assert "maxPercent" in decide(EVENT, policy("shutLeg", maxPercent=25), around).limit
    assert decide(EVENT, policy("shutLeg"), around).limit == ""


def test_a_prefix_is_never_dropped_on_both_legs() -> None:
    around = replace(AROUND, standing=(standing("dropPrefix", Leg.SECONDARY, prefixes=("10.10.0.0/16",)),))
    assert "never is it on both" in decide(EVENT, policy(), around).limit
    silent = replace(AROUND, standing=(standing("shutLeg", Leg.SECONDARY),))
    assert "never are both" in decide(EVENT, policy(), silent).limit
    other = replace(AROUND, standing=(standing("dropPrefix", Leg.SECONDARY, prefixes=("10.11.0.0/16",)),))
    assert decide(EVENT, policy(), other).limit == ""


def test_nothing_is_done_about_a_prefix_whose_owner_nobody_knows() -> None:
    rules = ContainmentPolicy.model_validate({"reactions": [{"kind": "contestedPrefix", "action": "dropPrefix"}]})
    event = replace(EVENT, kind=EventKind.CONTESTED_PREFIX)
    assert decide(event, rules, AROUND).containment is None


def test_nothing_is_done_about_a_route_that_is_refused_anyhow() -> None:
    around = replace(AROUND, refused=frozenset(EVENT.prefixes))
    for action in ("dropPrefix", "stopExport", "shutLeg"):
        assert decide(EVENT, policy(action), around).containment is None
    two = replace(EVENT, prefixes=(*EVENT.prefixes, "10.11.0.0/16"))
    made = decide(two, policy(), replace(around, elsewhere=frozenset({"10.11.0.0/16"}))).containment
    assert made is not None
    assert made.prefixes == ("10.11.0.0/16",)


def test_the_peering_of_the_event_is_contained_and_no_other() -> None:
    around = replace(AROUND, peering=MICROSOFT)
    made = decide(EVENT, policy(), around).containment
    assert made is not None
    assert made.peering is MICROSOFT
    elsewhere = standing("dropPrefix", prefixes=EVENT.prefixes).model_copy(update={"peering": PRIVATE})
    assert decide(EVENT, policy(), replace(around, standing=(elsewhere,))).containment is not None
    whole = standing("dropPrefix", prefixes=EVENT.prefixes)
    assert decide(EVENT, policy(), replace(around, standing=(whole,))).containment is None


def test_sessions_of_other_peerings_are_not_among_those_closed() -> None:
    sessions = {**SESSIONS, **{(ER2.lower(), leg, MICROSOFT): 4 for leg in Leg}}
    around = replace(AROUND, sessions=sessions, peering=PRIVATE)
    assert decide(EVENT, policy("shutLeg", maxSessions=1), around).limit == ""
    assert "4 sessions" in decide(EVENT, policy("shutLeg", maxSessions=1), replace(around, peering=MICROSOFT)).limit


def test_a_leg_that_is_the_only_one_of_use_stays() -> None:
    around = replace(AROUND, idle="enabled is false")
    for action in ("dropPrefix", "stopExport", "shutLeg"):
        assert "secondary leg is of no use (enabled is false)" in decide(
            EVENT, policy(action, allowLastPath=True), around).limit
