"""Global Reach on real packets: sites behind circuits at different peering locations meet, without any network."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
import reaching
from flows import flooding
from outages import REGION_BETWEEN, between_sites, detection_ms, is_settled, probed
from probing import PER_SECOND, probing
from scenes import all_gone, all_up, connected, disturbed, footprint, missing, real_stage, router_of
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import CUSTOMER, host_node, vrf_node
from trunkline.intent.compile.plant import backbone_interface, core_node, edge_node
from trunkline.intent.compile.reach import reach_counter
from trunkline.intent.estate import Remembered
from trunkline.intent.network import Counter, Direction
from trunkline.intent.reach import reach_view
from trunkline.intent.view import CIRCUIT
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.plant import site_named
from trunkline.model.profile import AZURE
from trunkline.model.reach_status import LinkStatus, Side, link_status
from waiting import until

pytestmark = pytest.mark.root

HOSTS = {number: host_node(reaching.site_id(number), "h1") for number in reaching.SITES}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Paris and Rome, one of them with FRR, and linked."""
    places = settings.load({}, home=str(tmp_path_factory.mktemp("reach") / "home")).places
    with real_stage(places) as ready:
        ready.put(*reaching.premises(1), *reaching.premises(2, ("frr", "frr")), reaching.link(**reaching.IPV6))
        all_up(ready)
        meet(ready)
        yield ready
    all_gone(places)


def meet(stage: Stage) -> None:
    for here, there in ((1, 2), (2, 1)):
        connected(stage, HOSTS[here], reaching.host_address(there))
        connected(stage, HOSTS[here], reaching.host_address6(there))


def carried(stage: Stage, number: int = 1) -> dict[tuple[Leg, Direction], int]:
    """Packets that an edge has counted on the link, in its own counters."""
    with stage.store.reading() as reader:
        found = reader.get(reaching.link_id())
        view = reach_view(Remembered(reader), found) if found else None
    assert view
    place = reaching.SITES[number][1]
    return {(leg, direction): stage.plane.counters(edge_node(place, leg)).attachments[
        reach_counter(view, leg), direction].packets for leg in Leg for direction in Direction}


def observed(stage: Stage, side: Side, family: int = 4) -> LinkStatus:
    with stage.store.reading() as reader:
        found = reader.get(reaching.link_id())
    assert found
    return link_status(found, side, family)


def pid_of(stage: Stage, node: str) -> int:
    return int((stage.places.run / "nodes" / node / "bird.pid").read_text() or 0)


def test_two_sites_meet_in_both_families_without_a_network_and_it_is_counted(stage: Stage) -> None:
    assert missing(stage) == set()
    before = carried(stage)
    for here, there in ((1, 2), (2, 1)):
        for address in (reaching.host_address(there), reaching.host_address6(there)):
            assert stage.run(HOSTS[here], "ping", "-c", "20", "-i", "0.01", address).returncode == 0
    grown = {way: now - before[way] for way, now in carried(stage).items()}
    assert sum(count for (_, direction), count in grown.items() if direction is Direction.IN) >= 80
    assert sum(count for (_, direction), count in grown.items() if direction is Direction.OUT) >= 80


def test_full_packets_cross_and_larger_ones_are_answered(stage: Stage) -> None:
    assert stage.run(HOSTS[1], "ping", "-c", "3", "-i", "0.01", "-M", "do", "-s", "1472",
                     reaching.host_address(2)).returncode == 0


def test_both_ends_say_connected(stage: Stage) -> None:
    for side in Side:
        for family in (4, 6):
            assert observed(stage, side, family) is LinkStatus.CONNECTED


