"""What an exchange and its members may be: who is admitted, which addresses they have, and every wish that does not
fit."""

from __future__ import annotations

import pytest

from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.view import SITE
from trunkline.model.resource import Json
from unit.api_resources.desk import CUSTOMER, OTHER, Desk, codes, rid

AMS, RIPE, SURF = rid(EXCHANGE, "ams"), rid(MEMBER, "ams", "ripe"), rid(MEMBER, "ams", "surf")
PARIS = rid(SITE, "paris")


def an_exchange(**changed: object) -> Json:
    return {"peeringLocation": "Amsterdam", "asn": 6777, "lan": "80.249.208.0/28", "lan6": "2001:7f8:1::/64",
            "admissions": [{"asn": 3333, "prefixes": ["193.0.0.0/21"]}, {"asn": 1103}], **changed}


def a_site(asn: int = 3333) -> Json:
    return {"asn": asn, "prefixes": ["193.0.0.0/21"], "lan": "193.0.1.0/24", "routers": [{"name": "ce1"}]}


def a_member(**changed: object) -> Json:
    return {"site": {"id": str(PARIS)}, "router": "ce1", **changed}


def behind(interface: str = "ixp0", **changed: object) -> Json:
    """A member whose router is the user's."""
    return {"asn": 1103, "handoff": {"interface": interface}, **changed}


@pytest.fixture
def desk() -> Desk:
    desk = Desk(interfaces=frozenset({"eth7"}))
    desk.put(AMS, an_exchange())
    desk.put(PARIS, a_site())
    return desk


def test_members_have_the_first_free_addresses_for_life(desk: Desk) -> None:
    desk.put(RIPE, a_member())
    desk.put(SURF, behind())
    assert desk.shown(RIPE)["addresses"] == ["80.249.208.4", "2001:7f8:1::4"]
    assert desk.shown(SURF)["addresses"] == ["80.249.208.5", "2001:7f8:1::5"]
    desk.remove(RIPE)
    desk.put(SURF, behind(prefixLimit=7))
    assert desk.shown(SURF)["addresses"] == ["80.249.208.5", "2001:7f8:1::5"]
    desk.put(rid(MEMBER, "ams", "third"), behind("ixp1", address="80.249.208.9"))
    assert desk.shown(rid(MEMBER, "ams", "third"))["addresses"] == ["80.249.208.9", "2001:7f8:1::4"]


def test_route_servers_and_the_discard_address_stand_before_them(desk: Desk) -> None:
    shown = desk.shown(AMS)
    assert [one["addresses"] for one in shown["routeServers"]] == [
        ["80.249.208.1", "2001:7f8:1::1"], ["80.249.208.2", "2001:7f8:1::2"]]
    assert shown["discardAddresses"] == ["80.249.208.3", "2001:7f8:1::3"]


@pytest.mark.parametrize(("changed", "code"), [
    ({"peeringLocation": "Atlantis"}, "PeeringLocationNotFound"),
    ({"lan": "80.249.208.0/30"}, "InvalidPropertyValue"),
    ({"lan": "2001:7f8:1::/64"}, "InvalidPropertyValue"),
    ({"lan6": "80.249.209.0/24"}, "InvalidPropertyValue"),
    ({"lan": "80.249.208.1/24"}, "InvalidCIDRNotation"),
    ({"lan": "224.0.0.0/24"}, "AddressPrefixReserved"),
    ({"asn": 0}, "InvalidPropertyValue"),
    ({"asn": 2**32}, "InvalidPropertyValue"),
    ({"admissions": [{"asn": 1}, {"asn": 1}]}, "InvalidPropertyValue"),
    ({"admissions": [{"asn": 1, "prefixes": ["80.249.208.0/29"]}]}, "PeeringLanNotAnnounced"),
    ({"policy": {"lengths": {"shortest": 24, "longest": 8}}}, "InvalidPropertyValue"),
    ({"policy": {"longestPath": 0}}, "InvalidPropertyValue"),
    ({"admissions": [{"asn": 1, "asSets": ["AS SET"]}]}, "InvalidPropertyValue"),
])
def test_an_exchange_that_cannot_be(changed: Json, code: str) -> None:
    assert codes(Desk().refusal(AMS, an_exchange(**changed))) == [code]


@pytest.mark.parametrize(("wish", "code"), [
    (a_member(router="ce2"), "RouterNotInSite"),
    (a_member(site={"id": str(rid(SITE, "rome"))}), "InvalidResourceReference"),
    (a_member(asn=3333), "InvalidPropertyValue"),
    ({"router": "ce1"}, "InvalidPropertyValue"),
    ({"edge": "third"}, "InvalidPropertyValue"),
    ({"edge": "primary", "asn": 12076}, "InvalidPropertyValue"),
    ({"edge": "primary", "communities": ["6777:1"]}, "InvalidPropertyValue"),
    ({"edge": "primary", "bilateral": ["surf"]}, "InvalidPropertyValue"),
    (a_member(edge="primary"), "InvalidPropertyValue"),
    (a_member(handoff={"interface": "x"}), "InvalidPropertyValue"),
    ({"handoff": {"interface": "ixp0"}}, "InvalidPropertyValue"),
    (behind(asn=64512), "AsnNotAdmitted"),
    (behind(asn=6777), "AsnOfRouteServers"),
    (behind(address="80.249.209.9"), "AddressNotInLan"),
    (behind(address="80.249.208.3"), "AddressReserved"),
    (behind(address="80.249.208.15"), "AddressReserved"),
    (behind(address6="2001:7f8:2::9"), "AddressNotInLan"),
    (behind(mac="01:00:00:00:00:01"), "InvalidPropertyValue"),
    (behind(mac="zz"), "InvalidPropertyValue"),
    ({"asn": 1103, "handoff": {"interface": "eth7", "create": False}}, "InvalidPropertyValue"),
    (behind("eth8", handoff={"interface": "eth8", "create": False}, mac="02:00:00:00:00:01"),
     "HandoffInterfaceNotOffered"),
    (behind(communities=["6777:1"]), "InvalidPropertyValue"),
    (a_member(communities=["6777"]), "InvalidPropertyValue"),
    (a_member(communities=["70000:1"]), "InvalidPropertyValue"),
    (a_member(blackholes=["193.0.0.0/24"]), "InvalidPropertyValue"),
    (a_member(blackholes=["193.1.0.1/32"]), "BlackholeNotOwn"),
    (a_member(bilateral=["Ripe"]), "BilateralWithItself"),
    (a_member(sharedKey="not a key"), "InvalidSharedKey"),
    (a_member(prefixLimit=0), "InvalidPropertyValue"),
])
def test_a_member_that_cannot_be(desk: Desk, wish: Json, code: str) -> None:
    assert codes(desk.refusal(RIPE, wish)) == [code]


