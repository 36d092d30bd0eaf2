"""A customer's policy of a peering as a wish: what it may say, one for each leg, and never a lock-out by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.api.engine.remove import Without
from trunkline.api.resources.session_policies import _no_tcp_ao
from trunkline.intent.session_policy import SESSION_POLICY, controls_of
from trunkline.intent.view import EXCHANGE_ORDER, PEERING, SITE
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT
from trunkline.model.profile import BfdMethod
from trunkline.model.session_policy import BfdAuthentication
from unit.api_resources.desk import CON1, ER1, LACKING, OTHER, PRIVATE, Desk, a_connection, a_linked_desk, codes, rid
from unit.api_resources.test_trunkline_types import a_site

FIRST, SECOND, BOTH = (rid(SESSION_POLICY, name) for name in ("first", "second", "both"))
EVERYTHING = {"prefix": "0.0.0.0/0", "le": 32}


@pytest.fixture
def desk() -> Desk:
    """Connected: the cloud tells 10.1.0.0/16. Ordered for a site: the customer tells 10.10.0.0/16."""
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    desk.put(rid(SITE, "paris"), a_site())
    desk.put(rid(EXCHANGE_ORDER, "vxc"), {
        "serviceKey": desk.get(ER1).system["serviceKey"], "site": {"id": str(rid(SITE, "paris"))},  # type: ignore[union-attr]
        "primary": {"router": "ce1"}, "secondary": {"router": "ce2"}})
    return desk


def wish(leg: str | None = "primary", **changed: object) -> dict:
    return {"peering": {"id": str(PRIVATE)}, **({"leg": leg} if leg else {}), **changed}


@pytest.mark.parametrize(("changed", "code"), [
    ({"leg": "left"}, "InvalidPropertyValue"),
    ({"enabled": "maybe"}, "InvalidRequestFormat"),
    ({"advertise": {"prepend": 17}}, "InvalidPropertyValue"),
    ({"advertise": {"prepend": -1}}, "InvalidPropertyValue"),
    ({"advertise": {"med": 4_294_967_296}}, "InvalidPropertyValue"),
    ({"advertise": {"communities": ["65010"]}}, "InvalidCommunity"),
    ({"advertise": {"communities": ["65010:65536"]}}, "InvalidCommunity"),
    ({"advertise": {"communities": ["12076:20001"]}}, "ReservedCommunity"),
    ({"advertise": {"communities": ["65535:0"]}}, "ReservedCommunity"),
    ({"advertise": {"deny": [{"prefix": "10.0.0.1/8"}]}}, "InvalidCIDRNotation"),
    ({"advertise": {"deny": [{"prefix": "10.0.0.0/8", "ge": 7}]}}, "InvalidPrefixRange"),
    ({"advertise": {"permit": [{"prefix": "10.0.0.0/8", "ge": 24, "le": 16}]}}, "InvalidPrefixRange"),
    ({"accept": {"deny": [{"prefix": "10.0.0.0/8", "le": 33}]}}, "InvalidPrefixRange"),
    ({"accept": {"localPreference": -1}}, "InvalidPropertyValue"),
    ({"accept": {"localPreferenceByCommunity": {"many": 200}}}, "InvalidCommunity"),
    ({"accept": {"localPreferenceByCommunity": {"65010:1": "high"}}}, "InvalidRequestFormat"),
    ({"bfd": {"intervalInMilliseconds": 299}}, "InvalidPropertyValue"),
    ({"timers": {"holdTimeInSeconds": 9}}, "InvalidPropertyValue"),
    ({"timers": {"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 30}}, "InvalidPropertyValue"),
    ({"peering": {"id": str(ER1)}}, "InvalidResourceReference"),
    ({"peering": {"id": str(rid(PEERING, "er1", "MicrosoftPeering"))}}, "InvalidResourceReference")])
def test_what_cannot_be_meant_is_refused(desk: Desk, changed: dict, code: str) -> None:
    faults = desk.refusal(FIRST, wish(**changed))
    assert codes(faults) == [code]
    assert len(faults[0].message) > 40


def test_there_is_one_for_each_leg_and_one_for_both(desk: Desk) -> None:
    desk.put(FIRST, wish(advertise={"prepend": 2}))
    assert codes(desk.refusal(SECOND, wish())) == ["SessionPolicyExists"]
    desk.put(SECOND, wish("secondary"))
    desk.put(BOTH, wish(None))
    fault, = desk.refusal(rid(SESSION_POLICY, "third"), wish(None))
    assert (fault.code, str(BOTH) in fault.message) == ("SessionPolicyExists", True)
    assert not desk.refusal(FIRST, wish(advertise={"prepend": 3}))


def test_it_keeps_its_place_and_stands_beside_its_circuit(desk: Desk) -> None:
    desk.put(FIRST, wish())
    assert codes(desk.refusal(FIRST, wish("secondary"))) == ["PropertyChangeNotAllowed"]
    assert codes(desk.refusal(replace(FIRST, group="another"), wish("secondary"))) == ["SessionPolicyNotBesideCircuit"]
    assert codes(desk.refusal(rid(SESSION_POLICY, "x", subscription=OTHER), wish())) == ["InvalidResourceReference"]


def test_it_goes_with_its_peering_and_with_the_circuit(desk: Desk) -> None:
    made = desk.put(FIRST, wish())
    for owner in (PRIVATE, ER1):
        assert not [fault for fault in desk.in_use(owner) if "olic" in fault.message]
        assert list(desk.kind(owner).dependents(desk.get(owner), desk)) == [made]


def test_a_leg_says_more_than_both_and_is_silent_about_the_rest(desk: Desk) -> None:
    desk.put(BOTH, wish(None, advertise={"prepend": 2, "med": 10}, accept={"localPreference": 90}))
    desk.put(FIRST, wish(advertise={"med": 20, "deny": []}, gracefulShutdown=True))
    first, second = (controls_of(desk, PRIVATE).on(leg) for leg in Leg)
    assert first
    assert second
    assert (first.told.prepend, first.told.med, first.told.deny, first.taken.local_preference) == (2, 20, (), 90)
    assert (second.told.prepend, second.told.med, second.graceful_shutdown) == (2, 10, None)
    assert first.graceful_shutdown


@pytest.mark.parametrize(("changed", "why"), [
    ({"enabled": False}, "enabled is false"),
    ({"gracefulShutdown": True}, "gracefulShutdown is true"),
    ({"advertise": {"deny": [EVERYTHING]}}, "advertise lets none of 10.1.0.0/16 through"),
    ({"advertise": {"permit": [{"prefix": "192.168.0.0/16", "le": 32}]}}, "advertise lets none of 10.1.0.0/16"),
    ({"accept": {"deny": [{"prefix": "10.10.0.0/16"}]}}, "accept lets none of 10.10.0.0/16 through"),
    ({"accept": {"permit": [{"prefix": "10.10.0.0/16", "ge": 17}]}}, "accept lets none of 10.10.0.0/16")])
def test_a_lock_out_needs_a_word_of_its_own(desk: Desk, changed: dict, why: str) -> None:
    fault, = desk.refusal(BOTH, wish(None, **changed))
    assert (fault.code, fault.status, fault.target) == ("SessionPolicyLocksOut", 409, "confirmLockOut")
    assert fault.message.count(why) == 2
    assert "confirmLockOut true" in fault.message
    assert not desk.refusal(BOTH, wish(None, confirmLockOut=True, **changed))


def test_frr_has_no_ttl_security_beside_bfd(desk: Desk) -> None:
    """ce1 runs BIRD, ce2 FRR."""
    assert not desk.refusal(FIRST, wish(gtsm=True))
    assert codes(desk.refusal(SECOND, wish("secondary", gtsm=True))) == ["GtsmWithBfdNotSupported"]
    assert not desk.refusal(SECOND, wish("secondary", gtsm=True, bfd={"enabled": False}))


KEYED = {"type": "MeticulousKeyedSha1", "sharedKey": "c0rrectH0rse"}


def test_bfd_is_authenticated_with_a_key_that_nobody_sees_again_and_that_an_update_keeps(desk: Desk) -> None:
    made = desk.put(FIRST, wish(bfdAuthentication=KEYED))
    assert made.properties["bfdAuthentication"] == {"type": "MeticulousKeyedSha1"}
    desk.put(FIRST, wish(bfdAuthentication={"type": "KeyedMd5"}))
    policy = controls_of(desk, PRIVATE).on(Leg.PRIMARY)
    assert policy
    assert policy.bfd_authentication == BfdAuthentication(type=BfdMethod.MD5, shared_key=KEYED["sharedKey"])
    assert KEYED["sharedKey"] not in repr(policy)
    assert controls_of(desk, PRIVATE).on(Leg.SECONDARY) is None


@pytest.mark.parametrize(("said", "code"), [
    ({"type": "KeyedMd5"}, "MissingRequiredProperty"),
    ({"type": "Simple", "sharedKey": "abc"}, "InvalidPropertyValue"),
    ({"sharedKey": "with spaces"}, "InvalidSharedKey"),
    ({"type": "KeyedMd5", "sharedKey": "a" * 17}, "InvalidSharedKey"),
    ({"type": "KeyedSha1", "sharedKey": "a" * 21}, "InvalidSharedKey")])
def test_a_bfd_key_is_there_and_has_a_length_that_its_type_allows(desk: Desk, said: dict, code: str) -> None:
    faults = desk.refusal(FIRST, wish(bfdAuthentication=said))
    assert codes(faults) == [code]
    assert said.get("sharedKey", "?") not in faults[0].message


def test_frr_has_no_bfd_authentication(desk: Desk) -> None:
    """ce1 runs BIRD, ce2 FRR."""
    fault, = desk.refusal(SECOND, wish("secondary", bfdAuthentication=KEYED))
    assert (fault.code, fault.target) == ("BfdAuthenticationNotSupported", "bfdAuthentication")
    assert "router ce2 of paris runs FRR" in fault.message
    assert codes(desk.refusal(BOTH, wish(None, bfdAuthentication=KEYED))) == ["BfdAuthenticationNotSupported"]
    assert not desk.refusal(SECOND, wish("secondary", bfd={"enabled": False}, bfdAuthentication=KEYED))


def test_tcp_ao_is_refused_with_what_the_machine_lacks_for_it(desk: Desk) -> None:
    fault, = desk.refusal(FIRST, wish(authentication="TcpAo"))
    assert (fault.code, fault.target) == ("NotSupportedOnThisMachine", "authentication")
    assert " and ".join(LACKING) in fault.message
    assert "sharedKey" in fault.message
    assert not desk.refusal(FIRST, wish(authentication="TcpMd5"))


def test_tcp_ao_is_not_promised_where_nothing_lacks() -> None:
    assert "Trunkline sets up no keys" in _no_tcp_ao(()).message


def test_one_leg_may_be_closed_and_not_the_last_one(desk: Desk) -> None:
    desk.put(FIRST, wish(enabled=False))
    fault, = desk.refusal(SECOND, wish("secondary", accept={"deny": [EVERYTHING]}))
    assert fault.code == "SessionPolicyLocksOut"
    assert "primary: enabled is false; secondary: accept lets none" in fault.message
    desk.put(SECOND, wish("secondary", enabled=False, confirmLockOut=True))
    assert not desk.refusal(FIRST, wish(enabled=False, advertise={"med": 3})), "it was so before"


def contained(leg: str, action: str = "shutLeg", **changed: object) -> dict:
    return {"circuit": {"id": str(ER1)}, "leg": leg, "action": action, **changed}


def test_what_a_policy_has_closed_counts_for_containments(desk: Desk) -> None:
    one = rid(CONTAINMENT, "one")
    for closing in ({"enabled": False}, {"gracefulShutdown": True}):
        desk.put(FIRST, wish(**closing))
        for wanted in (contained("secondary"), contained("secondary", "stopExport"),
                       contained("secondary", "dropPrefix", prefixes=["10.10.0.0/16"])):
            fault, = desk.refusal(one, wanted)
            assert (fault.code, fault.status, fault.target) == ("ContainmentLocksOut", 409, "confirmLockOut")
            assert f"primary: {next(iter(closing))} is" in fault.message
            assert not desk.refusal(one, {**wanted, "confirmLockOut": True})
        assert not desk.refusal(one, contained("primary"))
        assert not desk.refusal(one, contained("secondary", "dropPrefix", prefixes=["10.20.0.0/16"]))
        assert not desk.refusal(one, contained("secondary", peering="MicrosoftPeering"))


def test_what_is_contained_counts_for_policies(desk: Desk) -> None:
    desk.put(rid(CONTAINMENT, "one"), contained("secondary"))
    for closing in ({"enabled": False}, {"gracefulShutdown": True}):
        fault, = desk.refusal(FIRST, wish(**closing))
        assert fault.code == "SessionPolicyLocksOut"
        assert "secondary: it is contained by shutLeg" in fault.message
    assert not desk.refusal(SECOND, wish("secondary", enabled=False))


def test_what_keeps_a_leg_open_is_not_deleted_by_accident(desk: Desk) -> None:
    desk.put(FIRST, wish(enabled=True))
    desk.put(BOTH, wish(None, enabled=False))
    fault, = desk.in_use(FIRST)
    assert (fault.code, fault.message.count("enabled is false")) == ("SessionPolicyLocksOut", 2)
    assert not desk.in_use(BOTH)
    going = [desk.get(one) for one in (PRIVATE, FIRST, BOTH)]
    assert not list(desk.kind(FIRST).in_use(desk.get(FIRST), Without(desk, going))), "all of it goes"
    desk.put(BOTH, wish(None, enabled=False, confirmLockOut=True))
    assert not desk.in_use(FIRST)


def test_nothing_known_is_no_lock_out_but_denying_all_is() -> None:
    desk = a_linked_desk()
    assert not desk.refusal(BOTH, wish(None, accept={"permit": [{"prefix": "192.168.0.0/16"}]}))
    assert codes(desk.refusal(BOTH, wish(None, accept={"deny": [EVERYTHING]}))) == ["SessionPolicyLocksOut"]
