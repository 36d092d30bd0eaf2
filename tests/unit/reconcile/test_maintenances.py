"""Maintenance kept going on a network in memory, with a clock that is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import estates
from trunkline.intent.bgp import SessionStatus
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.maintenance import MAINTENANCE, MaintenanceState, state_of
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource
from trunkline.reconcile import maintenance, wellness
from trunkline.reconcile.converge import Converger
from trunkline.reconcile.maintenance import Maintenances
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store

S = MaintenanceState
START = datetime(2026, 12, 20, 22, tzinfo=UTC)
SCOPES = [Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key), Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key),
          *(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg),
          Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key)]


class World:
    """An estate that stands; ``minutes`` after the window's start it is."""

    def __init__(self, home: Path) -> None:
        self.store = Store(f"sqlite:///{home}/trunkline.db")
        self.plane = SimulatedPlane()
        self.speaker = SimulatedSpeaker(self.plane)
        self._converger = Converger(self.store, self.plane, self.speaker, AZURE)
        self.kept = Maintenances(self.store, self.plane, self.speaker, AZURE)
        self.minutes, self._monotonic = -60.0, 0.0
        self.put(*estates.whole())

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minutes)

    def monotonic(self) -> float:
        self._monotonic += 2
        return self._monotonic

    def put(self, *resources: Resource) -> None:
        with self.store.writing() as writer:
            for one in resources:
                writer.put(one)
        self.converge(SCOPES)

    def delete(self, resource: Resource) -> None:
        with self.store.writing() as writer:
            writer.delete(resource.id)
        self.converge(SCOPES)

    def converge(self, scopes: list[Scope]) -> None:
        for scope in sorted(scopes):
            self._converger.converge(scope, time.monotonic())

    def at(self, minutes: float, beats: int = 1) -> Resource:
        self.minutes = minutes
        for _ in range(beats):
            self.converge([*self.kept.beat()])
        with self.store.reading() as reader:
            return reader.list(MAINTENANCE)[0]

    def shown(self) -> Json:
        with self.store.reading() as reader:
            return overview(estates.SUBSCRIPTION, Look(reader, self.plane, self.speaker, AZURE, Troubles()))

    def customer(self, leg: Leg) -> SessionStatus:
        with self.store.reading() as reader:
            router = compile(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg), reader, AZURE).routers[0]
        return next(one for one in self.speaker.sessions(router) if one.name == CUSTOMER)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path)
    monkeypatch.setattr(maintenance, "now", lambda: made.now)
    monkeypatch.setattr(wellness, "time", SimpleNamespace(monotonic=made.monotonic))
    yield made
    made.store.close()


def wish(**named: object) -> Resource:
    return estates.resource(estates.rid(MAINTENANCE, "m1"), {
        **(named or {"kind": "edge", "location": "Amsterdam", "leg": "primary"}), "startTime": START.isoformat(),
        "endTime": (START + timedelta(hours=2)).isoformat(), "reason": "optics"})


def told(found: Resource) -> list[str]:
    return [one["state"] for one in found.status["history"]]


def test_it_goes_its_way_from_announcement_to_end(world: World) -> None:
    world.put(wish())
    assert state_of(world.at(-30)) is S.ANNOUNCED
    assert state_of(world.at(0)) is S.DRAINING
    assert state_of(world.at(1, beats=3)) is S.IN_PROGRESS
    assert (world.customer(Leg.PRIMARY).state, world.customer(Leg.SECONDARY).state) == ("Idle", "Established")
    assert state_of(world.at(119)) is S.IN_PROGRESS
    assert state_of(world.at(120)) is S.RESTORING
    found = world.at(120, beats=2)
    assert told(found) == ["Announced", "Draining", "InProgress", "Restoring", "Completed"]
    assert world.customer(Leg.PRIMARY).state == "Established"


