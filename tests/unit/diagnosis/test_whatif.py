"""What failures cost, alone and two by two, in words."""

from __future__ import annotations

import pytest

import reaching
from resilient import Way, connectivity, estate, everything, of_kind
from trunkline.diagnosis.whatif.agreement import Flow, disagreement
from trunkline.diagnosis.whatif.demand import Demand, demands
from trunkline.diagnosis.whatif.report import Reporter
from trunkline.diagnosis.whatif.sweep import Sweep
from trunkline.diagnosis.whatif.words import Names
from trunkline.errors import Fault
from trunkline.intent.estate import Snapshot
from trunkline.intent.view import SITE
from trunkline.model.fault import WORDS, RehearsedFault
from trunkline.model.resource import Json, Resource


class Question:
    def __init__(self, resources: list[Resource], load: float = 50.0, *said: Demand) -> None:
        snapshot, self.network = Snapshot(resources), connectivity(resources)
        sites = of_kind(resources, SITE)
        self.sweep = Sweep(self.network, demands(self.network.bundles, sites, snapshot, load, said))
        self.reporter = Reporter(self.sweep, self.network, Names(everything(resources)))

    def report(self, at_once: int = 1) -> Json:
        states = self.sweep.states(self.network.causes)
        return self.reporter.report(states, self.sweep.pairs(states) if at_once > 1 else ())

    def costly(self) -> dict[str, Json]:
        return {row["failure"]: row for row in self.report()["failures"]}


def test_of_a_circuit_in_one_place_that_place_alone_cuts_the_site_off() -> None:
    rows = Question(estate(Way())).costly()
    assert {name for name, row in rows.items() if row["lost"]} == {"location Amsterdam"}
    assert rows["location Amsterdam"]["sentence"] == (
        "location Amsterdam cuts off paris ↔ hub: every circuit that paris uses for this comes in at Amsterdam.")


def test_the_end_of_a_pair_that_is_lost_itself_is_told_apart() -> None:
    row = Question(estate(Way(), Way("London"))).costly()["region West Europe"]
    assert (row["lost"], [one["to"] for one in row["gone"]]) == ([], ["hub"])


def test_a_router_at_which_both_legs_end_is_named_as_their_shared_risk() -> None:
    found = Question(estate(Way(routers=("ce1", "ce1")), routers=1)).report()
    assert "router paris ce1 cuts off paris ↔ hub: both legs of er1 end at this one router." in found["sharedRisks"]


def test_two_of_one_name_are_told_with_their_groups() -> None:
    found = Question([*estate(Way()), *estate(Way("London"), group="rg2", number=2)]).report()
    assert {(row["from"], row["to"]) for row in found["pairs"]} == {("rg1/paris", "rg1/hub"), ("rg2/paris", "rg2/hub")}
    assert found["sharedRisks"][-1] == (
        "location London cuts off rg2/paris ↔ rg2/hub: every circuit that rg2/paris uses for this comes in at London.")
    with pytest.raises(Fault, match="rg1/paris rg1/hub, rg2/paris rg2/hub"):
        Question([*estate(Way()), *estate(Way("London"), group="rg2", number=2)], 0.0, Demand("paris", "hub", 1))


def test_two_locations_share_nothing() -> None:
    assert Question(estate(Way(), Way("London", ("ce2", "ce1")))).report()["sharedRisks"] == []


def test_two_failures_are_told_where_they_cost_what_neither_costs_alone() -> None:
    found = Question(estate(Way(), Way("London", ("ce2", "ce1")))).report(at_once=2)
    both = [(row["first"], row["second"]) for row in found["together"] if row["lost"]]
    assert (["router paris ce1"], ["router paris ce2"]) in both
    assert any({"location Amsterdam", "location London"} == {*one, *other} for one, other in both)
    assert not any("er1 primary" in one and "er1 secondary" in other for one, other in both)


