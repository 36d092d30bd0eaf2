"""Why one path to a prefix is best, in the order in which BIRD compares two (RFC 4271, 9.1.2.2). Pure.

BIRD compares the metric of the way to the next hop between the last two steps too; nothing tells it to others, so a
comparison that these steps leave open is said to be decided by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from trunkline.intent.bgp import LOCAL, RibEntry, Router, SessionStatus
from trunkline.intent.bgp.evaluate import first_asn, path_length

_ORIGINS = {"IGP": 0, "EGP": 1, "INCOMPLETE": 2}


@dataclass(frozen=True, slots=True)
class Contest:
    """What decided between the best path and one that lost; ``step`` is empty of paths that are equally good."""

    loser: RibEntry
    step: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A path with what its session adds to the comparison."""

    entry: RibEntry
    external: bool
    peer_router_id: str
    peer_address: str
    last_resort: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """The smaller value wins. ``applies``: whether the two can be compared in it at all."""

    name: str
    value: Callable[[_Candidate], Any]
    shown: Callable[[_Candidate], str]
    applies: Callable[[_Candidate, _Candidate], bool] = lambda _one, _other: True


_STEPS = (
    _Step("own route", lambda one: one.entry.session != LOCAL,
          lambda one: "originated here" if one.entry.session == LOCAL else "learned"),
    _Step("nearness", lambda one: one.last_resort,
          lambda one: "of another circuit" if one.last_resort else "of its own"),
    _Step("local preference", lambda one: -one.entry.local_pref, lambda one: str(one.entry.local_pref)),
    _Step("AS path length", lambda one: path_length(one.entry), lambda one: str(path_length(one.entry))),
    _Step("origin", lambda one: _ORIGINS.get(one.entry.origin, 2), lambda one: one.entry.origin),
    _Step("MED", lambda one: one.entry.med, lambda one: str(one.entry.med),
          lambda one, other: first_asn(one.entry) == first_asn(other.entry)),
    _Step("eBGP over iBGP", lambda one: not one.external, lambda one: "eBGP" if one.external else "iBGP"),
    _Step("router ID", lambda one: _number(one.peer_router_id), lambda one: one.peer_router_id or "unknown",
          lambda one, other: bool(one.peer_router_id and other.peer_router_id)),
    _Step("peer address", lambda one: _number(one.peer_address), lambda one: one.peer_address,
          lambda one, other: bool(one.peer_address and other.peer_address)),
)
#: Paths that differ only from here on carry packets together (ECMP).
_EQUAL_FROM = ("router ID", "peer address")


def contests(router: Router, paths: Sequence[RibEntry], statuses: Sequence[SessionStatus]) -> tuple[Contest, ...]:
    """Of all paths of one prefix in a Loc-RIB: the best one against each other; none without a best one."""
    best = next((entry for entry in paths if entry.best), None)
    if best is None:
        return ()
    ids = {status.name: status.peer_router_id for status in statuses}
    winner = _candidate(router, best, ids)
    return tuple(_contest(router, winner, _candidate(router, entry, ids)) for entry in paths if entry is not best)


def _candidate(router: Router, entry: RibEntry, ids: dict[str, str]) -> _Candidate:
    session = router.session(entry.session)
    return _Candidate(entry, session is not None and session.local_asn != session.peer_asn,
                      ids.get(entry.session, ""), session.peer_address if session else "",
                      session is not None and session.last_resort)


def _contest(router: Router, winner: _Candidate, loser: _Candidate) -> Contest:
    step = next((one for one in _STEPS if one.applies(winner, loser) and one.value(winner) != one.value(loser)), None)
    names = f"{winner.entry.session or LOCAL} over {loser.entry.session or LOCAL}"
    if step is None or step.value(winner) > step.value(loser):
        return Contest(loser.entry, "next hop", f"{names}: the way to the next hop, or an older path, decided")
    told = f"{names}: {step.name}, {step.shown(winner)} against {step.shown(loser)}"
    shared = step.name in _EQUAL_FROM and router.ecmp > 1
    return Contest(loser.entry, step.name, f"{told}; both carry packets" if shared else told)


def _number(address: str) -> int:
    return int(ip_address(address)) if address else 0

