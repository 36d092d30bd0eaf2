"""The two protocols between control plane and drivers. ``fabric`` and ``routing`` act on the machine, ``simulation``
in memory; the rest of the house knows only these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from trunkline.intent.bgp import Adjacency, Remark, RibEntry, Router, Session, SessionStatus
from trunkline.intent.network import (
    CapacityCounters,
    Counter,
    Harm,
    Impairment,
    KernelRoute,
    Key,
    Line,
    Neighbor,
    Outage,
    Piece,
    PortCounters,
    Wire,
)

#: Of a soft refresh, from our side.
Direction = Literal["in", "out", "both"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a pass will do to the network: first remove, then ensure; the plane orders each by kind. Cross-connects
    whose tags are replaced go last, so that none is sent which is not taken in."""

    remove: tuple[Piece, ...] = ()
    ensure: tuple[Piece, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.remove or self.ensure)


class Gauge(Protocol):
    """Measures links, from one thread."""

    def beat(self, wires: Sequence[Wire]) -> Mapping[Wire, tuple[float | None, ...]]:
        """Send one echo over each, and answer the round-trip times in seconds of those that are back since the last
        time, in the order of sending; None of those that were lost. Whoever is not named is measured no more."""

    def close(self) -> None: ...


class Plane(Protocol):
    """Realises pieces. All calls are idempotent and may come from several threads, never twice for one piece."""

    def observe(self, pieces: Sequence[Piece]) -> frozenset[Key]:
        """The keys of those pieces that exist exactly as described, read from the kernel."""

    def apply(self, change: Change) -> None:
        """Remove, then create or mend in place. One piece's failure does not stop the independent others; raises
        DriverFailure naming all that failed, Unsupported when the machine lacks something, Degraded when a customer or
        operator must bring all that failed."""

    def nodes(self) -> frozenset[str]:
        """Names of all nodes of this instance that exist."""

    def existing(self, nodes: Collection[str]) -> frozenset[str]:
        """Those of these nodes that exist."""

    def counters(self, node: str) -> PortCounters:
        """Counters of a node's ``xconnect`` program; all attachments in one read."""

    def neighbors(self, node: str) -> tuple[Neighbor, ...]:
        """ARP and ND tables of a node, and its own addresses as state PERMANENT."""

    def routes(self, node: str) -> tuple[KernelRoute, ...]:
        """All routes of a node, of all tables but that of its own addresses."""

    def lines(self, node: str) -> tuple[Line, ...]:
        """All interfaces of a node: whether they carry, what they have carried; empty without the node."""

    def filtered(self, node: str) -> dict[str, Counter]:
        """What the rules of a node's filter have counted, by counter; empty without a filter."""

    def kept_out(self, node: str) -> dict[str, dict[str, Counter]]:
        """What the hygiene of a shared LAN's ports has dropped, by port and reason; empty without any."""

    def capacity(self, shared: str) -> CapacityCounters:
        """What the bounds of the nodes that share them have let through and dropped; empty without any."""

    def refused(self, node: str) -> dict[str, int]:
        """How many segments TCP has refused in a node since it exists, by the kernel's own counters; empty without."""

    def impaired(self, pieces: Sequence[Impairment]) -> dict[Key, Harm]:
        """What each impairment has done since it stands."""

    def vanished(self, pieces: Sequence[Outage]) -> dict[Key, int]:
        """How many frames each outage has taken since it stands."""

    def gauge(self) -> Gauge:
        """A new one; whoever asks for it closes it."""

    def sweep(self) -> tuple[str, ...]:
        """Remove everything this instance owns, whoever made it; answers what was removed."""


class Speaker(Protocol):
    """Runs BGP daemons. All calls are idempotent; never two at once for one router."""

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        """The keys of routers whose daemon runs (or, if ``down``, does not) with exactly this configuration."""

    def running(self) -> frozenset[str]:
        """All nodes of this instance in which a daemon runs, of whatever configuration; ``watch`` tells of their ends
        too."""

    def apply(self, router: Router) -> None:
        """Start, or reload softly, or stop when ``down``. Raises ConfigurationRejected when the daemon's own parser
        refuses; the running configuration is then untouched."""

    def waiting(self) -> frozenset[str]:
        """Nodes whose daemon can now be told what had to wait: a password that a session which was up has already."""

    def remove(self, node: str) -> None:
        """Stop the daemon of a node and forget its files."""

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        """State of each session of a running router, in the router's order; Idle for those the daemon lacks."""

    def glance(self, router: Router, sessions: Sequence[Session]) -> tuple[SessionStatus, ...]:
        """The same of some of its sessions, without BFD: what one asks who asks again and again."""

    def adjacencies(self, router: Router) -> tuple[Adjacency, ...]:
        """The neighbours of a link-state router, of each family; none when it does not run."""

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        """The Loc-RIB with all paths."""

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """The Adj-RIB-Out of one session, as sent (after policy)."""

    def received(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """The Adj-RIB-In of one session after its import policy; refused routes too, each with its ``refusal``."""

    def heard(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """The Adj-RIB-In of one session before its import policy; what a daemon does not keep apart, as that left
        it (``routing.bird.ribs``, ``routing.frr.ribs``)."""

    def refresh(self, router: Router, session: str, direction: Direction) -> None:
        """Have the peer's routes judged anew (in), ours told again (out), or both; the session stays. Raises
        Unsupported where the peer would have to know route refresh (RFC 2918) and does not."""

    def remarks(self, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:
        """What the daemon has logged of its peers behind the position ``since``, and the position to ask from next; -1
        for the end of what there is now. A daemon that keeps no such log has no remarks."""

    def hasten(self, nodes: Collection[str]) -> None:
        """Have the link-state routers of these nodes calculate now what they would at their next tick. One that is just
        being told something, or does not run, is left alone. While another thread applies."""

    def watch(self, died: Callable[[str], None]) -> None:
        """Call ``died(node)`` soon after the daemon of a node that ought to run has ended."""

    def sweep(self) -> tuple[str, ...]:
        """Stop every daemon of this instance; answers the nodes."""
