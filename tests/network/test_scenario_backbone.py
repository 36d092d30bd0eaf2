"""The backbone on real routers and packets: both legs' planes, broken links and routers, links that are bad."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest

import estates
from conditions import span_line
from probing import both_legs_carry, probing
from scenes import Footprint, all_gone, all_up, connected, missing, pids, real_stage, sessions
from stage import Stage
from trunkline import settings
from trunkline.assembly.doctor import backbone_facts
from trunkline.intent.allocation import backbone_address6, core_loopback, span_addresses
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import BACKBONE_MTU, core_scope, span_scope, vrf_node
from trunkline.intent.compile.plant import CROSSING, backbone_interface, core_node
from trunkline.intent.drivers import Change
from trunkline.intent.network import Node, Wire
from trunkline.intent.span import AVOIDED
from trunkline.intent.view import CIRCUIT, IMPAIRMENT
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE, LinkBounds
from trunkline.reconcile.path_selection import expected_round_trip_ms
from trunkline.settings import Places
from waiting import until
from wires import echoes, echoes6

pytestmark = pytest.mark.root

P, S = Leg.PRIMARY, Leg.SECONDARY
LOCATION, REGION = "amsterdam", "westeurope"
PATHS = {leg: backbone().path(LOCATION, REGION, leg) for leg in Leg}
#: Quick to decide, so that nobody waits.
QUICK = replace(AZURE, link_bounds=LinkBounds(leave_s=0.5, return_s=2))

#: What may be lost, of 1,000 packets a second, while two routers calculate at different moments of a second.
LOOP_PACKETS = 500


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("backbone") / "home")).places
    with real_stage(places, profile=QUICK) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        connected(stage)
        until(lambda: not _strangers(stage), 20, "all routers to know their neighbours")
        until(lambda: all(_next_hop(stage, leg) for leg in Leg), 20, "OSPF's routes")
        yield stage
    all_gone(places)


@pytest.fixture(autouse=True)
def whole_again(stage: Stage) -> Iterator[None]:
    yield
    with stage.store.reading() as reader:
        left = [one.id for one in reader.list(IMPAIRMENT)]
    stage.delete(*left)
    until(lambda: not _avoided(stage), 40, "all links to be trusted again")
    until(lambda: not _strangers(stage), 20, "all routers to know their neighbours again")
    all_up(stage)


def _neighbours(stage: Stage, site: str, leg: Leg) -> set[tuple[str, int]]:
    """Over which interfaces and families."""
    with stage.store.reading() as reader:
        router, = compile(core_scope(site, leg), reader, QUICK).routers
    return {(one.interface, one.family) for one in stage.speaker.adjacencies(router) if one.state == "Full"}


def _strangers(stage: Stage) -> list[str]:
    """Links of the paths that are not known at both ends in both families."""
    return [f"{leg} {here} {there} {family}" for leg, path in PATHS.items() for one, other in pairwise(path)
            for here, there in ((one, other), (other, one)) for family in (4, 6)
            if (backbone_interface(there), family) not in _neighbours(stage, here, leg)]


def _next_hop(stage: Stage, leg: Leg, site: str = LOCATION, protocol: str = "bird") -> str:
    """The interface over which a location's router leads to the region's of the same leg; empty without a route."""
    wanted = f"{core_loopback(REGION, leg)}/32"
    return next((hop[1] for route in stage.plane.routes(core_node(site, leg))
                 if (route.prefix, route.protocol) == (wanted, protocol) for hop in route.next_hops), "")


def _avoided(stage: Stage) -> int:
    with stage.store.reading() as reader:
        return len(reader.list(AVOIDED))


def _reached(stage: Stage, leg: Leg) -> bool:
    return echoes(stage.places, core_node(LOCATION, leg), core_loopback(REGION, leg), deadline_s=0.2) == 1


def _reached6(stage: Stage, leg: Leg) -> bool:
    with suppress(OSError):  # there is no route yet
        return echoes6(stage.places, core_node(LOCATION, leg), backbone_address6(core_loopback(REGION, leg))) == 1
    return False


def test_each_leg_takes_its_own_way_over_both_protocols(stage: Stage) -> None:
    until(lambda: all(_next_hop(stage, leg) == backbone_interface(PATHS[leg][1]) for leg in Leg), 15, "both ways")
    assert not set(PATHS[P][1:-1]) & set(PATHS[S][1:-1])
    for leg in Leg:
        until(lambda leg=leg: _reached6(stage, leg), 15, "an answer over OSPFv3's way")


def test_a_link_that_is_cut_in_one_plane_costs_the_other_leg_nothing(stage: Stage) -> None:
    before = _sessions_of(stage, S)
    assert before
    cut = span_line(LOCATION, REGION, "primary", lossInPercent=100)
    with probing(stage) as probe:
        both_legs_carry(stage)
        stage.put(cut)
        until(lambda: _next_hop(stage, P) == CROSSING, 10, "the primary leg to take the other plane")
    assert _reached(stage, S)
    assert _sessions_of(stage, S) == before
    assert probe.lost < probe.sent / 2
    stage.delete(cut.id)
    until(lambda: _next_hop(stage, P) == backbone_interface(REGION), 30, "the primary leg to be back in its plane")


def test_a_leg_survives_the_loss_of_its_own_plane(stage: Stage) -> None:
    cut = span_line(LOCATION, REGION, "primary", lossInPercent=100)
    stage.put(cut)
    until(lambda: _next_hop(stage, P) == CROSSING, 10, "the other plane")
    until(lambda: _reached(stage, P), 10, "an answer over the other plane")
    all_up(stage)
    connected(stage)
    stage.delete(cut.id)


def test_traffic_leaves_a_link_that_loses_frames_and_returns_once(stage: Stage) -> None:
    bad = span_line(LOCATION, REGION, "primary", lossInPercent=10)
    moves = _moves(stage)
    stage.put(bad)
    until(lambda: _avoided(stage) == 1, 20, "the link to be avoided")
    until(lambda: _next_hop(stage, P) == CROSSING and _reached(stage, P), 10, "the other way")
    all_up(stage)
    stage.delete(bad.id)
    with probing(stage) as probe:
        until(lambda: _next_hop(stage, P) == backbone_interface(REGION), 30, "traffic to return")
        until(lambda: not _avoided(stage), 20, "the link to be trusted again")
        both_legs_carry(stage)
    assert probe.lost <= LOOP_PACKETS, probe
    assert _moves(stage) - moves == 2


def test_a_link_that_takes_too_long_is_left_as_well(stage: Stage) -> None:
    slow = span_line(LOCATION, REGION, "primary", delayInMilliseconds=40)
    stage.put(slow)
    until(lambda: _avoided(stage) == 1, 20, "the link to be avoided")
    until(lambda: _next_hop(stage, P) == CROSSING, 20, "traffic to leave")
    stage.delete(slow.id)
    until(lambda: _next_hop(stage, P) == backbone_interface(REGION), 30, "traffic to return")


@pytest.mark.slow
def test_the_doctor_names_the_end_that_is_not_heard_and_an_mtu_that_differs(stage: Stage) -> None:
    node, interface = core_node(LOCATION, P), backbone_interface(REGION)
    one_way = estates.fault(kind="backboneLink", site="Amsterdam", to="westeurope", leg="primary", direction="out")
    until(lambda: not _troubles(stage), 20, "a backbone that is well")
    stage.put(one_way)
    until(lambda: any("not heard" in one and LOCATION in one for one in _troubles(stage)), 20, "one end to be silent")
    assert stage.run(node, "ip", "link", "set", interface, "mtu", "1400").returncode == 0
    stage.delete(one_way.id)
    until(lambda: any("MTU mismatch" in one for one in _troubles(stage)), 20, "the difference to be told")
    stage.run(node, "ip", "link", "set", interface, "mtu", str(BACKBONE_MTU))
    until(lambda: not _troubles(stage), 40, "a backbone that is well")


def _troubles(stage: Stage) -> list[str]:
    with stage.store.reading() as reader:
        found = backbone_facts(reader, stage.speaker, settings.load({}, home=str(stage.places.home)))
        return [f"{fact.name} {fact.detail}" for fact in found if not fact.present]


def test_a_router_whose_daemon_is_killed_costs_one_leg_and_is_back(stage: Stage) -> None:
    """The one in the middle of the secondary leg's path."""
    node = core_node(PATHS[S][1], S)
    before = _sessions_of(stage, P)
    os.kill(int(pids(stage)["daemon", node, "bird.pid"]), signal.SIGKILL)
    connected(stage)
    until(lambda: not missing(stage), 20, "the router to be back")
    assert _sessions_of(stage, P) == before


