"""What a policy makes of a route, word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden.scenarios import CUSTOMER
from trunkline.intent.bgp import Action, CommunityMatch, Policy, PrefixMatch, Refusal, RibEntry, Rule, Validity
from trunkline.intent.bgp.evaluate import evaluate, received
from trunkline.intent.bgp.reasons import number_of, refusal_of, words

ROUTE = RibEntry("10.1.2.0/24", "172.16.0.1", "peer", (65001, 64500, 64501), communities=((65001, 80), (12076, 5, 6)))
PEER = "172.16.0.1"


def permits(rule: Rule, route: RibEntry = ROUTE) -> bool:
    return evaluate(Policy((rule,)), route, "customer", PEER).permitted


def left_by(*rules: Rule) -> RibEntry:
    return evaluate(Policy((*rules, Rule(Action.PERMIT))), ROUTE, "customer", PEER).entry


@pytest.mark.parametrize(("words_of_rule", "route", "matched"), [
    ({"origin_asn": ((64501, 64501),)}, ROUTE, True),
    ({"origin_asn": ((64500, 64500),)}, ROUTE, False),
    ({"origin_asn": ((64501, 64501),)}, replace(ROUTE, as_sets=1), False),  # RFC 6811: a set has no origin
    ({"whole_path": (65001, 64500, 64501)}, ROUTE, True),
    ({"whole_path": (65001, 64500)}, ROUTE, False),
    ({"whole_path": ()}, replace(ROUTE, as_path=()), True),
    ({"longer_than": 2}, ROUTE, True),
    ({"longer_than": 3}, ROUTE, False),
    ({"longer_than": 2}, replace(ROUTE, as_sets=2), False),  # a set counts as one
    ({"as_set": True}, ROUTE, False),
    ({"as_set": True}, replace(ROUTE, as_sets=1), True),
    ({"communities": (CommunityMatch(((65001, 65001), (0, 100))),)}, ROUTE, True),
    ({"communities": (CommunityMatch(((12076, 12076), (0, 9), (7, 9))),)}, ROUTE, False),
    ({"communities": (CommunityMatch.exactly((12076, 5)),)}, ROUTE, False),  # two parts are another kind than three
    ({"validity": (Validity.VALID,)}, replace(ROUTE, validity=Validity.VALID), True),
    ({"validity": (Validity.BLIND,)}, ROUTE, True),  # nobody validated it
    ({"foreign_next_hop": True}, ROUTE, False),
    ({"foreign_next_hop": True}, replace(ROUTE, next_hop="172.16.0.9"), True),
])
def test_a_word_matches(words_of_rule: dict[str, object], route: RibEntry, matched: bool) -> None:
    assert permits(Rule(Action.PERMIT, **words_of_rule), route) is matched  # type: ignore[arg-type]


def test_what_a_rule_sets_the_next_one_sees() -> None:
    add = Rule(Action.NEXT, add_communities=((1, 1),), local_pref=80)
    assert left_by(add, Rule(Action.NEXT, communities=(CommunityMatch.exactly((1, 1)),), med=7)) == replace(
        ROUTE, communities=(*ROUTE.communities, (1, 1)), local_pref=80, med=7)


def test_communities_are_removed_before_others_are_added() -> None:
    rule = Rule(Action.NEXT, remove_communities=(CommunityMatch(((65001, 65001), (0, 65535))),),
                add_communities=((65001, 1),))
    assert left_by(rule).communities == ((12076, 5, 6), (65001, 1))


def test_the_last_prepended_number_stands_first() -> None:
    assert left_by(Rule(Action.NEXT, prepend=(1, 2))).as_path == (2, 1, 65001, 64500, 64501)


def test_the_first_number_is_repeated_behind_what_is_prepended() -> None:
    assert left_by(Rule(Action.NEXT, prepend=(9,), repeat_first=2)).as_path == (9, 65001, 65001, 65001, 64500, 64501)


def test_a_new_path_stands_instead_and_is_prepended_to() -> None:
    assert left_by(Rule(Action.NEXT, new_path=(7, 8), strip_asns=(8,), prepend=(9,))).as_path == (9, 7)
    assert left_by(Rule(Action.NEXT, new_path=())).as_path == ()


def test_a_denying_rule_says_why_and_which_it_was() -> None:
    policy = Policy((Rule(Action.NEXT), Rule(Action.DENY, refusal=Refusal.MARTIAN, add_communities=((1, 2),))))
    verdict = evaluate(policy, ROUTE, "customer")
    assert (verdict.refusal, verdict.rule, verdict.entry.refusal) == (Refusal.MARTIAN, 1, Refusal.MARTIAN)
    assert verdict.entry.communities[-1] == (1, 2)
    assert verdict.sentence == "rule 2: refused, special-purpose address space is not routed (RFC 6890)"


def test_what_no_rule_permits_is_refused() -> None:
    assert evaluate(Policy((Rule(Action.NEXT),)), ROUTE, "customer").refusal is Refusal.NO_RULE


def test_a_loop_and_a_wrong_first_number_are_refused_before_the_policy() -> None:
    permitting = replace(CUSTOMER, import_policy=Policy((Rule(Action.PERMIT),)))
    assert received(permitting, replace(ROUTE, as_path=(65001, 12076))).refusal is Refusal.PATH_LOOP
    assert received(permitting, replace(ROUTE, as_path=(65002,))).refusal is Refusal.WRONG_FIRST_AS
    assert received(permitting, replace(ROUTE, prefix="10.0.0.0/8", as_path=(65001,))).permitted


def test_a_prefix_of_the_other_family_is_not_covered() -> None:
    assert not permits(Rule(Action.PERMIT, prefixes=(PrefixMatch.orlonger("::/0"),)))


def test_every_refusal_has_words_and_a_number() -> None:
    assert all(words(one) and refusal_of(number_of(one)) is one for one in Refusal)
    assert refusal_of(10_000) is Refusal.NO_RULE
