"""Peerings: their numbers are the customer's choice, within rules and beside what is there."""

from __future__ import annotations

import re

import pytest

from trunkline.api.declaration import Question
from trunkline.intent.view import PEERING, ROUTE_FILTER
from trunkline.model.bgp import AZURE_ASN
from trunkline.model.resource import ResourceId
from unit.api_resources.desk import (
    CON1,
    ER1,
    HUB,
    PRIVATE,
    STANDARD,
    Desk,
    a_connection,
    a_linked_desk,
    a_peering,
    an_order,
    codes,
    rid,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    return desk


@pytest.mark.parametrize("asn", [0, AZURE_ASN, 23456, 65515, 65520, 65535, 4294967295])
def test_a_reserved_as_number_is_refused(desk: Desk, asn: int) -> None:
    fault, = desk.refusal(PRIVATE, a_peering(peerASN=asn))
    assert (fault.code, fault.target) == ("ReservedAsn", "properties.peerASN")
    assert str(asn) in str(fault)


@pytest.mark.parametrize(("changed", "code", "words"), [
    ({"primaryPeerAddressPrefix": "172.16.0.0"}, "InvalidAddressPrefixFormat", "172.16.0.0 is not formatted correctly"),
    ({"primaryPeerAddressPrefix": "300.0.0.0/30"}, "InvalidAddressPrefixFormat", "CIDR"),
    ({"primaryPeerAddressPrefix": "172.16.0.1/30"}, "InvalidCIDRNotation", "should be 172.16.0.0/30"),
    ({"secondaryPeerAddressPrefix": "172.16.0.8/29"}, "InvalidPeerAddressPrefixLength", "is a /29.*must be a /30"),
    ({"secondaryPeerAddressPrefix": "172.16.0.0/30"}, "PeerAddressPrefixOverlaps",
     "overlaps primaryPeerAddressPrefix 172.16.0.0/30"),
    ({"primaryPeerAddressPrefix": "fd00::/126"}, "AddressFamilyMismatch", "not IPv4.*ipv6PeeringConfig"),
    ({"primaryPeerAddressPrefix": "169.254.0.0/30"}, "AddressPrefixReserved", "link-local"),
    ({"primaryPeerAddressPrefix": "224.0.0.0/30"}, "AddressPrefixReserved", "multicast"),
    ({"vlanId": 0}, "InvalidPropertyValue", "'0'.*1 or more"),
    ({"vlanId": 4095}, "InvalidPropertyValue", "'4095'.*4094 or less"),
    ({"sharedKey": "x" * 26}, "InvalidSharedKey", "26 characters.*1 to 25"),
    ({"sharedKey": "no spaces"}, "InvalidSharedKey", "letters and digits"),
    ({"microsoftPeeringConfig": {"customerASN": 1}}, "PropertyNotApplicable", "belongs to MicrosoftPeering"),
    ({"peeringType": "Sideways"}, "InvalidPropertyValue", "'Sideways'.*AzurePrivatePeering"),
])
def test_what_no_router_could_use_is_refused(desk: Desk, changed: dict, code: str, words: str) -> None:
    fault, *others = desk.refusal(PRIVATE, a_peering(**changed))
    assert not others
    assert fault.code == code
    assert fault.target.rpartition(".")[2] in changed
    assert re.search(words, str(fault))


def test_a_refused_shared_key_is_not_repeated(desk: Desk) -> None:
    assert all("hunter2" not in str(fault) for fault in desk.refusal(PRIVATE, a_peering(sharedKey="hunter2!")))


def test_the_type_may_be_left_to_the_name_in_any_case(desk: Desk) -> None:
    wish = a_peering()
    del wish["peeringType"]
    assert desk.put(rid(PEERING, "er1", "azureprivatepeering"), wish).properties["peeringType"] == "AzurePrivatePeering"


def test_a_peering_bears_the_name_of_its_type(desk: Desk) -> None:
    assert codes(desk.refusal(rid(PEERING, "er1", "mine"), a_peering())) == ["InvalidPeeringName"]


def test_public_peering_is_no_more(desk: Desk) -> None:
    fault, = desk.refusal(rid(PEERING, "er1", "AzurePublicPeering"), a_peering(peeringType="AzurePublicPeering"))
    assert fault.code == "PeeringTypeRetired"
    assert "Use AzurePrivatePeering" in str(fault)


def test_peerings_of_a_circuit_share_no_vlan_and_no_address(desk: Desk) -> None:
    desk.put(PRIVATE, a_peering())
    microsoft = a_peering(peeringType="MicrosoftPeering", secondaryPeerAddressPrefix="172.16.9.0/30")
    found = codes(desk.refusal(rid(PEERING, "er1", "MicrosoftPeering"), microsoft))
    assert found == ["MissingRequiredProperty", "PublicPrefixRequired", "PublicPrefixRequired", "VlanIdInUse",
                     "PeerAddressPrefixOverlaps"]


def test_circuits_know_nothing_of_each_others_numbers(desk: Desk) -> None:
    desk.put(PRIVATE, a_peering())
    desk.put(rid(ER1.type, "er2"), an_order(), sku=STANDARD)
    assert not desk.refusal(rid(PEERING, "er2", "AzurePrivatePeering"), a_peering())


def test_a_peering_does_not_overlap_linked_networks() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    fault, = desk.refusal(PRIVATE, a_peering(primaryPeerAddressPrefix="10.1.7.0/30"))
    assert fault.code == "PeerAddressPrefixOverlaps"
    assert "address space 10.1.0.0/16 of linked" in str(fault)


def test_a_shared_key_is_kept_apart_and_survives_an_update_that_does_not_mention_it(desk: Desk) -> None:
    desk.put(PRIVATE, a_peering(sharedKey="abc123"))
    kept = desk.put(PRIVATE, a_peering(vlanId=101))
    assert kept.secrets == {"sharedKey": "abc123"}
    assert "sharedKey" not in {**kept.properties, **desk.shown(PRIVATE)}


def test_an_update_need_not_repeat_the_prefixes(desk: Desk) -> None:
    desk.put(PRIVATE, a_peering())
    kept = desk.put(PRIVATE, {"peerASN": 65011, "vlanId": 100})
    assert kept.properties["primaryPeerAddressPrefix"] == "172.16.0.0/30"


def test_a_peering_with_a_connection_cannot_be_deleted() -> None:
    desk = a_linked_desk()
    assert not desk.in_use(PRIVATE)
    desk.put(CON1, a_connection())
    fault, = desk.in_use(PRIVATE)
    assert (fault.code, fault.status) == ("InUsePeeringCannotBeDeleted", 409)


def test_tables_are_of_one_leg(desk: Desk) -> None:
    kept = desk.put(PRIVATE, a_peering())
    table = next(action for action in desk.kind(PRIVATE).actions if action.name == "arpTables")
    assert not list(table.check(kept, desk, Question({"devicePath": "Secondary"})))
    assert codes(list(table.check(kept, desk, Question({"devicePath": "third"})))) == ["InvalidDevicePath"]


def test_a_peering_shows_azures_side_once_it_is_realised(desk: Desk) -> None:
    desk.put(PRIVATE, a_peering())
    assert desk.shown(PRIVATE)["azureASN"] == 0
    assert "primaryAzurePort" not in desk.shown(PRIVATE)
    desk.change(PRIVATE, status={"azureASN": 12076, "primaryAzurePort": "AMS-1", "secondaryAzurePort": "AMS-2",
                                 "lastModifiedBy": "Customer"})
    shown = desk.shown(PRIVATE)
    assert (shown["azureASN"], shown["primaryAzurePort"], shown["gatewayManagerEtag"]) == (12076, "AMS-1", "")


TWIN_PEERING = "Microsoft.Network/expressRouteCrossConnections/peerings"


def test_the_provider_sees_the_circuits_peerings(desk: Desk) -> None:
    circuit = desk.get(ER1)
    mirror = desk.registry.types[TWIN_PEERING.lower()].mirror
    assert circuit
    assert mirror
    assert mirror.parent(ResourceId.parse(circuit.system["twin"]["id"]), desk) == ER1
    assert mirror.parent(rid(TWIN_PEERING.rpartition("/")[0], "nobody"), desk) is None


SIX = {"primaryPeerAddressPrefix": "fd00:ac::/126", "secondaryPeerAddressPrefix": "fd00:ac::4/126"}


@pytest.mark.parametrize(("changed", "code", "words"), [
    ({"primaryPeerAddressPrefix": "fd00:ac::/125"}, "InvalidPeerAddressPrefixLength",
     "is a /125.*must be a /126.*one /125 for both"),
    ({"primaryPeerAddressPrefix": "10.0.0.0/30"}, "AddressFamilyMismatch", "not IPv6"),
    ({"primaryPeerAddressPrefix": "fe80::/126"}, "AddressPrefixReserved", "link-local"),
    ({"primaryPeerAddressPrefix": "::/126"}, "AddressPrefixReserved", "loopback"),
    ({"primaryPeerAddressPrefix": "fd00:ac::4/126"}, "PeerAddressPrefixOverlaps", "fd00:ac::4/126"),
    ({"primaryPeerAddressPrefix": None}, "MissingRequiredProperty", "primaryPeerAddressPrefix"),
])
def test_ipv6_that_no_router_could_use_is_refused(desk: Desk, changed: dict, code: str, words: str) -> None:
    config = {name: value for name, value in {**SIX, **changed}.items() if value}
    fault, = desk.refusal(PRIVATE, a_peering(ipv6PeeringConfig=config))
    assert fault.code == code
    assert re.search(words, str(fault))


@pytest.mark.parametrize("given", [
    {"primaryPeerAddressPrefix": "fd00:ac::/125"},
    {"primaryPeerAddressPrefix": "fd00:ac::/125", "secondaryPeerAddressPrefix": "fd00:ac::/125"}])
def test_one_125_is_two_126(desk: Desk, given: dict) -> None:
    made = desk.put(PRIVATE, a_peering(ipv6PeeringConfig=given))
    assert {name: made.properties["ipv6PeeringConfig"][name] for name in SIX} == SIX


def test_one_29_is_two_30(desk: Desk) -> None:
    wish = a_peering(primaryPeerAddressPrefix="172.16.0.0/29")
    del wish["secondaryPeerAddressPrefix"]
    made = desk.put(PRIVATE, wish)
    assert [made.properties[f"{leg}PeerAddressPrefix"] for leg in ("primary", "secondary")] == [
        "172.16.0.0/30", "172.16.0.4/30"]


def test_ipv6_of_a_peering_keeps_clear_of_a_linked_network() -> None:
    desk = a_linked_desk()
    desk.put(HUB, {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]}})
    desk.put(CON1, a_connection())
    within = {"primaryPeerAddressPrefix": "fd00:1:0:9::/126", "secondaryPeerAddressPrefix": "fd00:1:0:9::4/126"}
    found = desk.refusal(PRIVATE, a_peering(ipv6PeeringConfig=within))
    assert codes(found) == ["PeerAddressPrefixOverlaps"] * 2
    assert "address space fd00:1::/48 of linked" in str(found[0])
    assert not desk.refusal(PRIVATE, a_peering(ipv6PeeringConfig=SIX))


