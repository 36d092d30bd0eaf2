"""Route maps compiled to policies say of each route what Azure's documentation says of the map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trunkline.intent.bgp import Action, Policy, Refusal, RibEntry, Rule
from trunkline.intent.bgp.evaluate import evaluate
from trunkline.intent.compile.route_maps import mapped
from trunkline.model.bgp import within
from trunkline.model.route_map import Criterion, RouteMap

BASE = Policy((Rule(Action.DENY, communities=(), contains_asn=((666, 666),), refusal=Refusal.TRANSIT_LEAK),
               Rule(Action.PERMIT, local_pref=90)))
ROUTE = RibEntry("10.1.2.0/24", "10.1.0.11", "nva_1", (65001, 65002), communities=((65001, 1), (65001, 2)))


def judged(rules: list[dict[str, Any]], route: RibEntry = ROUTE) -> RibEntry | Refusal:
    named = [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)]
    verdict = evaluate(mapped(BASE, RouteMap.model_validate({"rules": named})), route, "nva")
    return verdict.refusal or verdict.entry


def act(kind: str, **parameters: list[str]) -> dict[str, Any]:
    return {"type": kind, "parameters": [parameters] if parameters else []}


DROP = [act("Drop")]


def matches(*criteria: dict[str, Any], route: RibEntry = ROUTE) -> bool:
    return judged([{"matchCriteria": list(criteria), "actions": DROP}], route) is Refusal.ROUTE_MAP


@pytest.mark.parametrize(("criterion", "expected"), [
    ({"matchCondition": "Equals", "routePrefix": ["10.1.2.0/24", "10.9.0.0/16"]}, True),
    ({"matchCondition": "Equals", "routePrefix": ["10.1.0.0/16"]}, False),
    ({"matchCondition": "Contains", "routePrefix": ["10.1.0.0/16"]}, True),
    ({"matchCondition": "NotContains", "routePrefix": ["10.1.0.0/16"]}, False),
    ({"matchCondition": "NotEquals", "routePrefix": ["10.1.0.0/16"]}, True),
    ({"matchCondition": "Contains", "community": ["65001:2", "65001:9"]}, True),
    ({"matchCondition": "Equals", "community": ["65001:2", "65001:1"]}, True),
    ({"matchCondition": "Equals", "community": ["65001:2", "65001:9"]}, False),
    ({"matchCondition": "NotEquals", "community": ["65001:2", "65001:9"]}, True),
    ({"matchCondition": "NotContains", "community": ["65001:9"]}, True),
    ({"matchCondition": "Contains", "asPath": ["65009", "65002"]}, True),
    ({"matchCondition": "Equals", "asPath": ["65001", "65002"]}, True),
    ({"matchCondition": "Equals", "asPath": ["65002", "65001"]}, False),
    ({"matchCondition": "NotContains", "asPath": ["65002"]}, False),
    ({"matchCondition": "NotEquals", "asPath": ["65001"]}, True),
    ({"matchCondition": "Contains", "routePrefix": ["10.0.0.0/8"], "community": [], "asPath": []}, True)])
def test_a_criterion(criterion: dict[str, Any], expected: bool) -> None:
    assert matches(criterion) is expected


def test_all_criteria_must_hold_and_none_means_every_route() -> None:
    prefix = {"matchCondition": "Contains", "routePrefix": ["10.0.0.0/8"]}
    first, second = ({"matchCondition": "Contains", "community": [f"65001:{n}"]} for n in (1, 2))
    assert matches(prefix, first, second)
    assert not matches(prefix, first, second, route=replace(ROUTE, communities=((65001, 1),)))
    assert matches()


@pytest.mark.parametrize(("action", "path", "communities"), [
    (act("Add", asPath=["64600", "64601"]), (64600, 64601, 65001, 65002), ROUTE.communities),
    (act("Remove", asPath=["65001"]), (65002,), ROUTE.communities),
    (act("Replace", asPath=["64600", "64601"]), (64600, 64601), ROUTE.communities),
    (act("Replace", asPath=[]), (), ROUTE.communities),
    (act("Add", community=["64600:300"]), ROUTE.as_path, (*ROUTE.communities, (64600, 300))),
    (act("Remove", community=["65001:1", "65001:7"]), ROUTE.as_path, ((65001, 2),)),
    (act("Replace", community=["64600:300"], asPath=[], routePrefix=[]), ROUTE.as_path, ((64600, 300),)),
    (act("Replace", community=[]), ROUTE.as_path, ())])
def test_an_action(action: dict[str, Any], path: tuple[int, ...], communities: tuple[Any, ...]) -> None:
    entry = judged([{"actions": [action]}])
    assert isinstance(entry, RibEntry)
    assert (entry.as_path, entry.communities, entry.local_pref) == (path, communities, 90)


def test_drop_takes_all_that_matched_or_the_named_ones() -> None:
    some = [{"actions": [act("Drop", routePrefix=["10.1.2.0/24"])]}]
    assert judged(some) is Refusal.ROUTE_MAP
    assert isinstance(judged(some, replace(ROUTE, prefix="10.1.3.0/24")), RibEntry)


@pytest.mark.parametrize(("step", "more_marks"), [("Continue", (65001, 9)), ("Terminate", None)])
def test_a_rule_that_matched_goes_on_or_ends_the_map(step: str, more_marks: tuple[int, int] | None) -> None:
    add, more = ({"actions": [act("Add", community=[one])]} for one in ("65001:8", "65001:9"))
    entry = judged([{**add, "nextStepIfMatched": step}, {"matchCriteria": [{"community": ["65001:8"]}], **more},
                    {"matchCriteria": [{"community": ["65001:77"]}], "actions": DROP}])
    assert isinstance(entry, RibEntry)
    assert entry.communities == (*ROUTE.communities, (65001, 8), *((more_marks,) if more_marks else ()))


def test_what_a_map_lets_through_is_judged_by_what_stood_there_before() -> None:
    assert judged([{"actions": [act("Add", asPath=["666"])]}]) is Refusal.TRANSIT_LEAK


def test_nobody_can_speak_for_the_map() -> None:
    forged = replace(ROUTE, communities=((65515, 200, 1), (65515, 200, 2)))
    other = {"matchCriteria": [{"asPath": ["1"]}], "actions": DROP}
    entry = judged([other, {"actions": [act("Add", community=["1:1"])]}], forged)
    assert isinstance(entry, RibEntry)
    assert entry.communities == ((1, 1),)


@pytest.mark.parametrize("wrong", [
    {"rules": [{"name": "a"}, {"name": "A"}]},
    {"rules": [{"name": "a", "matchCriteria": [{"matchCondition": "Contains"}]}]},
    {"rules": [{"name": "a", "matchCriteria": [{"routePrefix": ["10.0.0.0/8"], "community": ["1:1"]}]}]},
    {"rules": [{"name": "a", "actions": [act("Add")]}]},
    {"rules": [{"name": "a", "actions": [act("Add", asPath=["65515"])]}]},
    {"rules": [{"name": "a", "actions": [act("Add", asPath=["one"])]}]},
    {"rules": [{"name": "a", "actions": [act("Remove", routePrefix=["10.0.0.0/8"])]}]},
    {"rules": [{"name": "a", "actions": [act("Drop", community=["1:1"])]}]},
    {"rules": [{"name": "a", "nextStepIfMatched": "Jump"}]}])
def test_what_no_map_can_say_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RouteMap.model_validate(wrong)


# ── against a plain reading of the documentation ────────────────────────────────────────────────────────────────────

PREFIXES, COMMUNITIES, ASNS = ["10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16"], ["1:1", "1:2", "2:1:3"], ["7", "8", "9"]
KINDS = {"routePrefix": PREFIXES, "community": COMMUNITIES, "asPath": ASNS}


def criteria() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.builds(
        lambda condition, values: {"matchCondition": condition, kind: values},
        st.sampled_from(["Contains", "Equals", "NotContains", "NotEquals"]),
        st.lists(st.sampled_from(KINDS[kind]), min_size=1, max_size=2, unique=True)))


ACTIONS = st.one_of(
    st.just(act("Drop")),
    *(st.builds(lambda kind, value, member=member: act(kind, **{member: [value]}),
                st.sampled_from(["Add", "Remove", "Replace"]), st.sampled_from(KINDS[member]))
      for member in ("community", "asPath")),
    st.builds(lambda member: act("Replace", **{member: []}), st.sampled_from(["community", "asPath"])))
RULES = st.builds(lambda found, actions, step: {"matchCriteria": found, "actions": actions, "nextStepIfMatched": step},
                  st.lists(criteria(), max_size=3), st.lists(ACTIONS, max_size=2),
                  st.sampled_from(["Continue", "Terminate"]))
ROUTES = st.builds(
    lambda prefix, path, communities: RibEntry(prefix, "10.1.0.11", "nva_1", tuple(map(int, path)),
                                               communities=tuple(tuple(map(int, c.split(":"))) for c in communities)),
    st.sampled_from([*PREFIXES, "10.1.2.128/25"]), st.lists(st.sampled_from(ASNS), min_size=1, max_size=2),
    st.lists(st.sampled_from(COMMUNITIES), max_size=3, unique=True))


def holds(criterion: Criterion, prefix: str, path: list[int], communities: list[Any]) -> bool:
    condition = criterion.match_condition.value
    whole = condition.endswith("Equals")
    if criterion.prefixes:
        found = prefix in criterion.prefixes if whole else any(within(prefix, one) for one in criterion.prefixes)
    elif criterion.asns:
        found = tuple(path) == criterion.asns if whole else bool(set(path) & set(criterion.asns))
    else:
        wanted = set(criterion.communities)
        found = wanted <= set(communities) if whole else bool(wanted & set(communities))
    return found != condition.startswith("Not")


def read(route_map: RouteMap, route: RibEntry) -> tuple[list[int], list[Any]] | None:
    path, communities = list(route.as_path), list(route.communities)
    for rule in route_map.rules:
        if not all(holds(one, route.prefix, path, communities) for one in rule.match_criteria):
            continue
        for action in rule.actions:
            if action.type == "Drop":
                return None
            what = action.parameters[0]
            if action.type == "Replace":
                path = path if what.as_path is None else list(what.asns)
                communities = communities if what.community is None else list(what.communities)
            elif action.type == "Add":
                path, communities = [*what.asns, *path], list(dict.fromkeys((*communities, *what.communities)))
            else:
                path = [asn for asn in path if asn not in what.asns]
                communities = [one for one in communities if one not in what.communities]
        if rule.next_step_if_matched == "Terminate":
            break
    return path, communities


@given(st.lists(RULES, max_size=4), ROUTES)
def test_any_map_does_what_it_reads_like(rules: list[dict[str, Any]], route: RibEntry) -> None:
    entry, expected = judged(rules, route), read(RouteMap.model_validate(
        {"rules": [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)]}), route)
    assert entry is Refusal.ROUTE_MAP if expected is None else isinstance(entry, RibEntry)
    if isinstance(entry, RibEntry) and expected:
        assert (list(entry.as_path), sorted(entry.communities)) == (expected[0], sorted(expected[1]))
