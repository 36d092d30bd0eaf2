"""What a router makes of a prefix, in one sentence."""

from __future__ import annotations

from trunkline.diagnosis.explaining import Finding
from trunkline.diagnosis.verdict import covering, judge, of_member
from trunkline.intent.bgp import RibEntry

ASKED = "10.10.1.0/24"
REFUSED = Finding("in", "customer", "martian", "told by the peer with AS path 65010 and refused: a martian")


def route(prefix: str, best: bool = True) -> RibEntry:
    return RibEntry(prefix=prefix, next_hop="172.16.0.1", as_path=(65010,), session="customer", best=best)


def test_the_longest_best_route_covers() -> None:
    known = [route("0.0.0.0/0"), route("10.0.0.0/8"), route("10.10.0.0/16", best=False), route(ASKED),
             route("fd00::/8")]
    assert covering(known, ASKED) == "10.0.0.0/8"
    assert covering([route(ASKED)], ASKED) == ""


def test_a_refusal_is_told_even_where_something_wider_covers() -> None:
    found = judge(ASKED, [route("10.10.0.0/16")], [REFUSED])
    assert (found.verdict, found.matters) == ("covered", True)
    assert "covered by 10.10.0.0/16" in found.sentence
    assert "a martian" in found.sentence


def test_without_any_route_the_reason_comes_first() -> None:
    down = Finding("in", "customer", "down", "the session is Idle, not Established")
    absent = Finding("in", "peer", "absent", "the peer does not tell it")
    assert judge(ASKED, [], [absent, down, REFUSED]).verdict == "refused"
    assert "the session is Idle" in judge(ASKED, [], [absent, down]).sentence
    assert (judge(ASKED, [], [absent]).verdict, judge(ASKED, [], [absent]).matters) == ("absent", False)


def test_a_member_is_told_of_its_own_sessions() -> None:
    assert of_member([REFUSED]).verdict == "refused"
    assert of_member([Finding("out", "member_1", "told", "told on")]).sentence == "told to the member: told on"
    assert of_member([]).verdict == "absent"
