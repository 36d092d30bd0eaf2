"""Global Reach over a simulated network: who learns what from whom, and what each end says of the link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import estates
import reaching
from stage import InThread, Stage
from trunkline import settings
from trunkline.cli import global_reach
from trunkline.cli.commands.counters import _line, _rows
from trunkline.intent.bgp import LOCAL, Action, Origin, Policy, PrefixMatch, RibEntry, Router, Rule
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CLOUD, vrf_node
from trunkline.intent.dependency import touched
from trunkline.intent.estate import Snapshot
from trunkline.intent.lock_out import announced_at
from trunkline.intent.reach import CIRCUIT_CONNECTION, private_peering
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT
from trunkline.model.event import Event, EventKind
from trunkline.model.profile import AZURE
from trunkline.model.reach_status import LinkStatus, Side, link_status
from trunkline.model.resource import ProvisioningState, now
from trunkline.reconcile.monitor.authority import declared, in_touch
from trunkline.reconcile.monitor.watch import Monitor
from trunkline.reconcile.reaching import ReachStates
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

PARIS, ROME, OSLO = "10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = SimulatedPlane()
    places = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path)).places
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    yield stage
    stage.close()


@pytest.fixture
def linked(stage: Stage) -> Stage:
    stage.put(*reaching.two_sites())
    return stage


def vrf(stage: Stage, number: int, leg: Leg = Leg.PRIMARY) -> Router:
    with stage.store.reading() as reader:
        found, = compile(Scope(ScopeKind.LEG, reaching.circuit_id(number).key, leg), reader, AZURE).routers
    return found


def told(stage: Stage, number: int) -> dict[str, RibEntry]:
    """What a circuit's customer is told on the primary leg, by prefix."""
    return {entry.prefix: entry for session in ("customer", "customer_v6")
            for entry in stage.speaker.advertised(vrf(stage, number), session)}


def applied(stage: Stage) -> tuple[str, ...]:
    with stage.store.reading() as reader:
        return reader.applied_scopes()


def statuses(stage: Stage) -> dict[tuple[str, int], str]:
    ReachStates(stage.store, stage.speaker, AZURE).refresh()
    with stage.store.reading() as reader:
        link = reader.list(CIRCUIT_CONNECTION)[0]
    return {(side.value, family): link_status(link, side, family).value for side in Side for family in (4, 6)}


def test_each_site_is_told_of_the_other_in_both_families_with_12076_once(linked: Stage) -> None:
    assert {prefix: entry.as_path for prefix, entry in told(linked, 1).items()} == {
        ROME: (12076, 65020), "fd00:20::/48": (12076, 65020)}
    assert {prefix: entry.as_path for prefix, entry in told(linked, 2).items()} == {
        PARIS: (12076, 65010), "fd00:10::/48": (12076, 65010)}


def test_links_are_pairwise(linked: Stage) -> None:
    linked.put(*reaching.premises(3), reaching.link(2, 3, 2, "192.168.8.8/29"))
    assert {prefix for prefix in told(linked, 2) if "." in prefix} == {PARIS, OSLO}
    assert OSLO not in told(linked, 1)
    assert PARIS not in told(linked, 3)


def test_what_the_own_customer_tells_is_nearer_whatever_its_attributes(linked: Stage) -> None:
    """A site behind both circuits, whose own leg is drained."""
    both = reaching.site(2, prefixes=[ROME, PARIS])
    linked.put(both, estates.session_policy("primary", "er1", gracefulShutdown=True))
    known = [entry for entry in linked.speaker.routes(vrf(linked, 1)) if entry.prefix == PARIS]
    assert [(entry.session, entry.best) for entry in known] == [("customer", True), ("global_reach_1", False)]


def test_a_leg_that_is_drained_is_told_to_the_other_site_as_the_worse_one(linked: Stage) -> None:
    linked.put(estates.session_policy("primary", "er1", gracefulShutdown=True))
    entry = told(linked, 2)[PARIS]
    assert (entry.as_path.count(12076), entry.communities) == (9, ((65535, 0),))


def test_both_ends_say_what_their_own_routers_see(linked: Stage) -> None:
    everywhere = {(side, family): "Connected" for side in ("near", "far") for family in (4, 6)}
    assert statuses(linked) == everywhere
    for leg in Leg:
        linked.speaker.remove(vrf_node(reaching.circuit_id(2), leg))
    assert statuses(linked) == {
        **{("near", family): "Connecting" for family in (4, 6)},
        **{("far", family): "Disconnected" for family in (4, 6)}}


def test_one_leg_is_enough_to_be_connected(linked: Stage) -> None:
    linked.speaker.remove(vrf_node(reaching.circuit_id(2), Leg.SECONDARY))
    assert set(statuses(linked).values()) == {"Connected"}


def test_nothing_is_connected_before_it_was_seen() -> None:
    assert link_status(reaching.link(), Side.NEAR, 4) is LinkStatus.DISCONNECTED


def test_deletion_takes_the_routes_and_the_tunnels(linked: Stage) -> None:
    linked.delete(reaching.link_id())
    assert told(linked, 1) == {}
    until(lambda: not any(scope.startswith("backbone") for scope in applied(linked)), 10, "the backbone to be let go")


def test_a_circuit_that_goes_with_its_link_is_felt_at_the_other_end() -> None:
    gone = reaching.circuit_id(1).key
    going = [replace(one, state=ProvisioningState.DELETING) if one.id.key.startswith(gone) else one
             for one in reaching.two_sites()]
    scopes = touched(going[0], Snapshot(going))
    assert {Scope(ScopeKind.LEG, reaching.circuit_id(2).key, leg) for leg in Leg} <= scopes


