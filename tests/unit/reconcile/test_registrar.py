"""Registry files and what is written down of each Microsoft peering: read when they change, never half."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

import estates
from stage import Stage
from trunkline import settings
from trunkline.intent import exchange
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.validation import REGISTRY, validation_id, verdicts
from trunkline.intent.view import CIRCUIT, PEERING
from trunkline.model import vrp
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Resource, ResourceId
from trunkline.reconcile import registrar as registrar_module
from trunkline.reconcile import registry_files
from trunkline.reconcile.registrar import Registrar
from trunkline.reconcile.registry_files import KEPT
from trunkline.settings import Places
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store

MINE = estates.rid(PEERING, "er1", "MicrosoftPeering")
PEERING_OF_ER1 = estates.microsoft(asn=3333)
GOOD = (f"route: 104.1.0.0/24\norigin: AS3333\nsource: RADB\n"
        f"remarks: Trunkline {validation_id(PEERING_OF_ER1, '104.1.0.0/24')}\n")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = settings.load({}, home=str(tmp_path)).places
    found.registries.mkdir()
    return found


@pytest.fixture
def store(places: Places) -> Store:
    store = Store(places.database_url)
    with store.writing() as writer:
        for one in (*estates.circuit(), PEERING_OF_ER1):
            writer.put(one)
    return store


def stands(store: Store) -> str:
    with store.reading() as reader:
        found = reader.get(MINE)
    assert isinstance(found, Resource)
    return str(verdicts(found, 4)[0].state)


def write(places: Places, text: str, tick: int) -> None:
    """Each with another time of change, however fast the test is."""
    file = places.registries / "radb.rpsl"
    file.write_text(text)
    os.utime(file, ns=(tick, tick))


def test_nobody_vouches_without_files(store: Store, places: Places) -> None:
    assert stands(store) == "Configuring"
    Registrar(store, places).refresh()
    assert stands(store) == "ValidationNeeded"


def test_a_changed_file_is_read_and_wakes_whom_it_concerns(store: Store, places: Places) -> None:
    registrar, woken = Registrar(store, places), set[Scope]()
    registrar.refresh(woken.update)
    woken.clear()
    registrar.refresh(woken.update)
    assert not woken, "nothing has changed"
    write(places, GOOD, 1)
    registrar.refresh(woken.update)
    assert stands(store) == "Configured"
    assert {scope.leg for scope in woken if scope.kind == "leg"} == {"primary", "secondary"}
    write(places, GOOD.replace("3333", "4444"), 2)
    registrar.refresh()
    assert stands(store) == "AsnValidationFailed"


def test_a_broken_file_keeps_the_last_good_and_says_so_also_after_a_restart(store: Store, places: Places) -> None:
    registrar = Registrar(store, places)
    write(places, GOOD, 1)
    registrar.refresh()
    write(places, "route: nonsense\n", 2)
    for one in (registrar, Registrar(store, places)):
        one.refresh()
        assert stands(store) == "Configured"
        told, = one.told()
        assert told["objects"] == 1
        assert "no 'origin:'" in told["problem"]
        assert told["read"]


def test_a_file_that_is_gone_counts_on_for_a_day_and_says_so_also_after_a_restart(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = Registrar(store, places)
    write(places, GOOD, 1)
    registrar.refresh()
    (places.registries / "radb.rpsl").unlink()
    for one in (registrar, registrar, Registrar(store, places)):
        one.refresh()
        assert stands(store) == "Configured"
        assert "it is gone" in one.told()[0]["problem"]
    monkeypatch.setattr(registry_files, "_GRACE", timedelta())
    registrar.refresh()
    assert stands(store) == "ValidationNeeded"
    assert registrar.told() == []
    assert not list((places.registries / KEPT).iterdir())


def test_a_file_that_comes_back_has_the_whole_day_again(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = Registrar(store, places)
    write(places, GOOD, 1)
    registrar.refresh()
    (places.registries / "radb.rpsl").unlink()
    registrar.refresh()
    write(places, GOOD, 2)
    registrar.refresh()
    assert registrar.told()[0]["problem"] == ""
    monkeypatch.setattr(registry_files, "_GRACE", timedelta())
    registrar.refresh()
    assert stands(store) == "Configured"


def test_who_takes_the_copy_away_too_wants_no_more_of_the_file(store: Store, places: Places) -> None:
    registrar = Registrar(store, places)
    write(places, GOOD, 1)
    registrar.refresh()
    (places.registries / "radb.rpsl").unlink()
    (places.registries / KEPT / "radb.rpsl").unlink()
    registrar.refresh()
    assert stands(store) == "ValidationNeeded"


def test_half_a_dump_is_not_believed_until_its_copy_is_taken_away(store: Store, places: Places) -> None:
    registrar = Registrar(store, places)
    others = "".join(f"\nroute: 104.2.{number}.0/24\norigin: AS3333\nsource: RADB\n" for number in range(99))
    write(places, others + "\n" + GOOD, 1)
    registrar.refresh()
    write(places, others[:len(others) // 2].rpartition("\n\n")[0], 2)
    for one in (registrar, Registrar(store, places)):
        one.refresh()
        assert stands(store) == "Configured"
        told, = one.told()
        assert told["objects"] == 100
        assert "% less" in told["problem"]
    (places.registries / KEPT / "radb.rpsl").unlink()
    registrar.refresh()
    assert stands(store) == "ValidationNeeded"
    assert registrar.told()[0]["problem"] == ""


def test_a_file_that_could_not_be_read_once_is_read_when_it_can_be(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = Registrar(store, places)
    write(places, GOOD, 1)
    with monkeypatch.context() as refused:
        refused.setattr(Path, "read_text", _refused)
        registrar.refresh()
        assert "Permission denied" in registrar.told()[0]["problem"]
    registrar.refresh()
    assert stands(store) == "Configured"


def _refused(*_arguments: object, **_more: object) -> str:
    raise PermissionError(13, "Permission denied")


def test_an_exchange_is_looked_at_once_however_many_members_it_has(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[ResourceId | None] = []
    view = exchange.exchange_view
    monkeypatch.setattr(exchange, "exchange_view", lambda *asked: looked.append(asked[1]) or view(*asked))
    members = [estates.exchange_member(f"m{asn}", number, asn=asn, handoff={"interface": f"p{number}"})
               for number, asn in enumerate((3333, 1103, 2611))]
    with store.writing() as writer:
        for one in estates.exchange(*members):
            writer.put(one)
    write(places, "route: 145.200.0.0/16\norigin: AS1103\nsource: RIPE\n", 1)
    Registrar(store, places).refresh()
    assert len(looked) == 1
    with store.reading() as reader:
        told = [found.status[REGISTRY] for one in members if (found := reader.get(one.id))]
    assert [(one["asn"], one["prefixes"]) for one in told] == [(3333, []), (1103, ["145.200.0.0/16"]), (2611, [])]


def test_news_of_many_members_wake_the_exchange_once(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    touched = registrar_module.touched
    monkeypatch.setattr(registrar_module, "touched", lambda one, estate: asked.append(one.id.name) or touched(
        one, estate))
    members = [estates.exchange_member(f"m{number}", number, asn=1000 + number, handoff={"interface": f"p{number}"})
               for number in range(20)]
    with store.writing() as writer:
        for one in estates.exchange(*members, admissions=[{"asn": 1000 + number} for number in range(20)]):
            writer.put(one)
    woken = set[Scope]()
    Registrar(store, places).refresh(woken.update)
    assert [name for name in asked if name != "MicrosoftPeering"] == ["ams"]
    assert {scope for scope in woken if scope.kind == "member"} >= {
        Scope(ScopeKind.MEMBER, one.id.key) for one in members}


def test_what_both_legs_serve_is_parsed_once_and_again_only_if_it_is_other(
        store: Store, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = vrp.parse
    monkeypatch.setattr(vrp, "parse", lambda text: parsed.append(text) or parse(text))
    registrar, woken = Registrar(store, places), list[Scope]()
    serve(places, 3333, "primary", "secondary", obtained="10:00")
    registrar.refresh()
    assert stands(store) == "ValidationNeeded"
    serve(places, 3333, "primary", obtained="11:00")
    registrar.refresh(woken.extend)
    assert len(parsed) == 1
    assert not woken
    serve(places, 4444, "primary", "secondary", obtained="12:00")
    registrar.refresh(woken.extend)
    assert stands(store) == "AsnValidationFailed"
    assert len(parsed) == 2
    assert woken


def serve(places: Places, asn: int, *legs: str, obtained: str) -> None:
    places.served_vrps.mkdir(exist_ok=True)
    for leg in legs:
        found = vrp.VrpSet(frozenset({vrp.Vrp("104.1.0.0/24", 24, asn)}))
        (places.served_vrps / f"{leg}.json").write_text(vrp.render(found, {"obtained": obtained, "asn": asn}))


def test_a_registrar_that_takes_long_does_not_hold_up_the_timer(
        places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which finds a question that nobody announced."""
    began, release = Event(), Event()

    def refresh(*_due: object) -> None:
        began.set()
        release.wait(30)
    monkeypatch.setattr(Registrar, "refresh", refresh)
    plane = SimulatedPlane()
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    try:
        stage.put(*estates.circuit())
        assert began.wait(20)
        with stage.store.writing() as writer:
            writer.begin(Operation("ask", estates.rid(CIRCUIT, "er1"), OperationKind.ACTION, action="status"))
        assert stage.ended("ask", 20).status is OperationStatus.SUCCEEDED
    finally:
        release.set()
        stage.close()


def test_what_is_no_text_is_a_problem_and_no_traceback(store: Store, places: Places) -> None:
    (places.registries / "radb.rpsl").write_bytes(b"\xff\xfe\x00")
    registrar = Registrar(store, places)
    registrar.refresh()
    assert registrar.told()[0]["problem"]
