"""Faults as they are asked for: of what exists and is in use, one for each thing, with a lease."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from trunkline.intent.view import EXCHANGE_ORDER, FAULT, GATEWAY
from trunkline.model.resource import Json, now
from unit.api_resources.desk import ER1, GW1, OTHER, STANDARD, Desk, a_linked_desk, an_order, codes, rid

CUT, AGAIN = rid(FAULT, "cut"), rid(FAULT, "again")
LEG: Json = {"circuit": {"id": str(ER1)}, "leg": "primary"}
EDGE: Json = {"kind": "edge", "location": "Amsterdam", "leg": "primary"}
INSTANCE: Json = {"kind": "gatewayInstance", "gateway": {"id": str(GW1)}, "instance": 0}
LOCATION: Json = {"kind": "location", "location": "Amsterdam"}
REGION: Json = {"kind": "region", "region": "West Europe"}
SWITCH: Json = {"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "primary"}
SPAN: Json = {"kind": "backboneLink", "site": "Amsterdam", "to": "Tokyo"}
CORE: Json = {"kind": "backboneNode", "site": "Amsterdam", "leg": "secondary"}


@pytest.fixture
def desk() -> Desk:
    return a_linked_desk()


@pytest.mark.parametrize("wish", [LEG, EDGE, INSTANCE, LOCATION, REGION, SWITCH, CORE])
def test_what_is_in_use_may_fail(desk: Desk, wish: Json) -> None:
    assert not desk.refusal(CUT, wish)


@pytest.mark.parametrize(("wish", "words"), [
    ({**EDGE, "location": "Dublin"}, "edge Dublin primary"), ({**LOCATION, "location": "Tokyo"}, "location Tokyo"),
    ({**REGION, "region": "Japan East"}, "region Japan East"),
    ({**SWITCH, "provider": "Colt"}, "switch Colt Amsterdam"),
    (SPAN, "link Amsterdam Tokyo"), ({**CORE, "site": "Tokyo"}, "core Tokyo secondary")])
def test_what_nothing_uses_cannot_fail(desk: Desk, wish: Json, words: str) -> None:
    refused, = desk.refusal(CUT, wish)
    assert (refused.code, refused.status) == ("FaultTargetNotInUse", 409)
    assert words in str(refused)


@pytest.mark.parametrize(("wish", "code", "words"), [
    ({**LEG, "circuit": {"id": str(rid(ER1.type, "none"))}}, "InvalidResourceReference", "none"),
    ({**INSTANCE, "gateway": {"id": str(rid(GATEWAY, "none"))}}, "InvalidResourceReference", "none"),
    ({**LEG, "leg": "third"}, "InvalidPropertyValue", "leg"), ({**LEG, "kind": "loud"}, "InvalidPropertyValue", "kind"),
    ({**LEG, "expiresInSeconds": 0}, "InvalidPropertyValue", "expiresInSeconds"),
    ({**LEG, "location": "Amsterdam"}, "InvalidPropertyValue", "location does not name"),
    ({"kind": "edge", "location": "Amsterdam"}, "InvalidPropertyValue", "leg is missing"),
    ({**EDGE, "direction": "in"}, "InvalidPropertyValue", "fails both ways"),
    ({**LEG, "direction": "in", "mode": "linkDown"}, "InvalidPropertyValue", "down both ways"),
    ({**LEG, "downInSeconds": 1}, "InvalidPropertyValue", "belong together"),
    ({**EDGE, "location": "Amsterdm"}, "FaultTargetNotFound", "Did you mean Amsterdam"),
    ({**REGION, "region": "westeurop"}, "FaultTargetNotFound", "westeurope"),
    ({**SWITCH, "provider": "Equinox"}, "FaultTargetNotFound", "Equinix"),
    ({**CORE, "site": "Atlantis"}, "FaultTargetNotFound", "no site 'Atlantis'")])
def test_a_fault_of_nothing_is_refused_in_words(desk: Desk, wish: Json, code: str, words: str) -> None:
    refused, = desk.refusal(CUT, wish)
    assert refused.code == code
    assert words in f"{refused.target} {refused}"


def test_a_lease_ends_by_itself_and_begins_anew_with_each_write(desk: Desk) -> None:
    def ends() -> datetime:
        return datetime.fromisoformat(desk.shown(CUT)["expiresAt"])
    before = now()
    desk.put(CUT, {**LEG, "expiresInSeconds": 60})
    begun = desk.shown(CUT)["begunAt"]
    assert before + timedelta(seconds=60) <= ends() <= now() + timedelta(seconds=60)
    desk.put(CUT, {**LEG, "expiresInSeconds": 600})
    assert ends() >= before + timedelta(seconds=600)
    assert desk.shown(CUT)["begunAt"] == begun


def test_a_thing_fails_once_at_a_time_and_what_is_in_it_may_fail_beside_it(desk: Desk) -> None:
    desk.put(CUT, EDGE)
    for overlapping in (EDGE, LOCATION, {**CORE, "leg": "primary"}):
        refused, = desk.refusal(AGAIN, overlapping)
        assert (refused.code, refused.status) == ("FaultOverlaps", 409)
        assert str(CUT) in str(refused)
    for beside in (LEG, {**EDGE, "leg": "secondary"}, SWITCH, REGION):
        assert not desk.refusal(AGAIN, beside)


def test_the_carrier_of_one_interface_is_taken_by_one_fault(desk: Desk) -> None:
    """A hand-off is an interface of the switch; frames that vanish do not meet carriers that are lost."""
    desk.put(rid(EXCHANGE_ORDER, "vxc"), {"serviceKey": desk.shown(ER1)["serviceKey"], "primary": {"handoff": {
        "interface": "out0"}}})
    desk.put(CUT, {**SWITCH, "mode": "linkDown"})
    assert codes(desk.refusal(AGAIN, {**LEG, "mode": "linkDown"})) == ["FaultOverlaps"]
    assert not desk.refusal(AGAIN, LEG)


def test_a_leg_without_a_hand_off_has_no_carrier_to_lose(desk: Desk) -> None:
    assert codes(desk.refusal(CUT, {**LEG, "mode": "linkDown"})) == ["FaultTargetNotInUse"]


def test_a_fault_stays_with_what_it_is_of(desk: Desk) -> None:
    desk.put(CUT, LEG)
    desk.put(rid(ER1.type, "er2"), an_order(), sku=STANDARD)
    for other in ({**LEG, "circuit": {"id": str(rid(ER1.type, "er2"))}}, {**LEG, "leg": "secondary"}, EDGE):
        assert codes(desk.refusal(CUT, other)) == ["PropertyChangeNotAllowed"]
    assert not desk.refusal(CUT, {**LEG, "direction": "in"})


def test_nobody_breaks_another_subscriptions_circuit(desk: Desk) -> None:
    assert codes(desk.refusal(rid(FAULT, "cut", subscription=OTHER), LEG)) == ["InvalidResourceReference"]
