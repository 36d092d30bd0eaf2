"""``trunkline maintenance``: targets, times and names as one writes them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner

from little_arm import Arm
from trunkline.cli import completing
from trunkline.cli.commands import maintenance
from trunkline.cli.commands.maintenance import default_name, moment, named, window
from trunkline.cli.instance import locate


def test_a_time_is_of_utc_unless_it_says_otherwise() -> None:
    assert moment("2026-12-20T22:00") == datetime(2026, 12, 20, 22, tzinfo=UTC)
    assert moment("2026-12-20T22:00+01:00") == datetime(2026, 12, 20, 21, tzinfo=UTC)
    assert timedelta(days=14) < moment("+15d") - datetime.now(UTC) < timedelta(days=16)


@pytest.mark.parametrize("text", ["tomorrow", "+15w", "2026-13-01"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; write"):
        moment(text)


@pytest.mark.parametrize(("kind", "names"), [
    ("leg", ("er1",)), ("leg", ("er1", "third")), ("edge", ("Amsterdam", "primary", "x")), ("gateway", ("gw1", "2"))])
def test_what_names_no_target_is_told(kind: str, names: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match=r"(is named by|is no)"):
        named(kind, names)


def test_a_window_has_a_start_or_is_an_emergency() -> None:
    start = datetime(2026, 12, 20, tzinfo=UTC)
    body = window(start=start, seconds=3600, emergency=False, reason="x", drain=300)
    assert (body["startTime"], body["endTime"]) == ("2026-12-20T00:00:00+00:00", "2026-12-20T01:00:00+00:00")
    for wrong in ({"start": None, "emergency": False}, {"start": start, "emergency": True}):
        with pytest.raises(click.UsageError, match="not both"):
            window(seconds=1, reason="x", drain=1, **wrong)  # type: ignore[arg-type]


def test_a_name_says_what_and_when() -> None:
    assert default_name("edge", ("New York", "primary"), "2026-12-20T22:00:00+00:00") == (
        "edge-new-york-primary-20261220-2200")


# ── who does it ────────────────────────────────────────────────────────────────────────────────────────────────────

OWN = "/subscriptions/sub-p/resourceGroups/g/providers/Trunkline.Plant/maintenances/m1"
WORK = {"state": "InProgress", "startTime": "2026-12-20T22:00:00+00:00", "endTime": "2026-12-20T23:00:00+00:00",
        "affected": [{"id": "/x/er1", "leg": "primary"}], "reason": "optics", "why": "", "history": []}


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Arm:
    """One maintenance at work and one that is over; of the first the customer has a notice."""
    arm = Arm(answers={"cancel": {}})
    for path, state in ((OWN, "InProgress"), (OWN.replace("m1", "m0"), "Completed"),
                        ("/subscriptions/sub-c/providers/Trunkline.Plant/notices/m1", "InProgress")):
        arm.resources[path.lower()] = {"id": path, "name": path.rpartition("/")[2], "properties": {
            **WORK, "state": state}}
    monkeypatch.setattr(maintenance, "_TAKEN_BACK_S", 0.0)
    for module in (maintenance, completing):
        monkeypatch.setattr(module, "connected", lambda _instance: nullcontext(arm.clients()))
    return arm


def ask(*words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(maintenance.maintenance, words, obj=locate("/nowhere", {}))
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.output


@pytest.mark.parametrize(("words", "who"), [((), "operator"), (("--account", "customer"), "customer")])
def test_it_is_cancelled_in_the_name_of_whoever_is_named(arm: Arm, words: tuple[str, ...], who: str) -> None:
    code, said = ask("cancel", "m1", *words)
    assert (code, [one for one in arm.sent if one[1] == "POST"]) == (0, [(who, "POST", f"{OWN}/cancel")])
    assert "primary of er1" in said, "as it is then"


@pytest.mark.parametrize(("words", "who"), [((), "operator"), (("--account", "provider"), "provider")])
def test_it_is_announced_in_the_name_of_whoever_is_named(arm: Arm, words: tuple[str, ...], who: str) -> None:
    ask("announce", "edge", "Amsterdam", "primary", "--now", "--reason", "optics", "--name", "m2", *words, "-o", "json")
    assert {(by, verb) for by, verb, _ in arm.sent} == {(who, "PUT")}


def test_it_is_shown_as_an_account_sees_it(arm: Arm) -> None:
    assert ask("show", "m1", "-o", "json")[1]["id"] == OWN
    assert ask("show", "m1", "--account", "customer", "-o", "json")[1]["id"].endswith("/notices/m1")
    code, said = ask("show", "m0", "--account", "customer")
    assert (code, "there is no maintenance 'm0' for customer" in said) == (1, True)


@pytest.mark.parametrize(("kind", "given", "offered"), [
    ("leg", (), ["er1"]), ("leg", ("er1",), ["primary"]), ("edge", (), ["Amsterdam"]),
    ("edge", ("amsterdam",), ["secondary"]), ("gateway", ("gw1",), ["0"]), ("switch", (), [])])
def test_targets_are_offered_as_for_fail(arm: Arm, kind: str, given: tuple[str, ...], offered: list[str]) -> None:
    arm.answers["status"] = {"canFail": [{"words": words} for words in (
        ["er1", "primary"], ["edge", "Amsterdam", "secondary"], ["gateway", "gw1", "0"])]}
    context = click.Context(maintenance.maintenance.commands["announce"], obj=locate("/nowhere", {}))
    context.params = {"kind": kind, "names": given}
    found = maintenance._complete_name(context, click.Argument(["names"]), "")
    assert [one.value for one in found] == offered


def test_names_are_offered_of_what_can_still_be_cancelled_and_of_all_to_look_at(arm: Arm) -> None:
    assert arm.resources
    for command, offered in (("cancel", ["m1"]), ("show", ["m0", "m1"])):
        context = click.Context(maintenance.maintenance.commands[command], info_name=command,
                                obj=locate("/nowhere", {}))
        found = maintenance._complete_announced(context, click.Argument(["name"]), "m")
        assert sorted(one.value for one in found) == offered
