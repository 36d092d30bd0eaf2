"""The two protocols between control plane and drivers. ``fabric`` and ``routing`` act on the machine, ``simulation``
in memory; the rest of the house knows only these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkline.intent.bgp import RibEntry, Router, SessionStatus
from trunkline.intent.network import Counter, KernelRoute, Key, Neighbor, Piece, PortCounters


@dataclass(frozen=True, slots=True)
class Change:
    """What a pass will do to the network: first remove, then ensure; the plane orders each by kind."""

    remove: tuple[Piece, ...] = ()
    ensure: tuple[Piece, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.remove or self.ensure)


class Plane(Protocol):
    """Realises pieces. All calls are idempotent and may come from several threads, never twice for one piece."""

    def observe(self, pieces: Sequence[Piece]) -> frozenset[Key]:
        """The keys of those pieces that exist exactly as described, read from the kernel."""

    def apply(self, change: Change) -> None:
        """Remove, then create or mend in place. One piece's failure does not stop the independent others; raises
        DriverFailure naming all that failed, Unsupported when the machine lacks something."""

    def nodes(self) -> frozenset[str]:
        """Names of all nodes of this instance that exist."""

    def counters(self, node: str) -> PortCounters:
        """Counters of a node's ``xconnect`` program; all attachments in one read."""

    def neighbors(self, node: str) -> tuple[Neighbor, ...]:
        """ARP and ND tables of a node, and its own addresses as state PERMANENT."""

    def routes(self, node: str) -> tuple[KernelRoute, ...]:
        """All routes of a node, of all tables but that of its own addresses."""

    def filtered(self, node: str) -> dict[str, Counter]:
        """What the rules of a node's filter have counted, by counter; empty without a filter."""

    def sweep(self) -> tuple[str, ...]:
        """Remove everything this instance owns, whoever made it; answers what was removed."""


class Speaker(Protocol):
    """Runs BGP daemons. All calls are idempotent; never two at once for one router."""

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        """The keys of routers whose daemon runs (or, if ``down``, does not) with exactly this configuration."""

    def apply(self, router: Router) -> None:
        """Start, or reload softly, or stop when ``down``. Raises ConfigurationRejected when the daemon's own parser
        refuses; the running configuration is then untouched."""

    def remove(self, node: str) -> None:
        """Stop the daemon of a node and forget its files."""

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        """State of each session of a running router, in the router's order; Idle for those the daemon lacks."""

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        """The Loc-RIB with all paths."""

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """The Adj-RIB-Out of one session, as sent (after policy)."""

    def watch(self, died: Callable[[str], None]) -> None:
        """Call ``died(node)`` soon after the daemon of a node that ought to run has ended."""

    def sweep(self) -> tuple[str, ...]:
        """Stop every daemon of this instance; answers the nodes."""
