"""User-defined routes, on real packets: through an appliance, into nothing, beside learned routes.

One stage serves all tests: vm1 in ``default``, vm2 in ``app`` and the appliance ``nva`` (which forwards) in ``dmz``.
The site announces 10.10.0.0/16.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import estates
from flows import connects, listening
from probing import probing
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_gone, all_up, connected, missing, real_stage
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import NIC, ROUTE_TABLE, VNET
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

ROUTER = vnet_node(estates.rid(VNET, "hub"))
VM2, NVA = (vm_node(estates.rid(NIC, name)) for name in ("vm2", "nva"))
ADDRESS2, APPLIANCE = "10.1.1.4", "10.1.2.4"
UDR = estates.link(ROUTE_TABLE, "udr")


def appliance(forwards: bool = True) -> estates.Resource:
    return estates.nic("nva", 3, address=APPLIANCE, subnet="dmz", enableIPForwarding=forwards)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("udr") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole(), estates.subnet("app", "10.1.1.0/24"), estates.subnet("dmz", "10.1.2.0/24"),
                  estates.nic("vm2", 2, address=ADDRESS2, subnet="app"), appliance())
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


@contextmanager
def routed(stage: Stage, *routes: estates.Resource, **table: object) -> Iterator[None]:
    """Subnet ``default``, where vm1 is, has a table with these routes."""
    stage.put(estates.route_table(**table), *routes, estates.subnet(routeTable=UDR))
    assert not missing(stage)
    yield
    stage.put(estates.subnet())
    stage.delete(*(one.id for one in routes), estates.rid(ROUTE_TABLE, "udr"))
    assert connects_nowhere_else(stage)


def connects_nowhere_else(stage: Stage) -> bool:
    """Without a table the kernel has its own three rules only."""
    return len(stage.run(ROUTER, "ip", "rule").stdout.splitlines()) == 3



def passes_appliance(stage: Stage, address: str) -> bool:
    """Whether a packet from vm1 is forwarded by the appliance on its way."""
    before = _forwarded(stage)
    return stage.pings(VM, address) and _forwarded(stage) > before


def _forwarded(stage: Stage) -> int:
    lines = [line.split() for line in stage.run(NVA, "cat", "/proc/net/snmp").stdout.splitlines()
             if line.startswith("Ip:")]
    return int(lines[1][lines[0].index("ForwDatagrams")])


def test_an_appliance_stands_between_two_subnets(stage: Stage) -> None:
    assert not passes_appliance(stage, ADDRESS2)
    with routed(stage, estates.route("app", "10.1.1.0/24", address=APPLIANCE)), listening(stage, VM2, 80):
        assert passes_appliance(stage, ADDRESS2)
        assert connects(stage, VM, ADDRESS2, 80)
        assert not passes_appliance(stage, ON_PREMISES)


def test_an_appliance_that_may_not_forward_swallows_what_is_sent_through_it(stage: Stage) -> None:
    with routed(stage, estates.route("app", "10.1.1.0/24", address=APPLIANCE)):
        stage.put(appliance(forwards=False))
        assert not stage.pings(VM, ADDRESS2)
        assert stage.pings(VM2, APPLIANCE)
        stage.put(appliance())
        assert stage.pings(VM, ADDRESS2)


def test_the_whole_address_space_can_be_led_through_an_appliance_but_for_the_own_subnet(stage: Stage) -> None:
    stage.put(estates.nic("vm4", 4, address="10.1.0.5"))
    with routed(stage, estates.route("all", "10.1.0.0/16", address=APPLIANCE),
                estates.route("own", "10.1.0.0/24", "VnetLocal")):
        assert passes_appliance(stage, ADDRESS2)
        assert not passes_appliance(stage, "10.1.0.5")
        assert stage.pings(VM, "10.1.0.5")
    with routed(stage, estates.route("all", "10.1.0.0/16", address=APPLIANCE)):
        assert passes_appliance(stage, "10.1.0.5"), "the neighbours in the subnet too"


def test_a_default_route_takes_neither_the_virtual_network_nor_what_was_learned(stage: Stage) -> None:
    with routed(stage, estates.route("default", "0.0.0.0/0", address=APPLIANCE)):
        assert not passes_appliance(stage, ON_PREMISES)
        assert not passes_appliance(stage, ADDRESS2)
        assert stage.pings(VM, ON_PREMISES)
        before = _forwarded(stage)
        assert not stage.pings(VM, "198.51.100.1")
        assert _forwarded(stage) > before


@pytest.mark.parametrize(("prefix", "is_taken"), [
    ("10.10.0.0/16", True), ("10.10.1.0/24", True), ("10.10.1.10/32", True), ("10.8.0.0/13", False)])
def test_the_longest_prefix_decides_and_of_equals_the_users(stage: Stage, prefix: str, is_taken: bool) -> None:
    """Beside 10.10.0.0/16, as learned from the site."""
    with routed(stage, estates.route("nothing", prefix, "None")):
        assert stage.pings(VM, ON_PREMISES) is not is_taken
        assert stage.pings(VM2, ON_PREMISES), "another subnet has other routes"


def test_a_longer_route_to_the_gateway_exempts_from_a_shorter_one(stage: Stage) -> None:
    with routed(stage, estates.route("site", "10.0.0.0/8", "None"), estates.route("site-lan", "10.10.0.0/16", "None"),
                estates.route("host", "10.10.1.0/24", "VirtualNetworkGateway")):
        assert stage.pings(VM, ON_PREMISES)
        assert not stage.pings(VM, "10.10.2.1")


def test_without_propagation_a_subnet_has_no_learned_routes_but_may_ask_for_them(stage: Stage) -> None:
    with routed(stage, disableBgpRoutePropagation=True):
        assert not stage.pings(VM, ON_PREMISES)
        assert stage.pings(VM, ADDRESS2)
        assert stage.pings(VM2, ON_PREMISES)
        stage.put(estates.route("back", "10.10.0.0/16", "VirtualNetworkGateway"))
        assert stage.pings(VM, ON_PREMISES)
        stage.delete(estates.route("back", "0.0.0.0/0").id)


@pytest.mark.parametrize("next_hop", ["None", "Internet"])
def test_what_leads_nowhere_is_dropped_without_a_word(stage: Stage, next_hop: str) -> None:
    with routed(stage, estates.route("gone", f"{ADDRESS2}/32", next_hop)):
        told = stage.run(VM, "ping", "-c", "1", "-W", "0.5", ADDRESS2).stdout
        assert "100% packet loss" in told
        assert "Unreachable" not in told


def test_what_comes_from_the_gateway_is_led_by_the_table_of_its_subnet(stage: Stage) -> None:
    stage.put(estates.route_table(), estates.route("inspect", "10.1.0.0/24", address=APPLIANCE),
              estates.subnet("GatewaySubnet", "10.1.255.0/26", routeTable=UDR))
    before = _forwarded(stage)
    assert stage.pings(HOST, IN_CLOUD)
    assert _forwarded(stage) > before
    stage.put(estates.subnet("GatewaySubnet", "10.1.255.0/26"))
    before = _forwarded(stage)
    assert stage.pings(HOST, IN_CLOUD)
    assert _forwarded(stage) == before


def test_a_change_of_routes_costs_traffic_beside_it_no_packet(stage: Stage) -> None:
    with routed(stage, estates.route("app", "10.1.1.0/24", address=APPLIANCE)), probing(stage) as probe:
        stage.put(estates.route("nothing", "192.0.2.0/24", "None"), estates.route("default", "0.0.0.0/0", "None"))
        stage.put(estates.route("default", "0.0.0.0/0", "None"), estates.route("more", "10.11.0.0/16", "None"))
        stage.delete(*(estates.route(name, "0.0.0.0/0").id for name in ("nothing", "default", "more")))
    assert (probe.lost, probe.sent > 0) == (0, True)


def test_rules_and_routes_that_somebody_took_away_come_back(stage: Stage) -> None:
    with routed(stage, estates.route("app", f"{ADDRESS2}/32", "None")):
        stage.run(ROUTER, "ip", "rule", "del", "pref", "100")
        assert stage.pings(VM, ADDRESS2)
        assert missing(stage) == {("rule", f"{ROUTER}:100:n1")}
        stage.look_at_everything()
        until(lambda: not missing(stage), 10, "the rule again")
        assert not stage.pings(VM, ADDRESS2)


def test_an_appliance_that_is_replaced_is_used_again(stage: Stage) -> None:
    with routed(stage, estates.route("app", "10.1.1.0/24", address=APPLIANCE)):
        stage.delete(appliance().id)
        assert not stage.pings(VM, ADDRESS2)
        stage.put(appliance())
        assert passes_appliance(stage, ADDRESS2)


# ── effective routes ───────────────────────────────────────────────────────────────────────────────────────────────


def effective(stage: Stage, nic: str = "vm1") -> list[dict[str, object]]:
    answer = stage.ask(estates.rid(NIC, nic), "effectiveRouteTable")
    assert isinstance(answer, dict)
    rows: list[dict[str, object]] = answer["value"]
    return rows


def row(source: str, prefix: str, kind: str, *hops: str, state: str = "Active", hidden: bool = False,
        **name: str) -> dict[str, object]:
    return {**name, "source": source, "state": state, "addressPrefix": [prefix], "nextHopType": kind,
            "nextHopIpAddress": list(hops), "disableBgpRoutePropagation": hidden}


GATEWAYS = ("10.1.255.12", "10.1.255.13")


def test_effective_routes_are_what_the_kernel_has(stage: Stage) -> None:
    learned = row("VirtualNetworkGateway", "10.10.0.0/16", "VirtualNetworkGateway", *GATEWAYS)
    system = [row("Default", "0.0.0.0/0", "None"), row("Default", "10.1.0.0/16", "VnetLocal")]
    assert effective(stage) == [*system, learned]
    before = stage.run(ROUTER, "ip", "route", "show", "proto", "bird").stdout
    stage.run(ROUTER, "ip", "route", "del", "10.10.0.0/16")
    assert effective(stage) == system, "a route that the kernel has lost is in force nowhere"
    stage.run(ROUTER, "sh", "-c", f"ip route add proto bird {' '.join(before.split())}")
    assert effective(stage) == [*system, learned]


def test_a_users_route_makes_its_equal_invalid(stage: Stage) -> None:
    with routed(stage, estates.route("nothing", "10.10.0.0/16", "None"),
                estates.route("all", "10.1.0.0/16", address=APPLIANCE), estates.route("v6", "2001:db8::/32", "None")):
        assert effective(stage) == [
            row("Default", "0.0.0.0/0", "None"), row("Default", "10.1.0.0/16", "VnetLocal", state="Invalid"),
            row("VirtualNetworkGateway", "10.10.0.0/16", "VirtualNetworkGateway", *GATEWAYS, state="Invalid"),
            row("User", "10.1.0.0/16", "VirtualAppliance", APPLIANCE, name="all"),
            row("User", "10.10.0.0/16", "None", name="nothing"),
            row("User", "2001:db8::/32", "None", name="v6", state="Invalid")]
        assert len(effective(stage, "vm2")) == 3


def test_without_propagation_no_learned_route_is_in_force(stage: Stage) -> None:
    with routed(stage, estates.route("back", "10.10.0.0/16", "VirtualNetworkGateway"),
                disableBgpRoutePropagation=True):
        assert effective(stage) == [
            row("Default", "0.0.0.0/0", "None", hidden=True), row("Default", "10.1.0.0/16", "VnetLocal", hidden=True),
            row("User", "10.10.0.0/16", "VirtualNetworkGateway", name="back", hidden=True)]


# ── an appliance in a peered network ───────────────────────────────────────────────────────────────────────────────


def test_two_spokes_reach_each_other_through_the_appliance_in_their_hub(places: Places) -> None:
    """Peering alone is not transitive; a route table in each spoke leads to the hub's appliance, which forwards."""
    spokes = ("second", "third")
    second, third = (vm_node(estates.rid(NIC, f"{name}-vm")) for name in spokes)
    peerings = [one for name in spokes for one in (
        estates.vnet_peering("hub", name), estates.vnet_peering(name, "hub", allowForwardedTraffic=True))]
    with real_stage(places) as stage:
        stage.put(*estates.cloud(), *estates.spoke("second", 2, "10.2"), *estates.spoke("third", 3, "10.3"),
                  estates.subnet("dmz", "10.1.2.0/24"), estates.nic("nva", 9, address=APPLIANCE, subnet="dmz",
                                                                     enableIPForwarding=True))
        stage.put(*peerings)
        assert stage.pings(second, IN_CLOUD)
        assert not stage.pings(second, "10.3.0.4")
        stage.put(estates.route_table(), estates.route("all", "10.0.0.0/8", address=APPLIANCE))
        stage.put(*(estates.subnet("default", f"{space}.0.0/24", name, routeTable=UDR)
                    for name, space in (("second", "10.2"), ("third", "10.3"))))
        assert not missing(stage)
        assert stage.pings(second, "10.3.0.4")
        assert _forwarded(stage) == 2, "there and back"
        assert stage.pings(third, IN_CLOUD)
        assert _forwarded(stage) == 2, "the hub itself is nearer"
        assert effective(stage, "second-vm")[-1] == row("User", "10.0.0.0/8", "VirtualAppliance", APPLIANCE, name="all")
        stage.put(estates.vnet_peering("third", "hub"))
        assert not stage.pings(second, "10.3.0.4"), "the third no longer takes what the hub passes on"
        stage.put(estates.vnet_peering("third", "hub", allowForwardedTraffic=True))
        assert stage.pings(second, "10.3.0.4")
        stage.delete(estates.vnet_peering("second", "hub").id)
        until(lambda: not missing(stage), 10, "what is left to be as it ought to")
        assert not stage.pings(second, "10.3.0.4")