def test_status_names_it_at_the_leg_and_at_the_session_that_it_closed(world: World) -> None:
    world.put(wish())
    world.at(-30)
    assert [one["affected"][0]["part"] for one in world.shown()["maintenances"]] == ["primary"]
    assert world.shown()["circuits"][0]["legs"]["primary"]["maintenance"] is None
    world.at(1, beats=4)
    legs = world.shown()["circuits"][0]["legs"]
    assert (legs["primary"]["maintenance"]["state"], legs["secondary"]["maintenance"]) == ("InProgress", None)
    assert {one["lastError"] for one in legs["primary"]["sessions"] if one["group"] == CUSTOMER} == {
        "closed by maintenance m1"}
    world.at(120, beats=4)
    assert world.shown()["maintenances"] == []


def test_what_would_leave_nothing_that_carries_waits_and_then_begins(world: World) -> None:
    closed = estates.session_policy("secondary", enabled=False)
    world.put(wish(), closed)
    found = world.at(5)
    assert state_of(found) is S.ANNOUNCED
    assert "the secondary leg of er1: enabled is false" in found.status["why"]
    world.delete(closed)
    assert state_of(world.at(6)) is S.DRAINING


def test_a_window_in_which_it_could_not_begin_ends_refused(world: World) -> None:
    world.put(wish(), estates.session_policy("secondary", gracefulShutdown=True))
    world.at(5)
    found = world.at(121)
    assert state_of(found) is S.REFUSED
    assert "gracefulShutdown is true" in found.status["why"]


def test_it_gives_back_when_the_other_leg_fails_and_tries_again(world: World) -> None:
    closed = estates.session_policy("secondary", enabled=False)
    world.put(wish())
    assert state_of(world.at(1, beats=4)) is S.IN_PROGRESS
    world.put(closed)
    assert state_of(world.at(2)) is S.RESTORING
    assert world.customer(Leg.PRIMARY).state == "Established"
    assert state_of(world.at(2, beats=2)) is S.ANNOUNCED
    world.delete(closed)
    assert state_of(world.at(3, beats=4)) is S.IN_PROGRESS


@pytest.mark.parametrize("second", [
    {"kind": "edge", "location": "Amsterdam", "leg": "secondary"},
    {"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "secondary"}])
def test_of_two_windows_that_open_at_once_the_second_waits_for_the_first(world: World, second: dict[str, str]) -> None:
    """However they came to be announced: a circuit that is moved into both, say."""
    other = wish(**second)
    world.put(wish(), replace(other, id=estates.rid(MAINTENANCE, "m2")))
    world.at(1, beats=6)
    with world.store.reading() as reader:
        first, waiting = reader.list(MAINTENANCE)
    assert (state_of(first), state_of(waiting)) == (S.IN_PROGRESS, S.ANNOUNCED)
    assert waiting.status["why"] == "may not begin: the primary leg of er1 is under maintenance m1"
    assert world.customer(Leg.SECONDARY).state == "Established"


def test_a_circuit_that_nobody_uses_keeps_nobody_from_work(world: World) -> None:
    world.put(wish(), estates.session_policy(enabled=False))
    assert state_of(world.at(1, beats=4)) is S.IN_PROGRESS


def test_another_process_goes_on_where_the_last_one_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(wish())
    world.at(1, beats=4)
    again = Maintenances(world.store, SimulatedPlane(), world.speaker, AZURE)
    monkeypatch.setattr(world, "kept", again)
    assert state_of(world.at(600)) is S.RESTORING


def test_everybody_whom_it_concerns_is_told_of_each_step(world: World) -> None:
    world.put(wish())
    world.at(1, beats=4)
    with world.store.reading() as reader:
        rows = reader.activities(estates.rid(CIRCUIT, "er1"), 10)
    assert [row.detail.rpartition(": ")[2] for row in rows] == ["InProgress", "Draining"]
    assert {row.outcome for row in rows} == {"Active"}


def test_a_gateways_instance_is_closed_and_the_other_stays(world: World) -> None:
    world.put(wish(kind="gatewayInstance", gateway=estates.link(GATEWAY, "gw1"), instance=0))
    found = world.at(1, beats=4)
    assert state_of(found) is S.IN_PROGRESS, found.status
    with world.store.reading() as reader:
        routers = compile(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key), reader, AZURE).routers
    first, second = ([one.state for one in world.speaker.sessions(router)] for router in routers)
    assert set(first) == {"Idle"}
    assert set(second) == {"Established"}
