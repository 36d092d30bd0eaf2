"""Global Reach: circuits linked by their private peerings, seen from both ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.window import Reply, Window
from trunkline.model.reach_status import LinkStatus, Side, noted
from trunkline.model.resource import ResourceId

SKU = {"tier": "Premium", "family": "MeteredData"}
PRIVATE = "peerings/AzurePrivatePeering"
CONNECTION = f"expressRouteCircuits/er1/{PRIVATE}/connections/reach"


def a_circuit(window: Window, number: int, place: str = "", sku: Any = None, provisioned: bool = True) -> None:
    name, where = f"er{number}", place or ("Amsterdam", "London", "Paris")[number - 1]
    window.put(f"expressRouteCircuits/{name}", {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": where, "bandwidthInMbps": 1000}}, sku=sku or SKU)
    if provisioned:
        provision_at(window, name, where)
    window.put(f"expressRouteCircuits/{name}/{PRIVATE}", {
        "peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": f"172.16.{number}.0/30",
        "secondaryPeerAddressPrefix": f"172.16.{number}.4/30"})


def provision_at(window: Window, name: str, where: str, state: str = "Provisioned") -> Reply:
    key = window.get(f"expressRouteCircuits/{name}")["properties"]["serviceKey"]
    group = f"CrossConnection-{where.replace(' ', '')}"
    path = (f"/subscriptions/{window.accounts.provider_subscription}/resourceGroups/{group}"
            f"/providers/Microsoft.Network/expressRouteCrossConnections/{key}")
    reply = window.request("PUT", path, {"properties": {"serviceProviderProvisioningState": state}})
    window.settle()
    return reply


def reach(window: Window, peer: int = 2, prefix: str = "192.168.8.0/29", **more: Any) -> dict[str, Any]:
    far = window.path(f"expressRouteCircuits/er{peer}/{PRIVATE}")
    return {"peerExpressRouteCircuitPeering": {"id": far}, "addressPrefix": prefix, **more}


def ask(window: Window, wish: Any, tail: str = CONNECTION) -> Reply:
    return window.request("PUT", window.path(tail), {"properties": wish})


def ended(window: Window, reply: Reply) -> Any:
    window.settle()
    return window.request("GET", urlsplit(reply.headers["azure-asyncoperation"]).path).body


def test_a_connection_is_seen_from_both_ends_and_connected_once_it_is_realised(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    reply = ask(window, reach(window, ipv6CircuitConnectionConfig={"addressPrefix": "fd00:1::/125"}))
    assert (reply.status, reply.body["properties"]["circuitConnectionStatus"]) == (201, "Disconnected")
    assert reply.body["properties"]["ipv6CircuitConnectionConfig"]["circuitConnectionStatus"] == "Disconnected"
    assert ended(window, reply)["status"] == "Succeeded"
    shown = window.get(CONNECTION)["properties"]
    assert (shown["provisioningState"], shown["circuitConnectionStatus"]) == ("Succeeded", "Connected")
    assert shown["ipv6CircuitConnectionConfig"] == {
        "addressPrefix": "fd00:1::/125", "circuitConnectionStatus": "Connected"}
    assert shown["expressRouteCircuitPeering"] == {"id": window.path(f"expressRouteCircuits/er1/{PRIVATE}")}
    far, = window.get(f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")["value"]
    assert far["properties"]["connectionName"] == "reach"
    assert far["properties"]["circuitConnectionStatus"] == "Connected"
    assert far["properties"]["peerExpressRouteCircuitPeering"] == shown["expressRouteCircuitPeering"]
    assert window.get(f"expressRouteCircuits/er2/{PRIVATE}/peerConnections/{far['name']}") == far
    assert window.get(f"expressRouteCircuits/er2/{PRIVATE}")["properties"]["peeredConnections"] == [far]
    near = window.get(f"expressRouteCircuits/er1/{PRIVATE}")["properties"]
    assert ([one["name"] for one in near["connections"]], near["peeredConnections"]) == (["reach"], [])


def test_each_end_says_what_its_own_routers_see(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    identity = ResourceId.parse(window.path(CONNECTION))
    with window.store.writing() as writer:
        found = writer.get(identity)
        assert found
        writer.set_status(identity, status=noted(found, {
            (Side.NEAR, 4): LinkStatus.CONNECTING, (Side.FAR, 4): LinkStatus.DISCONNECTED}))
    far, = window.get(f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")["value"]
    assert window.get(CONNECTION)["properties"]["circuitConnectionStatus"] == "Connecting"
    assert far["properties"]["circuitConnectionStatus"] == "Disconnected"


def test_ipv6_is_added_and_taken_away_by_itself(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    for six in ({"ipv6CircuitConnectionConfig": {"addressPrefix": "fd00:1::/125"}}, {}):
        assert ended(window, ask(window, reach(window, **six)))["status"] == "Succeeded"
        assert ("ipv6CircuitConnectionConfig" in window.get(CONNECTION)["properties"]) == bool(six)


def test_circuits_say_that_global_reach_is_on_while_they_are_linked(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)

    def flags() -> list[tuple[bool, bool]]:
        shown = [window.get(f"expressRouteCircuits/er{number}")["properties"] for number in (1, 2)]
        return [(one["globalReachEnabled"], one["allowGlobalReach"]) for one in shown]

    assert flags() == [(False, False)] * 2
    ended(window, ask(window, reach(window)))
    assert flags() == [(True, True)] * 2
    window.request("DELETE", window.path(CONNECTION))
    window.settle()
    assert flags() == [(False, False)] * 2


def test_a_peering_that_is_read_and_written_back_keeps_its_connections(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    before = window.get(f"expressRouteCircuits/er1/{PRIVATE}")
    assert window.request("PUT", window.path(f"expressRouteCircuits/er1/{PRIVATE}"), before).status == 200
    window.settle()
    assert [one["name"] for one in window.get(f"expressRouteCircuits/er1/{PRIVATE}")["properties"]["connections"]] == [
        "reach"]
    assert window.get(CONNECTION)["properties"]["circuitConnectionStatus"] == "Connected"


def test_a_peering_takes_connections_inline(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    peering = window.get(f"expressRouteCircuits/er1/{PRIVATE}")
    peering["properties"]["connections"] = [{"name": "reach", "properties": reach(window)}]
    assert window.request("PUT", window.path(f"expressRouteCircuits/er1/{PRIVATE}"), peering).status == 200
    window.settle()
    shown = window.get(CONNECTION)["properties"]
    assert (shown["addressPrefix"], shown["circuitConnectionStatus"]) == ("192.168.8.0/29", "Connected")


@pytest.mark.parametrize(("changed", "code"), [
    ({"addressPrefix": "192.168.8.0/30"}, "InvalidCircuitConnectionPrefixLength"),
    ({"addressPrefix": "fd00::/29"}, "AddressFamilyMismatch"),
    ({"ipv6CircuitConnectionConfig": {"addressPrefix": "fd00::/126"}}, "InvalidCircuitConnectionPrefixLength"),
    ({"peerExpressRouteCircuitPeering": {"id": "expressRouteCircuits/er9/peerings/AzurePrivatePeering"}},
     "InvalidResourceReference"),
    ({"peerExpressRouteCircuitPeering": {"id": "expressRouteCircuits/er1/peerings/AzurePrivatePeering"}},
     "InvalidCircuitConnection"),
    ({"expressRouteCircuitPeering": {"id": "expressRouteCircuits/er2/peerings/AzurePrivatePeering"}},
     "InvalidCircuitConnection"),
    ({"authorizationKey": "wrong"}, "AuthorizationKeyInvalid"),
])
def test_what_could_link_no_circuits_is_refused_at_once(window: Window, changed: dict[str, Any], code: str) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    changed = {name: {"id": window.path(value["id"])} if "id" in value else value for name, value in changed.items()}
    refused = ask(window, {**reach(window), **changed})
    assert (refused.status, refused.error) == (400, code)


def test_what_shows_later_fails_the_operation(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2, provisioned=False)
    failed = ended(window, ask(window, reach(window)))
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "PeerCircuitNotProvisioned")
    shown = window.get(CONNECTION)["properties"]
    assert (shown["provisioningState"], shown["circuitConnectionStatus"]) == ("Failed", "Disconnected")
    assert window.get(f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")["value"] == []
    again = ask(window, reach(window))
    assert (again.status, again.error) == (400, "ParentResourceIsInFailedState")
    provision_at(window, "er2", "London")
    peering = window.get(f"expressRouteCircuits/er1/{PRIVATE}")
    del peering["properties"]["connections"]
    assert window.request("PUT", window.path(f"expressRouteCircuits/er1/{PRIVATE}"), peering).status == 200
    window.settle()
    assert ended(window, ask(window, reach(window)))["status"] == "Succeeded"


@pytest.mark.parametrize(("place", "sku", "prefix", "code"), [
    ("Amsterdam", SKU, "192.168.8.0/29", "GlobalReachSamePeeringLocation"),
    ("Amsterdam Metro", SKU, "192.168.8.0/29", "GlobalReachSamePeeringLocation"),
    ("London", {"tier": "Local", "family": "UnlimitedData"}, "192.168.8.0/29", "GlobalReachNotAllowedForSku"),
    ("Seattle", {"tier": "Standard", "family": "MeteredData"}, "192.168.8.0/29", "GlobalReachNotAllowedForSku"),
    ("London", SKU, "172.16.2.0/29", "CircuitConnectionPrefixOverlaps")])
def test_circuits_that_may_not_meet(window: Window, place: str, sku: Any, prefix: str, code: str) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2, place, sku)
    assert ended(window, ask(window, reach(window, prefix=prefix)))["error"]["code"] == code


def test_two_circuits_are_linked_once_and_each_prefix_is_used_once(window: Window) -> None:
    for number in (1, 2, 3):
        a_circuit(window, number)
    ended(window, ask(window, reach(window)))
    twice = ask(window, reach(window, prefix="192.168.9.0/29"), CONNECTION + "2")
    assert (twice.status, twice.error) == (409, "CircuitConnectionExists")
    same = ended(window, ask(window, reach(window, 3), CONNECTION + "3"))
    assert same["error"]["code"] == "CircuitConnectionPrefixOverlaps"


def test_areas_apart_meet_by_premium_on_both_sides(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2, "Seattle")
    assert ended(window, ask(window, reach(window)))["status"] == "Succeeded"


def test_each_circuit_counts_it_among_its_links(window: Window) -> None:
    standard = {"tier": "Standard", "family": "MeteredData"}
    a_circuit(window, 1, sku=standard)
    for number, place in enumerate(("London", "Paris", "Frankfurt", "Dublin", "Warsaw", "Milan", "Zurich", "Stockholm",
                                    "London2", "Paris2", "Frankfurt2"), start=2):
        a_circuit(window, number, place, standard)
        asked = ask(window, reach(window, number, f"192.168.8.{number * 8}/29"), f"{CONNECTION}{number}")
    assert (asked.status, asked.error) == (409, "VnetLinkLimitExceeded")


@pytest.mark.parametrize("circuit", ["er1", "er2"])
def test_neither_peering_goes_before_the_connection(window: Window, circuit: str) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    refused = window.request("DELETE", window.path(f"expressRouteCircuits/{circuit}/{PRIVATE}"))
    assert (refused.status, refused.error) == (409, "InUsePeeringCannotBeDeleted")
    assert window.request("DELETE", window.path(CONNECTION)).status == 202
    window.settle()
    assert window.request("DELETE", window.path(f"expressRouteCircuits/{circuit}/{PRIVATE}")).status == 202


def test_a_linked_peering_does_not_move_onto_the_links_prefix(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    moved = window.request("PUT", window.path(f"expressRouteCircuits/er2/{PRIVATE}"), {"properties": {
        "peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": "192.168.8.4/30",
        "secondaryPeerAddressPrefix": "172.16.2.4/30"}})
    assert (moved.status, moved.error) == (400, "PeerAddressPrefixOverlaps")
    assert window.path(CONNECTION) in moved.body["error"]["message"]


def test_premium_is_kept_while_areas_apart_are_linked(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2, "Seattle")
    ended(window, ask(window, reach(window)))
    body = window.get("expressRouteCircuits/er1")
    body["sku"] = {"tier": "Standard", "family": "MeteredData"}
    refused = window.request("PUT", window.path("expressRouteCircuits/er1"), body)
    assert (refused.status, refused.error) == (409, "SkuTierChangeNotAllowed")


def test_a_key_links_once_and_with_it_goes_the_link(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    window.put("expressRouteCircuits/er2/authorizations/a1", {})
    key = window.get("expressRouteCircuits/er2/authorizations/a1")["properties"]["authorizationKey"]
    assert ended(window, ask(window, reach(window, authorizationKey=key)))["status"] == "Succeeded"
    assert "authorizationKey" not in window.get(CONNECTION)["properties"]
    used = window.get("expressRouteCircuits/er2/authorizations/a1")["properties"]
    assert (used["authorizationUseStatus"], used["connectionResourceUri"]) == ("InUse", window.path(CONNECTION))
    assert window.request("DELETE", window.path("expressRouteCircuits/er2/authorizations/a1")).status == 202
    window.settle()
    assert window.request("GET", window.path(CONNECTION)).status == 404


def abroad(window: Window, tail: str) -> str:
    return (f"/subscriptions/{window.accounts.provider_subscription}/resourceGroups/theirs/providers/"
            f"Microsoft.Network/{tail}")


def put_abroad(window: Window, tail: str, body: dict[str, Any]) -> Reply:
    reply = window.request("PUT", abroad(window, tail), {"location": "westus", **body})
    assert reply.status in (200, 201), reply.body
    window.settle()
    return reply


def test_another_subscriptions_circuit_is_linked_with_a_key_and_only_as_long_as_that_stands(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 3)
    window.request("PUT", abroad(window, "").partition("/providers/")[0], {"location": "westus"})
    put_abroad(window, "expressRouteCircuits/er2", {"sku": SKU, "properties": {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": "London", "bandwidthInMbps": 1000}}})
    key = window.request("GET", abroad(window, "expressRouteCircuits/er2")).body["properties"]["serviceKey"]
    twin = abroad(window, f"expressRouteCrossConnections/{key}").replace("/theirs/", "/CrossConnection-London/")
    window.request("PUT", twin, {"properties": {"serviceProviderProvisioningState": "Provisioned"}})
    window.settle()
    put_abroad(window, f"expressRouteCircuits/er2/{PRIVATE}", {"properties": {
        "peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": "172.16.2.0/30",
        "secondaryPeerAddressPrefix": "172.16.2.4/30"}})
    put_abroad(window, "expressRouteCircuits/er2/authorizations/a1", {})
    far = {"peerExpressRouteCircuitPeering": {"id": abroad(window, f"expressRouteCircuits/er2/{PRIVATE}")}}
    refused = ask(window, {**reach(window), **far})
    assert (refused.status, refused.error) == (400, "AuthorizationKeyInvalid")
    given = window.request("GET", abroad(window, "expressRouteCircuits/er2/authorizations/a1")).body["properties"]
    opened = {**far, "authorizationKey": given["authorizationKey"]}
    assert ended(window, ask(window, {**reach(window), **opened}))["status"] == "Succeeded"
    again = ask(window, {**reach(window, prefix="192.168.9.0/29"), **opened}, CONNECTION.replace("er1", "er3"))
    assert (again.status, again.error) == (409, "AuthorizationKeyInUse")
    seen, = window.request("GET", abroad(window, f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")).body["value"]
    assert seen["properties"]["circuitConnectionStatus"] == "Connected"
    assert window.request("DELETE", abroad(window, "expressRouteCircuits/er2/authorizations/a1")).status == 202
    window.settle()
    assert window.request("GET", window.path(CONNECTION)).status == 404
    assert window.request("GET", abroad(window, f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")).body == {
        "value": []}


def test_a_circuit_takes_the_links_that_it_made_along_and_waits_for_those_of_others(window: Window) -> None:
    a_circuit(window, 1)
    a_circuit(window, 2)
    ended(window, ask(window, reach(window)))
    for name, where in (("er1", "Amsterdam"), ("er2", "London")):
        provision_at(window, name, where, "NotProvisioned")
    refused = window.request("DELETE", window.path("expressRouteCircuits/er2"))
    assert (refused.status, refused.error) == (409, "InUsePeeringCannotBeDeleted")
    assert window.request("DELETE", window.path("expressRouteCircuits/er1")).status == 202
    window.settle()
    assert window.request("GET", window.path(CONNECTION)).status == 404
    assert window.get(f"expressRouteCircuits/er2/{PRIVATE}/peerConnections")["value"] == []
    assert window.request("DELETE", window.path("expressRouteCircuits/er2")).status == 202
