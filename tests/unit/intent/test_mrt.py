"""A routing table as MRT, read back by a parser of its own."""

from __future__ import annotations

from dataclasses import replace

import mrt
from golden.scenarios import CUSTOMER, VRF
from trunkline.intent.bgp import RibEntry, SessionState, SessionStatus
from trunkline.intent.bgp.mrt import dump

STATUSES = (SessionStatus(CUSTOMER.name, SessionState.ESTABLISHED, peer_router_id="192.0.2.9"),)
LEARNED = RibEntry("10.1.128.0/17", "172.16.0.1", CUSTOMER.name, (65001, 64500, 64501, 64502), 120, 7, "EGP",
                   communities=((65001, 80), (1, 2, 3)), as_sets=2)
OWN = RibEntry("0.0.0.0/0", "", "local")
SIX = RibEntry("2001:db8:1::/48", "2001:db8::1", CUSTOMER.name, tuple(range(1, 301)))


def read(*entries: RibEntry) -> list[mrt.Path]:
    return mrt.paths(dump(VRF, entries, STATUSES, 1_700_000_000))


def test_a_path_comes_back_with_all_that_it_had() -> None:
    path, = read(LEARNED)
    assert (path.prefix, path.peer) == ("10.1.128.0/17", ("172.16.0.1", 65001))
    assert path.attributes == {
        1: 1, 2: [(2, (65001, 64500)), (1, (64501, 64502))], 3: "172.16.0.1", 4: 7, 5: 120, 8: [(65001, 80)],
        32: [(1, 2, 3)]}


def test_an_own_route_is_of_the_router_itself() -> None:
    path, = read(OWN)
    assert (path.prefix, path.peer, path.attributes[2]) == (
        "0.0.0.0/0", ("0.0.0.0", 12076), [])  # noqa: S104  # nothing is bound


def test_a_long_path_has_several_segments_and_ipv6_its_own_next_hop() -> None:
    path, = read(SIX)
    assert [len(numbers) for _, numbers in path.attributes[2]] == [255, 45]
    assert path.attributes[14] == "2001:db8::1"
    assert 3 not in path.attributes


def test_paths_to_one_prefix_stand_together_and_tables_behind_another() -> None:
    other = replace(LEARNED, session="local")
    raw = dump(VRF, (LEARNED, OWN, other), STATUSES, 0)
    assert [path.prefix for path in mrt.paths(raw + raw)] == ["0.0.0.0/0", "10.1.128.0/17", "10.1.128.0/17"] * 2
