"""Route maps on a Route Server, with an appliance's own BIRD at one side and a circuit at the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import estates
import scenes
from appliances import ANNOUNCED, BEHIND, bird, forwarding, host_behind, told
from stage import Stage
from trunkline.intent.compile.draft import hub_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import GATEWAY, HUB_BGP_CONNECTION
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.circuit import Leg
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

PEER, BRANCH = estates.rid(HUB_BGP_CONNECTION, "rs1", "one"), estates.rid(GATEWAY, "gw1")
NVA = forwarding(estates.nic("nva1", 11, address="10.1.0.11"))
SITE = "10.10.0.0/16"


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as stage:
        yield stage


def rule(kind: str, *criteria: dict[str, Any], step: str = "Continue", **parameters: list[str]) -> dict[str, Any]:
    return {"matchCriteria": list(criteria), "nextStepIfMatched": step,
            "actions": [{"type": kind, "parameters": [parameters] if parameters else []}]}


def at_hub(stage: Stage) -> dict[str, str]:
    """AS path by prefix of what an instance of the Route Server has from the appliance."""
    router = scenes.router_of(stage, hub_node(estates.rid(VIRTUAL_HUB, "rs1"), 0))
    return {entry.prefix: " ".join(map(str, entry.as_path)) for entry in stage.speaker.routes(router)
            if entry.session == "nva_1"}


def at_edge(stage: Stage) -> dict[str, str]:
    return {network: path for (network, _), path in scenes.learned(stage, Leg.PRIMARY).items()}


def test_maps_change_and_drop_what_comes_in_and_what_goes_out(stage: Stage, tmp_path: Path) -> None:
    node = vm_node(NVA.id)
    stage.put(*estates.whole(), NVA, *estates.route_server(allowBranchToBranchTraffic=True),
              estates.bgp_connection("one", 1, "10.1.0.11", 65001))
    with host_behind(stage, node), bird(stage, tmp_path, node, "10.1.0.11", 65001):
        scenes.connected(stage, scenes.HOST, BEHIND)
        until(lambda: told(stage, tmp_path, node).get(SITE) == "65515 12076 65010", 20, "on-premises at the appliance")
        before = scenes.sessions(stage)
        of_site, of_nva = {"routePrefix": [SITE]}, {"matchCondition": "Equals", "asPath": ["65001"]}
        stage.put(estates.route_map("in", inbound=(PEER,), rules=(
            rule("Add", of_nva, asPath=["64600", "64601"]), rule("Add", of_nva, asPath=["64999"]))),
            estates.route_map("out", outbound=(PEER,), rules=(
                rule("Replace", of_site, asPath=["64700"], step="Terminate"), rule("Drop", of_site))))
        until(lambda: at_hub(stage) == {ANNOUNCED: "64600 64601 65001"}, 10, "the longer path at the Route Server")
        until(lambda: at_edge(stage).get(ANNOUNCED) == "65515 64600 64601 65001", 10, "and at the edge")
        until(lambda: told(stage, tmp_path, node).get(SITE) == "65515 64700", 10, "another path at the appliance")
        scenes.connected(stage, scenes.HOST, BEHIND)
        stage.put(estates.route_map("branch", outbound=(BRANCH,), rules=(rule("Drop", {"routePrefix": [ANNOUNCED]}),)))
        until(lambda: ANNOUNCED not in at_edge(stage), 10, "the edge to forget the appliance's prefix")
        assert at_hub(stage), "the network still knows it"
        stage.put(estates.route_map("branch", inbound=(BRANCH,), rules=(
            rule("Drop", {"matchCondition": "NotContains", "asPath": ["65099"]}),)))
        until(lambda: SITE not in told(stage, tmp_path, node), 10, "the appliance to forget on-premises")
        until(lambda: ANNOUNCED in at_edge(stage), 10, "the appliance's prefix at the edge again")
        assert not scenes.disturbed(before, scenes.sessions(stage)), "no session was reset"
