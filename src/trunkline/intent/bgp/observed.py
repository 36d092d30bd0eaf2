"""What daemons say: of sessions, and of routes at each of the places where a route can be looked at (RFC 4271, 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.intent.bgp.policy import Community, Refusal, Validity


class SessionState(StrEnum):
    """RFC 4271, section 8.2.2, in its own words."""

    IDLE = "Idle"
    CONNECT = "Connect"
    ACTIVE = "Active"
    OPEN_SENT = "OpenSent"
    OPEN_CONFIRM = "OpenConfirm"
    ESTABLISHED = "Established"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """What a daemon says of one session. ``since``: start of the present state. Counts are prefixes. ``hold_time_s``
    and ``keepalive_time_s`` as negotiated, ``capabilities`` as the peer announced them; none unless Established.
    ``updates``: announcements and withdrawals that the peer has sent: while it stays, so do the peer's routes."""

    name: str
    state: SessionState
    since: datetime | None = None
    prefixes_received: int = 0
    prefixes_accepted: int = 0
    prefixes_sent: int = 0
    last_error: str = ""
    bfd: str = ""  #: Up, Down, Init, AdminDown; empty without BFD
    hold_time_s: int | None = None
    keepalive_time_s: int | None = None
    capabilities: tuple[str, ...] = ()
    peer_router_id: str = ""
    updates: int = 0


@dataclass(frozen=True, slots=True)
class Adjacency:
    """What a link-state router says of a neighbour: ``state`` by RFC 2328, 10.1; packets go there in ``Full`` alone.
    ``bfd``: of the session that watches it, empty without one."""

    interface: str
    family: int
    state: str
    router_id: str
    bfd: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A line of a daemon's log that is about a session; ``session`` is empty if it is of none."""

    session: str
    text: str


@dataclass(frozen=True, slots=True)
class RibEntry:
    """One path. ``session`` is the name it was learned from, ``local`` for own routes. ``as_sets``: the path has an
    AS_SET (its numbers are in ``as_path`` too). ``refusal``: why the import policy refused it, of an entry of an
    Adj-RIB-In; None if it was accepted."""

    prefix: str
    next_hop: str
    session: str
    as_path: tuple[int, ...] = ()
    local_pref: int = 100
    med: int = 0
    origin: str = "IGP"
    best: bool = False
    communities: tuple[Community, ...] = ()
    as_sets: int = 0
    validity: Validity | None = None
    refusal: Refusal | None = None
