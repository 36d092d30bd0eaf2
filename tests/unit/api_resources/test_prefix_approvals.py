"""An operator's word for a public prefix as a wish: of one circuit, beside it; and what Microsoft 365 asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.view import CIRCUIT, PEERING, ROUTE_FILTER, ROUTE_FILTER_RULE
from unit.api_resources.desk import ER1, STANDARD, Desk, an_order, codes, rid

OWN = rid(PREFIX_APPROVAL, "loa1")
PREMIUM = {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    return desk


def wish(**changed: object) -> dict:
    return {"circuit": {"id": str(ER1)}, "prefix": "104.1.0.0/24", **changed}


@pytest.mark.parametrize(("changed", "code"), [
    ({"prefix": "10.0.0.0/8"}, "PublicPrefixRequired"), ({"prefix": "0.0.0.0/0"}, "PublicPrefixTooWide"),
    ({"prefix": "104.1.0.1/24"}, "InvalidCIDRNotation"), ({"asn": -1}, "InvalidPropertyValue"),
    ({"circuit": {"id": str(rid(CIRCUIT, "none"))}}, "InvalidResourceReference")])
def test_what_vouches_for_nothing_is_refused(desk: Desk, changed: dict, code: str) -> None:
    assert codes(desk.refusal(OWN, wish(**changed))) == [code]


def test_it_stands_beside_its_circuit_and_goes_with_it(desk: Desk) -> None:
    assert codes(desk.refusal(replace(OWN, group="another"), wish())) == ["ApprovalNotBesideCircuit"]
    made, circuit = desk.put(OWN, wish()), desk.get(ER1)
    assert circuit
    assert list(desk.kind(ER1).dependents(circuit, desk)) == [made]


def filtered(desk: Desk, *communities: str) -> list[str]:
    desk.put(rid(ROUTE_FILTER, "rf1"), {})
    desk.put(rid(ROUTE_FILTER_RULE, "rf1", "r1"), {"access": "Allow", "communities": list(communities)})
    return codes(desk.refusal(rid(PEERING, "er1", "MicrosoftPeering"), {
        "peeringType": "MicrosoftPeering", "peerASN": 3333, "vlanId": 200, "primaryPeerAddressPrefix": "104.0.0.0/30",
        "secondaryPeerAddressPrefix": "104.0.0.4/30", "routeFilter": {"id": str(rid(ROUTE_FILTER, "rf1"))},
        "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["104.1.0.0/24"]}}))


@pytest.mark.parametrize(("communities", "refused"), [
    (("12076:52002", "12076:5060"), []), (("12076:52002", "12076:5010"), ["RouteFilterRequiresPremium"])])
def test_microsoft_365_is_for_premium_circuits(desk: Desk, communities: tuple[str, ...], refused: list[str]) -> None:
    assert filtered(desk, *communities) == refused
    desk.put(ER1, an_order(), sku=PREMIUM)
    assert filtered(desk, *communities) == []
