"""Passes over a real store and simulated drivers: nothing is lost or left, whatever happens in between."""

from __future__ import annotations

import itertools
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import estates
from stage import Stage
from trunkline.errors import ConfigurationRejected, DriverFailure, Unsupported
from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import ce_node, instance_node, vrf_node
from trunkline.intent.dependency import touched
from trunkline.intent.drivers import Change
from trunkline.intent.network import Key, Link, Node, Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, PEERING, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource
from trunkline.reconcile import finish
from trunkline.reconcile.converge import Converger
from trunkline.settings import Places, Timing
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store
from waiting import until

VRF = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)


class Killed(BaseException):
    """The process ends here: nobody catches it."""


class Mortal:
    """Both drivers, until they have acted ``lives`` times; every piece is one act."""

    def __init__(self, plane: SimulatedPlane, speaker: SimulatedSpeaker, lives: int) -> None:
        self._plane, self._speaker, self._lives = plane, speaker, itertools.count(lives, -1)

    def _act(self) -> None:
        if next(self._lives) == 0:
            raise Killed

    def observe(self, items: Iterable[object]) -> frozenset[Key]:
        wanted = list(items)
        routers = [item for item in wanted if isinstance(item, Router)]
        return self._speaker.observe(routers) if routers else self._plane.observe(wanted)  # type: ignore[arg-type]

    def existing(self, nodes: Collection[str]) -> frozenset[str]:
        return self._plane.existing(nodes)

    def apply(self, wish: Change | Router) -> None:
        if isinstance(wish, Router):
            self._act()
            self._speaker.apply(wish)
            return
        for piece in reversed(wish.remove):
            self._act()
            self._plane.apply(Change(remove=(piece,)))
        for piece in wish.ensure:
            self._act()
            self._plane.apply(Change(ensure=(piece,)))

    def remove(self, node: str) -> None:
        self._act()
        self._speaker.remove(node)


