"""Peerings: their numbers are the customer's choice, within rules and beside what is there."""

from __future__ import annotations

import re

import pytest

from trunkline.api.declaration import Question
from trunkline.intent.view import PEERING
from trunkline.model.bgp import AZURE_ASN
from trunkline.model.resource import ResourceId
from unit.api_resources.desk import (
    CON1,
    ER1,
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
