"""Drills that a file lists: refused as a whole, played one after another, stopped at the first that is not passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from certificates import certificate
from e2e_support import ROOT
from rehearsing import ground
from trunkline.cli.client import Clients
from trunkline.cli.commands import drill_failover
from trunkline.cli.commands.drill_failover import Aborted, Course, _judged
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate
from trunkline.cli.progress import Progress
from trunkline.cli.rehearsal.preflight import Wish
from trunkline.cli.rehearsal.series import Item, items
from trunkline.diagnosis.drill.certificate import Result, Verdict


def read(tmp_path: Path, text: str, base: Wish = Wish(), forced: bool = False) -> tuple[Item, ...]:  # noqa: B008
    file = tmp_path / "drills.yaml"
    file.write_text(text)
    return items(file, ground(), base, forced)


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
    found = items(ROOT / "examples" / "drills" / "one-circuit.yaml", ground(), Wish(), forced=False)
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
    assert second.strip().startswith("line 3: drills[1]: drain is for planned work")
    with pytest.raises(Failed) as refused:
        read(tmp_path, "hold: 0\nspeed: 9\ndrills:\n- {target: er1 primary, within: soon, colour: red}\n- {}\n")
    for said in ("line 1: hold:", "line 2: speed: there is no such member; there are", "line 4: drills[0].within:",
                 "line 4: drills[0].colour: there is no such member", "line 5: drills[1].target:"):
        assert said in refused.value.message, said


@pytest.mark.parametrize("text", [
    "", "[]", "drills: []", "drills: er1 primary", "drills: [er1 primary]", "\x00", "a: [b", "drills: [{target: []}]",
    "drills: [{target: true}]", "hold: .nan\ndrills: [{}]"])
def test_what_is_no_list_of_drills_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(Failed, match="refused"):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot be read"):
        items(tmp_path, ground(), Wish(), forced=False)


# ── one after another ──────────────────────────────────────────────────────────────────────────────────────────────


def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *results: Result | Failed, stops: bool = True,
           restored: bool = True) -> Course:
    """As many drills as results."""
    coming = iter(results)

    def play(*_given: Any) -> Any:
        result = next(coming)
        if isinstance(result, Failed):
            raise result
        return certificate(verdict=Verdict(result=result, reasons=("why",)), restored=restored), tmp_path / "one.json"

    monkeypatch.setattr(drill_failover, "_play", play)
    item, = read(tmp_path, "drills: [{target: er1 primary}]")
    course = Course(locate(str(tmp_path), {}), cast(Clients, None), Progress(quiet=True), stops=stops)
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
    _judged(played(monkeypatch, tmp_path, Result.PASSED, Result.PASSED).rows)
    with pytest.raises(Aborted, match="er1 primary aborted: why; 1 more not played"):
        _judged(played(monkeypatch, tmp_path, Result.ABORTED, Result.PASSED).rows)
    with pytest.raises(Failed, match="er1 primary failed: why") as failed:
        _judged(played(monkeypatch, tmp_path, Result.PASSED, Result.FAILED).rows)
    assert failed.value.exit_code == 1
