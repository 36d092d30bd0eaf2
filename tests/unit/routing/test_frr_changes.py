"""Commands between two configurations of FRR."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from golden.scenarios import CE, CUSTOMER, SCENARIOS
from trunkline.intent.bgp import Action, Origin, Policy, PrefixMatch, Router, Rule
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon
from trunkline.routing.frr.changes import Statement, differ, parse
from trunkline.routing.frr.render import render

FRR = replace(CE, daemon=Daemon.FRR)
TO_CLOUD, TO_SIBLING = FRR.sessions
BGP = ("end", "configure terminal", "router bgp 65001")


def commands(old: Router, new: Router) -> list[str]:
    return [command for _, batch in differ(render(old), render(new)) for command in batch]


def test_nothing_changes_nothing() -> None:
    assert differ(render(FRR), render(FRR)) == ()


def test_lines_know_their_daemon_and_headers() -> None:
    found = parse("ip route 10.0.0.0/8 reject\nbfd\n profile x\n  detect-multiplier 3\n exit\nexit\nrouter bgp 1\n a\n")
    assert [(one.daemon, one.context, one.text) for one in found] == [
        ("staticd", (), "ip route 10.0.0.0/8 reject"), ("bfdd", (), "bfd"), ("bfdd", ("bfd",), "profile x"),
        ("bfdd", ("bfd", "profile x"), "detect-multiplier 3"), ("bgpd", (), "router bgp 1"),
        ("bgpd", ("router bgp 1",), "a")]


def test_a_new_key_touches_one_neighbor_only() -> None:
    changed = replace(FRR, sessions=(replace(TO_CLOUD, password=Secret("other")), TO_SIBLING))
    assert commands(FRR, changed) == [
        *BGP, "no neighbor 172.16.0.2 password sharedKey123", *BGP, "neighbor 172.16.0.2 password other"]


def test_a_changed_as_number_makes_the_neighbor_anew_and_asleep() -> None:
    changed = replace(FRR, sessions=(replace(TO_CLOUD, peer_asn=12077), TO_SIBLING))
    sent = commands(FRR, changed)
    removal = sent.index("no neighbor 172.16.0.2 remote-as 12076")
    assert not [line for line in sent if line.startswith("no neighbor 172.16.0.2 ") and "remote-as" not in line][:-1]
    rebirth = sent[removal:]
    assert rebirth.index("neighbor 172.16.0.2 shutdown") == rebirth.index("neighbor 172.16.0.2 remote-as 12077") + 1
    assert "neighbor 172.16.0.2 password sharedKey123" in rebirth
    assert rebirth[-1] == "no neighbor 172.16.0.2 shutdown"
    assert not [line for line in sent if "10.1.0.2" in line]


def test_a_disabled_session_is_born_asleep_and_stays_so() -> None:
    asleep = replace(FRR, sessions=(replace(TO_CLOUD, enabled=False),))
    sent = commands(replace(FRR, sessions=()), asleep)
    assert sent.count("neighbor 172.16.0.2 shutdown") == 1
    assert "no neighbor 172.16.0.2 shutdown" not in sent


def test_a_removed_session_goes_before_its_route_maps() -> None:
    sent = commands(FRR, replace(FRR, sessions=(TO_CLOUD,)))
    assert sent.index("no neighbor 10.1.0.2 remote-as 65001") < sent.index("no route-map ce-2-export permit 10")
    assert not [line for line in sent if line.startswith("no match tag")]  # gone with its entry


def test_a_prefix_more_is_one_line_more() -> None:
    def allowing(*prefixes: str) -> Router:
        rule = Rule(Action.PERMIT, tuple(PrefixMatch.exactly(prefix) for prefix in prefixes))
        return replace(FRR, sessions=(replace(TO_CLOUD, export_policy=Policy((rule,))),))
    assert commands(allowing("10.1.0.0/16"), allowing("10.1.0.0/16", "10.2.0.0/16")) == [
        "ip prefix-list circuit-7-primary-export-10 seq 10 permit 10.2.0.0/16"]


def test_an_origin_goes_to_two_daemons() -> None:
    more = replace(FRR, origins=(*FRR.origins, Origin("10.7.0.0/16")))
    assert differ(render(FRR), render(more)) == (
        ("staticd", ("ip route 10.7.0.0/16 reject",)),
        ("bgpd", (*BGP, "address-family ipv4 unicast", "network 10.7.0.0/16 route-map tl-origins")))


def test_what_goes_is_told_to_the_daemon_that_has_it() -> None:
    assert differ(render(FRR), render(replace(FRR, origins=FRR.origins[:1], sessions=(TO_SIBLING,))))[-2:] == (
        ("bfdd", ("no bfd",)), ("staticd", ("no ip route 10.1.9.0/24 10.1.0.9",)))


FRR_SCENARIOS = [router for router in SCENARIOS.values() if router.daemon is Daemon.FRR]


@pytest.mark.parametrize(("old", "new"), list(permutations(FRR_SCENARIOS, 2)))
def test_commands_lead_from_any_configuration_to_any_other(old: Router, new: Router) -> None:
    """Play the commands on the statements of the old one; a neighbor takes its lines along."""
    state = set(parse(render(old)))
    for _, batch in differ(render(old), render(new)):
        _play(state, batch)
    assert state == set(parse(render(new)))


def _play(state: set[Statement], batch: tuple[str, ...]) -> None:
    context: tuple[str, ...] = ()
    for command in batch:
        if command in ("end", "configure terminal"):
            context = ()
        elif command.startswith("no ") and command != "no bgp default ipv4-unicast":  # said by us, not taken back
            _forget(state, context, command.removeprefix("no "))
        else:
            state.add(Statement(context, command))
            if command.split()[0] in ("route-map", "router", "address-family", "bfd", "profile"):
                context = (*context, command)


def _forget(state: set[Statement], context: tuple[str, ...], text: str) -> None:
    neighbor = text.partition(" remote-as ")[0] if " remote-as " in text else None
    for one in list(state):
        within = one.path[:len(context) + 1] == (*context, text)
        owned = neighbor and one.context[:1] == context and one.text.startswith(f"{neighbor} ")
        if within or owned:
            state.discard(one)


def test_a_session_unknown_to_frr_is_new() -> None:
    assert "neighbor 172.16.0.1 remote-as 65001" in commands(FRR, replace(FRR, sessions=(CUSTOMER,)))


def test_an_entry_whose_settings_would_end_in_another_order_is_made_anew() -> None:
    """What is added goes to the end of an entry, and FRR obeys in order."""
    entry = "route-map m permit 10\n{} set tag 1\nexit\n"
    old, new = entry.format(" set community 1:1 additive\n"), entry.format(
        " set comm-list gone delete\n set community 1:1 additive\n")
    (_, commands), (_, more) = differ(old, new)
    assert commands == ("no route-map m permit 10",)
    assert more[-3:] == ("set comm-list gone delete", "set community 1:1 additive", "set tag 1")


def test_a_setting_at_the_end_of_an_entry_is_added_alone() -> None:
    entry = "route-map m permit 10\n set tag 1\n{}exit\n"
    (_, commands), = differ(entry.format(""), entry.format(" on-match next\n"))
    assert commands == ("end", "configure terminal", "route-map m permit 10", "on-match next")
