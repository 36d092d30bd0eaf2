"""What a drill makes of the estate before it fails anything, and how its own datagrams are counted."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsing import ER1, GROUP, GW1, HUB, LEGS, SITE, TOLD, can_fail, circuit, ground
from trunkline.cli.client import Client
from trunkline.cli.failure import Failed
from trunkline.cli.rehearsal import ground as looking
from trunkline.cli.rehearsal import sounding
from trunkline.cli.rehearsal.drain import Drain
from trunkline.cli.rehearsal.ground import Ground
from trunkline.cli.rehearsal.links import Link, reaches
from trunkline.cli.rehearsal.pairing import MOST_PAIRS, Pairing, chosen
from trunkline.cli.rehearsal.play import _noted
from trunkline.cli.rehearsal.preflight import Plan, Wish
from trunkline.cli.rehearsal.targets import all_legs, parse
from trunkline.cli.rehearsal.traffic import FLOWS, Traffic, _streams
from trunkline.diagnosis.drill.certificate import Direction, Timers
from trunkline.diagnosis.drill.conditions import Sample
from trunkline.diagnosis.drill.ways import Pair, Way, shaken
from trunkline.model.fault import FaultKind
from waiting import until

NODES = ("host-paris-0a1b2c3d4e-h1", "host-rome-0a1b2c3d4e-h2", "vm-vm1-0a1b2c3d4e")


def test_a_host_and_a_machine_are_a_pair_and_a_prefix_without_a_host_is_named() -> None:
    found = Pairing(ground(), NODES)
    (pair,), (missing,) = found.pairs, found.unmeasured
    assert (pair.label, pair.here.address, pair.there.address) == ("10.10.0.0/16 ↔ 10.1.0.0/16", "10.10.1.10",
                                                                   "10.1.0.4")
    assert [way.label for way in pair.carrying] == ["er1 primary", "er1 secondary"]
    assert missing.prefix == "10.11.0.0/16"


@pytest.mark.parametrize(("secondary", "told", "trouble"), [
    ({"bgp": "Active"}, TOLD, "its session is Active"), ({"fault": True}, TOLD, "a failure is rehearsed on it"),
    ({"failoverTest": True}, TOLD, "a failover test runs on it"),
    ({}, frozenset(), "its router does not tell 10.10.0.0/16")])
def test_a_leg_that_carries_nothing_says_why(secondary: dict[str, Any], told: frozenset[str], trouble: str) -> None:
    seen = ground(secondary, told={(ER1.lower(), "primary"): TOLD, (ER1.lower(), "secondary"): told})
    (pair,) = Pairing(seen, NODES).pairs
    assert [way.trouble for way in pair.ways] == ["", trouble]


def over_hub(told: str = "10.1.0.0/16", known: str = "10.10.0.0/16") -> Pairing:
    link = Link(ER1.lower(), GW1, HUB.lower(), ("westeurope",), "Connected", frozenset({told}), frozenset({known}))
    return Pairing(ground(links=(link,)), NODES)


def test_over_a_hub_there_is_a_pair_where_its_tables_let_both_know_each_other() -> None:
    assert [pair.label for pair in over_hub().pairs] == ["10.10.0.0/16 ↔ 10.1.0.0/16"]
    for apart in (over_hub(told="10.9.0.0/16"), over_hub(known="10.9.0.0/16")):
        assert apart.pairs == ()
        assert "the hub's route tables and maps lead nothing between paris and hub" in {
            one.reason for one in apart.unmeasured}


ER2 = ER1.replace("er1", "er2")
ROME = {"id": f"{GROUP}/Trunkline.Site/sites/rome", "name": "rome", "properties": {
    "prefixes": ["10.20.0.0/16"], "hosts": [{"name": "h2", "address": "10.20.1.10"}]}}


def reached(state: str = "Established", **changed: Any) -> Ground:
    """Rome behind a second circuit; ``state``: of the secondary leg's session over Global Reach."""
    sessions = {leg: {"sessions": [{"peer": "192.168.8.1", "state": one}]} for leg, one in (
        ("primary", "Established"), ("secondary", state))}
    link = {"madeHere": True, "other": "er2", "otherId": ER2, "sameAsn": False, "legs": sessions, **changed}
    circuits = [circuit(globalReach=[link]), circuit(ER2, name="er2", location="London",
                                                     globalReach=[{**link, "madeHere": False, "otherId": ER1}])]
    told = {(one.lower(), leg): frozenset(prefixes) for one, prefixes in ((ER1, TOLD), (ER2, ["10.20.0.0/16"]))
            for leg in ("primary", "secondary")}
    seen = ground(sites=(SITE, ROME), networks=(), links=(), reaches=tuple(reaches(circuits)), told=told)
    seen.found["circuits"] = circuits
    return seen


