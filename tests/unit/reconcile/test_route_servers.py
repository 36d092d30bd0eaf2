"""What customers see of a Route Server is what its sessions are, whoever is at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import estates
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import PERMIT_ALL, Origin, Router, Session
from trunkline.intent.compile.draft import hub_node, instance_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import GATEWAY, HUB_BGP_CONNECTION, NIC
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.profile import AZURE
from trunkline.model.site import Daemon
from trunkline.reconcile.route_servers import refresh_bgp_connections
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

PEER, NVA = estates.rid(HUB_BGP_CONNECTION, "rs1", "one"), vm_node(estates.rid(NIC, "vm1"))
INSTANCES = ("10.1.254.4", "10.1.254.5")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = SimulatedPlane()
    found = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path))
    stage = Stage(found.places, plane, SimulatedSpeaker(plane))
    stage.put(*estates.whole(), *estates.route_server(), estates.bgp_connection("one", 1, "10.1.0.4", 65001))
    yield stage
    stage.close()


def appliance(*prefixes: str) -> Router:
    """What a user would start in the virtual machine."""
    sessions = tuple(Session(f"rs{number}", "rs", "", "10.1.0.4", address, 65001, 65515, PERMIT_ALL, PERMIT_ALL)
                     for number, address in enumerate(INSTANCES))
    return Router(NVA, Daemon.BIRD, 65001, "10.1.0.4", sessions, tuple(Origin(prefix) for prefix in prefixes))


def seen(stage: Stage) -> str:
    refresh_bgp_connections(stage.store, stage.speaker, AZURE)
    with stage.store.reading() as reader:
        found = reader.get(PEER)
    return str(found.status["connectionState"]) if found else ""


def routes(stage: Stage, action: str) -> list[dict[str, object]]:
    answer = stage.ask(PEER, action)
    assert isinstance(answer, dict)
    assert answer.keys() == {"RouteServiceRole_IN_0", "RouteServiceRole_IN_1"}
    return list(answer["RouteServiceRole_IN_0"])


def test_a_bgp_connection_is_there_without_its_peer_and_connected_only_with_it(stage: Stage) -> None:
    assert seen(stage) == "NotConnected"
    assert routes(stage, "learnedRoutes") == routes(stage, "advertisedRoutes") == []
    stage.speaker.apply(appliance("10.99.0.0/16"))
    assert seen(stage) == "Connected"
    assert [(row["network"], row["nextHop"], row["asPath"]) for row in routes(stage, "learnedRoutes")] == [
        ("10.99.0.0/16", "10.1.0.4", "65001")]
    assert [(row["network"], row["asPath"]) for row in routes(stage, "advertisedRoutes")] == [("10.1.0.0/16", "65515")]
    stage.speaker.remove(NVA)
    assert seen(stage) == "NotConnected"


def test_nobody_overrides_the_address_space_of_the_network(stage: Stage) -> None:
    stage.speaker.apply(appliance("10.1.0.0/24", "10.99.0.0/16"))
    assert [row["network"] for row in routes(stage, "learnedRoutes")] == ["10.99.0.0/16"]


def test_the_daemons_of_a_deleted_route_server_are_gone_and_the_gateways_stay(stage: Stage) -> None:
    stage.put(*estates.route_server(allowBranchToBranchTraffic=True))
    stage.delete(estates.rid(VIRTUAL_HUB, "rs1"))
    assert not [node for node in stage.plane.nodes() if node in (hub_node(estates.rid(VIRTUAL_HUB, "rs1"), 0),)]
    assert instance_node(estates.rid(GATEWAY, "gw1"), 0) in stage.plane.nodes()
