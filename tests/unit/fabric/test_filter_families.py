"""Filters in nftables' words: a rule's families are told apart, and never mixed."""

from __future__ import annotations

from trunkline.fabric.filters import rules
from trunkline.intent.network import Filter, FilterRule, Guard, RuleList, Whereabouts

HERE, THERE = Whereabouts(("10.1.0.0/16", "fd00:1::/48")), Whereabouts(("10.10.0.0/16", "fd00:10::/48"))


def written(source: Whereabouts, destination: Whereabouts) -> list[str]:
    """The matches of one rule that allows."""
    wish = Filter("n", (RuleList("one", (FilterRule("c", True, "tcp", source, destination),)),))
    lines = [line for line in rules(wish) if "list-one" in line and line.startswith("add rule")]
    return [line.partition("list-one ")[2].removesuffix(" meta l4proto tcp counter name c return") for line in lines]


def test_each_family_meets_its_own() -> None:
    assert written(HERE, THERE) == [
        "ip saddr { 10.1.0.0/16 } ip daddr { 10.10.0.0/16 }", "ip6 saddr { fd00:1::/48 } ip6 daddr { fd00:10::/48 }"]


def test_a_rule_of_one_family_says_nothing_of_the_other() -> None:
    assert written(Whereabouts(("0.0.0.0/0",)), THERE) == ["meta nfproto ipv4 ip daddr { 10.10.0.0/16 }"]
    assert written(Whereabouts(("::/0",)), HERE) == ["meta nfproto ipv6 ip6 daddr { fd00:1::/48 }"]
    assert written(Whereabouts(("fd00::/8",)), Whereabouts(("10.0.0.0/8",))) == []


def test_all_the_rest_is_the_rest_of_each_family() -> None:
    rest = Whereabouts(HERE.prefixes, ("g1i0",), others=True)
    assert written(rest, Whereabouts(others=True)) == [
        'ip saddr != { 10.1.0.0/16 } fib saddr oifname != { "g1i0" }',
        'ip6 saddr != { fd00:1::/48 } fib saddr oifname != { "g1i0" }']


def test_sources_are_held_back_in_both_families() -> None:
    guard = Guard("n1", sources=Whereabouts(("10.1.0.4/32", "fd00:1::4/128")))
    assert [line for line in rules(Filter("n", guards=(guard,))) if line.endswith("drop")] == [
        "add rule inet trunkline source-n1 ip saddr != { 10.1.0.4/32 } drop",
        "add rule inet trunkline source-n1 ip6 saddr != { fd00:1::4/128 } drop"]