def _sessions_of(stage: Stage, leg: Leg) -> Footprint:
    """Of its VRF, and those of gateways with it."""
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), leg)
    return {key: since for key, since in sessions(stage).items() if key[1] == vrf or leg in key[2]}


def _moves(stage: Stage) -> int:
    with stage.store.reading() as reader:
        return sum("/links/" in one.action for one in reader.activities(estates.rid(CIRCUIT, "er1"), 100))


def test_geography_is_felt(places: Places) -> None:
    """Of a link under an ocean, without a router."""
    felt = replace(AZURE, felt_latency=True)
    ends, estate = ("dublin", "new york"), estates.snapshot()
    span = backbone().span(*ends)
    assert span
    pieces = [*(piece for site in ends for piece in compile(core_scope(site, P), estate, felt).pieces),
              *compile(span_scope(*ends, P), estate, felt).pieces]
    with real_stage(places) as stage:
        stage.plane.apply(Change(ensure=tuple(pieces)))
        assert stage.plane.observe(pieces) == {piece.key for piece in pieces}
        assert sum(isinstance(piece, Node) for piece in pieces) == 2
        gauge, found = stage.plane.gauge(), list[float]()
        wire = Wire(core_node(span.a, P), backbone_interface(span.b), span_addresses(span, P)[1])

        def answered() -> bool:
            found.extend(one * 1000 for one in gauge.beat((wire,)).get(wire, ()) if one is not None)
            return len(found) >= 5
        try:
            until(answered, 20, "five echoes", every_s=0.05)
        finally:
            gauge.close()
        expected_ms = expected_round_trip_ms(span, felt)
        assert expected_ms > 30
        assert min(found) >= expected_ms
