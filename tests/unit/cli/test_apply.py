"""``trunkline apply``: nothing is sent before all of it was checked, nor what interrupts without a yes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from little_arm import Arm
from trunkline.cli.client import Clients
from trunkline.cli.commands import estate
from trunkline.cli.root import trunkline

PLAN = ("operator", "POST", "/subscriptions/sub-c/providers/Trunkline.Plant/plan")
FILE = """\
resourceGroup: rg1
sites:
  - {name: paris, asn: 65010, prefixes: [10.10.0.0/16], lan: 10.10.1.0/24, routers: [{name: ce1}]}
  - {name: rome, asn: 65020, prefixes: [10.20.0.0/16], lan: 10.20.1.0/24, routers: [{name: ce1}]}
"""
HARM = {"index": 1, "resourceId": "/subscriptions/sub-c/resourceGroups/rg1/providers/Trunkline.Site/sites/paris",
        "changeType": "Modify", "class": "recreate", "legs": [], "otherLegCarries": False, "outageSeconds": 10,
        "fields": []}


def applied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Any, *options: str) -> tuple[Arm, Result]:
    arm = Arm(answers={"plan": answer})
    file = tmp_path / "estate.yaml"
    file.write_text(FILE)

    @contextmanager
    def connected(_instance: object) -> Iterator[Clients]:
        yield arm.clients()
    monkeypatch.setattr(estate, "connected", connected)
    return arm, CliRunner().invoke(trunkline, ["--home", str(tmp_path), "apply", str(file), *options])


def writes(arm: Arm) -> int:
    return sum(method == "PUT" for _, method, _ in arm.sent)


def test_all_that_would_be_refused_is_told_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    faults = [{"index": index, "id": "x", "code": code, "message": "No.", "target": ""}
              for index, code in ((1, "BadSite"), (2, "BadToo"))]
    arm, done = applied(monkeypatch, tmp_path, {"faults": faults})
    assert done.exit_code == 1
    assert "estate.yaml:3: site paris: BadSite" in done.output
    assert "estate.yaml:4: site rome: BadToo" in done.output
    assert writes(arm) == 0


@pytest.mark.parametrize("option", ["--plan", "-ojson"])
def test_without_a_terminal_what_is_made_anew_is_refused_with_the_way_out(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str) -> None:
    arm, done = applied(monkeypatch, tmp_path, {"class": "recreate", "changes": [HARM]}, option)
    assert done.exit_code == 1
    assert "site paris (re-create; -; outage up to 10 s)" in done.output
    assert "'trunkline apply --yes' does it" in done.output
    assert writes(arm) == 0


@pytest.mark.parametrize(("changes", "options"), [([HARM], ["--yes"]), ([{**HARM, "class": "hitless"}], []),
                                                  ([], ["--plan"])])
def test_what_was_allowed_or_hurts_nobody_is_done(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: list[Any], options: list[str]) -> None:
    arm, done = applied(monkeypatch, tmp_path, {"class": "none", "changes": changes}, *options)
    assert (done.exit_code, writes(arm)) == (0, 3), done.output
