"""The monitor over a simulated network: a hijack begins, is contained, is undone, ends; an estate at work is silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import estates
from stage import InThread, Stage
from trunkline import settings
from trunkline.intent.bgp import LOCAL, Action, Origin, Policy, PrefixMatch, Refusal, Rule
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CLOUD
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, SITE
from trunkline.model.containment import CONTAINMENT, CONTAINMENT_POLICY, OPERATORS_POLICY
from trunkline.model.event import Event, EventKind, EventState
from trunkline.model.profile import AZURE
from trunkline.model.resource import ResourceId
from trunkline.reconcile.monitor.authority import declared, of_members, seats
from trunkline.reconcile.monitor.places import places
from trunkline.reconcile.monitor.watch import Monitor
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

PARIS, ROMES = "10.10.0.0/16", "10.20.0.0/16"
ER1, ER2 = estates.rid(CIRCUIT, "er1"), estates.rid(CIRCUIT, "er2")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = SimulatedPlane()
    found = Stage(settings.load({}, home=str(tmp_path / "home")).places, plane, SimulatedSpeaker(plane))
    found.put(*estates.whole(), *estates.circuit("er2", 2), estates.peering("er2", peerASN=65020),
              estates.site("rome", 2, asn=65020, prefixes=[ROMES], lan="10.20.1.0/24", hosts=[]),
              estates.order("er2", "rome", 2), estates.connection(2, circuit_name="er2", name="con2", slot=2))
    yield found
    found.close()


@pytest.fixture
def monitor(stage: Stage) -> Monitor:
    """One that looks when it is told to; the stage's own looks too, and both write the same store."""
    assert isinstance(stage.reconciler, InThread)
    found = Monitor(stage.store, stage.plane, stage.speaker, AZURE, stage.reconciler.wake)
    with stage.store.reading() as reader:
        known = [compile(scope, reader, AZURE) for scope in map(Scope.parse, reader.applied_scopes())]
    for blueprint in known:
        found.know(blueprint)
    return found


@contextmanager
def announced(stage: Stage, *prefixes: str) -> Iterator[None]:
    with stage.store.reading() as reader:
        routers = compile(Scope(ScopeKind.SITE, estates.rid(SITE, "rome").key), reader, AZURE).routers
    exactly = tuple(PrefixMatch.exactly(prefix) for prefix in (*prefixes, ROMES))
    policy = Policy((Rule(Action.PERMIT, exactly, groups=(LOCAL,)),))
    stage.speaker.apply(replace(routers[0], origins=(*routers[0].origins, *map(Origin, prefixes)), sessions=tuple(
        replace(one, export_policy=policy) if one.group == CLOUD else one for one in routers[0].sessions)))
    yield
    stage.speaker.apply(routers[0])


def going_on(stage: Stage) -> list[Event]:
    with stage.store.reading() as reader:
        return list(reader.events_going_on())


def test_an_estate_at_work_is_silent(stage: Stage, monitor: Monitor) -> None:
    for _ in range(3):
        monitor.look()
    assert going_on(stage) == []


def test_a_hijack_is_an_event_about_both_circuits(stage: Stage, monitor: Monitor) -> None:
    monitor.look()
    with announced(stage, PARIS, "10.10.9.0/24"):
        monitor.look()
        found = {one.kind: one for one in going_on(stage)}
    assert set(found) == {EventKind.PREFIX_HIJACK, EventKind.SUBPREFIX_HIJACK}
    assert {one.affected for one in found.values()} == {(str(ER2), str(ER1))}


def looked_again(stage: Stage) -> None:
    """Who was there first has been seen."""
    assert isinstance(stage.reconciler, InThread)
    monitor = stage.reconciler.monitor
    before = monitor.looks
    until(lambda: monitor.looks > before + 1, 20, "another look")


