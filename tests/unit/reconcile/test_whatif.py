"""What the service answers about failures that have not happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import estates
from resilient import Way, estate
from stage import Stage
from trunkline import settings
from trunkline.intent.maintenance import Part, rendered
from trunkline.intent.view import CIRCUIT, FAULT
from trunkline.model.maintenance import MAINTENANCE
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.model.whatif import WhatIf
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker


def answered(tmp_path: Path, question: WhatIf, *resources: Resource, subscription: str = estates.SUBSCRIPTION) -> Json:
    plane = SimulatedPlane()
    found = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path))
    stage = Stage(found.places, plane, SimulatedSpeaker(plane))
    with stage.store.writing() as writer:
        for one in resources:
            writer.put(one)
    try:
        return stage.ask(ResourceId(subscription), "whatIf", question=question.model_dump_json(by_alias=True))
    finally:
        stage.close()


def test_a_sweep_is_answered_from_the_store(tmp_path: Path) -> None:
    found = answered(tmp_path, WhatIf(failures_at_once=2), *estate(Way(), Way("London")))
    assert found["counts"]["together"] > 0
    assert found["assumptions"] == {"loadPercent": 50.0, "demands": []}


def test_faults_that_stand_now_are_left_out(tmp_path: Path) -> None:
    fault = estates.resource(estates.rid(FAULT, "f1"), {
        "kind": "leg", "circuit": {"id": str(estates.rid("Microsoft.Network/expressRouteCircuits", "er1"))},
        "leg": "primary"})
    found = answered(tmp_path, WhatIf(states=(("leg er1 secondary",),)), fault, *estate(Way()))
    assert [row["fate"] for row in found["states"][0]["fates"]] == ["kept"]


def test_what_fails_now_is_judged_all_together(tmp_path: Path) -> None:
    leg, edge = estates.fault("leg"), estates.fault("edge", kind="edge", location="Amsterdam", leg="secondary")
    one = answered(tmp_path / "one", WhatIf(standing=True), edge, *estate(Way(), Way("London")))
    assert [row["fate"] for row in one["states"][0]["fates"]] == ["kept"]
    both = answered(tmp_path / "both", WhatIf(standing=True), leg, edge, *estate(Way()))
    assert [row["to"] for row in both["states"][0]["lost"]] == ["hub"]
    none = answered(tmp_path / "none", WhatIf(standing=True), *estate(Way()))
    assert [row["fate"] for row in none["states"][0]["fates"]] == ["kept"]


@pytest.mark.parametrize(("states", "lost"), [
    (("InProgress",), ["hub"]), (("InProgress", "Restoring"), ["hub"]), (("Draining",), []),
    (("Draining", "Restoring"), [])])
def test_what_maintenance_has_closed_is_missing_too_until_it_is_given_back(
        tmp_path: Path, states: tuple[str, ...], lost: list[str]) -> None:
    primary = Part(estates.rid(CIRCUIT, "er1").key, "primary")
    work = estates.resource(estates.rid(MAINTENANCE, "m1"), {
        "kind": "leg", "circuit": estates.link(CIRCUIT, "er1"), "leg": "primary", "reason": "optics",
        "startTime": "2026-12-20T22:00:00Z", "endTime": "2026-12-21T00:00:00Z"}, rendered({primary}, frozenset()),
        status={"state": states[-1], "history": [{"state": one} for one in states]})
    fault = estates.fault("leg", leg="secondary")
    found = answered(tmp_path, WhatIf(standing=True), work, fault, *estate(Way()))
    assert [row["to"] for row in found["states"][0]["lost"]] == lost
    assert (found["maintained"] != []) == (lost != [])
    assert not lost or found["whenGivenBack"]["lost"] == []


def test_pairs_of_other_subscriptions_are_not_told(tmp_path: Path) -> None:
    other = "22222222-2222-2222-2222-222222222222"
    found = answered(tmp_path, WhatIf(), *estate(Way()), subscription=other)
    assert (found["pairs"], found["failures"]) == ([], [])


def test_a_resource_that_is_being_deleted_is_not_there(tmp_path: Path) -> None:
    *rest, connection = estate(Way())
    leaving = replace(connection, state=ProvisioningState.DELETING)
    assert answered(tmp_path, WhatIf(), *rest, leaving)["pairs"] == []
