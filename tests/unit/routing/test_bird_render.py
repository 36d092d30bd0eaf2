"""What a router means in BIRD's words, where the golden files do not say why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden.scenarios import CUSTOMER, GATEWAY_0, VRF
from trunkline.errors import Unsupported
from trunkline.intent.bgp import REJECT_ALL, Action, BfdKey, Policy, PrefixMatch, Rule
from trunkline.model.profile import Bfd, BfdMethod
from trunkline.model.resource import Secret
from trunkline.routing.bird.render import BfdView, render, view
from trunkline.routing.naming import group_number, identifier, redact
from trunkline.routing.policy import export_clauses, import_clauses


def test_a_session_without_policy_passes_nothing() -> None:
    closed = replace(CUSTOMER, import_policy=REJECT_ALL, export_policy=REJECT_ALL, enforce_first_as=False)
    shown, = view(replace(VRF, sessions=(closed,))).sessions
    assert shown.exports == ()
    assert shown.imports == (f"tl_group = {group_number('customer')};",)


def test_rules_of_other_groups_vanish_from_an_import() -> None:
    mine, other, all_of_us = (Rule(Action.PERMIT, groups=groups) for groups in (("customer",), ("gateway",), ()))
    session = replace(CUSTOMER, import_policy=Policy((other, mine, all_of_us)))
    assert [clause.rule for clause in import_clauses(session)] == [mine, all_of_us]


def test_rules_of_the_other_family_vanish() -> None:
    policy = Policy((Rule(Action.PERMIT, (PrefixMatch.orlonger("2001:db8::/32"),)),))
    assert export_clauses(replace(CUSTOMER, export_policy=policy)) == ()


@pytest.mark.parametrize(("method", "words"), [
    (BfdMethod.MD5, "keyed md5"), (BfdMethod.METICULOUS_MD5, "meticulous keyed md5"),
    (BfdMethod.SHA1, "keyed sha1"), (BfdMethod.METICULOUS_SHA1, "meticulous keyed sha1")])
def test_bfd_is_authenticated_by_interface(method: BfdMethod, words: str) -> None:
    keyed = replace(CUSTOMER, bfd_key=BfdKey(method, Secret("c0rrectH0rse")))
    assert (f'multiplier 3; authentication {words}; password "c0rrectH0rse" {{ id 1; }}; }};'
            in render(replace(VRF, sessions=(keyed,))))


def test_the_fastest_session_of_an_interface_sets_its_bfd() -> None:
    slow, fast = replace(CUSTOMER, name="slow", bfd=Bfd(300, 3)), replace(CUSTOMER, name="fast", bfd=Bfd(30, 3))
    assert view(replace(VRF, sessions=(slow, fast))).bfd == (BfdView("cust", 30, 3),)


def test_ibgp_has_no_first_as_to_enforce() -> None:
    inside = replace(GATEWAY_0, peer_asn=12076)
    assert "bgp_path.first" not in render(replace(VRF, sessions=(inside,)))


@pytest.mark.parametrize("key", ['quo"te', "new\nline", "hash#", "sp ace", ""])
def test_a_key_that_would_break_out_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        render(replace(VRF, sessions=(replace(CUSTOMER, password=Secret(key)),)))
    assert not key or key not in str(refusal.value)


def test_names_are_kept_or_made_safe_and_distinct() -> None:
    assert identifier("circuit-7.private:primary") == "circuit-7.private:primary"
    odd, even = identifier("a'; }"), identifier("a'; {")
    assert odd != even
    assert "'" not in odd + even


def test_messages_lose_their_secrets() -> None:
    assert redact("line 3: password sharedKey123 unknown", VRF) == "line 3: password *** unknown"
    keyed = replace(VRF, sessions=(replace(CUSTOMER, bfd_key=BfdKey(BfdMethod.SHA1, Secret("c0rrectH0rse"))),))
    assert redact("sharedKey123 and c0rrectH0rse", keyed) == "*** and ***"
