"""Containments and their policies: what may be written, and each refusal."""

from __future__ import annotations

import pytest

from trunkline.intent.view import CIRCUIT
from trunkline.model.containment import CONTAINMENT, CONTAINMENT_POLICY, OPERATORS_POLICY
from trunkline.model.resource import Json
from unit.api_resources.desk import ER1, STANDARD, Desk, an_order, codes, rid

ONE, OTHER = rid(CONTAINMENT, "one"), rid(CONTAINMENT, "other")
POLICY, SECOND = rid(CONTAINMENT_POLICY, "all"), rid(CONTAINMENT_POLICY, "second")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    return desk


def wish(action: str = "dropPrefix", **changed: object) -> Json:
    prefixes = {"prefixes": ["10.10.0.0/16"]} if action == "dropPrefix" else {}
    return {"circuit": {"id": str(ER1)}, "leg": "primary", "action": action, **prefixes, **changed}


def rules(**changed: object) -> Json:
    return {"reactions": [{"kind": "prefixHijack", "action": "dropPrefix"}], **changed}


@pytest.mark.parametrize("action", ["dropPrefix", "stopExport", "shutLeg"])
def test_a_containment_tells_until_when(desk: Desk, action: str) -> None:
    desk.put(ONE, wish(action))
    assert desk.shown(ONE)["expiresAt"]


@pytest.mark.parametrize("changed", [
    {"action": "alert"}, {"action": "dropPrefix", "prefixes": []}, {"action": "shutLeg", "prefixes": ["10.0.0.0/8"]},
    {"leg": "third"}, {"prefixes": ["10.0.0.1/8"]}, {"prefixes": ["x"]}, {"expiresInSeconds": 0},
    {"expiresInSeconds": 604_801}, {"reason": "x" * 501}, {"action": "explode"}])
def test_what_is_wrong_with_a_containment_is_said(desk: Desk, changed: Json) -> None:
    assert desk.refusal(ONE, wish() | changed)


def test_a_circuit_that_is_missing_or_anothers_is_refused(desk: Desk) -> None:
    for circuit in (rid(CIRCUIT, "er9"), rid(CIRCUIT, "er1", subscription="2" * 8 + "-0000-0000-0000-000000000000")):
        assert codes(desk.refusal(ONE, wish(circuit={"id": str(circuit)}))) == ["InvalidResourceReference"]


def test_it_stays_where_it_was_made(desk: Desk) -> None:
    desk.put(ONE, wish("stopExport"))
    assert codes(desk.refusal(ONE, wish("stopExport", leg="secondary"))) == ["PropertyChangeNotAllowed"]
    assert codes(desk.refusal(ONE, wish("shutLeg"))) == ["PropertyChangeNotAllowed"]


def test_never_are_both_legs_shut(desk: Desk) -> None:
    desk.put(ONE, wish("shutLeg"))
    assert codes(desk.refusal(OTHER, wish("shutLeg", leg="secondary"))) == ["BothLegsContained"]
    desk.put(OTHER, wish("stopExport", leg="secondary"))


def test_one_policy_for_a_subscription_and_one_for_each_circuit(desk: Desk) -> None:
    desk.put(POLICY, rules())
    assert codes(desk.refusal(SECOND, rules())) == ["ContainmentPolicyExists"]
    desk.put(SECOND, rules(circuit={"id": str(ER1)}))
    assert codes(desk.refusal(rid(CONTAINMENT_POLICY, "third"), rules(circuit={"id": str(ER1)}))) == [
        "ContainmentPolicyExists"]


@pytest.mark.parametrize("changed", [
    {"reactions": []}, {"reactions": [{"kind": "x"}]}, {"reactions": [{"kind": "bogon", "action": "x"}]},
    {"reactions": [{"kind": "bogon"}, {"kind": "bogon"}]}, {"minimumSeverity": "awful"}, {"maxPrefixes": 0},
    {"maxSessions": -1}, {"maxPercent": 101}, {"expiresInSeconds": 0}, {"dryRun": "perhaps"}])
def test_what_is_wrong_with_a_policy_is_said(desk: Desk, changed: Json) -> None:
    assert desk.refusal(POLICY, rules() | changed)


def test_one_policy_of_the_operators_and_of_no_circuit(desk: Desk) -> None:
    one, another = rid(OPERATORS_POLICY, "one"), rid(OPERATORS_POLICY, "another")
    assert codes(desk.refusal(one, rules(circuit={"id": str(ER1)}))) == ["BadRequest"]
    desk.put(one, rules())
    assert codes(desk.refusal(another, rules())) == ["ContainmentPolicyExists"]
    desk.put(POLICY, rules())