def test_a_policy_drops_the_prefix_and_whoever_undoes_it_is_believed(stage: Stage) -> None:
    with stage.store.writing() as writer:
        writer.put(estates.resource(estates.rid(CONTAINMENT_POLICY, "p"), {
            "reactions": [{"kind": "prefixHijack", "action": "dropPrefix"}]}))
    looked_again(stage)
    with announced(stage, PARIS):
        until(lambda: [one.state for one in going_on(stage)] == [EventState.CONTAINED], 20, "a containment")
        with stage.store.reading() as reader:
            made = reader.list(CONTAINMENT)
        assert [one.properties["prefixes"] for one in made] == [[PARIS]]
        stage.delete(*(one.id for one in made))
        opened = until(lambda: [one for one in going_on(stage) if one.state is EventState.OPEN], 20, "an open event")[0]
        assert (opened.released, opened.containments) == (True, tuple(str(one.id) for one in made))
        with stage.store.reading() as reader:
            assert reader.list(CONTAINMENT) == ()


def test_a_policy_that_is_written_while_an_event_is_open_acts_on_it(stage: Stage) -> None:
    looked_again(stage)
    with announced(stage, PARIS):
        until(lambda: [one.state for one in going_on(stage)] == [EventState.OPEN], 20, "an event")
        looked_again(stage)
        with stage.store.writing() as writer:
            writer.put(estates.resource(estates.rid(CONTAINMENT_POLICY, "p"), {
                "reactions": [{"kind": "prefixHijack", "action": "dropPrefix"}]}))
        until(lambda: [one.state for one in going_on(stage)] == [EventState.CONTAINED], 20, "a containment")


def test_members_of_an_exchange_are_places_of_their_own_and_claim_what_they_registered() -> None:
    estate = Snapshot(estates.met_at_exchange())
    scope = Scope(ScopeKind.EXCHANGE, estates.exchange()[0].id.key)
    addresses = seats(estate, scope)
    found = list(places(compile(scope, estate, AZURE), "exchange", addresses))
    owners = {seat.owner for seat in addresses.values()}
    assert {place.owner for place in found} == owners
    assert all({addresses[one.peer_address].owner for one in place.sessions} == {place.owner} for place in found)
    assert sorted(place.seat[1] for place in found) == ["", "", "m1", "m2"], "each port is looked at once"
    claims = of_members(estate, ResourceId.parse(found[0].owner))
    assert {claim.told for claim in claims} <= owners


def test_nobody_claims_a_default_route_or_the_half_of_one() -> None:
    wide = ["0.0.0.0/0", "128.0.0.0/1", "::/0", "2000::/3", "10.0.0.0/8"]
    estate = Snapshot([*estates.circuit(), estates.peering(), estates.site(prefixes=wide), estates.order()])
    assert [one.prefix for one in declared(estate, ER1)] == ["10.0.0.0/8"]


def refused(stage: Stage) -> set[str]:
    """By containment, at the hijacker's circuit."""
    with stage.store.reading() as reader:
        known = [compile(scope, reader, AZURE) for scope in map(Scope.parse, reader.applied_scopes())
                 if scope.key == ER2.key]
    return {entry.prefix for one in known for router in one.routers for session in router.sessions
            for entry in stage.speaker.received(router, session.name) if entry.refusal is Refusal.CONTAINED}


def test_an_operators_policy_wins_and_what_it_does_is_not_the_tenants_to_undo(stage: Stage) -> None:
    provider = "3" * 8 + "-0000-0000-0000-000000000000"
    silent = {"circuit": {"id": str(ER2)}, "reactions": [{"kind": "prefixHijack", "action": "alert"}]}
    acting = {"reactions": [{"kind": "prefixHijack", "action": "dropPrefix"}]}
    with stage.store.writing() as writer:
        writer.put(estates.resource(estates.rid(CONTAINMENT_POLICY, "p"), silent))
        writer.put(estates.resource(estates.rid(OPERATORS_POLICY, "all", subscription=provider), acting))
    looked_again(stage)
    with announced(stage, PARIS):
        until(lambda: [one.state for one in going_on(stage)] == [EventState.CONTAINED], 20, "a containment")
        with stage.store.reading() as reader:
            made = reader.list(CONTAINMENT)
        assert {one.id.subscription for one in made} == {provider}
        until(lambda: PARIS in refused(stage), 20, "the prefix to be refused")
