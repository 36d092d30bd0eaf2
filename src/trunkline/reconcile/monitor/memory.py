"""What earlier looks have seen: of each session its history, routes and faults, of each node its counters and log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from trunkline.diagnosis.elsewhere import DOUBTFUL, Brought
from trunkline.diagnosis.evidence import Finding, Heard, Place
from trunkline.diagnosis.sessions import History, set_up
from trunkline.diagnosis.traffic import Window
from trunkline.intent.bgp import KEPT, Refusal, RibEntry, Router, SessionState, SessionStatus

#: What tells whether the peer's routes may be others than before.
Mark = tuple[SessionState, datetime | None, int, int, int]


def mark(status: SessionStatus) -> Mark:
    return status.state, status.since, status.prefixes_received, status.prefixes_accepted, status.updates


@dataclass(slots=True)
class SessionMemory:
    """``at``: its owner's key and leg. ``checked``: the look at which its routes were judged last; ``marked``: with
    which policy and state. ``born``: the look at which it was first heard of."""

    at: tuple[str, str] = ("", "")
    history: History = field(default_factory=History)
    routes: tuple[RibEntry, ...] = ()
    findings: tuple[Finding, ...] = ()
    checked: int = 0
    born: int = 0
    marked: tuple[Mark, object] | None = None

    def brought(self, name: str) -> Brought:
        """``name``: the session's."""
        refused = frozenset(entry.prefix for entry in self.routes if entry.refusal not in (None, Refusal.CONTAINED))
        return Brought(
            self.history.first_seen, frozenset(entry.prefix for entry in self.routes
                                                if not entry.refusal and KEPT not in entry.communities),
            frozenset(prefix for one in self.findings if one.kind in DOUBTFUL for prefix in one.prefixes),
            {name: refused})


@dataclass(slots=True)
class NodeMemory:
    """``read_to``: how far its daemon's log is read; -1 before the first look."""

    window: Window = field(default_factory=Window)
    read_to: int = -1
    setup: object = None
    touched: float = float("-inf")

    def untouched_s(self, router: Router, now: float) -> float:
        """Since its sessions were set up otherwise."""
        setup = tuple(map(set_up, router.sessions))
        self.touched = now if self.setup not in (None, setup) else self.touched
        self.setup = setup
        return now - self.touched


@dataclass(slots=True)
class Memory:
    sessions: dict[str, SessionMemory] = field(default_factory=dict)
    nodes: dict[tuple[str, str], NodeMemory] = field(default_factory=dict)  #: by node and whose sessions they are

    def of(self, heard: Heard) -> SessionMemory:
        return self.sessions.setdefault(heard.name, SessionMemory())

    def at(self, place: Place) -> NodeMemory:
        return self.nodes.setdefault((place.node, place.owner), NodeMemory())

    def keep(self, places: Iterable[Place]) -> None:
        """Nothing but what is of these."""
        known = list(places)
        names = {f"{place.node}/{session.name}" for place in known for session in place.sessions}
        nodes = {(place.node, place.owner) for place in known}
        for name in self.sessions.keys() - names:
            del self.sessions[name]
        for node in self.nodes.keys() - nodes:
            del self.nodes[node]


def policy_of(router: Router, session: str) -> object:
    """What decides which of the peer's routes are refused, and why."""
    return next((one.import_policy for one in router.sessions if one.name == session), None)