def test_two_sites_over_global_reach_are_a_pair_whose_ways_are_legs_of_both_circuits() -> None:
    (pair,) = Pairing(reached("Active"), NODES).pairs
    assert (pair.label, pair.between_sites) == ("10.10.0.0/16 ↔ 10.20.0.0/16", True)
    assert [(way.label, way.trouble) for way in pair.ways] == [
        ("er1 ~ er2 primary", ""), ("er1 ~ er2 secondary", "the session over Global Reach is Active")]
    outward, back = _streams((pair,))
    assert (outward.direction, outward.target.prefix) == (Direction.TO_SITE, "10.20.0.0/16")
    assert (back.direction, back.target.prefix) == (Direction.TO_SITE, "10.10.0.0/16")


def test_sites_whose_routers_see_loops_and_circuits_of_others_are_told_as_not_measured() -> None:
    looping = Pairing(reached(sameAsn=True), NODES)
    assert looping.pairs == ()
    assert "one AS number" in looping.unmeasured[0].reason
    assert "another subscription" in Pairing(reached(otherId=f"/else{ER2}"), NODES).unmeasured[0].reason


def test_pairs_from_which_something_falls_come_first_and_what_is_too_much_is_named() -> None:
    (pair,) = Pairing(ground(), NODES).pairs
    many = tuple(replace(pair, there=replace(pair.there, prefix=f"10.{number}.0.0/16"))
                 for number in range(MOST_PAIRS + 1))
    kept, left_out = chosen(many, {one: one is many[-1] for one in many})
    assert (kept[0], len(kept)) == (many[-1], MOST_PAIRS)
    assert [one.prefix for one in left_out] == [many[-2].label]


@pytest.mark.parametrize(("words", "kind"), [
    (("er1", "primary"), FaultKind.LEG), (("key", "Secondary"), FaultKind.LEG), ((ER1, "primary"), FaultKind.LEG),
    (("rg1/er1", "primary"), FaultKind.LEG), (("edge", "amsterdam", "Secondary"), FaultKind.EDGE),
    (("gateway", "GW1", "1"), FaultKind.INSTANCE), (("location", "Amsterdam"), FaultKind.LOCATION)])
def test_targets_are_named_as_for_fail(words: tuple[str, ...], kind: FaultKind) -> None:
    found = parse(words, ground())
    assert (found.fault.kind, found.group) == (kind, "rg1")


@pytest.mark.parametrize("words", [
    ("er1", "third"), ("er9", "primary"), ("gateway", "gw9", "0"), ("gateway", "gw1", "7"), ("edge", "Amsterdam"),
    ("nonsense",), ("edge", "Amsterdam", "primary", "more")])
def test_what_is_no_target_is_refused_in_words(words: tuple[str, ...]) -> None:
    with pytest.raises(Failed, match=r"Write|there (is|are)"):
        parse(words, ground())


def test_circuits_of_one_name_are_told_apart_by_their_groups() -> None:
    other = ER1.replace("rg1", "rg2")
    seen = ground()
    seen.found["circuits"].append(circuit(other))
    seen.found["canFail"] = [can_fail(f"{group}/er1 primary", kind="leg", circuit={"id": identity}, leg="primary")
                             for group, identity in (("rg1", ER1), ("rg2", other))]
    with pytest.raises(Failed, match="write one of rg1/er1, rg2/er1"):
        parse(("er1", "primary"), seen)
    found = parse(("rg2/er1", "primary"), seen)
    assert (found.said, found.group) == ("rg2/er1 primary", "rg2")
    assert {one.label for one in shaken(seen.ways, found.fault)} == {"rg2/er1 primary"}
    (pair,) = Pairing(seen, NODES).pairs
    assert {way.label for way in pair.ways} == {"rg1/er1 primary", "rg1/er1 secondary"}


def test_all_legs_are_those_whose_session_is_up() -> None:
    assert [one.said for one in all_legs(ground({"bgp": "Idle"}), ())] == ["er1 primary"]


def test_what_is_not_well_is_all_said() -> None:
    found = ground({"bgp": "Active"})
    found.found["impairments"] = [{"id": "imp"}]
    found.found["nodes"] = [{"name": "vrf-er1-s", "present": False}]
    assert len(list(looking.unhealthy(found))) == 3


def bounds(bfd: str, wish: Wish) -> Plan:
    timer = Timers(leg="er1 primary", session="customer", bfd=bfd, hold_time_s=180, keepalive_time_s=60)
    seen = ground()
    return Plan(parse(("er1", "primary"), seen), wish, seen, (), (), (), (timer,), (), ())


