"""Both daemons as one Speaker: each router goes to the one it names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from trunkline.intent.bgp import Adjacency, Remark, RibEntry, Router, Session, SessionStatus
from trunkline.intent.drivers import Direction, Speaker
from trunkline.intent.network import Key
from trunkline.model.site import Daemon


class Daemons:
    def __init__(self, bird: Speaker, frr: Speaker) -> None:
        self._speakers = {Daemon.BIRD: bird, Daemon.FRR: frr}

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        return frozenset().union(*(
            speaker.observe([router for router in routers if router.daemon is daemon])
            for daemon, speaker in self._speakers.items()))

    def running(self) -> frozenset[str]:
        return frozenset().union(*(speaker.running() for speaker in self._speakers.values()))

    def apply(self, router: Router) -> None:
        """A router that has changed its daemon first loses the old one: both would claim TCP port 179."""
        for daemon, speaker in self._speakers.items():
            if daemon is not router.daemon:
                speaker.remove(router.node)
        self._of(router).apply(router)

    def remove(self, node: str) -> None:
        for speaker in self._speakers.values():
            speaker.remove(node)

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        return self._of(router).sessions(router)

    def glance(self, router: Router, sessions: Sequence[Session]) -> tuple[SessionStatus, ...]:
        return self._of(router).glance(router, sessions)

    def adjacencies(self, router: Router) -> tuple[Adjacency, ...]:
        return self._of(router).adjacencies(router)

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        return self._of(router).routes(router)

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._of(router).advertised(router, session)

    def received(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._of(router).received(router, session)

    def heard(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._of(router).heard(router, session)

    def refresh(self, router: Router, session: str, direction: Direction) -> None:
        self._of(router).refresh(router, session, direction)

    def remarks(self, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:
        return self._of(router).remarks(router, since)

    def waiting(self) -> frozenset[str]:
        return frozenset().union(*(speaker.waiting() for speaker in self._speakers.values()))

    def hasten(self, nodes: Collection[str]) -> None:
        for speaker in self._speakers.values():
            speaker.hasten(nodes)

    def watch(self, died: Callable[[str], None]) -> None:
        for speaker in self._speakers.values():
            speaker.watch(died)

    def sweep(self) -> tuple[str, ...]:
        return tuple(sorted({node for speaker in self._speakers.values() for node in speaker.sweep()}))

    def _of(self, router: Router) -> Speaker:
        return self._speakers[router.daemon]
