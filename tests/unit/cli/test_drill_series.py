"""Drills that a file lists: refused as a whole, played one after another, stopped at the first that is not passed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from click.testing import Result as Ran

from certificates import certificate
from e2e_support import ROOT
from rehearsing import ground
from trunkline.cli.client import Clients
from trunkline.cli.commands import drill_failover
from trunkline.cli.commands.drill_failover import Aborted, Course, Interrupted, _judged
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance, locate
from trunkline.cli.progress import Progress
from trunkline.cli.rehearsal.preflight import Plan, Wish
from trunkline.cli.rehearsal.series import Item, listed, refusal
from trunkline.diagnosis.drill.certificate import Result, Verdict
from trunkline.diagnosis.drill.ways import End, Expectation, Pair


def read(tmp_path: Path, text: str, base: Wish = Wish(), forced: bool = False) -> tuple[Item, ...]:  # noqa: B008
    file = tmp_path / "drills.yaml"
    file.write_text(text)
    found = listed(file, ground(), base, forced)
    if found.faults:
        raise refusal(file, found.faults)
    return found.items


def test_what_stands_above_the_list_is_for_all_and_what_nobody_says_is_as_on_the_command_line(tmp_path: Path) -> None:
    first, second = read(tmp_path, """
        hold: 3
        drills:
          - {target: er1 primary, drain: true, within: 500}
          - {target: [edge, Amsterdam, secondary], hold: 9, force: true}
        """, Wish(healing_ms=40.0))
    assert (first.target.said, second.target.said) == ("er1 primary", "edge Amsterdam secondary")
    assert (first.wish, first.forced) == (Wish(hold_s=3, drain=True, outage_ms=500, healing_ms=40), False)
    assert (second.wish, second.forced) == (Wish(hold_s=9, healing_ms=40), True)


def test_the_example_is_right() -> None:
    found = listed(ROOT / "examples" / "drills" / "one-circuit.yaml", ground(), Wish(), forced=False).items
    assert [one.target.said for one in found] == ["er1 primary", "er1 secondary", "edge Amsterdam primary",
                                                  "gateway gw1 0"]


def test_json_is_read_too(tmp_path: Path) -> None:
    found, = read(tmp_path, '{"abortLoss": 7, "drills": [{"target": "location Amsterdam"}]}', forced=True)
    assert (found.target.said, found.wish.abort_loss_percent, found.forced) == ("location Amsterdam", 7, True)


def test_everything_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="is refused, and nothing was drilled") as refused:
        read(tmp_path, "drills:\n- target: er9 primary\n- target: location Amsterdam\n  drain: true\n"
             "- target: er1 primary\n")
    first, second = refused.value.message.splitlines()[1:]
    assert first.strip().startswith("line 2: drills[0]: there is no circuit 'er9'")
    assert second.strip().startswith("line 3: drills[1]: 'location Amsterdam' cannot be drained")
    with pytest.raises(Failed) as refused:
        read(tmp_path, "hold: 0\nspeed: 9\ndrills:\n- {target: er1 primary, within: soon, colour: red}\n- {}\n")
    for said in ("line 1: hold:", "line 2: speed: there is no such member; there are", "line 4: drills[0].within:",
                 "line 4: drills[0].colour: there is no such member", "line 5: drills[1].target: this is required"):
        assert said in refused.value.message, said


def test_one_reading_finds_faults_of_every_sort_and_keeps_what_is_sound(tmp_path: Path) -> None:
    file = tmp_path / "drills.yaml"
    file.write_text("hold: 0\nforce: true\nabortLoss: 5\nabortLoss: 6\ndrills:\n- target: er9 primary\n"
                    "- {target: er1 primary, within: soon}\n- target: er1 secondary\n- er1 primary\n")
    found = listed(file, ground(), Wish(), forced=False)
    assert sorted((fault.line, str(fault).partition(":")[0]) for fault in found.faults) == [
        (1, "hold"), (4, "'abortLoss' stands twice"), (6, "drills[0]"), (7, "drills[1].within"), (9, "drills[3]")]
    assert any("a drill is a mapping with a 'target:'" in str(fault) for fault in found.faults)
    assert [(one.target.said, one.line, one.forced, one.wish.hold_s) for one in found.items] == [
        ("er1 secondary", 8, True, Wish().hold_s)]


@pytest.mark.parametrize("text", [
    "", "[]", "drills: []", "drills: er1 primary", "drills: [er1 primary]", "\x00", "a: [b", "drills: [{target: []}]",
    "drills: [{target: true}]", "hold: .nan\ndrills: [{}]"])
def test_what_is_no_list_of_drills_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(Failed, match="refused"):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot be read"):
        listed(tmp_path, ground(), Wish(), forced=False)


# ── one after another ──────────────────────────────────────────────────────────────────────────────────────────────


def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *results: Result | Failed, stops: bool = True,
           restored: bool = True, asked: bool = False) -> Course:
    """As many drills as results; somebody ``asked`` for an end while the first restored, or interrupts one."""
    coming = iter(results)

    def play(course: Course, _item: Item) -> Any:
        result = next(coming)
        if asked or result is Result.INTERRUPTED:
            course.asked.set()
        if isinstance(result, Failed):
            raise result
        return certificate(verdict=Verdict(result=result, reasons=("why",)), restored=restored), tmp_path / "one.json"

    monkeypatch.setattr(drill_failover, "_play", play)
    item, = read(tmp_path, "drills: [{target: er1 primary}]")
    course = Course(locate(str(tmp_path), {}), cast(Clients, None), Progress(quiet=True), stops, Event())
    course.run((item,) * len(results))
    return course


@pytest.mark.parametrize(("results", "stops", "told"), [
    ((Result.PASSED, Result.PASSED), True, ["passed", "passed"]),
    ((Result.PASSED, Result.FAILED, Result.PASSED), True, ["passed", "failed", "not played"]),
    ((Result.FAILED, Result.PASSED), False, ["failed", "passed"]),
    ((Result.ABORTED, Result.PASSED), False, ["aborted", "passed"]),
    ((Result.INTERRUPTED, Result.PASSED), False, ["interrupted", "not played"]),
    ((Failed("no"), Result.PASSED), True, ["refused", "not played"]),
    ((Failed("no"), Result.PASSED), False, ["refused", "passed"])])
def test_a_list_stops_at_the_first_that_is_not_passed_unless_told_otherwise(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, results: tuple[Any, ...], stops: bool,
        told: list[str]) -> None:
    assert [row["result"] for row in played(monkeypatch, tmp_path, *results, stops=stops).rows] == told


def test_what_is_not_restored_is_never_failed_further(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    course = played(monkeypatch, tmp_path, Result.FAILED, Result.PASSED, stops=False, restored=False)
    assert [row["result"] for row in course.rows] == ["failed", "not played"]


def test_the_exit_code_tells_an_abort_from_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def judged(*results: Result) -> None:
        course = played(monkeypatch, tmp_path, *results)
        _judged(course.rows, course.interrupted)

    judged(Result.PASSED, Result.PASSED)
    with pytest.raises(Aborted, match="er1 primary aborted: why; 1 more not played") as aborted:
        judged(Result.ABORTED, Result.PASSED)
    with pytest.raises(Failed, match="er1 primary failed: why") as failed:
        judged(Result.PASSED, Result.FAILED)
    with pytest.raises(Interrupted, match="er1 primary interrupted: why; 1 more not played") as interrupted:
        judged(Result.PASSED, Result.INTERRUPTED, Result.PASSED)
    assert [one.value.exit_code for one in (failed, aborted, interrupted)] == [1, 4, 130]


def test_who_wants_an_end_while_a_drill_restores_gets_it_before_the_next(monkeypatch: pytest.MonkeyPatch,
                                                                         tmp_path: Path) -> None:
    alone = played(monkeypatch, tmp_path, Result.PASSED, asked=True)
    _judged(alone.rows, alone.interrupted)
    listed_ = played(monkeypatch, tmp_path, Result.PASSED, Result.PASSED, asked=True)
    with pytest.raises(Interrupted, match=r"^interrupted; 1 more not played"):
        _judged(listed_.rows, listed_.interrupted)


# ── looked at before it is played ──────────────────────────────────────────────────────────────────────────────────

ALONE = Expectation(Pair(End("h1", "10.10.1.10", "10.10.0.0/16"), End("vm1", "10.1.0.4", "10.1.0.0/16"), ()), (), (),
                    "no other leg")


def dry(monkeypatch: pytest.MonkeyPatch, *words: str, troubles: tuple[str, ...] = ("it would lose its last way",),
        measured: bool = True) -> Ran:
    """``drill failover`` as root beside a running service, of which every drill has these troubles."""
    def plan(_clients: Any, _places: Any, seen: Any, target: Any, wish: Wish) -> Plan:
        return Plan(target, wish, seen, (ALONE.pair,) if measured else (), (), (ALONE,), (), (), troubles)

    for name, found in {"connected": lambda _instance: nullcontext(SimpleNamespace(accounts=SimpleNamespace(
            able=lambda _name: None))), "look": lambda _clients: ground(), "plan": plan}.items():
        monkeypatch.setattr(drill_failover, name, found)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(Instance, "require_running", lambda _self: None)
    return CliRunner().invoke(drill_failover.failover, words, obj=locate("/nowhere", {}))


def test_a_dry_run_ends_as_the_drill_would(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = dry(monkeypatch, "er1", "primary", "--dry-run", "-o", "json")
    assert (refused.exit_code, json.loads(refused.stdout)["refused"]) == (1, True)
    assert "'er1 primary' is not drilled: it would lose its last way. --force drills" in refused.stderr
    forced = dry(monkeypatch, "er1", "primary", "--dry-run", "--force")
    assert (forced.exit_code, forced.stderr) == (0, "")
    assert "by --force: it would lose its last way" in forced.stdout
    assert dry(monkeypatch, "er1", "primary", "--dry-run", "--force", measured=False).exit_code == 1
    assert dry(monkeypatch, "er1", "primary", "--dry-run", troubles=()).exit_code == 0
    undrainable = dry(monkeypatch, "location", "Amsterdam", "--drain", "--dry-run")
    assert (undrainable.exit_code, "cannot be drained" in undrainable.stderr) == (1, True)


def test_who_wants_an_end_before_anything_is_failed_has_it_at_once(monkeypatch: pytest.MonkeyPatch,
                                                                   tmp_path: Path) -> None:
    file = tmp_path / "drills.yaml"
    file.write_text("drills: [{target: er1 primary}, {target: er1 secondary}]")

    @contextmanager
    def asked() -> Iterator[Event]:
        end = Event()
        end.set()
        yield end

    monkeypatch.setattr(drill_failover, "listening", asked)
    ended = dry(monkeypatch, "--plan", str(file), troubles=())
    assert (ended.exit_code, ended.stderr) == (130, "trunkline: interrupted before anything was failed.\n")


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_a_list_is_refused_with_what_its_drills_would_be_refused_for_and_with_what_is_wrong_beside_it(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dry_run: tuple[str, ...]) -> None:
    file = tmp_path / "drills.yaml"
    file.write_text("drills:\n- target: er1 primary\n- {target: er1 secondary, speed: 9}\n- target: er9 primary\n"
                    "- {target: er1 secondary, force: true}\n")
    refused = dry(monkeypatch, "--plan", str(file), *dry_run)
    assert refused.exit_code == 1
    lines = [line.strip() for line in refused.stderr.splitlines() if line.startswith("  line")]
    assert [line.partition(": ")[0] for line in lines] == ["line 2", "line 3", "line 4"]
    assert lines[0] == "line 2: drills[0]: 'er1 primary': it would lose its last way"


def test_what_a_dry_run_shows_fits_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.cli.tables._WIDTH", 80)
    shown = dry(monkeypatch, "er1", "primary", "--dry-run").stdout
    assert "10.10.0.0/16 ↔ 10.1.0.0/16   -       nothing" in shown
    assert "No second way: 10.10.0.0/16 ↔ 10.1.0.0/16: no other leg." in shown