MICROSOFT = rid(PEERING, "er1", "MicrosoftPeering")
PUBLIC_SIX = {"primaryPeerAddressPrefix": "2a00:1::/126", "secondaryPeerAddressPrefix": "2a00:1::4/126"}


def a_public_peering(*prefixes: str, **changed: object) -> dict:
    return {"peerASN": 3333, "vlanId": 200, "primaryPeerAddressPrefix": "104.0.0.0/30",
            "secondaryPeerAddressPrefix": "104.0.0.4/30",
            "microsoftPeeringConfig": {"advertisedPublicPrefixes": list(prefixes or ("104.1.0.0/24",))}, **changed}


def test_an_empty_reference_beside_the_one_of_ipv6_is_none(desk: Desk) -> None:
    """az 2.91 writes back an empty routeFilter when it sets the one of IPv6."""
    desk.put(rid(ROUTE_FILTER, "rf1"), {})
    six = {**PUBLIC_SIX, "routeFilter": {"id": str(rid(ROUTE_FILTER, "rf1"))},
           "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["2a00:2::/32"]}}
    made = desk.put(MICROSOFT, a_public_peering(routeFilter={}, ipv6PeeringConfig=six))
    assert "routeFilter" not in made.properties
    assert made.properties["ipv6PeeringConfig"]["routeFilter"] == six["routeFilter"]


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "0.0.0.0/1", "96.0.0.0/3", "::/0", "2000::/3", "2a00::/12"])
def test_nobody_announces_half_of_the_internet(desk: Desk, prefix: str) -> None:
    fault, = desk.refusal(MICROSOFT, a_public_peering(prefix))
    assert fault.code == "PublicPrefixTooWide"
    assert prefix in str(fault)