def test_an_end_that_sees_the_other_no_more_says_so(stage: Stage) -> None:
    edges = [edge_node("Amsterdam", leg) for leg in Leg]
    for edge in edges:
        assert stage.run(edge, "ip", "link", "set", "gt1", "down").returncode == 0
    for side in Side:
        until(lambda side=side: observed(stage, side) is not LinkStatus.CONNECTED, 10, f"{side} to see")  # type: ignore[misc]
    for edge in edges:
        assert stage.run(edge, "ip", "link", "set", "gt1", "up").returncode == 0
    for side in Side:
        for family in (4, 6):
            until(lambda side=side, family=family:  # type: ignore[misc]
                  observed(stage, side, family) is LinkStatus.CONNECTED, 20, f"{side} to see it again")
    all_up(stage)


@pytest.mark.parametrize("leg", Leg)
def test_a_leg_cut_at_either_end_leaves_the_other(stage: Stage, leg: Leg) -> None:
    for number in (1, 2):
        fault = estates.fault(circuit=estates.link(CIRCUIT, reaching.circuit_name(number)), leg=leg.value)
        stage.put(fault)
        until(lambda number=number: not is_up(stage, number, leg), 10, "BFD to notice")  # type: ignore[misc]
        meet(stage)
        stage.delete(fault.id)
        all_up(stage)
    meet(stage)


def is_up(stage: Stage, number: int, leg: Leg) -> bool:
    router = router_of(stage, vrf_node(reaching.circuit_id(number), leg))
    return any(one.name == CUSTOMER and one.state == "Established" for one in stage.speaker.sessions(router))


def test_a_dead_daemon_at_one_end_is_seen_at_the_other_and_comes_back(stage: Stage) -> None:
    node = vrf_node(reaching.circuit_id(2), Leg.PRIMARY)
    near = router_of(stage, vrf_node(reaching.circuit_id(1), Leg.PRIMARY))
    first = pid_of(stage, node)
    since = {one.name: one.since for one in stage.speaker.sessions(near) if one.name.startswith("global_reach")}
    os.kill(first, signal.SIGKILL)
    until(lambda: pid_of(stage, node) not in (0, first), 10, "another daemon")
    all_up(stage)
    meet(stage)
    after = {one.name: one.since for one in stage.speaker.sessions(near) if one.name.startswith("global_reach")}
    assert all(after[name] != since[name] for name in since)


def test_a_third_circuit_reaches_its_neighbour_alone_and_comes_and_goes_unfelt(stage: Stage) -> None:
    before, scopes = footprint(stage), set(applied(stage))
    with probing(stage, HOSTS[1], HOSTS[2], reaching.host_address(2)) as probe:
        stage.put(*reaching.premises(3), reaching.link(2, 3, 2, "192.168.8.8/29"))
        connected(stage, HOSTS[3], reaching.host_address(2))
        for number in (1, 3):
            assert not stage.pings(HOSTS[number], reaching.host_address(4 - number))
        stage.delete(reaching.link_id(2, 2))
        until(lambda: not stage.pings(HOSTS[3], reaching.host_address(2)), 10, "the second link to end")
        stage.delete(*(one.id for one in reversed(reaching.premises(3)) if one.id.parent is None))
        until(lambda: set(applied(stage)) == scopes, 20, "the third circuit's plant to be let go")
    assert disturbed(before, footprint(stage)) == {}
    assert probe.sent > 0
    assert probe.lost == 0, probe


def test_the_link_alone_goes_and_leaves_nothing(stage: Stage) -> None:
    untouched = {what: value for what, value in footprint(stage).items() if "global_reach" not in str(what)
                 and not any(part in ("r1", "gr1", "gt1") for part in what)}
    stage.delete(reaching.link_id())
    until(lambda: not stage.pings(HOSTS[1], reaching.host_address(2)), 10, "the link to end")
    until(lambda: not any(text.startswith(("backbone", "span")) for text in applied(stage)) and not transit(stage), 20,
          "the backbone's end")
    now = footprint(stage)
    assert not [what for what in now if "global_reach" in str(what) or what[-1] in ("r1", "gr1", "gt1")]
    assert not {what: was for what, was in disturbed(untouched, now).items() if not what[1].startswith("core")}
    stage.put(reaching.link(**reaching.IPV6))
    meet(stage)


