"""The main job on real packets: a circuit between a site and a virtual network, whole and broken on purpose.

Every scenario runs with the site's routers in BIRD and in FRR.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
from stage import Stage
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import ce_node, host_node, instance_node, vnet_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, CONNECTION, EXCHANGE_ORDER, GATEWAY, NIC, PEERING, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

HOST = host_node(estates.rid(SITE, "paris"), "h1")
VM = vm_node(estates.rid(NIC, "vm1"))
ON_PREMISES, IN_CLOUD = "10.10.1.10", "10.1.0.4"


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    plane, speaker = LinuxPlane(places), Daemons(BirdSpeaker(places), FrrSpeaker(places))
    stage = Stage(places, plane, speaker)
    try:
        yield stage
    finally:
        stage.close()
        speaker.sweep()
        plane.sweep()


@pytest.fixture(params=[("bird", "bird"), ("frr", "frr")], ids=["bird", "frr"])
def circuit(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    stage.put(*estates.whole(routers=request.param))
    until(lambda: stage.pings(HOST, IN_CLOUD), 20, "the first ping")
    return stage


@pytest.fixture
def bird(stage: Stage) -> Stage:
    stage.put(*estates.whole())
    until(lambda: stage.pings(HOST, IN_CLOUD), 20, "the first ping")
    until(lambda: all(customer(stage, leg) == "Established" for leg in Leg), 20, "both legs")
    return stage


def customer(stage: Stage, leg: Leg) -> str:
    """State of the customer's session on a leg, as ``list-route-tables-summary`` tells it."""
    peer = {Leg.PRIMARY: "172.16.0.1", Leg.SECONDARY: "172.16.0.5"}[leg]
    rows = stage.ask(estates.rid(PEERING, "er1", "AzurePrivatePeering"), "routeTablesSummary", devicePath=leg.value)
    row = next(row for row in rows["value"] if row["neighbor"] == peer)  # type: ignore[index,call-overload]
    return "Established" if row["statePfxRcd"].isdigit() else row["statePfxRcd"]


def customer_mac(stage: Stage, leg: Leg) -> str:
    arp = stage.ask(estates.rid(PEERING, "er1", "AzurePrivatePeering"), "arpTables", devicePath=leg.value)
    return str(arp["value"][0]["macAddress"])  # type: ignore[index,call-overload]


def paths(stage: Stage, leg: Leg) -> dict[tuple[str, str], str]:
    """AS path by network and next hop, as ``list-route-tables`` tells it."""
    rows = stage.ask(estates.rid(PEERING, "er1", "AzurePrivatePeering"), "routeTables", devicePath=leg.value)
    return {(row["network"], row["nextHop"]): row["path"] for row in rows["value"]}  # type: ignore[index,call-overload]


def both_up(stage: Stage) -> None:
    until(lambda: all(customer(stage, leg) == "Established" for leg in Leg), 20, "both legs Established")


def applied_scopes(stage: Stage) -> tuple[str, ...]:
    with stage.store.reading() as reader:
        return reader.applied_scopes()


def restarted(stage: Stage) -> Stage:
    """A new control plane over the same home."""
    speaker = Daemons(BirdSpeaker(stage.places), FrrSpeaker(stage.places))
    return Stage(stage.places, LinuxPlane(stage.places), speaker)


def pid_of(stage: Stage, node: str) -> int:
    """0 while a daemon that has just started has not yet filled its file."""
    return int((stage.places.run / "nodes" / node / "bird.pid").read_text() or 0)


def test_a_host_reaches_the_cloud_and_back_and_the_tables_tell_the_truth(circuit: Stage) -> None:
    both_up(circuit)
    assert circuit.pings(VM, ON_PREMISES)
    peering = estates.rid(PEERING, "er1", "AzurePrivatePeering")
    for leg, customer_end in ((Leg.PRIMARY, "172.16.0.1"), (Leg.SECONDARY, "172.16.0.5")):
        until(lambda leg=leg, end=customer_end: paths(circuit, leg) == {  # type: ignore[misc]
            ("10.10.0.0/16", end): "65010",
            ("10.1.0.0/16", "10.1.255.12"): "65515",
            ("10.1.0.0/16", "10.1.255.13"): "65515"}, 10, "exactly these routes")
        arp = circuit.ask(peering, "arpTables", devicePath=leg.value)["value"]  # type: ignore[index,call-overload]
        assert arp[0]["ipAddress"] == customer_end
        assert all(row["macAddress"].count(".") == 2 for row in arp)
    before = circuit.ask(peering, "stats")
    assert circuit.run(HOST, "ping", "-c", "10", "-i", "0.01", "-s", "1000", IN_CLOUD).returncode == 0
    after = circuit.ask(peering, "stats")
    grown = sum(after[name] - before[name] for name in ("primaryBytesIn", "secondaryBytesIn"))  # type: ignore[index,call-overload,operator]
    assert grown >= 10 * 1042