@pytest.mark.parametrize("prefix", ["10.0.0.0/24", "100.64.0.0/24", "224.0.0.0/8", "fc00::/24", "2002::/32"])
def test_space_of_no_holder_is_no_public_prefix(desk: Desk, prefix: str) -> None:
    assert codes(desk.refusal(MICROSOFT, a_public_peering(prefix))) == ["PublicPrefixRequired"]


def test_microsoft_peering_takes_200_prefixes(desk: Desk) -> None:
    prefixes = [f"104.1.{number}.0/24" for number in range(201)]
    fault, = desk.refusal(MICROSOFT, a_public_peering(*prefixes))
    assert (fault.code, "201" in str(fault)) == ("PublicPrefixLimitExceeded", True)
    desk.put(MICROSOFT, a_public_peering(*prefixes[:200]))


def test_setting_the_filter_of_ipv6_leaves_the_one_of_ipv4(desk: Desk) -> None:
    desk.put(rid(ROUTE_FILTER, "rf1"), {})
    named = {"id": str(rid(ROUTE_FILTER, "rf1"))}
    desk.put(MICROSOFT, a_public_peering(routeFilter=named))
    assert desk.put(MICROSOFT, a_public_peering(routeFilter={})).properties["routeFilter"] == named
    assert "routeFilter" not in desk.put(MICROSOFT, a_public_peering()).properties
