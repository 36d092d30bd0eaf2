"""Security events: what was noticed about sessions and routes, for how long, and whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from trunkline.model.resource import Json, ResourceId

EVENT = "Trunkline.Security/events"


class Severity(StrEnum):
    """From least to most."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return tuple(Severity).index(self)


class EventState(StrEnum):
    """``open``: it is so, or was a moment ago. ``contained``: it is so, and something was done against it."""

    OPEN = "open"
    CONTAINED = "contained"
    CLOSED = "closed"


class EventKind(StrEnum):
    """What each means, its severity and what to do stand in ``diagnosis.catalogue``."""

    ROUTE_LEAK = "routeLeak"
    PREFIX_HIJACK = "prefixHijack"
    SUBPREFIX_HIJACK = "subprefixHijack"
    CONTESTED_PREFIX = "contestedPrefix"
    ORIGIN_INVALID = "originInvalid"
    UNAUTHORISED_PREFIX = "unauthorisedPrefix"
    BOGON = "bogon"
    PATH_ANOMALY = "pathAnomaly"
    NEXT_HOP_THEFT = "nextHopTheft"
    COMMUNITY_ABUSE = "communityAbuse"
    PREFIX_JUMP = "prefixJump"
    PREFIX_LIMIT_NEAR = "prefixLimitNear"
    PREFIX_LIMIT_EXCEEDED = "prefixLimitExceeded"
    SESSION_FLAP = "sessionFlap"
    PREFIX_FLAP = "prefixFlap"
    MALFORMED_UPDATE = "malformedUpdate"
    MD5_FAILURE = "md5Failure"
    WRONG_AS = "wrongAs"
    TTL_SPOOF = "ttlSpoof"
    STRANGER = "stranger"
    SPOOFED_SOURCE = "spoofedSource"
    CONTROL_FLOOD = "controlFlood"
    FOREIGN_FRAMES = "foreignFrames"
    VLAN_HOP = "vlanHop"
    VALIDATION_STALE = "validationStale"
    VALIDATION_REJECTED = "validationRejected"
    VALIDATION_DEAD = "validationDead"
    CONTAINMENT_LIMITED = "containmentLimited"


@dataclass(frozen=True, slots=True)
class Event:
    """``subject``: what makes two looks see the same thing; no two unfinished events have one. ``source``: id of the
    circuit or exchange member at which it was seen, ``victims``: ids of those whom it harms. ``node`` and ``session``
    say where, empty for what is of no session. ``prefixes``: those it is about, ``action``: a command that helps.
    ``containments``: ids of what is done against it; ``released``: somebody undid one, so no policy begins again.
    ``acknowledgements``: who of a subscription did so, ``closings``: when a subscription closed it for itself; when all
    have, or an operator did, it is closed.
    ``revision`` grows with every change of any event: who follows asks for what is beyond the last one known.
    """

    id: str
    kind: EventKind
    severity: Severity
    subject: str
    summary: str
    source: str
    first_seen: datetime
    last_seen: datetime
    state: EventState = EventState.OPEN
    victims: tuple[str, ...] = ()
    node: str = ""
    session: str = ""
    leg: str = ""
    prefixes: tuple[str, ...] = ()
    evidence: Json = field(default_factory=dict)
    action: str = ""
    count: int = 1
    ended: datetime | None = None
    acknowledged_by: str = ""
    containments: tuple[str, ...] = ()
    released: bool = False
    acknowledgements: Mapping[str, str] = field(default_factory=dict)
    closings: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0

    @property
    def affected(self) -> tuple[str, ...]:
        """Ids of resources, where it was seen first."""
        return tuple(dict.fromkeys(one for one in (self.source, *self.victims) if one))

    @property
    def subscriptions(self) -> frozenset[str]:
        """In lower case: whose owners it concerns."""
        return frozenset(ResourceId.parse(one).subscription.lower() for one in self.affected)

    def as_of(self, subscription: str) -> Event:
        """As a subscription has left it."""
        closed, by = self.closings.get(subscription.lower()), self.acknowledgements.get(subscription.lower())
        mine = replace(self, acknowledged_by=by or self.acknowledged_by)
        if closed is None or self.state is EventState.CLOSED:
            return mine
        return replace(mine, state=EventState.CLOSED, ended=datetime.fromisoformat(closed))

    def acknowledged(self, by: str, subscription: str = "") -> Event:
        """``subscription``: for that alone; for all, without one."""
        if not subscription:
            return replace(self, acknowledged_by=by)
        return replace(self, acknowledgements={**self.acknowledgements, subscription.lower(): by})

    def closed(self, by: str, at: datetime, subscription: str = "") -> Event:
        closings = {**self.closings, subscription.lower(): at.isoformat()} if subscription else self.closings
        known = replace(self.acknowledged(by, subscription), closings=closings)
        if subscription and not self.subscriptions <= closings.keys():
            return known
        return replace(known, state=EventState.CLOSED, ended=at)

    @property
    def resource(self) -> ResourceId:
        """Its own id, in the subscription where it was seen."""
        return event_id(ResourceId.parse(self.source).subscription, self.id)


def event_id(subscription: str, name: str) -> ResourceId:
    namespace, kind = EVENT.split("/")
    return ResourceId(subscription, "", namespace, (kind,), (name,))
