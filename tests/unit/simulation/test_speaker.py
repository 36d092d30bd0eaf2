"""The simulated speaker: sessions come up as they would, and routes travel by policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from speaking import LEFT, RIGHT, TO_LEFT, TO_RIGHT, mirrored, prefixes, router, status
from trunkline.errors import ConfigurationRejected, DriverFailure
from trunkline.intent.bgp import (
    LOCAL,
    Action,
    Origin,
    Policy,
    PrefixMatch,
    RibEntry,
    Router,
    Rule,
    Session,
    SessionState,
)
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Interface, Link, Node, Role
from trunkline.model.resource import Secret
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

MID = router("mid", TO_LEFT, TO_RIGHT, origins=("10.200.0.0/16",))
LEFT_WIRE = Link(Interface("mid", "left0", (Address("10.0.1.2/30"),)),
                 Interface("left", "mid0", (Address("10.0.1.1/30"),)))
RIGHT_WIRE = Link(Interface("mid", "right0", (Address("100.64.0.2/32", "100.64.0.1"),)),
                  Interface("right", "mid0", (Address("100.64.0.1/32", "100.64.0.2"),)))
NODES = tuple(Node(name, Role.VRF) for name in ("left", "mid", "right"))


def speaking(*routers: Router) -> tuple[SimulatedPlane, SimulatedSpeaker]:
    plane = SimulatedPlane()
    plane.apply(Change(ensure=(*NODES, LEFT_WIRE, RIGHT_WIRE)))
    speaker = SimulatedSpeaker(plane)
    for one in routers:
        speaker.apply(one)
    return plane, speaker


def announcing(one: Router, *origins: str) -> Router:
    return replace(one, origins=tuple(Origin(prefix) for prefix in origins))


def states(speaker: SimulatedSpeaker, one: Router) -> list[str]:
    return [status.state for status in speaker.sessions(one)]


def test_sessions_come_up_and_routes_travel() -> None:
    _, speaker = speaking(LEFT, MID, RIGHT)
    assert states(speaker, MID) == ["Established", "Established"]
    assert RibEntry("10.50.0.0/16", "10.0.1.2", "edge", (12076, 65515), best=True) in speaker.routes(LEFT)
    assert prefixes(speaker, RIGHT) == {"10.1.0.0/16", "10.50.0.0/16", "10.200.0.0/16"}
    counted = status(speaker, MID, "customer")
    assert (counted.prefixes_received, counted.prefixes_accepted, counted.prefixes_sent) == (1, 1, 2)
    assert (counted.bfd, counted.since is not None) == ("Up", True)
    assert {entry.as_path for entry in speaker.advertised(MID, "customer")} == {(12076,), (12076, 65515)}


DISAGREEMENTS: dict[str, Session] = {
    "another key": replace(TO_LEFT, password=Secret("other")),
    "no key": replace(TO_LEFT, password=None),
    "another AS number expected": replace(TO_LEFT, peer_asn=65002),
    "another AS number given": replace(TO_LEFT, local_asn=12077),
    "another address": replace(TO_LEFT, peer_address="10.0.1.9"),
    "an address it does not have": replace(TO_LEFT, local_address="10.0.1.3"),
    "another interface": replace(TO_LEFT, interface="right0"),
    "TTL security on one end": replace(TO_LEFT, ttl_security=True),
}


@pytest.mark.parametrize("session", DISAGREEMENTS.values(), ids=DISAGREEMENTS.keys())
def test_ends_that_disagree_stay_apart(session: Session) -> None:
    subject = replace(MID, sessions=(session, TO_RIGHT))
    _, speaker = speaking(LEFT, subject, RIGHT)
    assert states(speaker, subject) == ["Active", "Established"]
    assert states(speaker, LEFT) == ["Active"]


def test_a_disabled_session_is_idle_and_its_peer_active() -> None:
    subject = replace(MID, sessions=(replace(TO_LEFT, enabled=False), TO_RIGHT))
    _, speaker = speaking(LEFT, subject, RIGHT)
    assert states(speaker, subject) == ["Idle", "Established"]
    assert states(speaker, LEFT) == ["Active"]


def test_a_cut_wire_takes_the_session_and_its_routes() -> None:
    plane, speaker = speaking(LEFT, MID, RIGHT)
    since = status(speaker, MID, "gateway-0").since
    plane.apply(Change(remove=(LEFT_WIRE,)))
    assert states(speaker, MID) == ["Active", "Established"]
    assert prefixes(speaker, RIGHT) == {"10.50.0.0/16", "10.200.0.0/16"}
    plane.apply(Change(ensure=(LEFT_WIRE,)))
    assert states(speaker, MID) == ["Established", "Established"]
    assert status(speaker, MID, "gateway-0").since == since


def test_equal_addresses_on_other_wires_do_not_meet() -> None:
    """Two tenants with the same addresses: each hears its own peer."""
    plane, speaker = speaking(LEFT, MID)
    plane.apply(Change(ensure=(
        Node("left2", Role.CE), Node("mid2", Role.VRF),
        Link(replace(LEFT_WIRE.a, node="mid2"), replace(LEFT_WIRE.b, node="left2")))))
    left2, mid2 = announcing(replace(LEFT, node="left2"), "10.9.0.0/16"), replace(MID, node="mid2", sessions=(TO_LEFT,))
    speaker.apply(left2)
    speaker.apply(mid2)
    assert prefixes(speaker, mid2, "customer") == {"10.9.0.0/16"}
    assert prefixes(speaker, MID, "customer") == {"10.1.0.0/16"}


def test_policies_pass_only_what_they_name() -> None:
    wanted = Policy((Rule(Action.PERMIT, (PrefixMatch("10.1.0.0/16", 16, 24),), local_pref=250),))
    stripped = Policy((Rule(Action.PERMIT, groups=("gateway",), strip_asns=(65515,)),))
    to_right = replace(TO_RIGHT, export_policy=Policy((Rule(Action.PERMIT, groups=(LOCAL,)),)))
    subject = replace(MID, sessions=(replace(TO_LEFT, import_policy=wanted, export_policy=stripped), to_right))
    left = announcing(LEFT, "10.1.0.0/16", "10.1.7.0/24", "10.1.7.0/25", "10.66.0.0/16")
    _, speaker = speaking(left, subject, RIGHT)
    assert prefixes(speaker, subject, "customer") == {"10.1.0.0/16", "10.1.7.0/24"}
    assert {entry.local_pref for entry in speaker.routes(subject) if entry.session == "customer"} == {250}
    assert [entry.as_path for entry in speaker.routes(left) if entry.session == "edge"] == [(12076,)]
    assert prefixes(speaker, RIGHT, "edge") == {"10.200.0.0/16"}


def test_the_first_rule_that_matches_decides() -> None:
    refusing = Policy((Rule(Action.DENY, contains_asn=((65515, 65520),)), Rule(Action.PERMIT)))
    subject = replace(MID, sessions=(TO_LEFT, replace(TO_RIGHT, import_policy=refusing)))
    _, speaker = speaking(LEFT, subject, RIGHT)
    assert prefixes(speaker, subject) == {"10.1.0.0/16", "10.200.0.0/16"}


def test_own_number_in_the_path_is_a_loop() -> None:
    """Left and right are one AS here: neither takes what the other announces."""
    to_right = replace(TO_RIGHT, peer_asn=65001)
    right = router("right", mirrored(to_right, "edge", "mid0"), origins=("10.50.0.0/16",))
    _, speaker = speaking(LEFT, replace(MID, sessions=(TO_LEFT, to_right)), right)
    assert prefixes(speaker, right) == {"10.50.0.0/16", "10.200.0.0/16"}


def test_what_is_learned_inside_an_as_stays_inside() -> None:
    inner_left, inner_right = (replace(one, peer_asn=12076) for one in (TO_LEFT, TO_RIGHT))
    left, right = (router(node, mirrored(one, "edge", "mid0"), origins=(prefix,)) for node, one, prefix in (
        ("left", inner_left, "10.1.0.0/16"), ("right", inner_right, "10.50.0.0/16")))
    _, speaker = speaking(left, replace(MID, sessions=(inner_left, inner_right)), right)
    assert prefixes(speaker, right) == {"10.50.0.0/16", "10.200.0.0/16"}


@pytest.mark.parametrize(("left_pref", "right_pref", "winner"), [
    (200, 100, "customer"), (100, 200, "gateway-0"), (None, None, "customer")])
def test_local_preference_beats_all_else(left_pref: int | None, right_pref: int | None, winner: str) -> None:
    sessions = tuple(
        replace(one, import_policy=Policy((Rule(Action.PERMIT, local_pref=pref),)))
        for one, pref in ((TO_LEFT, left_pref), (TO_RIGHT, right_pref)))
    subject = replace(MID, sessions=sessions)
    _, speaker = speaking(announcing(LEFT, "10.7.0.0/16"), subject, announcing(RIGHT, "10.7.0.0/16"))
    paths = [entry for entry in speaker.routes(subject) if entry.prefix == "10.7.0.0/16"]
    assert [entry.session for entry in paths if entry.best] == [winner]
    assert len(paths) == 2


def test_too_many_prefixes_tear_the_session_down_until_they_are_fewer() -> None:
    subject = replace(MID, sessions=(replace(TO_LEFT, prefix_limit=2), TO_RIGHT))
    _, speaker = speaking(announcing(LEFT, "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"), subject, RIGHT)
    torn, other = speaker.sessions(subject)
    assert (torn.state, torn.last_error) == (SessionState.IDLE, "prefix limit exceeded")
    assert other.state is SessionState.ESTABLISHED
    assert prefixes(speaker, RIGHT) == {"10.50.0.0/16", "10.200.0.0/16"}
    speaker.apply(LEFT)
    assert states(speaker, subject) == ["Established", "Established"]


def test_a_death_is_told_and_an_intended_end_is_not() -> None:
    mourned: list[str] = []
    _, speaker = speaking(LEFT, MID, RIGHT)
    speaker.watch(mourned.append)
    speaker.remove("left")
    speaker.kill("mid")
    assert mourned == ["mid"]
    assert speaker.observe([LEFT, MID, RIGHT]) == {RIGHT.key}
    assert states(speaker, MID) == ["Idle", "Idle"]
    speaker.apply(MID)
    assert states(speaker, MID) == ["Active", "Established"]


def test_a_router_that_is_down_runs_not() -> None:
    _, speaker = speaking(LEFT, MID)
    off = replace(MID, down=True)
    assert speaker.observe([off]) == frozenset()
    speaker.apply(off)
    assert speaker.observe([off, MID]) == {off.key}
    assert states(speaker, LEFT) == ["Active"]


def test_a_refused_configuration_leaves_the_old_one() -> None:
    _, speaker = speaking(LEFT, MID)
    speaker.reject_next("mid")
    changed = replace(MID, origins=())
    with pytest.raises(ConfigurationRejected):
        speaker.apply(changed)
    assert speaker.observe([MID, changed]) == {MID.key}
    speaker.apply(changed)
    assert prefixes(speaker, LEFT) == {"10.1.0.0/16"}


def test_a_daemon_does_not_move_to_a_node_made_anew() -> None:
    plane, speaker = speaking(LEFT, MID)
    plane.apply(Change(remove=(NODES[1],)))
    plane.apply(Change(ensure=(NODES[1], LEFT_WIRE)))
    assert speaker.observe([MID]) == frozenset()
    assert states(speaker, LEFT) == ["Active"]
    speaker.apply(MID)
    assert states(speaker, LEFT) == ["Established"]


def test_without_a_node_nothing_starts() -> None:
    _, speaker = speaking()
    with pytest.raises(DriverFailure, match="nowhere does not exist"):
        speaker.apply(replace(MID, node="nowhere"))


def test_a_sweep_ends_all() -> None:
    _, speaker = speaking(LEFT, MID)
    assert speaker.sweep() == ("left", "mid")
    assert speaker.observe([LEFT, MID]) == frozenset()


@pytest.mark.parametrize("wanted", [LEFT, MID])
def test_applying_twice_is_applying_once(wanted: Router) -> None:
    _, speaker = speaking(LEFT, MID)
    since: Iterable[object] = [one.since for one in speaker.sessions(wanted)]
    speaker.apply(wanted)
    assert [one.since for one in speaker.sessions(wanted)] == since