def test_every_combination_of_two_that_costs_more_is_found() -> None:
    """Against all combinations, each looked at by itself."""
    question = Question(estate(Way(), Way("London", ("ce2", ""))), 80.0)
    states = question.sweep.states(question.network.causes)
    found = {frozenset((id(one), id(other))): cost for one, other, cost in question.sweep.pairs(states)}
    for one in states:
        for other in states:
            both = question.sweep.together([*one.causes, *other.causes]).cost.beyond(one.cost, other.cost)
            assert found.get(frozenset((id(one), id(other))), type(both)()) == both or one is other


def test_the_leg_that_is_left_is_overloaded_by_what_both_carried() -> None:
    rows = Question(estate(Way(mbps=1000)), 150.0).costly()
    assert rows["er1 primary"]["overloaded"] == [
        {"bound": "er1 secondary, from the customer", "mbps": 1500.0, "ofMbps": 1000.0},
        {"bound": "er1 secondary, to the customer", "mbps": 1500.0, "ofMbps": 1000.0}]


def test_nothing_is_overloaded_at_half_the_bandwidth() -> None:
    assert not any(row["overloaded"] for row in Question(estate(Way(), Way("London"))).costly().values())


def test_a_demand_that_is_said_counts_instead() -> None:
    rows = Question(estate(Way()), 0.0, Demand("Paris", "HUB", 1500)).costly()
    assert rows["router paris ce1"]["overloaded"][0]["mbps"] == 1500.0


def test_a_demand_of_no_pair_is_refused_with_those_there_are() -> None:
    with pytest.raises(Fault, match="the pairs of a site and what its circuits lead to are: paris hub"):
        Question(estate(Way()), 0.0, Demand("rome", "hub", 1))


def test_what_is_not_connected_is_said_and_costs_nothing_more() -> None:
    question = Question(estate(Way(policy={"advertise": {"deny": [{"prefix": "10.10.0.0/16"}]}})))
    assert [row["to"] for row in question.report()["unconnected"]] == ["hub"]
    assert not any(row["lost"] for row in question.costly().values())


def test_a_state_is_named_in_any_case_and_brings_the_faults_that_make_it() -> None:
    told = Question(estate(Way())).reporter.states([["LEG er1 Primary", "er1 secondary"], ["router paris ce1"]])
    first, second = told["states"]
    assert [row["fate"] for row in first["fates"]] == ["lost"]
    assert [RehearsedFault.model_validate(fault).leg for fault in first["faults"]] == ["primary", "secondary"]
    assert second["faults"] == [None]


def test_every_failure_of_the_plant_can_be_made_to_happen() -> None:
    question = Question(estate(Way(), Way("London")))
    failable = question.report()["failable"]
    targets = [RehearsedFault.model_validate(one["fault"]).target for one in failable if one["fault"]]
    assert targets == [cause for cause in question.network.causes if cause in targets]
    assert len(targets) == len(failable) - 2


def test_a_failure_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(Fault, match=r"there is no 'edge Rome primary' to fail; there are: .*edge Amsterdam primary"):
        Question(estate(Way())).reporter.states([["edge Rome primary"]])


@pytest.mark.parametrize(("fate", "lost", "wrong"), [
    ("kept", (0, 0), False), ("kept", (0, 1), True), ("lost", (5, 5), False), ("lost", (5, 4), True),
    ("gone", (5, 5), False), ("partly", (5, 0), False), ("partly", (5, 5), True), ("partly", (0, 0), True)])
def test_the_network_agrees_only_if_packets_do_what_was_said(fate: str, lost: tuple[int, int], wrong: bool) -> None:
    assert bool(disagreement(fate, [Flow(5, one) for one in lost])) is wrong




def test_the_place_of_the_other_site_is_told_as_its_own() -> None:
    rows = Question(reaching.two_sites()).costly()
    assert [row["sentence"].partition(": ")[2] for name, row in rows.items() if name.startswith("location")] == [
        "every circuit that paris uses for this comes in at Amsterdam.",
        "every circuit that rome uses for this comes in at London."]


def test_a_failure_is_named_by_the_words_of_fail() -> None:
    found = Question(estate(Way())).report()
    words = {row["failure"].split(" ")[0] for row in found["failable"] if row["kind"] != "router"}
    assert words == {"er1", *WORDS.values()} - {"leg"}
