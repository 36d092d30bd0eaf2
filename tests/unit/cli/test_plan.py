"""``trunkline plan``: what is asked, and how the answer is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from little_arm import Arm
from trunkline.cli.client import Json
from trunkline.cli.commands.estate import apply, delete
from trunkline.cli.commands.plan import plan as command
from trunkline.cli.estate.document import FaultyFile, parse
from trunkline.cli.estate.foresee import Foreseen, foresee
from trunkline.cli.estate.foreseen import CHANGES, INTERRUPTS, NOTHING, exit_code, harmful, outage, table, touched
from trunkline.cli.estate.plan import Step, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.instance import locate

GROUP = "/subscriptions/sub-c/resourceGroups/rg1"
CIRCUIT = f"{GROUP}/providers/Microsoft.Network/expressRouteCircuits/er1"
PEERING = f"{CIRCUIT}/peerings/AzurePrivatePeering"
FILE = """\
resourceGroup: rg1
circuits:
  - {name: er1, provider: Equinix, peeringLocation: Amsterdam, bandwidth: 50, provision: true,
     peering: {asn: 65010, vlan: 100, primary: 172.16.0.0/30, secondary: 172.16.0.4/30, sharedKey: hush}}
crossConnects:
  - {circuit: er1, primary: {handoff: {interface: eth1}}}
