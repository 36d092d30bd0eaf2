"""Security groups as compiled: which links are guarded, by which rules, and what the words of a rule mean."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.dependency import awaited
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import ANYWHERE, Filter, FilterRule, Guard, Interface, Link, Node, Whereabouts
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import SECURITY_GROUP, VNET
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

WEB = estates.link(SECURITY_GROUP, "web")
HUB = Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key)
GUARDED = (estates.security_group(), estates.nic(networkSecurityGroup=WEB))


def pieces(*changed: Resource) -> tuple[object, ...]:
    return compile(HUB, Snapshot([*estates.whole(), *changed]), AZURE).pieces


def the_filter(*changed: Resource) -> Filter:
    found, = (piece for piece in pieces(*changed) if isinstance(piece, Filter))
    return found


def rules(direction: str, *changed: Resource) -> dict[int, FilterRule]:
    """By priority."""
    one, = (one for one in the_filter(*GUARDED, *changed).lists if one.name.endswith(direction))
    return {int(rule.counter.rpartition("-")[2]): rule for rule in one.rules}


def test_without_a_group_there_is_no_filter() -> None:
    assert not any(isinstance(piece, Filter) for piece in pieces(estates.security_group()))


def test_a_nics_own_group_stands_next_to_it() -> None:
    own = estates.link(SECURITY_GROUP, "own")
    guard, = the_filter(estates.security_group(), estates.security_group("own"), estates.subnet(
        networkSecurityGroup=WEB), estates.nic(networkSecurityGroup=own)).guards
    assert [name.split("-")[1] for name in guard.to_here] == ["web", "own"]
    assert [name.split("-")[1] for name in guard.from_here] == ["own", "web"]


def test_every_group_ends_with_the_six_rules_that_all_have() -> None:
    assert {priority: rule.allow for priority, rule in rules("in").items()} == {
        65000: True, 65001: True, 65500: False}
    assert {priority: rule.allow for priority, rule in rules("out").items()} == {
        65000: True, 65001: True, 65500: False}


def test_the_virtual_network_is_its_space_and_what_is_behind_its_gateways() -> None:
    near = Whereabouts(("10.1.0.0/16",), ("g1i0", "g1i1"))
    assert (rules("in")[65000].source, rules("in")[65000].destination) == (near, near)


def test_the_internet_is_all_the_rest() -> None:
    assert rules("out")[65001].destination == Whereabouts(
        ("10.1.0.0/16", "168.63.129.16/32"), ("g1i0", "g1i1"), others=True)


@pytest.mark.parametrize(("said", "meant"), [
    ({"sourceAddressPrefix": "*"}, ANYWHERE),
    ({"sourceAddressPrefix": "10.2.0.4"}, Whereabouts(("10.2.0.4/32",))),
    ({"sourceAddressPrefix": "virtualnetwork"}, Whereabouts(("10.1.0.0/16",), ("g1i0", "g1i1"))),
    ({"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.2.0.0/16", "10.3.0.0/16"]},
     Whereabouts(("10.2.0.0/16", "10.3.0.0/16")))])
def test_addresses_are_understood(said: dict[str, object], meant: Whereabouts) -> None:
    assert rules("in", estates.security_rule("one", 100, **said))[100].source == meant


def test_an_empty_application_group_matches_nothing() -> None:
    links = [estates.link(estates.APPLICATION_GROUP, "nobody")]
    rule = estates.security_rule("one", 100, sourceAddressPrefix=None, sourceApplicationSecurityGroups=links)
    assert 100 not in rules("in", rule)
    member = estates.nic("vm2", 2, address="10.1.0.9", groups=("nobody",))
    assert rules("in", rule, member)[100].source == Whereabouts(("10.1.0.9/32",))


@pytest.mark.parametrize(("protocol", "ports"), [("Tcp", ((80, 80), (90, 99))), ("*", ((80, 80), (90, 99))),
                                                 ("Icmp", ()), ("Esp", ())])
def test_only_what_has_ports_is_told_apart_by_them(protocol: str, ports: tuple[tuple[int, int], ...]) -> None:
    rule = estates.security_rule("one", 100, protocol=protocol, destinationPortRange=None,
                                 destinationPortRanges=["80", "90-99"])
    assert rules("in", rule)[100].destination_ports == ports


def test_a_rule_is_awaited_where_its_group_protects_something() -> None:
    rule = estates.security_rule("one", 100)
    everything = Snapshot([*estates.whole(), *GUARDED, rule])
    assert awaited(rule, everything) == {HUB}
    assert awaited(rule, Snapshot([*estates.whole(), estates.security_group(), rule])) == frozenset()


def machine(*changed: Resource) -> tuple[Node, Interface]:
    found = pieces(*changed)
    link = next(one for one in found if isinstance(one, Link) and one.b.name == "n1")
    return next(one for one in found if isinstance(one, Node) and one.name == link.a.node), link.b


def test_a_machine_forwards_only_what_it_may() -> None:
    node, interface = machine()
    assert (node.forwarding, interface.strict) == (False, True)
    node, interface = machine(estates.nic(enableIPForwarding=True))
    assert (node.forwarding, interface.strict) == (True, False)


def test_beside_route_tables_the_filter_holds_back_forged_sources() -> None:
    table = estates.link(estates.ROUTE_TABLE, "udr")
    changed = (estates.route_table(), estates.subnet(routeTable=table))
    assert the_filter(*changed).guards == (Guard("n1", sources=Whereabouts(("10.1.0.4/32",))),)
    assert not machine(*changed)[1].strict
