"""Connections: who may link which gateway to which circuit, and how often."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from trunkline.api.resources.express_route.words import AUTHORIZATION
from trunkline.intent.allocation import capacity
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, PEERING, SUBNET, VNET
from trunkline.model.resource import ProvisioningState
from unit.api_resources.desk import (
    CON1,
    ER1,
    GW1,
    HUB,
    OTHER,
    PREMIUM,
    PRIVATE,
    STANDARD,
    Desk,
    a_connection,
    a_gateway,
    a_linked_desk,
    a_network,
    a_peering,
    an_order,
    codes,
    provision,
    rid,
)


def another_circuit(desk: Desk, name: str, location: str = "Amsterdam", subscription: str = ER1.subscription):
    circuit = rid(CIRCUIT, name, subscription=subscription)
    desk.put(circuit, an_order(location=location), sku=STANDARD)
    provision(desk, circuit)
    desk.put(rid(PEERING, name, "AzurePrivatePeering", subscription=subscription), a_peering())
    return circuit


def another_gateway(desk: Desk, name: str, space: str):
    desk.put(rid(VNET, name), a_network(f"{space}.0.0/16", GatewaySubnet=f"{space}.255.0/27"))
    gateway = rid(GATEWAY, f"gw-{name}")
    desk.put(gateway, a_gateway(rid(SUBNET, name, "GatewaySubnet")))
    return gateway


def test_a_gateway_is_linked_to_a_circuit() -> None:
    desk = a_linked_desk()
    made = desk.put(CON1, a_connection(routingWeight=10, enableBgp=False, expressRouteGatewayBypass=None))
    assert (made.system["number"], made.system["slot"]) == (1, 1)
    assert made.properties["routingWeight"] == 10


@pytest.mark.parametrize(("wish", "code", "words"), [
    (a_connection(connectionType="Vnet2Vnet"), "GatewayTypeMismatch", "needs one of gatewayType Vpn"),
    (a_connection(enablePrivateLinkFastPath=True), "PrivateLinkFastPathNotSupported", "set it to false"),
    (a_connection(peer=None), "InvalidPropertyValue", "peer must name the circuit"),
    (a_connection(expressRouteGatewayBypass=True), "FastPathNotSupported",
     "needs a gateway of SKU UltraPerformance.*has SKU Standard"),
    (a_connection(routingWeight=32001), "InvalidPropertyValue", "'32001'.*32000 or less"),
    (a_connection(rid(GATEWAY, "none")), "InvalidResourceReference", "virtualNetworkGateway1 must be the id of a"),
    (a_connection(HUB), "InvalidResourceReference", "virtualNetworkGateways that exists"),
    (a_connection(circuit=rid(CIRCUIT, "none")), "InvalidResourceReference", "peer must be"),
    (a_connection(circuit=GW1), "InvalidResourceReference", "expressRouteCircuits that exists"),
    (a_connection(authorizationKey="guess"), "AuthorizationKeyInvalid", "Ask its owner"),
])
def test_a_link_between_the_wrong_things_is_refused(wish: dict, code: str, words: str) -> None:
    fault, *_ = a_linked_desk().refusal(CON1, wish)
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_gateway_of_another_kind_takes_no_circuit() -> None:
    desk = a_linked_desk()
    gateway = desk.get(GW1)
    assert gateway
    vpn = {**gateway.properties, "gatewayType": "Vpn", "sku": {"name": "VpnGw1", "tier": "VpnGw1"}}
    desk.store(replace(gateway, properties=vpn))
    fault, = desk.refusal(CON1, a_connection())
    assert fault.code == "GatewayTypeMismatch"
    assert "is of gatewayType Vpn" in str(fault)


def test_a_circuit_is_linked_once_its_provider_serves_it_and_it_has_private_peering() -> None:
    desk = a_linked_desk()
    circuit = desk.get(ER1)
    assert circuit
    provision(desk, state="NotProvisioned")
    desk.remove(PRIVATE)
    provisioned, peered = desk.refusal(CON1, a_connection())
    assert str(provisioned).startswith(
        "The current cross connection provisioning state 'NotProvisioned' of this service key "
        f"'{circuit.system['serviceKey']}' prevents this operation.")
    assert (provisioned.code, peered.code) == ("ServiceProviderNotProvisioned", "PrivatePeeringRequired")


def test_a_connection_outlives_the_providers_change_of_mind() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    provision(desk, state="NotProvisioned")
    assert not desk.refusal(CON1, a_connection(routingWeight=5))


def test_the_ends_of_a_connection_do_not_move() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    moved = a_connection(rid(GATEWAY, "gw2"), rid(CIRCUIT, "er2"))
    peer, gateway = desk.refusal(CON1, moved)
    assert codes([peer, gateway]) == ["ExpressRouteConnectionPeerCannotBeChanged", "PropertyChangeNotAllowed"]
    assert str(peer).startswith(f"Connection's peer cannot be changed. Please use {GW1} and {ER1} as endpoints for "
                                f"connection {CON1}.")


def test_a_circuit_of_another_subscription_needs_a_key_for_each_connection() -> None:
    desk = a_linked_desk()
    theirs = another_circuit(desk, "theirs", subscription=OTHER)
    assert codes(desk.refusal(CON1, a_connection(circuit=theirs))) == ["AuthorizationKeyInvalid"]
    auth = desk.put(rid(AUTHORIZATION, "theirs", "auth1", subscription=OTHER), {})
    wish = a_connection(circuit=theirs, authorizationKey=auth.system["authorizationKey"])
    made = desk.put(CON1, wish)
    assert made.system["authorization"] == {"id": str(auth.id)}
    assert "authorizationKey" not in {**made.properties, **desk.shown(CON1)}
    other = another_gateway(desk, "spoke", "10.2")
    fault, = desk.refusal(rid(CONNECTION, "con2"), {**wish, "virtualNetworkGateway1": {"id": str(other)}})
    assert (fault.code, fault.status) == ("AuthorizationKeyInUse", 409)
    assert wish["authorizationKey"] not in str(fault)


def test_a_key_opens_only_its_own_circuit() -> None:
    desk = a_linked_desk()
    theirs = another_circuit(desk, "theirs", subscription=OTHER)
    own = desk.put(rid(AUTHORIZATION, "er1", "auth1"), {})
    wish = a_connection(circuit=theirs, authorizationKey=own.system["authorizationKey"])
    assert codes(desk.refusal(CON1, wish)) == ["AuthorizationKeyInvalid"]


def test_a_gateway_is_linked_to_a_circuit_once() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    assert "ConnectionExists" in codes(desk.refusal(rid(CONNECTION, "con2"), a_connection()))


def test_networks_on_one_circuit_do_not_overlap() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    twin = another_gateway(desk, "copy", "10.1")
    fault, = desk.refusal(rid(CONNECTION, "con2"), a_connection(twin))
    assert fault.code == "VnetAddressSpaceOverlapsOnCircuit"
    apart = another_gateway(desk, "apart", "10.2")
    assert not desk.refusal(rid(CONNECTION, "con2"), a_connection(apart))


def test_a_network_does_not_overlap_the_circuits_peering() -> None:
    desk = a_linked_desk()
    desk.put(PRIVATE, a_peering(primaryPeerAddressPrefix="10.1.200.0/30"))
    assert codes(desk.refusal(CON1, a_connection())) == ["VnetAddressSpaceOverlapsOnCircuit"]


def test_standard_circuits_take_ten_networks() -> None:
    desk = a_linked_desk()
    link = desk.put(CON1, a_connection())
    for number in range(2, 11):
        elsewhere = {**link.properties, "virtualNetworkGateway1": {"id": str(rid(GATEWAY, f"gone{number}"))}}
        desk.store(replace(link, id=rid(CONNECTION, f"con{number}"), properties=elsewhere))
    more = another_gateway(desk, "more", "10.2")
    fault, = desk.refusal(rid(CONNECTION, "con11"), a_connection(more))
    assert fault.code == "VnetLinkLimitExceeded"
    assert "linked to 10 virtual networks" in str(fault)
    desk.put(ER1, an_order(), sku=PREMIUM)
    assert not desk.refusal(rid(CONNECTION, "con11"), a_connection(more))


def test_a_gateway_takes_four_circuits_of_one_location() -> None:
    desk = a_linked_desk(sku="UltraPerformance")
    desk.put(CON1, a_connection())
    for number in range(2, 6):
        circuit = another_circuit(desk, f"er{number}")
        found = codes(desk.refusal(rid(CONNECTION, f"con{number}"), a_connection(circuit=circuit)))
        assert found == (["PeeringLocationLimitExceeded"] if number == 5 else [])
        if not found:
            desk.put(rid(CONNECTION, f"con{number}"), a_connection(circuit=circuit))
    london = another_circuit(desk, "london", "London")
    assert not desk.refusal(rid(CONNECTION, "con5"), a_connection(circuit=london))


@pytest.mark.parametrize(("subnet", "sku", "way_out"), [
    ("10.1.255.0/28", "UltraPerformance", "use a larger GatewaySubnet"),
    ("10.1.255.0/26", "Standard", "use a larger SKU")])
def test_a_gateway_takes_as_many_circuits_as_its_subnet_and_sku_allow(subnet: str, sku: str, way_out: str) -> None:
    desk = a_linked_desk(subnet, sku)
    places = ["Amsterdam", "London", "Paris", "Frankfurt", "Dublin"]
    for place in places[:4]:
        circuit = another_circuit(desk, place.lower(), place)
        desk.put(rid(CONNECTION, place), a_connection(circuit=circuit))
    fault, = desk.refusal(CON1, a_connection(circuit=another_circuit(desk, "dublin", "Dublin")))
    assert fault.code == "GatewayConnectionLimitExceeded"
    assert way_out in str(fault)


def test_a_connection_shows_what_was_observed() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    assert desk.shown(CON1)["connectionStatus"] == "Unknown"
    desk.change(CON1, status={
        "connectionStatus": "Connected", "ingressBytesTransferred": 7, "egressBytesTransferred": 9})
    shown = desk.shown(CON1)
    assert (shown["connectionStatus"], shown["ingressBytesTransferred"], shown["egressBytesTransferred"]) == (
        "Connected", 7, 9)


def test_a_connection_that_is_being_deleted_has_its_slot_until_it_is_gone() -> None:
    desk = a_linked_desk(gateway_subnet="10.1.255.0/28", sku="HighPerformance")
    size = capacity("10.1.255.0/28")
    circuits = [ER1, *(another_circuit(desk, f"er{n}", ("Amsterdam", "London")[n % 2]) for n in range(2, size + 2))]
    for n in range(size):
        desk.put(rid(CONNECTION, f"con{n}"), a_connection(circuit=circuits[n]))
    desk.change(rid(CONNECTION, "con0"), state=ProvisioningState.DELETING)
    late = rid(CONNECTION, "late")
    fault, *_ = desk.refusal(late, a_connection(circuit=circuits[size]))
    assert (fault.code, fault.status) == ("GatewayConnectionLimitExceeded", 409)
    assert f"wait until {rid(CONNECTION, 'con0')} is deleted" in str(fault)


def test_a_connection_without_a_slot_in_the_gateway_subnet_is_refused() -> None:
    desk = a_linked_desk(gateway_subnet="10.1.255.0/28", sku="HighPerformance")
    for n in range(capacity("10.1.255.0/28")):
        desk.allocate(f"slot:{GW1.key}", f"stranded{n}")
    fault, = desk.refusal(CON1, a_connection())
    assert (fault.code, fault.status) == ("GatewayConnectionLimitExceeded", 409)


def test_fast_path_needs_a_large_gateway_and_keeps_it_large() -> None:
    desk = a_linked_desk(sku="UltraPerformance")
    made = desk.put(CON1, a_connection(expressRouteGatewayBypass=True))
    assert made.properties["expressRouteGatewayBypass"] is True
    assert made.properties["enablePrivateLinkFastPath"] is False
    scalable = rid(VNET, "second")
    desk.put(scalable, a_network("10.2.0.0/16", GatewaySubnet="10.2.255.0/27"))
    gw2, subnet, con2 = rid(GATEWAY, "gw2"), rid(SUBNET, "second", "GatewaySubnet"), rid(CONNECTION, "con2")
    units = {"bounds": {"min": 10, "max": 20}}
    desk.put(gw2, a_gateway(subnet, "ErGwScale", autoScaleConfiguration=units))
    desk.put(con2, a_connection(gw2, expressRouteGatewayBypass=True))
    fault, = desk.refusal(gw2, a_gateway(subnet, "ErGwScale", autoScaleConfiguration={"bounds": {"min": 9, "max": 20}}))
    assert (fault.code, fault.status) == ("InUseFastPath", 409)
    desk.put(con2, a_connection(gw2, expressRouteGatewayBypass=False))
    assert not desk.refusal(gw2, a_gateway(
        subnet, "ErGwScale", autoScaleConfiguration={"bounds": {"min": 9, "max": 20}}))
