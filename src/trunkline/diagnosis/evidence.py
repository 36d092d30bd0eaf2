"""What was looked at in one moment: immutable, so that a judgement can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trunkline.intent.bgp import RibEntry, Router, Session, SessionStatus
from trunkline.model.event import EventKind, Severity
from trunkline.model.resource import Json


@dataclass(frozen=True, slots=True)
class Place:
    """Where a customer's or member's sessions end: a router, and what counts before it. ``owner``: id of the circuit or
    exchange member. ``sentry``: edge and attachment under which refused frames are counted; ``port``: switch and
    interface of a port that is the owner's alone; ``seat``: the same on a shared LAN, whose hygiene counts. Empty where
    there is none."""

    router: Router
    owner: str
    leg: str = ""
    sessions: tuple[Session, ...] = ()  #: those with strangers, not ours among each other
    sentry: tuple[str, str] = ("", "")
    port: tuple[str, str] = ("", "")
    seat: tuple[str, str] = ("", "")

    @property
    def node(self) -> str:
        return self.router.node


@dataclass(frozen=True, slots=True)
class Heard:
    """One session as it was, with what the peer announces; ``routes`` of the Adj-RIB-In, refused ones too."""

    place: Place
    session: Session
    status: SessionStatus
    routes: tuple[RibEntry, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.place.node}/{self.session.name}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement of one look. ``subject``: what makes it the same in the next. ``severity``: other than its kind's."""

    kind: EventKind
    subject: str
    summary: str
    place: Place
    session: str = ""
    victims: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    evidence: Json = field(default_factory=dict)
    severity: Severity | None = None


#: Numbers by name: packets that were refused, by reason.
Counts = Mapping[str, int]


def facts(heard: Heard) -> Json:
    """What every finding about a session tells of it."""
    return {"session": heard.session.name, "node": heard.place.node, "leg": heard.place.leg,
            "peer": heard.session.peer_address, "peerAsn": heard.session.peer_asn, "sessionState": heard.status.state}
