"""What a shape keeps of a body, and what it finds wrong with it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trunkline.model import shape

RULE = "SecurityRulePropertiesFormat"
NSG = "NetworkSecurityGroupPropertiesFormat"
VNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))


def kept(name: str, **given: Any) -> Any:
    found, faults = shape.check(name, given, "properties")
    assert not faults, faults
    return found


def wrong(name: str, **given: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.target) for fault in shape.check(name, given, "properties")[1]]


def test_read_only_and_unknown_members_are_dropped() -> None:
    assert kept(RULE, priority=100, provisioningState="Succeeded", colour="red") == {"priority": 100}


def test_null_says_nothing() -> None:
    assert kept(RULE, description=None) == {}


def test_enums_and_member_names_are_spelt_as_azure_spells_them() -> None:
    assert kept(RULE, PROTOCOL="tcp", direction="INBOUND") == {"protocol": "Tcp", "direction": "Inbound"}


def test_children_keep_name_and_writable_properties() -> None:
    rule = {"id": "/x", "etag": "W/1", "name": "web", "properties": {"priority": 100, "provisioningState": "Updating"}}
    assert kept(NSG, securityRules=[rule]) == {"securityRules": [{"name": "web", "properties": {"priority": 100}}]}


def test_another_resource_is_kept_as_a_link() -> None:
    nsg = {"id": VNET, "name": "v", "properties": {"anything": 1}}
    assert kept("SubnetPropertiesFormat", networkSecurityGroup=nsg) == {"networkSecurityGroup": {"id": VNET}}


def test_a_rule_of_a_route_filter_is_no_link() -> None:
    rule = {"name": "r", "location": "westus", "properties": {"access": "allow"}}
    assert kept("RouteFilterPropertiesFormat", rules=[rule]) == {"rules": [
        {"name": "r", "location": "westus", "properties": {"access": "Allow"}}]}


def test_an_unknown_enum_value_names_field_value_and_what_is_allowed() -> None:
    fault, = shape.check(NSG, {"securityRules": [{"properties": {"protocol": "Sctp"}}]}, "properties")[1]
    assert (fault.code, fault.target) == ("InvalidPropertyValue", "properties.securityRules[0].properties.protocol")
    assert "'Sctp'" in str(fault)
    assert "Tcp, Udp, Icmp, Esp, *, Ah" in str(fault)


def test_all_faults_come_together() -> None:
    assert wrong(RULE, priority="high", protocol=6, sourcePortRanges="80", sourceApplicationSecurityGroups=[1]) == [
        ("InvalidRequestFormat", "properties.priority"),
        ("InvalidRequestFormat", "properties.protocol"),
        ("InvalidRequestFormat", "properties.sourcePortRanges"),
        ("InvalidRequestFormat", "properties.sourceApplicationSecurityGroups[0]")]


def test_a_truth_value_is_no_number_and_no_number_is_a_truth_value() -> None:
    assert wrong(RULE, priority=True) == [("InvalidRequestFormat", "properties.priority")]
    assert wrong("VirtualNetworkPropertiesFormat", enableDdosProtection=1) == [
        ("InvalidRequestFormat", "properties.enableDdosProtection")]


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    assert kept(RULE, priority=100.0) == {"priority": 100}
    assert wrong(RULE, priority=100.5) == [("InvalidRequestFormat", "properties.priority")]


def test_a_wrong_value_is_not_repeated_where_it_could_be_a_secret() -> None:
    fault, = shape.check("ExpressRouteCircuitPeeringPropertiesFormat", {"sharedKey": 8361940}, "properties")[1]
    assert "8361940" not in str(fault)


def test_what_is_writable_leaves_out_what_is_only_read() -> None:
    assert shape.writable("ApplicationSecurityGroupPropertiesFormat") == frozenset()
    assert set(shape.members("ApplicationSecurityGroupPropertiesFormat")) == {"resourceGuid", "provisioningState"}


def test_every_model_and_enum_that_a_member_names_exists() -> None:
    for model in shape.names():
        for kind in shape.members(model).values():
            inner = kind.removeprefix("[]").removeprefix("{}")
            if inner.startswith("@"):
                assert shape.members(inner[1:])
            elif inner.startswith("%"):
                assert shape.allowed(inner[1:])
            else:
                assert inner in {"str", "int", "float", "bool", "any", "link", "-"}


@given(st.sampled_from(sorted(shape.names())).flatmap(lambda name: st.tuples(
    st.just(name), st.dictionaries(st.sampled_from(sorted(shape.members(name)) or ["x"]) | st.text(max_size=4), JSON))))
def test_whatever_is_kept_stands_a_second_check_unchanged(case: tuple[str, Any]) -> None:
    name, body = case
    found, faults = shape.check(name, body, "properties")
    assert set(found) <= shape.writable(name)
    assert all(fault.target.startswith("properties.") for fault in faults)
    assert shape.check(name, found, "properties") == (found, [])
