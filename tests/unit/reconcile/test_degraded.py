"""What a customer or operator brings and is missing: all else is realised, nobody waits, it is named and looked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import estates
from stage import Stage
from trunkline.errors import Degraded, DriverFailure
from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.drivers import Change
from trunkline.intent.network import Key, Piece, Port
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.operation import OperationStatus
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource
from trunkline.reconcile.converge import Converger
from trunkline.settings import Places, Timing
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store
from waiting import until

MISSING = "this machine has no interface eth9"


class WithoutInterface(SimulatedPlane):
    """A machine on which ``present`` says whether the interface that ports take is there."""

    present = False
    looks = 0  #: how often it was missed

    def apply(self, change: Change) -> None:
        lost = [piece for piece in change.ensure if self._needs(piece)]
        super().apply(Change(change.remove, tuple(piece for piece in change.ensure if piece not in lost)))
        if lost:
            self.looks += 1
            raise Degraded(MISSING)

    def observe(self, pieces: Sequence[Piece]) -> frozenset[Key]:
        return super().observe([piece for piece in pieces if not self._needs(piece)])

    def _needs(self, piece: Piece) -> bool:
        return not self.present and (isinstance(piece, Port) or "d1" in (
            getattr(piece, "ingress", ""), getattr(piece, "egress", "")))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = WithoutInterface()
    stage = Stage(Places(tmp_path / "home", tmp_path / "run", tmp_path / "bpf"), plane, SimulatedSpeaker(plane),
                  Timing(retry_first_s=0.01, retry_most_s=0.05, settle_deadline_s=2))
    yield stage
    stage.close()


def plugged() -> Resource:
    return estates.cable(site_name=None, link2=None, link1={"handoff": {"interface": "eth9", "kind": "Existing"}})


def status(stage: Stage) -> Json:
    return stage.ask(estates.rid(PORT, "port1"), "status")  # type: ignore[return-value]


def test_operations_succeed_the_reason_is_told_and_the_interface_is_taken_when_it_comes(stage: Stage) -> None:
    stage.put(estates.port(), estates.on_port(stag=7), estates.peering(), plugged())
    told = {row["resource"]: row["reason"] for row in status(stage)["degraded"]}
    assert told == dict.fromkeys((str(estates.rid(PORT, "port1")), str(estates.rid(CIRCUIT, "er1"))), MISSING)
    assert [link["degraded"] for link in status(stage)["directPorts"]] == [MISSING, ""]
    stage.plane.present = True  # type: ignore[attr-defined]
    until(lambda: not status(stage)["degraded"], 5, "everything to be whole")
    assert [link["lineProtocol"] for link in status(stage)["directPorts"]] == ["Up", "Down"]
    stage.delete(estates.rid(CABLE, "cable1"))


def test_what_stays_wrong_is_logged_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.put(estates.port(), plugged())
    until(lambda: stage.plane.looks > 5, 5, "the scope to be tried again")  # type: ignore[attr-defined]
    link1 = str(Scope(ScopeKind.DIRECT, estates.rid(PORT, "port1").key, Leg.PRIMARY))
    assert [vars(record)["problem"] for record in caplog.records
            if record.message == "degraded" and vars(record)["scope"] == link1] == [MISSING]


def test_an_interface_that_vanishes_is_noticed_without_being_told(stage: Stage) -> None:
    stage.plane.present = True  # type: ignore[attr-defined]
    stage.put(estates.port(), plugged())
    assert not status(stage)["degraded"]
    stage.plane.present = False  # type: ignore[attr-defined]
    until(lambda: status(stage)["degraded"], 8, "the loss to be noticed")
    assert status(stage)["directPorts"][0]["degraded"] == MISSING


def test_all_legs_that_stand_on_it_look_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when they are woken again."""
    plane, store = WithoutInterface(), Store(f"sqlite:///{tmp_path}/store.db")
    legs = [Scope(ScopeKind.LEG, estates.rid(CIRCUIT, f"er{n}").key, Leg.PRIMARY) for n in range(1, 5)]
    with store.writing() as writer:
        for one in (estates.port(), plugged()):
            writer.put(one)
        for n in range(1, 5):
            writer.put(estates.on_port(f"er{n}", n, stag=n))
            writer.put(estates.peering(f"er{n}"))
    looked: list[Change] = []
    apply = plane.apply
    monkeypatch.setattr(plane, "apply", lambda change: (
        looked.append(change) if any(isinstance(piece, Port) for piece in change.ensure) else None, apply(change))[1])
    converger = Converger(store, plane, SimulatedSpeaker(plane), AZURE)
    for times in (1, 2):
        woken = time.monotonic()
        for leg in legs:
            assert MISSING in converger.converge(leg, woken).degraded
        assert len(looked) == times
    plane.present = True
    assert not any(converger.converge(leg, time.monotonic()).degraded for leg in legs)


def test_a_failure_of_ours_beside_it_is_still_a_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_change: Change) -> None:
        raise DriverFailure("the kernel said no")

    stage.put(estates.port(), estates.on_port(stag=7), plugged())
    monkeypatch.setattr(stage.plane, "apply", refuse)
    operation, = stage.begin([estates.peering()])
    error = stage.ended(operation, 10).error
    assert error
    assert error["code"] == "RealisationTimedOut"
    assert "the kernel said no" in error["message"]
    assert "the kernel said no" in {row["reason"] for row in status(stage)["degraded"]}


def test_a_link_that_wants_macsec_is_refused_and_never_comes_up(stage: Stage) -> None:
    keys = {"cknSecretIdentifier": "https://kv.vault.azure.net/secrets/ckn",
            "cakSecretIdentifier": "https://kv.vault.azure.net/secrets/cak"}
    operation, = stage.begin([estates.port(macSecConfig=keys)])
    ended = stage.ended(operation, 10)
    assert ended.status is OperationStatus.FAILED
    assert ended.error
    assert ended.error["code"] == "NotSupportedOnThisMachine"
    assert "MACsec is not built" in ended.error["message"]
    assert status(stage)["failed"] == [str(estates.rid(PORT, "port1"))]
    assert status(stage)["directPorts"][0]["lineProtocol"] == "Down"