def transit(stage: Stage) -> set[str]:
    """Backbone routers at other places than the circuits'."""
    return {node for node in stage.plane.nodes() if node.startswith("core-")
            and not node.startswith(("core-amsterdam", "core-london"))}


def applied(stage: Stage) -> tuple[str, ...]:
    with stage.store.reading() as reader:
        return reader.applied_scopes()


# ── around a region ────────────────────────────────────────────────────────────────────────────────────────────────


def arrived(stage: Stage, node: str, interface: str) -> int:
    """Packets."""
    row, = json.loads(stage.run(node, "ip", "-j", "-s", "link", "show", interface).stdout)
    return int(row["stats64"]["rx"]["packets"])


def test_a_lost_region_that_a_leg_leads_over_is_passed_by_within_the_time_of_detection(places: settings.Places) -> None:
    course = between_sites(4, 5)
    here, there = course.ends
    lost = site_named(reaching.BETWEEN)
    with real_stage(places) as stage:
        stage.put(*reaching.across_region())
        all_up(stage)
        until(lambda: is_settled(stage, course), 40, "OSPF to settle", every_s=0.2)
        assert [lost in backbone().path(here, there, leg) for leg in Leg] == [False, True]
        transit = core_node(lost, Leg.SECONDARY), backbone_interface(here)
        before = arrived(stage, *transit)
        with probed(stage, course) as probe:
            until(lambda: arrived(stage, *transit) > before + PER_SECOND, 10, "packets over the region")
            stage.put(estates.fault(**REGION_BETWEEN))
            until(lambda: not is_settled(stage, course), 10, "the path over the region to be given up")
        longest_ms = 3 * detection_ms(AZURE, REGION_BETWEEN)
        assert 0 < probe.longest_gap_ms <= longest_ms
        assert 0 < probe.lost <= longest_ms * PER_SECOND / 1000


# ── from a Direct port into another subscription ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Paris is on a Direct port that does not limit its circuit of 20 Mbit/s; Rome is another subscription's."""
    places = settings.load({}, home=str(tmp_path_factory.mktemp("direct") / "home")).places
    circuit = replace(estates.on_port(), properties={**estates.on_port().properties, "bandwidthInGbps": 0.02})
    with real_stage(places) as ready:
        ready.put(estates.port(), circuit, reaching.peering(1), reaching.site(1), estates.cable(),
                  *reaching.abroad(*reaching.premises(2)), *reaching.abroad(reaching.link(**reaching.IPV6), but=(1,)))
        all_up(ready)
        yield ready
    all_gone(places)


ABROAD = host_node(reaching.abroad(reaching.site(2))[0].id, "h1")


def policed(stage: Stage, place: str) -> int:
    """Packets that a location's edges have dropped on the link's way out to the other."""
    return sum(stage.plane.counters(edge_node(place, leg)).drops.get(
        (f"reach1.{leg}", Direction.IN), {}).get("policed", Counter()).packets for leg in Leg)


def test_the_smaller_circuit_bounds_both_directions(bounded: Stage) -> None:
    connected(bounded, HOSTS[1], reaching.host_address(2))
    connected(bounded, ABROAD, reaching.host_address6(1))
    for source, address, place in ((HOSTS[1], reaching.host_address(2), "Amsterdam"),
                                   (ABROAD, reaching.host_address(1), "London")):
        before = policed(bounded, place)
        with flooding(bounded, source, address):
            until(lambda place=place, before=before: policed(bounded, place) > before, 20,  # type: ignore[misc]
                  "the link to be full")
    all_up(bounded)
    assert bounded.pings(HOSTS[1], reaching.host_address(2))


def test_the_others_subscription_ends_it_too(bounded: Stage) -> None:
    link, = reaching.abroad(reaching.link(), but=(1,))
    bounded.delete(link.id)
    until(lambda: not bounded.pings(HOSTS[1], reaching.host_address(2)), 10, "the link to end")
    until(lambda: not missing(bounded), 10, "nothing of it left but what is meant to be")