"""


def steps(text: str = FILE) -> tuple[Step, ...]:
    document = parse(text)
    return plan(check(document), document, "sub-c")


def leg(name: str, interrupted: bool = False, sessions: int = 1, circuit: str = "er1") -> Json:
    return {"circuit": {"id": f"/x/{circuit}"}, "leg": name, "interrupted": interrupted,
            "sessions": [f"s{number}" for number in range(sessions)]}


def touch(cost: str, *legs: Json, carries: bool = False, outage_s: float = 0) -> Json:
    return {"class": cost, "legs": list(legs), "otherLegCarries": carries, "outageSeconds": outage_s}


def change(*fields: Json, label: str = "peering", kind: str = "Modify", **told: Any) -> Json:
    return {"label": label, "changeType": kind, "fields": list(fields), **touch("hitless"), **told}


def foreseen(*changes: Json) -> Foreseen:
    return Foreseen({"class": "hitless", "changes": list(changes)}, ())


def test_all_that_apply_would_send_is_asked_in_its_order_and_by_whoever_may_suppose_it() -> None:
    arm = Arm(answers={"plan": {"class": "none", "changes": []}})
    foresee(arm.clients(), steps())
    assert arm.sent == [("operator", "POST", "/subscriptions/sub-c/providers/Trunkline.Plant/plan")]
    sent = arm.posted[0]["resources"]
    assert [one["id"].rpartition("/")[2] for one in sent] == ["rg1", "er1", "er1", "er1", "AzurePrivatePeering"]
    assert sent[2] == {"id": CIRCUIT, "provisioned": True}
    assert sent[3]["serviceKeyOf"] == CIRCUIT


def test_what_is_true_already_is_not_asked() -> None:
    arm = Arm(answers={"plan": {"class": "none", "changes": [
        {**change(kind="NoChange"), "index": 0, "resourceId": PEERING, "label": "private peering of er1"}]}})
    text = FILE.partition("crossConnects")[0].replace(", provision: true", "")
    for step in steps(text):
        arm.resources[step.path.lower()] = {**step.body, "id": step.path}  # type: ignore[union-attr]
    found = foresee(arm.clients(), steps(text))
    assert [one["id"] for one in arm.posted[0]["resources"]] == [PEERING], "its key cannot be compared"
    assert arm.sent[0][0] == "customer"
    assert (found.unchanged, found.told["changes"]) == (("circuit er1", "private peering of er1"), [])


def test_what_comes_along_with_a_step_bears_its_own_name() -> None:
    told = [{"index": index, "resourceId": path, **change()} for index, path in (
        (1, CIRCUIT), (2, "/subscriptions/sub-p/x/crossConnections/key"), (1, f"{CIRCUIT}/authorizations/a1"))]
    for row in told:
        del row["label"]
    found = foresee(Arm(answers={"plan": {"class": "none", "changes": told}}).clients(), steps())
    assert [row["label"] for row in found.told["changes"]] == [
        "circuit er1", "provider's consent to er1", "a1 of circuit er1"]


def test_every_refusal_has_its_line() -> None:
    faults = [{"index": 1, "id": CIRCUIT, "code": "BadCircuit", "message": "No.", "target": "properties.x"},
              {"index": 3, "id": "x", "code": "BadOrder", "message": "Nor this.", "target": ""}]
    with pytest.raises(FaultyFile) as caught:
        foresee(Arm(answers={"plan": {"faults": faults}}).clients(), steps())
    assert [(fault.line, str(fault)) for fault in caught.value.faults] == [
        (3, "circuit er1: BadCircuit (properties.x): No."), (6, "cross connect er1: BadOrder: Nor this.")]


def test_a_row_for_each_field_and_one_for_what_is_new() -> None:
    fields = ({"path": "properties.vlanId", "before": 100, "after": 101, **touch("recreate", leg("primary", True),
                                                                                outage_s=10)},
              {"path": "sku.tier", "after": ["a"], **touch("none")})
    assert table(foreseen(change(*fields), change(label="site x", kind="Create"))) == [
        ("peering", "vlanId", "100", "101", "re-create", "er1 primary (1 session)", "up to 10 s"),
        ("peering", "sku.tier", "-", '["a"]', "none", "-", "none"),
        ("site x", "(new)", "-", "-", "hitless", "-", "none")]


@pytest.mark.parametrize(("legs", "said"), [
    ((), "-"),
    ((leg("primary", sessions=2), leg("secondary", sessions=2)), "er1 primary and secondary (4 sessions)"),
    ((leg("primary", True), leg("secondary")), "er1 primary (1 session)"),
    ((leg("primary"), leg("primary", circuit="er2", sessions=0)), "er1 primary; er2 primary (1 session)"),
])
def test_what_is_touched_is_named_by_circuit(legs: tuple[Json, ...], said: str) -> None:
    assert touched(touch("hitless", *legs)) == said


def test_the_leg_of_another_subscription_is_not_named() -> None:
    assert touched(touch("hitless", {"leg": "primary", "interrupted": False, "sessions": []})) == (
        "another subscription's primary")


def test_an_outage_is_told_where_there_is_one() -> None:
    assert outage(touch("sessionReset", leg("primary", True), carries=True)) == "none: the other leg carries"
    assert outage(touch("sessionReset", leg("primary", True), outage_s=5.0)) == "up to 5 s"
    assert outage(touch("softRefresh")) == "none"


def test_the_exit_code_says_whether_anything_changes_and_whether_traffic_stops() -> None:
    assert exit_code(foreseen()) == NOTHING
    assert exit_code(foreseen(change())) == CHANGES
    assert exit_code(foreseen(change(**touch("recreate", carries=True)))) == CHANGES
    assert exit_code(foreseen(change(), change(**touch("sessionReset")))) == INTERRUPTS


def test_what_is_made_anew_or_interrupts_is_asked_about_and_nothing_else() -> None:
    vlan = {"path": "properties.vlanId", "before": 100, "after": 101, **touch("recreate", leg("primary", True),
                                                                             outage_s=10)}
    quiet = {"path": "sku.tier", "after": "Premium", **touch("hitless")}
    other = {"path": "properties.gtsm", "after": True, **touch("sessionReset", leg("primary", True), carries=True)}
    assert harmful(foreseen(change(vlan, quiet, other), change(label="site x", kind="Create"))) == [
        "peering vlanId: 100 → 101 (re-create; er1 primary (1 session); outage up to 10 s)"]


def test_two_of_one_name_are_told_with_their_groups() -> None:
    legs = [{**leg("primary"), "circuit": {"id": f"/subscriptions/s/resourceGroups/{group}/x/er1"}}
            for group in ("east", "west")]
    assert touched(touch("hitless", *legs)) == "east/er1 primary; west/er1 primary (2 sessions)"
    named = [step.label for step in steps(
        "resourceGroup: rg1\ncircuits:\n"
        "  - {name: er1, provider: Equinix, peeringLocation: Amsterdam, bandwidth: 50}\n"
        "  - {name: er1, provider: Equinix, peeringLocation: London, bandwidth: 50, resourceGroup: rg2}\n")]
    assert named[-2:] == ["circuit er1 in rg1", "circuit er1 in rg2"]


@pytest.mark.parametrize("of", [command, apply, delete], ids=lambda one: one.name)
@pytest.mark.parametrize(("words", "told"), [
    ([], "Missing argument 'FILE'"), (["nowhere.yaml"], "File 'nowhere.yaml' does not exist")])
def test_wrong_usage_ends_alike_and_is_no_change(of: click.Command, words: list[str], told: str) -> None:
    done = CliRunner().invoke(of, words)
    assert (done.exit_code, told in done.output) == (2, True)
    assert done.exit_code not in (NOTHING, CHANGES, INTERRUPTS)


def test_a_refused_file_says_that_nothing_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text("resourceGroup: rg1\nsites:\n  - {name: paris\n")
    for of in (command, apply, delete):
        done = CliRunner().invoke(of, [str(file)], obj=locate(str(tmp_path)))
        assert done.exit_code == 1
        assert f"{file} is refused, and nothing is changed:\n  {file}:3: this is not YAML: " in done.output