class Bench:
    """A store, simulated drivers, and passes one after the other, without threads."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(f"sqlite:///{directory}/store.db")
        self.plane = SimulatedPlane()
        self.speaker = SimulatedSpeaker(self.plane)

    def write(self, resources: Iterable[Resource]) -> None:
        with self.store.writing() as writer:
            for resource in resources:
                writer.put(resource)

    def doom(self) -> None:
        with self.store.writing() as writer:
            for resource in estates.whole():
                writer.set_status(resource.id, state=ProvisioningState.DELETING)

    def pass_over_everything(self, lives: int = 1 << 30) -> bool:
        """As after a start: what was applied and what is wished. ``False`` if killed on the way."""
        drivers = Mortal(self.plane, self.speaker, lives)
        converger = Converger(self.store, drivers, drivers, AZURE)  # type: ignore[arg-type]
        due = list(self._scopes())
        try:
            while due:
                due += converger.converge(due.pop(0), since=time.monotonic()).released
        except Killed:
            return False
        return True

    def _scopes(self) -> Iterator[Scope]:
        with self.store.reading() as reader:
            yield from map(Scope.parse, reader.applied_scopes())
            wished = (reader.get(resource.id) for resource in estates.whole())
            yield from sorted({scope for found in wished if found for scope in touched(found, reader)})

    def blueprints(self) -> list[Blueprint]:
        with self.store.reading() as reader:
            return [compile(Scope.parse(text), reader, AZURE) for text in reader.applied_scopes()]

    def leftovers(self) -> tuple[str, ...]:
        """Everything that exists; this is the end of it."""
        return (*self.speaker.sweep(), *self.plane.sweep())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def whole(blueprints: Iterable[Blueprint]) -> tuple[str, ...]:
    """What ``Bench.leftovers`` names when exactly these are realised."""
    known = list(blueprints)
    routers = sorted(router.node for blueprint in known for router in blueprint.routers)
    pieces = sorted(f"{kind} {name}" for blueprint in known for kind, name in (p.key for p in blueprint.pieces))
    return (*routers, *pieces)


@pytest.mark.parametrize("lives", range(1, 60, 7))
def test_killed_while_building_the_next_start_finishes_it(bench: Bench, lives: int) -> None:
    bench.write(estates.whole())
    assert not bench.pass_over_everything(lives)
    assert bench.pass_over_everything()
    expected = whole(bench.blueprints())
    assert len(expected) > 60
    assert bench.leftovers() == expected


def test_killed_again_and_again_while_building_each_start_goes_on_where_the_last_one_died(bench: Bench) -> None:
    bench.write(estates.whole())
    deaths = list(itertools.takewhile(lambda survived: not survived, iter(lambda: bench.pass_over_everything(5), None)))
    assert len(deaths) > 10
    assert bench.leftovers() == whole(bench.blueprints())


@pytest.mark.parametrize("lives", range(1, 60, 7))
def test_killed_while_removing_the_next_start_leaves_nothing(bench: Bench, lives: int) -> None:
    bench.write(estates.whole())
    bench.pass_over_everything()
    bench.doom()
    assert not bench.pass_over_everything(lives)
    assert bench.pass_over_everything()
    with bench.store.reading() as reader:
        assert reader.applied_scopes() == ()
    assert bench.leftovers() == ()


# ── the whole reconciler, with its threads ─────────────────────────────────────────────────────────────────────────


def simulated(directory: Path, **timing: float) -> Stage:
    plane = SimulatedPlane()
    places = Places(directory / "home", directory / "run", directory / "bpf")
    return Stage(places, plane, SimulatedSpeaker(plane), Timing(**{"retry_first_s": 0.01, **timing}))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = simulated(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def built(stage: Stage) -> Stage:
    stage.put(*estates.whole())
    return stage


def state(stage: Stage, leg: Leg) -> SessionState:
    with stage.store.reading() as reader:
        router, = compile(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg), reader, AZURE).routers
    return stage.speaker.sessions(router)[0].state


def blueprints(stage: Stage) -> list[Blueprint]:
    with stage.store.reading() as reader:
        return [compile(Scope.parse(text), reader, AZURE) for text in reader.applied_scopes()]


def missing(stage: Stage) -> set[Key]:
    """What ought to exist and does not."""
    known = blueprints(stage)
    pieces = [piece for blueprint in known for piece in blueprint.pieces]
    routers = [router for blueprint in known for router in blueprint.routers]
    seen = stage.plane.observe(pieces) | stage.speaker.observe(routers)
    return {item.key for item in (*pieces, *routers)} - seen


def test_everything_wished_is_realised_and_the_customers_sessions_come_up(built: Stage) -> None:
    assert not missing(built)
    assert [state(built, leg) for leg in Leg] == [SessionState.ESTABLISHED] * 2


def test_the_same_wish_again_changes_nothing(built: Stage) -> None:
    before = built.plane.generation  # type: ignore[attr-defined]
    built.put(*estates.whole())
    assert built.plane.generation == before  # type: ignore[attr-defined]


def test_plant_lives_as_long_as_anybody_requires_it(built: Stage) -> None:
    built.put(*estates.whole(number=2, group="rg2"))
    built.delete(*[r.id for r in estates.whole() if not r.id.parent])
    until(lambda: not built.reconciler.busy, 10, "the plant to be looked at")
    assert not missing(built)
    assert any(node.startswith("edge") for node in built.plane.nodes())
    built.delete_all()
    until(lambda: not built.plane.nodes(), 10, "the plant to go")


def test_a_start_knows_from_names_alone_what_broke_meanwhile(built: Stage) -> None:
    converger = Converger(built.store, built.plane, built.speaker, AZURE)
    assert converger.adopt().broken == frozenset()
    primary, secondary = (Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg)
    built.speaker.remove(VRF)  # and nobody is told
    assert converger.adopt().broken == {primary}
    built.plane.apply(Change(remove=(Node(vrf_node(estates.rid(CIRCUIT, "er1"), Leg.SECONDARY), Role.VRF),)))
    assert converger.adopt().broken == {primary, secondary}


def test_any_node_lost_is_made_anew_with_all_that_stood_on_it(tmp_path: Path) -> None:
    """Whatever other scopes had on it too, though only its own is looked at."""
    stage = simulated(tmp_path, resync_interval_s=3600)
    stage.put(*estates.whole())
    for node in sorted(stage.plane.nodes()):
        until(lambda: not stage.reconciler.busy, 10, "nothing to do")
        scope, lost = next((blueprint.scope, piece) for blueprint in blueprints(stage) for piece in blueprint.pieces
                           if isinstance(piece, Node) and piece.name == node)
        births = stage.plane.birth(node)  # type: ignore[attr-defined]
        stage.plane.apply(Change(remove=(lost,)))
        stage.reconciler.look_at([str(scope)])
        until(lambda node=node, births=births: stage.plane.birth(node) > births,  # type: ignore[attr-defined, misc]
              10, f"{node} again")
        until(lambda: not missing(stage), 10, f"all that stood on {node}")
    until(lambda: all(state(stage, leg) is SessionState.ESTABLISHED for leg in Leg), 10, "both sessions")
    stage.close()


def test_a_dead_daemon_is_started_again(built: Stage) -> None:
    built.speaker.kill(VRF)  # type: ignore[attr-defined]
    until(lambda: not missing(built), 10, "the daemon again")


def test_a_piece_that_fails_is_tried_again_until_it_is_there(stage: Stage) -> None:
    link, = {piece.key for blueprint in [compile_leg(Leg.PRIMARY)] for piece in blueprint.pieces
             if isinstance(piece, Link) and piece.a.node == VRF}
    stage.plane.fail_next(link)  # type: ignore[attr-defined]
    stage.put(*estates.whole())
    assert not missing(stage)


def compile_leg(leg: Leg) -> Blueprint:
    return compile(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg), estates.snapshot(), AZURE)


def test_a_leg_that_cannot_be_applied_leaves_the_other_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = simulated(tmp_path, settle_deadline_s=1)
    apply = stage.plane.apply

    def refuse(change: Change) -> None:
        if any(isinstance(piece, Node) and piece.name == VRF for piece in change.ensure):
            raise DriverFailure("the disk of VRF primary is on fire")
        apply(change)

    monkeypatch.setattr(stage.plane, "apply", refuse)
    operations = stage.begin(estates.whole())
    ends = {stage.ended(operation).status for operation in operations}
    assert ends == {OperationStatus.SUCCEEDED, OperationStatus.FAILED}
    assert state(stage, Leg.SECONDARY) is SessionState.ESTABLISHED
    assert state(stage, Leg.PRIMARY) is not SessionState.ESTABLISHED
    monkeypatch.setattr(stage.plane, "apply", apply)
    until(lambda: state(stage, Leg.PRIMARY) is SessionState.ESTABLISHED, 10, "the primary, tried again")
    stage.close()


def test_an_operation_that_fails_says_what_it_waited_for_and_a_put_repairs_the_resource(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = simulated(tmp_path, settle_deadline_s=1.5)
    apply = stage.speaker.apply

    def refuse(router: Router) -> None:
        if router.node == VRF:
            raise ConfigurationRejected("BIRD of that VRF refuses its configuration")
        apply(router)

    monkeypatch.setattr(stage.speaker, "apply", refuse)
    peering = estates.peering()
    ends = [stage.ended(operation) for operation in stage.begin(estates.whole())]
    error, = (operation.error for operation in ends if operation.resource.key == peering.id.key)
    assert error
    assert error["code"] == "RealisationTimedOut"
    assert "refuses its configuration" in error["message"]
    assert provisioning(stage, peering) is ProvisioningState.FAILED
    monkeypatch.setattr(stage.speaker, "apply", apply)
    stage.put(peering)
    assert provisioning(stage, peering) is ProvisioningState.SUCCEEDED
    stage.close()


def provisioning(stage: Stage, resource: Resource) -> ProvisioningState:
    with stage.store.reading() as reader:
        found = reader.get(resource.id)
    assert found
    return found.state


def test_what_this_machine_cannot_do_fails_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_change: Change) -> None:
        raise Unsupported("this kernel has no VXLAN")

    monkeypatch.setattr(stage.plane, "apply", refuse)
    operation, = stage.begin([estates.cloud()[0]])
    error = stage.ended(operation, 5).error
    assert error
    assert (error["code"], error["message"]) == ("NotSupportedOnThisMachine", "this kernel has no VXLAN")


def test_an_operation_whose_resource_went_with_its_parent_is_canceled_not_left_open(tmp_path: Path) -> None:
    first = simulated(tmp_path)
    first.close()
    peering, = first.begin([estates.peering()])
    with first.store.writing() as writer:
        writer.delete(estates.rid(PEERING, "er1", "AzurePrivatePeering"))
    second = simulated(tmp_path)
    assert second.ended(peering, 5).status is OperationStatus.CANCELED
    second.close()


def test_a_wish_written_while_nobody_listened_is_found_by_the_next_start(tmp_path: Path) -> None:
    first = simulated(tmp_path)
    first.close()
    operations = first.begin(estates.whole())
    second = simulated(tmp_path)
    second.settle(operations)
    assert not missing(second)
    second.close()


def test_a_router_without_wish_does_not_run(built: Stage) -> None:
    built.delete(estates.rid(PEERING, "er1", "AzurePrivatePeering"))
    assert VRF not in built.plane.nodes()
    assert instance_node(estates.rid(GATEWAY, "gw1"), 0) in built.plane.nodes()
    until(lambda: built.speaker.running() == frozenset(
        router.node for blueprint in blueprints(built) for router in blueprint.routers), 10, "no other daemon")


def test_a_router_that_cannot_start_does_not_stop_the_leg_of_the_other(
        stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ce_node(estates.rid(SITE, "paris"), "ce2")
    start = stage.speaker.apply

    def refuse(router: Router) -> None:
        if router.node == broken:
            raise DriverFailure("no such daemon here")
        start(router)

    monkeypatch.setattr(stage.speaker, "apply", refuse)
    stage.begin(estates.whole())
    until(lambda: state(stage, Leg.PRIMARY) is SessionState.ESTABLISHED, 5, "the leg of the healthy router")


def test_a_deletion_that_fails_leaves_the_resource_and_all_below_it_failed_not_deleting(built: Stage) -> None:
    circuit, peering = estates.rid(CIRCUIT, "er1"), estates.rid(PEERING, "er1", "AzurePrivatePeering")
    built.close()
    with built.store.writing() as writer:
        for one in (circuit, peering):
            writer.set_status(one, state=ProvisioningState.DELETING)
        writer.begin(Operation("gone", circuit, OperationKind.DELETE))
    finish.fail(built.store, "gone", "RealisationTimedOut", "too late")
    with built.store.reading() as reader:
        states = {found.state for one in (circuit, peering) if (found := reader.get(one))}
    assert states == {ProvisioningState.FAILED}


def test_an_operation_that_was_overtaken_by_a_later_put_does_not_settle_the_resource(built: Stage) -> None:
    built.close()
    vnet = next(resource for resource in estates.whole() if resource.id.type == VNET)
    with built.store.writing() as writer:
        first = writer.put(replace(vnet, state=ProvisioningState.UPDATING))
        writer.begin(Operation("first", vnet.id, OperationKind.PUT, generation=first.generation))
        second = writer.put(replace(vnet, state=ProvisioningState.UPDATING))
        writer.begin(Operation("second", vnet.id, OperationKind.PUT, generation=second.generation))
    finish.succeed(built.store, ["first"])
    assert provisioning(built, vnet) is ProvisioningState.UPDATING
    finish.succeed(built.store, ["second"])
    assert provisioning(built, vnet) is ProvisioningState.SUCCEEDED
