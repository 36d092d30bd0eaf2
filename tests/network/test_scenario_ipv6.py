"""IPv6 on real packets, from a site's host to a virtual machine: beside IPv4, without it, and gone again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
from flows import connects, listening
from probing import probing, unharmed
from scenes import (
    HOST,
    IN_CLOUD,
    IN_CLOUD6,
    ON_PREMISES6,
    VM,
    all_up,
    both_up,
    carried,
    connected,
    customer,
    customer6,
    is_up,
    learned,
    missing,
    networks,
    real_stage,
    router_of,
)
from stage import Stage
from trunkline.intent.compile.draft import ce_node, instance_node, vnet_node, vrf_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    GATEWAY,
    NIC,
    PEERING,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SITE,
    SUBNET,
    VNET,
)
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

PEERED = estates.rid(PEERING, "er1", "AzurePrivatePeering")
VRFS = [vrf_node(estates.rid(CIRCUIT, "er1"), leg) for leg in Leg]
ALONE = {"primaryPeerAddressPrefix": None, "secondaryPeerAddressPrefix": None}


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with real_stage(places) as stage:
        yield stage


@pytest.fixture
def dual(stage: Stage) -> Stage:
    stage.put(*estates.dual())
    all_up(stage)
    return stage


@pytest.mark.parametrize("daemon", ["bird", "frr"])
def test_a_host_reaches_the_cloud_over_ipv6_and_the_tables_tell_it(stage: Stage, daemon: str) -> None:
    stage.put(*estates.dual((daemon, daemon)))
    all_up(stage)
    connected(stage, HOST, IN_CLOUD6)
    connected(stage, VM, ON_PREMISES6)
    connected(stage)
    with listening(stage, VM, 7001, family=6):
        assert connects(stage, HOST, IN_CLOUD6, 7001)
    for leg, near, far in ((Leg.PRIMARY, "fd00:ac::1", "fd00:ac::2"), (Leg.SECONDARY, "fd00:ac::5", "fd00:ac::6")):
        until(lambda leg=leg, near=near: {way: path for way, path in learned(stage, leg).items()  # type: ignore[misc]
                                          if ":" in way[0]} == {
            ("fd00:10::/48", near): "65010", ("fd00:1::/48", "fd00:1:0:ff::c"): "65515",
            ("fd00:1::/48", "fd00:1:0:ff::d"): "65515"}, 10, "exactly these IPv6 routes")
        rows = stage.ask(PEERED, "arpTables", devicePath=leg.value)["value"]  # type: ignore[index,call-overload]
        assert [row["ipAddress"] for row in rows[2:]] == [near, far]
        assert all(row["macAddress"].count(".") == 2 for row in rows)
        summary = stage.ask(PEERED, "routeTablesSummary", devicePath=leg.value)["value"]  # type: ignore[index,call-overload]
        assert {row["neighbor"]: row["statePfxRcd"] for row in summary}[near] == "1"
    assert not missing(stage)
    ce = router_of(stage, ce_node(estates.rid(SITE, "paris"), "ce1"))
    paths = {entry.as_path for entry in stage.speaker.routes(ce) if entry.prefix == "fd00:1::/48"}
    assert (12076,) in paths
    assert all(65515 not in path for path in paths)


def test_both_legs_carry_ipv6_and_either_alone(dual: Stage) -> None:
    before = carried(dual)
    for port in range(7100, 7132):
        connects(dual, HOST, IN_CLOUD6, port)
    assert all(now - before[leg] >= 2 for leg, now in carried(dual).items())
    for leg in Leg:
        fault = estates.fault(circuit=estates.link(CIRCUIT, "er1"), leg=leg.value)
        with probing(dual, address=IN_CLOUD6) as probe:
            dual.put(fault)
            until(lambda leg=leg: not is_up(customer6(dual, leg)), 10, "BFD to notice")  # type: ignore[misc]
            connected(dual, HOST, IN_CLOUD6)
            reached = carried(dual)
            until(lambda: carried(dual)[_other(leg)] > reached[_other(leg)] + 500, 10, "the other leg to carry all")  # noqa: B023
        assert 0 < probe.lost < probe.sent, probe
        with listening(dual, VM, 7001, family=6):
            until(lambda: all(connects(dual, HOST, IN_CLOUD6, 7001) for _ in range(8)), 10, "TCP on the other leg")
        dual.delete(fault.id)
        until(lambda leg=leg: is_up(customer6(dual, leg)), 20, "the leg again")  # type: ignore[misc]


def _other(leg: Leg) -> Leg:
    return next(one for one in Leg if one is not leg)


def test_ipv6_comes_and_goes_without_ipv4_noticing_and_leaves_nothing(stage: Stage) -> None:
    plain = estates.whole()
    stage.put(*plain)
    all_up(stage)
    connected(stage)
    six = _changed_by(plain, estates.dual())
    with unharmed(stage):
        stage.put(*six)
        all_up(stage)
        connected(stage, HOST, IN_CLOUD6)
        stage.put(*_changed_by(estates.dual(), plain))
    assert not stage.pings(HOST, IN_CLOUD6)
    assert not missing(stage)
    instances = [instance_node(estates.rid(GATEWAY, "gw1"), number) for number in (0, 1)]
    for node in (*VRFS, *instances, vnet_node(estates.rid(VNET, "hub")), HOST, VM,
                 *(ce_node(estates.rid(SITE, "paris"), name) for name in ("ce1", "ce2"))):
        assert _ipv6_of(stage, node) == []


def _changed_by(old: list[Resource], new: list[Resource]) -> list[Resource]:
    before = {one.id.key: one for one in old}
    return [one for one in new if before[one.id.key] != one]


def _ipv6_of(stage: Stage, node: str) -> list[str]:
    """Addresses and routes."""
    addresses = json.loads(stage.run(node, "ip", "-6", "-j", "address").stdout or "[]")
    routes = json.loads(stage.run(node, "ip", "-6", "-j", "route").stdout or "[]")
    return [*(each["local"] for row in addresses for each in row.get("addr_info", [])),
            *(row["dst"] for row in routes)]


def test_a_peering_over_ipv6_alone(stage: Stage) -> None:
    stage.put(*estates.dual(**ALONE))
    all_up(stage)
    connected(stage, HOST, IN_CLOUD6)
    assert not stage.pings(HOST, IN_CLOUD)
    rows = stage.ask(PEERED, "arpTables", devicePath="primary")["value"]  # type: ignore[index,call-overload]
    assert [row["ipAddress"] for row in rows] == ["fd00:ac::1", "fd00:ac::2"]


def test_the_state_of_one_family_is_not_the_others(dual: Stage) -> None:
    off = {**estates.SIX["ipv6PeeringConfig"], "state": "Disabled"}
    dual.put(estates.peering(ipv6PeeringConfig=off))
    until(lambda: not any(is_up(customer6(dual, leg)) for leg in Leg), 10, "IPv6 to close")
    both_up(dual)
    assert dual.pings(HOST, IN_CLOUD)
    assert not dual.pings(HOST, IN_CLOUD6)
    dual.put(estates.peering(**estates.SIX, state="Disabled"))
    until(lambda: all(is_up(customer6(dual, leg)) for leg in Leg), 20, "IPv6 again")
    assert not any(is_up(customer(dual, leg)) for leg in Leg)


@pytest.mark.parametrize("daemon", ["bird", "frr"])
def test_the_101st_route_ends_the_session_of_ipv6_alone(stage: Stage, daemon: str) -> None:
    stage.put(*estates.dual((daemon, daemon)))
    all_up(stage)
    many = [f"fd00:10:0:{number:x}::/64" for number in range(1, 102)]
    stage.put(estates.site(routers=(daemon, daemon), **{**estates.SITE6, "prefixes": ["10.10.0.0/16", *many]}))
    until(lambda: not any(is_up(customer6(stage, leg)) for leg in Leg), 20, "IPv6 to end")
    both_up(stage)
    assert not {network for leg in Leg for network in networks(stage, leg)} & set(many)
    assert stage.pings(HOST, IN_CLOUD)
    stage.put(estates.site(routers=(daemon, daemon), **{**estates.SITE6, "prefixes": ["10.10.0.0/16", *many[:100]]}))
    until(lambda: all(is_up(customer6(stage, leg)) for leg in Leg), 90, "IPv6 again")


def test_a_gateway_that_tells_more_than_its_limit_loses_ipv6_and_keeps_ipv4(places: Places) -> None:
    with real_stage(places, profile=replace(AZURE, ipv6_prefix_limit=2)) as stage:
        stage.put(*estates.dual())
        all_up(stage)
        many = [f"fd00:{number}::/48" for number in range(1, 4)]
        hub = replace(estates.cloud6()[0], properties={"addressSpace": {"addressPrefixes": ["10.1.0.0/16", *many]}})
        began = stage.begin([hub])
        until(lambda: not stage.pings(HOST, IN_CLOUD6), 10, "the connection to lose IPv6")
        assert stage.pings(HOST, IN_CLOUD)
        both_up(stage)
        stage.put(estates.cloud6()[0])
        connected(stage, HOST, IN_CLOUD6)
        stage.settle(began)


def test_a_machine_sends_over_ipv6_from_its_own_address_only(dual: Stage) -> None:
    connected(dual, VM, ON_PREMISES6)
    assert dual.run(VM, "ip", "-6", "address", "add", "fd00:1::99/128", "dev", "eth0", "nodad").returncode == 0
    received = _received(dual, HOST)
    assert dual.run(VM, "ping", "-c", "3", "-i", "0.1", "-W", "0.3", "-I", "fd00:1::99", ON_PREMISES6).returncode
    assert _received(dual, HOST) == received
    assert dual.run(VM, "ping", "-c", "1", "-W", "1", "-I", IN_CLOUD6, ON_PREMISES6).returncode == 0


def _received(stage: Stage, node: str) -> int:
    """Echo requests over IPv6 that a node has counted."""
    return int(next(line.split()[1] for line in stage.run(node, "cat", "/proc/net/snmp6").stdout.splitlines()
                    if line.startswith("Icmp6InEchos ")))


def test_a_security_group_judges_ipv6_by_its_own_prefixes(dual: Stage) -> None:
    guarded = estates.cloud6()[3]
    link = estates.link(SECURITY_GROUP, "web")
    dual.put(estates.security_group(),
             replace(guarded, properties={**guarded.properties, "networkSecurityGroup": link}))
    assert dual.pings(HOST, IN_CLOUD6), "what the gateways lead to is VirtualNetwork"
    dual.put(
        estates.security_rule("six", 100, sourceAddressPrefix="fd00:10::/48", protocol="Tcp",
                                                        destinationPortRange="7001"),
        estates.security_rule("rest6", 110, "Deny", sourceAddressPrefix="::/0"))
    with listening(dual, VM, 7001, family=6), listening(dual, VM, 7002, family=6):
        until(lambda: connects(dual, HOST, IN_CLOUD6, 7001), 10, "the port that is allowed")
        assert not connects(dual, HOST, IN_CLOUD6, 7002)
    assert dual.pings(HOST, IN_CLOUD)


def test_a_route_table_leads_ipv6_through_an_appliance_and_holds_back_what_was_learned(dual: Stage) -> None:
    udr, nva = estates.link(ROUTE_TABLE, "udr"), vm_node(estates.rid(NIC, "nva"))
    default = estates.cloud6()[1]
    dual.put(estates.subnet("app", "10.1.1.0/24", addressPrefixes=["10.1.1.0/24", "fd00:1:0:1::/64"]),
             estates.subnet("dmz", "10.1.2.0/24", addressPrefixes=["10.1.2.0/24", "fd00:1:0:2::/64"]),
             _machine("vm2", 2, "app", "10.1.1.4", "fd00:1:0:1::4"),
             _machine("nva", 3, "dmz", "10.1.2.4", "fd00:1:0:2::4", enableIPForwarding=True))
    connected(dual, VM, "fd00:1:0:1::4")
    assert _forwarded(dual, nva) == 0
    dual.put(estates.route_table(disableBgpRoutePropagation=True),
             estates.route("app", "fd00:1:0:1::/64", address="fd00:1:0:2::4"),
             estates.route("none", "fd00:1:0:2::/64", "None"),
             replace(default, properties={**default.properties, "routeTable": udr}))
    assert not missing(dual)
    connected(dual, VM, "fd00:1:0:1::4")
    assert _forwarded(dual, nva) > 0
    assert not dual.pings(VM, "fd00:1:0:2::4")
    assert not dual.pings(VM, ON_PREMISES6)
    rows = {row["addressPrefix"][0]: row for row in _rows(dual, estates.rid(NIC, "vm1"), "effectiveRouteTable")}
    assert (rows["fd00:1:0:1::/64"]["state"], rows["fd00:1:0:1::/64"]["nextHopIpAddress"]) == (
        "Active", ["fd00:1:0:2::4"])
    assert "fd00:10::/48" not in rows
    dual.put(default)
    dual.delete(estates.rid(ROUTE_TABLE, "udr"))
    connected(dual, VM, ON_PREMISES6)
    assert len(dual.run(vnet_node(estates.rid(VNET, "hub")), "ip", "-6", "rule").stdout.splitlines()) == 2


def _machine(name: str, number: int, subnet: str, four: str, six: str, **changed: object) -> Resource:
    configurations = [{"name": version, "properties": {"subnet": estates.link(SUBNET, "hub", subnet),
                                                       "privateIPAddressVersion": version}}
                      for version in ("IPv4", "IPv6")]
    return estates.resource(estates.rid(NIC, name), {"ipConfigurations": configurations, **changed},
                            {"number": number, "addresses": {"IPv4": four, "IPv6": six}})


def _forwarded(stage: Stage, node: str) -> int:
    """Datagrams of IPv6 that a node has passed on."""
    return int(next(line.split()[1] for line in stage.run(node, "cat", "/proc/net/snmp6").stdout.splitlines()
                    if line.startswith("Ip6OutForwDatagrams ")))


def test_a_spoke_reaches_the_site_over_ipv6_through_the_hubs_gateway(dual: Stage) -> None:
    dual.put(*_second())
    dual.put(estates.vnet_peering("hub", "second", gained=("fd00:2::/48",), allowGatewayTransit=True),
             estates.vnet_peering("second", "hub", gained=("fd00:1::/48",), useRemoteGateways=True))
    all_up(dual)
    spoke = vm_node(estates.rid(NIC, "second-vm"))
    connected(dual, spoke, IN_CLOUD6)
    connected(dual, HOST, "fd00:2::4")
    connected(dual, HOST, "10.2.0.4")
    assert {"fd00:2::/48", "10.2.0.0/16"} <= networks(dual, Leg.PRIMARY)


def test_gateways_and_machines_tell_their_ipv6(dual: Stage) -> None:
    gateway, machine = estates.rid(GATEWAY, "gw1"), estates.rid(NIC, "vm1")
    until(lambda: ("fd00:10::/48", "fd00:1:0:ff::4") in {
        (row["network"], row["nextHop"]) for row in _rows(dual, gateway, "getLearnedRoutes")}, 10, "the site's prefix")
    told = _rows(dual, gateway, "getAdvertisedRoutes", peer="fd00:1:0:ff:0:0:0:4")
    assert {(row["network"], row["nextHop"]) for row in told} == {
        ("fd00:1::/48", "fd00:1:0:ff::c"), ("fd00:1::/48", "fd00:1:0:ff::d")}
    peers = _rows(dual, gateway, "getBgpPeerStatus", peer="fd00:1:0:ff::5")
    assert [(row["state"], row["routesReceived"]) for row in peers] == [("Connected", 1)] * 2
    routes = {row["addressPrefix"][0]: row for row in _rows(dual, machine, "effectiveRouteTable")}
    assert routes["fd00:1::/48"]["nextHopType"] == "VnetLocal"
    assert routes["fd00:10::/48"]["nextHopIpAddress"] == ["fd00:1:0:ff::c", "fd00:1:0:ff::d"]
    assert routes["::/0"]["nextHopType"] == "None"


def _rows(stage: Stage, resource: ResourceId, action: str, **parameters: str) -> list[Json]:
    return stage.ask(resource, action, **parameters)["value"]  # type: ignore[index,call-overload,no-any-return]


def test_a_peering_of_networks_for_ipv6_alone(dual: Stage) -> None:
    dual.put(*_second())
    dual.put(estates.vnet_peering("hub", "second", gained=("fd00:2::/48",), enableOnlyIPv6Peering=True),
             estates.vnet_peering("second", "hub", gained=("fd00:1::/48",)))
    spoke = vm_node(estates.rid(NIC, "second-vm"))
    connected(dual, spoke, IN_CLOUD6)
    assert not dual.pings(spoke, IN_CLOUD)


def _second() -> list[Resource]:
    """A virtual network of both families beside the hub."""
    vnet, default, machine = estates.spoke("second", 2, "10.2")
    configurations = [{"name": name, "properties": {"subnet": estates.link(SUBNET, "second", "default"),
                                                    "privateIPAddressVersion": version}}
                      for name, version in (("ipconfig1", "IPv4"), ("ipconfig6", "IPv6"))]
    return [
        replace(vnet, properties={"addressSpace": {"addressPrefixes": ["10.2.0.0/16", "fd00:2::/48"]}}),
        replace(default, properties={"addressPrefixes": ["10.2.0.0/24", "fd00:2::/64"]}),
        replace(machine, properties={"ipConfigurations": configurations}, system={
            **machine.system, "addresses": {"ipconfig1": "10.2.0.4", "ipconfig6": "fd00:2::4"}})]


def test_a_gateway_without_ipv6_carries_ipv4_beside_a_peering_with_both(stage: Stage) -> None:
    default = next(one for one in estates.whole() if one.id.name == "GatewaySubnet")
    stage.put(*estates.with_changes(estates.dual(), [default]))
    all_up(stage)
    connected(stage)
    assert not stage.pings(HOST, IN_CLOUD6)
    stage.delete(estates.rid(CONNECTION, "con1"))