def test_the_timers_in_force_bound_the_outage_and_the_hold_is_never_shorter_than_they_need() -> None:
    fast, slow = bounds("300 ms × 3", Wish(hold_s=1)), bounds("", Wish(hold_s=1))
    assert (fast.bounds.outage_ms, fast.hold_s) == (1_900, 2.9)
    assert (slow.bounds.outage_ms, slow.hold_s) == (181_000, 182)
    assert bounds("300 ms × 3", Wish(outage_ms=250, abort_outage_s=9)).bounds.outage_ms == 250


def test_who_wants_an_end_does_not_wait_until_a_busy_leg_is_quiet() -> None:
    carried, waited, asked = itertools.count(0, 1_000_000), list[str](), Event()
    stats = SimpleNamespace(get=lambda _path: {"primaryBytesIn": next(carried), "primaryBytesOut": 0})
    asked.set()
    Drain(cast(Client, stats), (("/circuits/er1", "primary"),), 60).quiet(waited.append, asked)
    assert waited == []


def test_what_is_counted_while_a_drill_runs_is_named_so_that_it_may_fall() -> None:
    on_the_way, arrived = (_noted(Sample(at, {(0, 0): 1_000}, {(0, 0): heard})) for at, heard in ((0, 990), (1, 1_000)))
    assert on_the_way == "1,000 datagrams sent, 10 lost or under way"
    assert arrived == "1,000 datagrams sent, 0 lost or under way"


@contextmanager
def node() -> Iterator[Any]:
    process = subprocess.Popen([sys.executable, "-m", "trunkline.telemetry.streams"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def ask(word: str, **more: object) -> Any:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"do": word, **more}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())
    with process:
        try:
            yield ask
        finally:
            process.kill()


class Sounded:
    """Traffic that is counted at once at the leg it takes, and a client that is asked for the counters."""

    def __init__(self, pair: Pair, lost: tuple[int, int] = (-1, -1)) -> None:
        self.streams, self.ways = tuple(_streams([pair])), dict[tuple[int, int], Way]()
        self._lost, self._bytes, self.asked = lost, Counter[str](), 0

    def sound(self, key: tuple[int, int], count: int, size: int) -> None:
        if key != self._lost:
            leg = LEGS[sum(key) % 2]
            self._bytes[f"{leg}Bytes{'In' if self.streams[key[0]].outward else 'Out'}"] += count * size

    def get(self, _path: str) -> dict[str, int]:
        self.asked += 1
        return {f"{leg}Bytes{way}": self._bytes[f"{leg}Bytes{way}"] for leg in LEGS for way in ("In", "Out")}


def sounded(monkeypatch: pytest.MonkeyPatch, **how: Any) -> Sounded:
    monkeypatch.setattr(sounding, "_PATIENCE_S", 0.0)
    (pair,) = Pairing(ground(), NODES).pairs
    world = Sounded(pair, **how)
    sounding.sound(cast(Traffic, world), cast(Client, world), (pair,))
    return world


def test_a_pairs_flows_of_both_directions_are_sounded_at_once_and_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = sounded(monkeypatch)
    assert {key: way.legs[0].leg for key, way in world.ways.items()} == {
        (stream, flow): LEGS[(stream + flow) % 2] for stream in (0, 1) for flow in range(FLOWS)}
    assert world.asked == FLOWS + 1


def test_a_flow_that_is_not_heard_of_leaves_the_others_known(monkeypatch: pytest.MonkeyPatch) -> None:
    world = sounded(monkeypatch, lost=(1, 3))
    assert set(world.ways) == {(stream, flow) for stream in (0, 1) for flow in range(FLOWS)} - {(1, 3)}


def test_datagrams_are_counted_where_they_arrive_and_soundings_are_not() -> None:
    with node() as ask:
        ask("listen", address="127.0.0.1", port=17017)
        ask("open", stream=3, source="127.0.0.1", target="127.0.0.1", port=17017, flows=2)
        ask("sound", stream=3, flow=0, count=5, bytes=100)
        ask("start", interval_ms=2.0)
        until(lambda: min(ask("told")["sent"]["3"]) >= 20, 10, "twenty datagrams on each flow")
        sent = ask("stop")["sent"]["3"]
        heard = ask("heard")["heard"]["3"]
    for flow, (count, last_ns) in enumerate(sent):
        (first, last, left_ns, right_ns), = heard[str(flow)]["runs"]
        assert (first, last, right_ns) == (0, count - 1, last_ns)
        assert left_ns < right_ns
        assert (heard[str(flow)]["reordered"], heard[str(flow)]["duplicates"]) == (0, 0)
