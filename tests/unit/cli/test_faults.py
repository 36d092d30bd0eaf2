"""How ``trunkline fail`` and ``heal`` read targets and times, and what they say."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from little_arm import Arm
from trunkline.cli import completing, failing
from trunkline.cli.commands import faults, whatif
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate

KNOWN: list[dict[str, Any]] = [{"words": words, "properties": {}} for words in (
    ["er1", "primary"], ["er1", "secondary"], ["edge", "Amsterdam", "primary"], ["edge", "Amsterdam", "secondary"],
    ["link", "Amsterdam", "West Europe"], ["link", "Amsterdam", "West Europe", "primary"], ["region", "West Europe"])]


def fault(*target: str, legs: tuple[tuple[str, str], ...] = (), **changed: object) -> dict[str, Any]:
    return {"target": list(target), "mode": "silent", "direction": "both", "downInSeconds": None, "upInSeconds": None,
            "expiresAt": (datetime.now(UTC) + timedelta(seconds=90)).isoformat(), "framesVanished": 1234,
            "legs": [{"circuit": circuit, "leg": leg} for circuit, leg in legs], "gatewayInstances": [], **changed}


@pytest.mark.parametrize(("words", "found"), [
    (("ER1", "primary"), ["er1", "primary"]), (("leg", "er1", "primary"), ["er1", "primary"]),
    (("edge", "amsterdam", "primary"), ["edge", "Amsterdam", "primary"]),
    (("region", "westeurope"), ["region", "West Europe"]), (("region", "West Europe"), ["region", "West Europe"]),
    (("link", "westeurope", "amsterdam"), ["link", "Amsterdam", "West Europe"]),
    (("link", "westeurope", "amsterdam", "primary"), ["link", "Amsterdam", "West Europe", "primary"])])
def test_a_target_is_found_however_it_is_spelt(words: tuple[str, ...], found: list[str]) -> None:
    assert failing.chosen(KNOWN, words)["words"] == found


def test_what_is_not_there_is_told_with_what_is_of_its_kind() -> None:
    with pytest.raises(Failed, match=r"'edge Dublin primary' is nothing.*There are edge Amsterdam primary; edge Ams"):
        failing.chosen(KNOWN, ("edge", "Dublin", "primary"))
    with pytest.raises(Failed, match="er1 primary; er1 secondary; edge"):
        failing.chosen(KNOWN, ("er9",))
    with pytest.raises(Failed, match="Nothing is there yet"):
        failing.chosen([], ("er1", "primary"))


def test_only_some_of_many_are_told() -> None:
    many = [{"words": [f"er{number}", leg], "properties": {}} for number in range(100) for leg in failing.LEGS]
    with pytest.raises(Failed, match="and 188 more"):
        failing.chosen(many, ("er999", "primary"))


def test_a_circuit_heals_on_both_legs_unless_one_is_named() -> None:
    standing = [fault("er1", "primary"), fault("er1", "secondary"), fault("edge", "Amsterdam", "primary")]
    assert failing.matching(standing, ("er1",)) == standing[:2]
    assert failing.matching(standing, ("er1", "secondary")) == [standing[1]]
    assert failing.matching(standing, ("edge", "amsterdam")) == [standing[2]]
    assert failing.matching(standing, ("er2",)) == []


@pytest.mark.parametrize(("changed", "text"), [
    ({}, "silent"), ({"mode": "linkDown"}, "link down"), ({"direction": "in"}, "silent in"),
    ({"downInSeconds": 0.5, "upInSeconds": 2.0}, "silent, 0.5 s down, 2 s up")])
def test_how_something_fails(changed: dict[str, object], text: str) -> None:
    assert failing.manner(fault("er1", "primary", **changed)) == text


def test_a_row_says_what_a_fault_takes_away() -> None:
    one = fault("edge", "Amsterdam", "primary", legs=(("er1", "primary"), ("er2", "primary"), ("er2", "secondary")),
                gatewayInstances=[{"gateway": "gw1", "instance": 0}])
    row = failing.row(one, datetime.now(UTC))
    assert (row[0], row[3], row[4]) == (
        "edge Amsterdam primary", "er1 primary, er2 on both legs, gw1 instance 0", "1,234")


def test_circuits_without_a_leg_are_named_however_many_faults_it_took() -> None:
    first, second = fault("er1", "primary", legs=(("er1", "primary"),)), fault(
        "edge", "Amsterdam", "secondary", legs=(("er1", "secondary"), ("er2", "secondary")))
    assert failing.without_leg([first]) == []
    assert failing.without_leg([first, second]) == ["er1"]


NOTHING: dict[str, Any] = {"lost": [], "partly": [], "gone": [], "fates": []}
PAIR = {"from": "paris", "to": "hub"}


def standing(state: dict[str, Any], later: dict[str, Any] | None = None, held: Any = ()) -> dict[str, Any]:
    return {"states": [{**NOTHING, **state}], "whenGivenBack": later and {**NOTHING, **later}, "maintained": held}


@pytest.mark.parametrize(("state", "faults_", "lines"), [
    ({"lost": [PAIR, PAIR]}, (), ["Cut off: paris ↔ hub."]),
    ({"gone": [PAIR], "partly": [{**PAIR, "to": "spoke"}]}, (),
     ["An end is taken away: paris ↔ hub.", "Part of the flows is lost: paris ↔ spoke."]),
    ({"fates": [PAIR]}, (), ["Everything that was connected still is."]),
    ({}, (), []),
    ({}, (fault("location", "Amsterdam", legs=(("er1", "primary"), ("er1", "secondary"))),),
     ["No leg is left of er1."]),
    ({"fates": [PAIR]}, (fault("location", "Amsterdam", legs=(("er1", "primary"), ("er1", "secondary"))),),
     ["No leg is left of er1.", "Everything that was connected still is."]),
])
def test_what_is_left_is_told_by_the_model_and_of_circuits_without_pairs_by_their_legs(
        state: dict[str, Any], faults_: tuple[dict[str, Any], ...], lines: list[str]) -> None:
    assert list(failing.left_by(faults_, standing(state))) == lines


def test_what_maintenance_has_closed_counts_until_it_is_given_back() -> None:
    secondary = fault("er1", "secondary", legs=(("er1", "secondary"),))
    held = [{"failure": "er1 primary", "maintenance": "m1"}]
    found = standing({"lost": [PAIR], "fates": [PAIR]}, {"fates": [PAIR]}, held)
    assert list(failing.left_by((secondary,), found)) == [
        "Cut off: paris ↔ hub.", "No leg is left of er1.",
        "So it is while work goes on at er1 primary (maintenance m1), which is given back once its twin is seen to "
        "fail. Then:", "  Everything that was connected still is."]
    beside = standing({"fates": [PAIR]}, {"fates": [PAIR]}, held)
    assert list(failing.left_by((fault("er1", "primary", legs=(("er1", "primary"),)),), beside)) == [
        "Everything that was connected still is."]


@pytest.mark.parametrize(("text", "times"), [("500ms/2s", (0.5, 2)), ("5/1m", (5, 60)), ("0.25s/10s", (0.25, 10))])
def test_times_of_what_comes_and_goes(text: str, times: tuple[float, float]) -> None:
    assert tuple(faults._flap(None, None, text).values()) == times  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["5s", "0/1", "1ms/1s", "often", "2h/1s"])
def test_what_is_no_time_of_coming_and_going_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 500ms/2s"):
        faults._flap(None, None, text)  # type: ignore[arg-type]


def test_a_name_tells_its_target_and_is_one_that_resources_may_have() -> None:
    assert failing.name_of(["link", "Amsterdam", "West Europe", "primary"]) == "link-amsterdam-west-europe-primary"


# ── what is asked of the service ─────────────────────────────────────────────────────────────────────────────────────

EDGE = "/subscriptions/sub-c/resourceGroups/rg1/providers/Trunkline.Plant/faults/edge-amsterdam-primary"
CIRCUIT = "/subscriptions/sub-c/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/er1"


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Arm:
    """With a circuit, and an edge that fails."""
    edge = fault("edge", "Amsterdam", "primary", id=EDGE, legs=(("er1", "primary"),))
    arm = Arm(answers={"status": {"canFail": KNOWN, "faults": [edge], "circuits": [{"id": CIRCUIT, "name": "er1"}],
                                  "gateways": []}, "whatIf": standing({"fates": [{}]})})
    arm.resources[EDGE.lower()] = {"id": EDGE}
    for module in (faults, completing):
        monkeypatch.setattr(module, "connected", lambda _instance: nullcontext(arm.clients()))
    return arm


def ran(command: click.Command, *words: str) -> Result:
    done = CliRunner().invoke(command, words, obj=locate("/nowhere"), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_failing_a_thing_writes_a_fault_of_it_and_tells_what_goes(arm: Arm) -> None:
    told = json.loads(ran(faults.fail, "edge", "amsterdam", "primary", "--link-down", "--flap", "1s/2s", "--for", "1m",
                          "-o", "json").stdout)
    assert told["legs"] == [{"circuit": "er1", "leg": "primary"}]
    assert (told["all"], told["whenGivenBack"]) == ({"lost": [], "partly": [], "gone": []}, None)
    assert ("operator", "PUT") in [one[:2] for one in arm.sent]
    assert arm.resources[EDGE.lower()]["properties"] == {
        "mode": "linkDown", "direction": "both", "expiresInSeconds": 60, "downInSeconds": 1.0, "upInSeconds": 2.0}


def test_healing_ends_what_is_named_or_everything(arm: Arm) -> None:
    assert json.loads(ran(faults.heal, "er1", "-o", "json").stdout) == {"healed": []}
    assert json.loads(ran(faults.heal, "-o", "json").stdout) == {"healed": [EDGE]}
    assert EDGE.lower() not in arm.resources


def test_healing_what_cannot_fail_is_refused_with_what_can(arm: Arm) -> None:
    refused = CliRunner().invoke(faults.heal, ["nonsense"], obj=locate("/nowhere"))
    assert refused.exit_code == 1
    assert "edge Amsterdam primary" in refused.output


def test_what_fails_is_listed_for_people_and_for_programs(arm: Arm) -> None:
    assert "edge Amsterdam primary" in ran(faults.fail, "list").stdout
    row, = json.loads(ran(faults.fail, "list", "-o", "json").stdout)
    assert row["framesVanished"] == 1234


@pytest.mark.parametrize(("said", "following"), [
    ((), ["edge", "er1", "link", "region"]), (("edge",), ["Amsterdam"]),
    (("edge", "amsterdam"), ["primary", "secondary"]),
    (("link", "Amsterdam"), ["West Europe"]), (("er9",), [])])
def test_every_word_of_a_target_is_completed(arm: Arm, said: tuple[str, ...], following: list[str]) -> None:
    command = faults.fail.commands["now"]
    context = click.Context(command, info_name="now", obj=locate("/nowhere"))
    context.params = {"target": said}
    assert arm.answers
    assert [item.value for item in faults._complete(context, None, "")] == following


def test_only_what_fails_is_completed_for_healing(arm: Arm) -> None:
    context = click.Context(faults.heal, info_name="heal", obj=locate("/nowhere"))
    assert arm.answers
    assert [item.value for item in faults._complete(context, None, "")] == ["edge"]


SITE = "/subscriptions/sub-c/resourceGroups/rg1/providers/Trunkline.Site/sites/paris"


@pytest.fixture
def at_paris(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> Arm:
    arm.resources[SITE.lower()] = {"id": SITE, "name": "paris", "properties": {"routers": [{"name": "ce1"}]}}
    monkeypatch.setattr(whatif, "connected", lambda _instance: nullcontext(arm.clients()))
    return arm


def test_a_what_if_offers_what_fail_offers_and_customers_routers(at_paris: Arm) -> None:
    assert at_paris.resources
    context = click.Context(whatif.whatif, obj=locate("/nowhere"))
    offered = [item.value for item in whatif._complete(context, click.Option(["--fail"]), "")]
    assert offered == sorted([*(" ".join(one["words"]) for one in KNOWN), "router paris ce1"])


@pytest.mark.parametrize(("text", "asked"), [
    ("LEG er1 Primary", "er1 primary"), ("link westeurope  amsterdam", "link Amsterdam West Europe"),
    ("region West Europe", "region West Europe"), ("Router paris CE1", "router paris ce1")])
def test_a_what_if_is_asked_by_the_words_of_fail(at_paris: Arm, text: str, asked: str) -> None:
    at_paris.answers["whatIf"] = {"states": [{**NOTHING, "failure": asked, "sentence": ""}]}
    ran(whatif.whatif, "--fail", text)
    assert at_paris.posted[-1]["states"] == [[asked]]


@pytest.mark.parametrize("text", ["", " "])
def test_a_failure_without_words_is_nothing(at_paris: Arm, text: str) -> None:
    assert at_paris.resources
    said = CliRunner().invoke(whatif.whatif, ("--fail", text), obj=locate("/nowhere")).output
    assert "'' is nothing that is in use and can fail" in said


@pytest.mark.parametrize(("command", "words", "more"), [
    (faults.fail, ("er9", "primary"), ""), (whatif.whatif, ("--fail", "er9 primary"), "; router paris ce1")])
def test_what_neither_knows_both_refuse_alike(at_paris: Arm, command: click.Command, words: tuple[str, ...],
                                              more: str) -> None:
    assert at_paris.resources
    said = CliRunner().invoke(command, words, obj=locate("/nowhere")).output
    assert "'er9 primary' is nothing that is in use and can fail. Write CIRCUIT LEG, or edge LOCATION LEG" in said
    there = said.partition("There are ")[2].removesuffix(".\n").split("; ")
    assert there[0] == "er1 primary"
    assert sorted(there) == sorted([*(" ".join(one["words"]) for one in KNOWN), *filter(None, more.split("; "))])
