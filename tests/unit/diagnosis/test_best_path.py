"""Why a path is best: the first step in which it differs from the one that lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.diagnosis.best_path import contests
from trunkline.intent.bgp import PERMIT_ALL, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.model.site import Daemon

ONE = Session("one", "a", "a0", "10.0.1.2", "10.0.1.1", 65000, 65001, PERMIT_ALL, PERMIT_ALL)
OTHER = replace(ONE, name="other", interface="b0", local_address="10.0.2.2", peer_address="10.0.2.1")
INNER = replace(ONE, name="inner", interface="c0", local_address="10.0.3.2", peer_address="10.0.3.1", peer_asn=65000)
ROUTER = Router("r", Daemon.BIRD, 65000, "192.0.2.1", (ONE, OTHER, INNER), ecmp=1)
STATUSES = tuple(SessionStatus(name, SessionState.ESTABLISHED, peer_router_id=router_id) for name, router_id in (
    ("one", "192.0.2.9"), ("other", "192.0.2.10"), ("inner", "192.0.2.11")))
BEST = RibEntry("10.1.0.0/16", "10.0.1.1", "one", (65001, 64500), best=True)
LOSER = replace(BEST, session="other", best=False)


@pytest.mark.parametrize(("loser", "step", "told"), [
    (replace(LOSER, local_pref=90), "local preference", "100 against 90"),
    (replace(LOSER, as_path=(65001, 64500, 64501)), "AS path length", "2 against 3"),
    (replace(LOSER, as_path=(65001, 64500, 64501), local_pref=90), "local preference", "100 against 90"),
    (replace(LOSER, origin="INCOMPLETE"), "origin", "IGP against INCOMPLETE"),
    (replace(LOSER, med=5), "MED", "0 against 5"),
    (replace(LOSER, session="inner"), "eBGP over iBGP", "eBGP against iBGP"),
    (LOSER, "router ID", "192.0.2.9 against 192.0.2.10"),
    # Another neighbour's MED says nothing (RFC 4271, 9.1.2.2 c).
    (replace(LOSER, as_path=(64502, 64500), med=5), "router ID", "192.0.2.9 against 192.0.2.10"),
])
def test_the_first_difference_decides(loser: RibEntry, step: str, told: str) -> None:
    contest, = contests(ROUTER, (BEST, loser), STATUSES)
    assert (contest.step, contest.loser) == (step, loser)
    assert contest.sentence == f"one over {loser.session}: {step}, {told}"


def test_paths_that_only_the_router_id_tells_apart_share_the_packets() -> None:
    contest, = contests(replace(ROUTER, ecmp=8), (BEST, LOSER), STATUSES)
    assert contest.sentence.endswith("; both carry packets")


def test_what_the_steps_do_not_tell_is_not_invented() -> None:
    worse = replace(BEST, local_pref=50)
    contest, = contests(ROUTER, (worse, LOSER), STATUSES)
    assert contest.step == "next hop"


def test_without_a_best_path_there_is_nothing_to_tell() -> None:
    assert contests(ROUTER, (LOSER,), STATUSES) == ()
