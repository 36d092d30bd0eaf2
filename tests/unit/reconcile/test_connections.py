"""What customers see of a connection between changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import estates
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CONNECTION, GATEWAY
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource
from trunkline.reconcile import connections
from trunkline.reconcile.connections import ConnectionStates
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

GROUPS = ("rg1", "rg2", "rg3")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Three customers, and nobody who looks at them any more."""
    plane = SimulatedPlane()
    found = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path))
    stage = Stage(found.places, plane, SimulatedSpeaker(plane))
    stage.put(*(r for number, group in enumerate(GROUPS, 1) for r in estates.whole(number, group)))
    stage.close()
    return stage


def shown(stage: Stage) -> list[str]:
    with stage.store.reading() as reader:
        found = [reader.get(estates.rid(CONNECTION, "con1", group=group)) for group in GROUPS]
    return [str(one.status["connectionStatus"]) for one in found if one]


def test_a_connection_whose_gateway_has_lost_its_sessions_is_not_connected(
        stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SPELL_S", 60.0)
    states = ConnectionStates(stage.store, stage.speaker, AZURE)
    for instance in (0, 1):
        stage.speaker.remove(instance_node(estates.rid(GATEWAY, "gw1", group="rg2"), instance))
    states.refresh()
    assert shown(stage) == ["Connected", "NotConnected", "Connected"]


@pytest.mark.parametrize(("cloud", "status"), [(estates.cloud6(), "Connected"), ((), "NotConnected")])
def test_ipv6_alone_connects_a_gateway_that_has_it(
        stage: Stage, monkeypatch: pytest.MonkeyPatch, cloud: tuple[Resource, ...], status: str) -> None:
    """Gateway and edge speak over IPv4 too, over which such a customer gets nothing."""
    peering = {name: value for name, value in estates.peering(**estates.SIX).properties.items()
               if not name.endswith("AddressPrefix")}
    with stage.store.writing() as writer:
        for one in (replace(estates.peering(), properties=peering), *cloud):
            writer.put(one)
    with stage.store.reading() as reader:
        gateway = estates.rid(GATEWAY, "gw1")
        for router in compile(Scope(ScopeKind.GATEWAY, gateway.key), reader, AZURE).routers:
            stage.speaker.apply(router)
    only(stage, monkeypatch, "_v6" if cloud else "")
    ConnectionStates(stage.store, stage.speaker, AZURE).refresh()
    assert shown(stage)[0] == status


def only(stage: Stage, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """Of the sessions to circuits only those with this ending are established."""
    real = stage.speaker.sessions
    monkeypatch.setattr(stage.speaker, "sessions", lambda router: tuple(
        replace(one, state=SessionState.ESTABLISHED if one.name.endswith(ending) else SessionState.IDLE)
        for one in real(router)))


def test_many_gateways_take_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SPELL_S", -1.0)  # over before it began: one in each beat
    states = ConnectionStates(stage.store, stage.speaker, AZURE)
    for group in GROUPS:
        stage.speaker.remove(instance_node(estates.rid(GATEWAY, "gw1", group=group), 0))
        stage.speaker.remove(instance_node(estates.rid(GATEWAY, "gw1", group=group), 1))
    told = []
    for _ in GROUPS:
        states.refresh()
        told.append(shown(stage).count("NotConnected"))
    assert told == [1, 2, 3]