def test_the_customer_sees_the_address_space_with_path_12076_only(circuit: Stage) -> None:
    both_up(circuit)
    node = ce_node(estates.rid(SITE, "paris"), "ce1")
    kernel = json.loads(circuit.run(node, "ip", "-j", "route", "show", "10.1.0.0/16").stdout)
    assert kernel
    router = next(r for r in _site_routers(circuit) if r.node == node)
    paths = {entry.as_path for entry in circuit.speaker.routes(router) if entry.prefix == "10.1.0.0/16"}
    assert (12076,) in paths
    assert all(65515 not in path for path in paths)


def _site_routers(stage: Stage) -> tuple[Router, ...]:
    with stage.store.reading() as reader:
        return compile(Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key), reader, AZURE).routers


def test_a_silent_failure_of_either_leg_leaves_the_site_connected_and_heals(circuit: Stage) -> None:
    both_up(circuit)
    for leg in Leg:
        fault = estates.fault(circuit=estates.link(CIRCUIT, "er1"), leg=leg.value)
        circuit.put(fault)
        until(lambda leg=leg: customer(circuit, leg) != "Established", 10, "BFD to notice")  # type: ignore[misc]
        until(lambda: circuit.pings(HOST, IN_CLOUD), 10, "traffic on the other leg")
        circuit.delete(fault.id)
        both_up(circuit)
        until(lambda: circuit.pings(HOST, IN_CLOUD), 5, "traffic with both legs again")


def test_deleting_everything_leaves_no_namespace_no_daemon_no_record(circuit: Stage) -> None:
    circuit.delete_all()
    until(lambda: not applied_scopes(circuit), 20, "the plant to be released")
    assert not circuit.plane.nodes()
    nodes = circuit.places.run / "nodes"
    assert not nodes.exists() or not list(nodes.iterdir())


def test_a_dead_daemon_is_started_again_and_the_other_leg_never_notices(bird: Stage) -> None:
    vrf, other = (vrf_node(estates.rid(CIRCUIT, "er1"), leg) for leg in Leg)
    first, untouched = pid_of(bird, vrf), pid_of(bird, other)
    os.kill(first, signal.SIGKILL)
    pid_file = bird.places.run / "nodes" / vrf / "bird.pid"
    until(lambda: pid_file.exists() and pid_of(bird, vrf) not in (0, first), 5, "a new one")
    both_up(bird)
    assert pid_of(bird, other) == untouched


def test_every_daemon_killed_at_once_comes_back(bird: Stage) -> None:
    nodes = [*(vrf_node(estates.rid(CIRCUIT, "er1"), leg) for leg in Leg), vnet_node(estates.rid(VNET, "hub")),
             *(instance_node(estates.rid(GATEWAY, "gw1"), i) for i in (0, 1))]
    for node in nodes:
        os.kill(pid_of(bird, node), signal.SIGKILL)
    until(lambda: bird.pings(HOST, IN_CLOUD), 20, "traffic again")
    both_up(bird)


def test_a_restarted_control_plane_adopts_what_runs(bird: Stage) -> None:
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
    pid = pid_of(bird, vrf)
    bird.close()
    assert bird.pings(HOST, IN_CLOUD)
    again = restarted(bird)
    until(lambda: not again.reconciler.busy, 20, "adoption")
    assert pid_of(again, vrf) == pid
    assert customer(again, Leg.PRIMARY) == "Established"
    again.close()


def test_after_a_reboot_everything_comes_back_from_the_store(bird: Stage) -> None:
    bird.close()
    bird.speaker.sweep()
    bird.plane.sweep()
    again = restarted(bird)
    until(lambda: again.pings(HOST, IN_CLOUD), 30, "the first ping after the reboot")
    both_up(again)
    again.close()


def test_two_customers_with_equal_addresses_work_at_once_and_cannot_meet(bird: Stage) -> None:
    bird.put(*estates.whole(number=2, group="rg2"))
    other = host_node(estates.rid(SITE, "paris", group="rg2"), "h1")
    until(lambda: bird.pings(other, IN_CLOUD), 20, "the second customer's first ping")
    assert bird.pings(HOST, IN_CLOUD)
    theirs = vm_node(estates.rid(NIC, "vm1", group="rg2"))
    listening = bird.run(theirs, "ip", "-s", "-j", "link", "show", "eth0").stdout
    before = json.loads(listening)[0]["stats64"]["rx"]["packets"]
    assert bird.run(HOST, "ping", "-c", "50", "-i", "0.01", IN_CLOUD).returncode == 0
    after = json.loads(bird.run(theirs, "ip", "-s", "-j", "link", "show", "eth0").stdout)[0]["stats64"]["rx"]["packets"]
    assert after - before < 10


