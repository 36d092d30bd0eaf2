"""Whose routes are read next: all of a look's reading has a budget, and who costs much waits behind who costs little.

To ask for states costs the same for each session; to read routes costs as much as the peer has sent, as often as it
likes to send. Subscriptions take turns, the one first for which least was spent of late, and a session that was read
rests as long as that took, several times over.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from trunkline.diagnosis.claims import subscription_of
from trunkline.diagnosis.evidence import Heard

#: Of a look's time; one session more is begun at most. Then the others wait for the next look; seconds.
BUDGET_S = 0.8
#: No session takes more than this part of the time.
_SHARE = 0.2
#: What was spent counts half after so long; seconds.
_HALF_S = 10.0

_T = TypeVar("_T")


class Turns:
    """Not thread-safe. ``clock``: what tells how long something took; seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}  #: since when a session waits
        self._rested: dict[str, float] = {}  #: when it may be read again
        self._spent: dict[str, tuple[float, float]] = {}  #: seconds by subscription, and as of when

    def keep(self, sessions: Iterable[str]) -> None:
        """Nothing but what is of these."""
        known = frozenset(sessions)
        self._rested = {name: at for name, at in self._rested.items() if name in known}
        self._since = {name: at for name, at in self._since.items() if name in known}

    def of(self, due: Iterable[Heard], now: float) -> Iterator[Heard]:
        """Those whose turn it is; each is to be read, and timed, before the next is asked for."""
        began, waiting = self._clock(), self._waiting(due, now)
        queue = [(self._level(party, now), party) for party in waiting]
        heapq.heapify(queue)
        while queue and self._clock() - began < BUDGET_S:
            _, party = heapq.heappop(queue)
            one = waiting[party].pop()
            self._since.pop(one.name, None)
            yield one
            if waiting[party]:
                heapq.heappush(queue, (self._level(party, now), party))

    def timed(self, heard: Heard, act: Callable[[], _T], now: float) -> _T:
        """What is done about a session is put to its account, and its subscription's."""
        began, party = self._clock(), _party(heard)
        try:
            return act()
        finally:
            took = self._clock() - began
            self._spent[party] = self._level(party, now) + took, now
            self._rested[heard.name] = max(self._rested.get(heard.name, now), now) + took / _SHARE

    def _waiting(self, due: Iterable[Heard], now: float) -> dict[str, list[Heard]]:
        """By subscription, who has waited longest last."""
        found: dict[str, list[Heard]] = {}
        for one in due:
            since = self._since.setdefault(one.name, now)
            if self._rested.get(one.name, since) <= now:
                found.setdefault(_party(one), []).append(one)
        for waiting in found.values():
            waiting.sort(key=lambda one: self._since[one.name], reverse=True)
        return found

    def _level(self, party: str, now: float) -> float:
        spent, at = self._spent.get(party, (0.0, now))
        return float(spent * 0.5 ** ((now - at) / _HALF_S))


def _party(heard: Heard) -> str:
    return subscription_of(heard.place.owner)