def test_each_edge_of_the_cloud_takes_part_once_and_without_an_admission(desk: Desk) -> None:
    desk.put(RIPE, {"edge": "primary"})
    assert desk.shown(RIPE)["asn"] == 12076
    assert codes(desk.refusal(SURF, {"edge": "primary"})) == ["EdgeAlreadyAtExchange"]
    assert desk.refusal(SURF, {"edge": "secondary"}) == []
    assert codes(desk.refusal(RIPE, {"edge": "secondary"})) == ["PropertyChangeNotAllowed"]
    assert list(desk.kind(RIPE).needs(desk.get(RIPE))) == ["Trunkline.Plant/edges/join/action"]  # type: ignore[arg-type]
    desk.put(SURF, behind())
    assert list(desk.kind(SURF).needs(desk.get(SURF))) == []  # type: ignore[arg-type]


def test_an_as_may_be_admitted_from_one_subscription_alone(desk: Desk) -> None:
    desk.put(AMS, an_exchange(admissions=[{"asn": 3333, "subscription": OTHER}]))
    assert codes(desk.refusal(RIPE, a_member())) == ["AsnNotAdmitted"]
    desk.put(AMS, an_exchange(admissions=[{"asn": 3333, "subscription": CUSTOMER}]))
    assert desk.refusal(RIPE, a_member()) == []


def test_nobody_becomes_another_member_by_changing_the_sites_number(desk: Desk) -> None:
    desk.put(RIPE, a_member())
    assert codes(desk.refusal(PARIS, a_site(1103))) == ["PropertyChangeNotAllowed"]
    desk.remove(RIPE)
    assert desk.refusal(PARIS, a_site(1103)) == []


def test_an_as_that_takes_part_is_not_joined_by_another_subscription(desk: Desk) -> None:
    desk.put(RIPE, a_member())
    stranger = rid(MEMBER, "ams", "surf", subscription=OTHER)
    desk.put(rid(EXCHANGE, "ams", subscription=OTHER), an_exchange())
    assert desk.refusal(stranger, behind(asn=3333)) == [], "of another exchange"
    rome = rid(SITE, "rome", subscription=OTHER)
    desk.put(rome, a_site())
    assert codes(desk.refusal(SURF, a_member(site={"id": str(rome)}))) == ["AsnNotAdmitted"]


def test_a_member_has_no_higher_limit_than_the_exchange(desk: Desk) -> None:
    assert desk.refusal(RIPE, a_member(prefixLimit=10_000)) == []
    assert codes(desk.refusal(RIPE, a_member(prefixLimit=10_001, prefixLimit6=5_001))) == ["PrefixLimitTooHigh"] * 2
    desk.put(AMS, an_exchange(policy={"mostPrefixes": 2_000}))
    assert codes(desk.refusal(RIPE, a_member(prefixLimit=2_001))) == ["PrefixLimitTooHigh"]


def test_two_members_cannot_have_one_address_or_interface(desk: Desk) -> None:
    desk.put(RIPE, behind())
    assert codes(desk.refusal(SURF, behind("ixp1", address="80.249.208.4"))) == ["AddressInUse"]
    assert codes(desk.refusal(SURF, behind())) == ["HandoffInterfaceInUse"]


def test_a_full_lan_takes_nobody(desk: Desk) -> None:
    for number in range(11):
        desk.put(rid(MEMBER, "ams", f"m{number}"), behind(f"ixp{number}"))
    assert codes(desk.refusal(SURF, behind("last"))) == ["PeeringLanIsFull"]


def test_what_members_stand_on_stays(desk: Desk) -> None:
    desk.put(RIPE, a_member())
    assert codes(desk.refusal(AMS, an_exchange(lan="80.249.209.0/24"))) == ["PropertyChangeNotAllowed"]
    assert codes(desk.refusal(RIPE, behind())) == ["PropertyChangeNotAllowed"]
    assert codes(desk.refusal(PARIS, {**a_site(), "routers": [{"name": "ce9"}]})) == ["RouterInUse"]
    assert codes(desk.in_use(AMS)) == ["InUseExchangeCannotBeDeleted"]
    assert codes(desk.in_use(PARIS)) == ["InUseSiteCannotBeDeleted"]


def test_the_key_is_never_told(desk: Desk) -> None:
    desk.put(RIPE, a_member(sharedKey="S3cret"))
    assert "S3cret" not in str(desk.shown(RIPE))
    assert desk.get(RIPE).secrets == {"sharedKey": "S3cret"}  # type: ignore[union-attr]