def glass(stage: Stage, **words: str) -> Any:
    return stage.ask(reaching.circuit_id(1), "routes", **words)


def test_the_looking_glass_says_which_circuit_a_route_came_from_and_why_it_won(linked: Stage) -> None:
    best = {row["prefix"]: row for row in glass(linked, leg="primary")["best"]}
    assert (best[ROME]["session"], best[ROME]["over"]) == ("global_reach_1", "Global Reach, circuit er2")
    assert best[PARIS]["over"] == ""
    linked.put(reaching.site(2, prefixes=[ROME, PARIS]))
    why, = {row["prefix"]: row for row in glass(linked, leg="primary")["best"]}[PARIS]["why"]
    assert why == "customer over global_reach_1: nearness, of its own against of another circuit"


def test_an_explanation_goes_as_far_as_the_other_circuits_edge(linked: Stage) -> None:
    explained = glass(linked, prefix=ROME, explain="true")["routers"]
    verdicts = {(row["place"], row["leg"]): row["sentence"] for row in explained}
    assert verdicts["edge", "primary"] == (
        "has it, learned over global_reach_1 with AS path 65020, told to customer")
    assert verdicts["far edge", "primary"] == (
        "has it, learned over customer with AS path 65020, told to global_reach_1")


def test_status_shows_each_leg_and_what_crosses_is_counted_beside_the_attachments(linked: Stage) -> None:
    statuses(linked)
    circuits = linked.ask(reaching.circuit_id(1), "status")["circuits"]  # type: ignore[index,call-overload]
    rows = list(global_reach.rows(circuits, now()))
    assert [row[:8] for row in rows if row[0] == "er1"] == [
        ("er1", "er2", "London", leg, family, 1000, "Connected", "Established")
        for leg in ("primary", "secondary") for family in ("IPv4", "IPv6")]
    er1 = next(one for one in circuits if one["name"] == "er1")
    lines = [_line(row) for row in _rows(er1)]
    assert ("er1", "global reach er2", "primary", "in", "0", "0 B", "-", "-", 1000, "-", "-") in lines
    assert list(global_reach.remarks(circuits)) == []


def test_one_as_number_at_both_ends_is_remarked(linked: Stage) -> None:
    linked.put(reaching.peering(2, peerASN=65010), reaching.site(2, asn=65010))
    circuits = linked.ask(reaching.circuit_id(1), "status")["circuits"]  # type: ignore[index,call-overload]
    (where, remark), = global_reach.remarks(circuits)
    assert where == "er1, er2"
    assert "allowas-in" in str(remark)


def test_whose_prefix_it_is_counts_over_one_link_and_no_further() -> None:
    estate = Snapshot([*reaching.two_sites(), *reaching.premises(3), reaching.link(2, 3, 2, "192.168.8.8/29")])
    assert [one.name for one in in_touch(estate, reaching.circuit_id(1))] == ["er1", "er2"]
    claimed = {claim.prefix: claim.owners for claim in declared(estate, reaching.circuit_id(1))}
    assert claimed[ROME] == {reaching.circuit_id(2).key}
    assert OSLO not in claimed


def test_what_is_contained_at_one_circuit_is_told_to_no_other(linked: Stage) -> None:
    for number, (action, prefixes) in enumerate((("dropPrefix", [PARIS]), ("stopExport", []))):
        contained = estates.resource(estates.rid(CONTAINMENT, f"c{number}"), {
            "circuit": {"id": str(reaching.circuit_id(1))}, "leg": "primary", "action": action, "prefixes": prefixes},
            {"expiresAt": "2099-01-01T00:00:00+00:00"})
        linked.put(contained)
        assert PARIS not in told(linked, 2)
        linked.delete(contained.id)
        assert PARIS in told(linked, 2)


def test_what_a_policy_keeps_from_the_customer_is_kept_also_if_it_comes_from_another_circuit(linked: Stage) -> None:
    linked.put(estates.session_policy("primary", "er1", advertise={"deny": [{"prefix": ROME}]}))
    assert set(told(linked, 1)) == {"fd00:20::/48"}
    known = announced_at(private_peering(reaching.circuit_id(1)), Snapshot(reaching.two_sites()))
    assert known.told == (ROME, "fd00:20::/48")


def events(stage: Stage) -> list[Event]:
    """After two looks at all routers as they are now."""
    assert isinstance(stage.reconciler, InThread)
    monitor = Monitor(stage.store, stage.plane, stage.speaker, AZURE, stage.reconciler.wake)
    with stage.store.reading() as reader:
        known = [compile(Scope.parse(text), reader, AZURE) for text in reader.applied_scopes()]
    for blueprint in known:
        monitor.know(blueprint)
    for _ in range(2):
        monitor.look()
    with stage.store.reading() as reader:
        return list(reader.events_going_on())


def test_what_comes_over_global_reach_alarms_nobody_and_a_strangers_announcement_does(linked: Stage) -> None:
    assert events(linked) == []
    with linked.store.reading() as reader:
        routers = compile(Scope(ScopeKind.SITE, reaching.site_id(2).key), reader, AZURE).routers
    stolen = "10.10.9.0/24"
    exactly = (PrefixMatch.exactly(stolen), PrefixMatch.exactly(ROME))
    linked.speaker.apply(replace(routers[0], origins=(*routers[0].origins, Origin(stolen)), sessions=tuple(
        replace(one, export_policy=Policy((Rule(Action.PERMIT, exactly, groups=(LOCAL,)),))) if one.group == CLOUD
        else one for one in routers[0].sessions)))
    assert stolen in told(linked, 1)
    found, = events(linked)
    assert (found.kind, found.affected) == (EventKind.SUBPREFIX_HIJACK, (
        str(reaching.circuit_id(2)), str(reaching.circuit_id(1))))
