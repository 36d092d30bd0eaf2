"""A Route Server on real packets: a virtual appliance (NVA) speaks BGP with both instances from inside its VM, and the
network follows what it says. Behind each NVA stands a host of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import estates
import scenes
from appliances import ANNOUNCED, BEHIND, INSTANCES, bird, forwarding, host_behind, told
from stage import Stage
from trunkline.intent.compile.draft import hub_node, vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import HUB_BGP_CONNECTION, NIC, VNET
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.circuit import Leg
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

VM, SPOKE_VM = vm_node(estates.rid(NIC, "vm1")), vm_node(estates.rid(NIC, "second-vm"))
PEER, HUB = estates.rid(HUB_BGP_CONNECTION, "rs1", "one"), estates.rid(VIRTUAL_HUB, "rs1")


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as stage:
        yield stage


def nic(number: int) -> estates.Resource:
    return forwarding(estates.nic(f"nva{number}", number + 10, address=f"10.1.0.1{number}"))


def base() -> list[estates.Resource]:
    """A network with a machine and an appliance, and a Route Server that peers with it."""
    return [*estates.cloud()[:4], nic(1), *estates.route_server(), estates.bgp_connection("one", 1, "10.1.0.11", 65001)]


def state(stage: Stage) -> str:
    with stage.store.reading() as reader:
        found = reader.get(PEER)
    return str(found.status.get("connectionState")) if found else ""


def kernel(stage: Stage, prefix: str = ANNOUNCED, network: str = "hub") -> str:
    return stage.run(vnet_node(estates.rid(VNET, network)), "ip", "route", "show", prefix).stdout


def routes(stage: Stage, action: str, instance: int) -> list[dict[str, object]]:
    answer = stage.ask(PEER, action)
    assert isinstance(answer, dict)
    return list(answer[f"RouteServiceRole_IN_{instance}"])


def test_what_an_nva_announces_is_reached_through_it_until_it_dies(stage: Stage, tmp_path: Path) -> None:
    stage.put(*base())
    node = vm_node(nic(1).id)
    assert state(stage) == "NotConnected"
    with host_behind(stage, node):
        with bird(stage, tmp_path, node, "10.1.0.11", 65001) as pid:
            scenes.connected(stage, VM, BEHIND)
            until(lambda: state(stage) == "Connected", 10, "the bgpConnection to be Connected")
            until(lambda: told(stage, tmp_path, node) == {"10.1.0.0/16": "65515"}, 10, "the NVA to be told")
            for instance, address in enumerate(INSTANCES):
                assert routes(stage, "learnedRoutes", instance) == [{
                    "localAddress": address, "network": ANNOUNCED, "nextHop": "10.1.0.11", "sourcePeer": "10.1.0.11",
                    "origin": "EBgp", "asPath": "65001", "weight": 32768}]
                assert routes(stage, "advertisedRoutes", instance) == [{
                    "localAddress": address, "network": "10.1.0.0/16", "nextHop": address, "sourcePeer": address,
                    "origin": "Igp", "asPath": "65515", "weight": 0}]
            os.kill(pid, signal.SIGKILL)
            until(lambda: not kernel(stage), 10, "the route to go")
        assert not stage.pings(VM, BEHIND)
        until(lambda: state(stage) == "NotConnected", 10, "the bgpConnection to be NotConnected")
        assert routes(stage, "learnedRoutes", 0) == []
    assert not scenes.missing(stage)


def test_several_nvas_share_the_load_and_one_may_go(stage: Stage, tmp_path: Path) -> None:
    stage.put(*base(), nic(2), estates.bgp_connection("two", 2, "10.1.0.12", 65001))
    with ExitStack() as running:
        running.enter_context(bird(stage, tmp_path, vm_node(nic(1).id), "10.1.0.11", 65001))
        second = running.enter_context(bird(stage, tmp_path, vm_node(nic(2).id), "10.1.0.12", 65001))
        until(lambda: all(f"via 10.1.0.1{n}" in kernel(stage) for n in (1, 2)), 20, "both next hops")
        os.kill(second, signal.SIGKILL)
        until(lambda: "10.1.0.12" not in kernel(stage), 10, "one to go")
        assert "via 10.1.0.11" in kernel(stage)


def test_branches_learn_of_each_other_only_with_branch_to_branch_traffic(stage: Stage, tmp_path: Path) -> None:
    node = vm_node(nic(1).id)
    stage.put(*estates.whole(), *base())
    scenes.both_up(stage)
    with host_behind(stage, node), bird(stage, tmp_path, node, "10.1.0.11", 65001):
        scenes.connected(stage, VM, BEHIND)
        assert told(stage, tmp_path, node).keys() == {"10.1.0.0/16"}
        assert not stage.pings(scenes.HOST, BEHIND)
        stage.put(*estates.route_server(allowBranchToBranchTraffic=True))
        scenes.connected(stage, scenes.HOST, BEHIND)
        until(lambda: told(stage, tmp_path, node).get("10.10.0.0/16") == "65515 12076 65010", 10, "on-premises")
        assert any(network == ANNOUNCED and path == "65515 65001"
                   for (network, _), path in scenes.learned(stage, Leg.PRIMARY).items())
        stage.put(*estates.route_server())
        until(lambda: not stage.pings(scenes.HOST, BEHIND), 10, "the branches to part")
        until(lambda: told(stage, tmp_path, node).keys() == {"10.1.0.0/16"}, 10, "on-premises to be withdrawn")
        assert stage.pings(VM, BEHIND)


def test_a_spoke_that_borrows_learns_of_nvas_and_may_have_its_own(stage: Stage, tmp_path: Path) -> None:
    """Of two appliances one stands in the hub, one in the spoke; each network reaches what is behind either."""
    far = forwarding(estates.nic("far", 20, address="10.2.0.20", vnet="second"))
    stage.put(*base(), *estates.spoke("second", 2, "10.2"), far, *estates.lending("hub", "second"),
              estates.bgp_connection("far", 2, "10.2.0.20", 65002))
    near, away = vm_node(nic(1).id), vm_node(far.id)
    with ExitStack() as running:
        running.enter_context(host_behind(stage, near))
        running.enter_context(bird(stage, tmp_path, near, "10.1.0.11", 65001))
        running.enter_context(host_behind(stage, away, "10.98.0.10"))
        running.enter_context(bird(stage, tmp_path, away, "10.2.0.20", 65002, "10.98.0.0/16"))
        for source in (VM, SPOKE_VM):
            for address in (BEHIND, "10.98.0.10"):
                scenes.connected(stage, source, address)
        every = {"10.1.0.0/16", "10.2.0.0/16", "10.98.0.0/16"}
        until(lambda: told(stage, tmp_path, near).keys() == every, 10, "one NVA to be told what the other announces")


def test_no_advertise_keeps_a_route_from_other_nvas_and_not_from_the_network(stage: Stage, tmp_path: Path) -> None:
    stage.put(*base(), nic(2), estates.bgp_connection("two", 2, "10.1.0.12", 65002))
    other = vm_node(nic(2).id)
    with ExitStack() as running:
        running.enter_context(bird(stage, tmp_path, vm_node(nic(1).id), "10.1.0.11", 65001, marked="10.97.0.0/16"))
        running.enter_context(bird(stage, tmp_path, other, "10.1.0.12", 65002, "10.98.0.0/16"))
        for prefix in (ANNOUNCED, "10.97.0.0/16", "10.98.0.0/16"):
            until(lambda prefix=prefix: kernel(stage, prefix), 20, f"{prefix} in the network")  # type: ignore[misc]
        until(lambda: told(stage, tmp_path, other).get(ANNOUNCED) == "65515 65001", 10, "the other NVA to be told")
        assert told(stage, tmp_path, other).keys() == {"10.1.0.0/16", ANNOUNCED}


def test_a_route_server_goes_without_a_trace(stage: Stage, tmp_path: Path) -> None:
    stage.put(*base())
    with bird(stage, tmp_path, vm_node(nic(1).id), "10.1.0.11", 65001):
        until(lambda: kernel(stage), 20, "the route")
        stage.delete(HUB)
        until(lambda: not kernel(stage), 10, "the route to go")
    assert not {hub_node(HUB, instance) for instance in (0, 1)} & stage.plane.nodes()
    assert not scenes.missing(stage)