@pytest.mark.parametrize("wrong", [{"vlanId": 200}, {"peerASN": 65099}], ids=["vlan", "asn"])
def test_a_customers_mistake_on_one_leg_leaves_the_other_and_heals_when_mended(
        bird: Stage, wrong: dict[str, object]) -> None:
    mistaken(bird, wrong)
    if "vlanId" in wrong:
        edge = edge_node("Amsterdam", Leg.PRIMARY)
        until(lambda: sum(c.packets for c in bird.plane.counters(edge).dropped().values()) > 0, 10,
              "drops with a reason")
    bird.put(estates.order())
    both_up(bird)


def test_a_wrong_key_keeps_a_leg_that_was_down_from_coming_up_and_heals_when_mended(bird: Stage) -> None:
    """Under a session that is up a key is changed without a reset, so the leg is taken down by a wrong VLAN first."""
    mistaken(bird, {"vlanId": 200}, key="another")
    mistaken(bird, {}, key="another")
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
    until(lambda: bird.plane.refused(vrf).get("TCPMD5Failure"), 10, "the kernel to refuse what the key does not fit")
    assert customer(bird, Leg.PRIMARY) != "Established"
    bird.put(estates.order())
    both_up(bird)


def mistaken(stage: Stage, wrong: dict[str, object], key: str = "") -> None:
    """The primary leg ordered like that is down, and the site connected."""
    secrets = {"primary.sharedKey": key} if key else {}
    stage.put(replace(estates.order(primary={"router": "ce1", **wrong}), secrets=secrets))
    until(lambda: customer(stage, Leg.PRIMARY) != "Established", 20, "the primary to go down")
    assert customer(stage, Leg.SECONDARY) == "Established"
    until(lambda: stage.pings(HOST, IN_CLOUD), 10, "traffic on the secondary")


@pytest.mark.slow
def test_a_customer_who_falls_silent_becomes_incomplete_in_the_arp_table(bird: Stage) -> None:
    bird.put(estates.order(primary={"router": "ce1", "vlanId": 200}))
    until(lambda: customer_mac(bird, Leg.PRIMARY) == "Incomplete", 90, "the kernel to give up the entry", every_s=0.5)


def test_the_operation_succeeds_although_the_customers_router_is_down(stage: Stage) -> None:
    down = estates.site(routers=("bird", "bird"))
    down.properties["routers"][0]["down"] = True
    stage.put(*[down if r.id.key == down.id.key else r for r in estates.whole()])
    until(lambda: customer(stage, Leg.SECONDARY) == "Established", 20, "the secondary")
    assert customer(stage, Leg.PRIMARY) != "Established"


def test_a_disabled_peering_closes_both_sessions_and_enabling_opens_them(bird: Stage) -> None:
    bird.put(estates.peering(state="Disabled"))
    until(lambda: all(customer(bird, leg) != "Established" for leg in Leg), 10, "both sessions to close")
    assert not bird.pings(HOST, IN_CLOUD)
    bird.put(estates.peering())
    both_up(bird)


def test_a_site_with_one_router_uses_both_legs(stage: Stage) -> None:
    one = estates.site(routers=("bird",))
    both = estates.order(primary={"router": "ce1"}, secondary={"router": "ce1"})
    mine = {one.id.key: one, both.id.key: both}
    stage.put(*[mine.get(r.id.key, r) for r in estates.whole()])
    both_up(stage)
    until(lambda: stage.pings(HOST, IN_CLOUD), 10, "the first ping")


def test_no_provider_no_packets(stage: Stage) -> None:
    stage.put(*[r for r in estates.whole() if "CrossConnection" not in r.id.group],
              estates.circuit(provisioned=False)[1])
    assert customer(stage, Leg.PRIMARY) != "Established"
    stage.put(estates.circuit()[1])
    both_up(stage)


def test_connection_and_gateway_can_go_while_the_circuit_stays(bird: Stage) -> None:
    bird.delete(estates.rid(CONNECTION, "con1"))
    until(lambda: not bird.pings(HOST, IN_CLOUD), 10, "the VNet to be unreachable")
    assert customer(bird, Leg.PRIMARY) == "Established"
    bird.delete(estates.rid(GATEWAY, "gw1"))
    assert not [node for node in bird.plane.nodes() if node.startswith("gateway")]
    bird.delete(estates.rid(EXCHANGE_ORDER, "er1-order"))
    until(lambda: customer(bird, Leg.PRIMARY) != "Established", 10, "the customer's session to close")
