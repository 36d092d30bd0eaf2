"""What is wrong with a session, in words: why it does not come up, by its daemon and by what TCP refused beneath it,
and how near its prefix limit it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkline.intent.bgp import LimitAction, Session, SessionState, SessionStatus

#: So far back what was refused speaks of the present.
_RECENT = timedelta(seconds=60)

#: By the kernel's counter: whether it concerns sessions with a key or without one, and what it means.
_MEANINGS: Mapping[str, tuple[bool, str]] = {
    "TCPMD5Failure": (True, "the peer's TCP-MD5 key is wrong"),
    "TCPMD5NotFound": (True, "the peer signs nothing, and this session has a TCP-MD5 key"),
    "TCPMD5Unexpected": (False, "the peer signs with a TCP-MD5 key, and this session has none"),
}

#: Of a prefix limit, from which on it is told.
WARN_PERCENT = 80
_BEYOND: Mapping[LimitAction, str] = {
    LimitAction.RESTART: "beyond it the session is closed, and tried again until fewer come",
    LimitAction.SHUTDOWN: "beyond it the session is closed until it is switched off and on again",
    LimitAction.DROP: "what is beyond it is not taken, and the session stays",
    LimitAction.WARN: "nothing follows but this",
}


@dataclass(frozen=True, slots=True)
class Readings:
    """What TCP of one node has refused, as read at several times, the oldest first. Immutable."""

    readings: tuple[tuple[datetime, Mapping[str, int]], ...] = ()

    def read(self, now: datetime, counts: Mapping[str, int]) -> Readings:
        """With one more. Of those that are too old the newest stays, to count from."""
        old = [one for one in self.readings if now - one[0] > _RECENT]
        recent = [one for one in self.readings if now - one[0] <= _RECENT]
        return Readings((*old[-1:], *recent, (now, counts)))

    def growth(self, reason: str) -> tuple[int, datetime | None]:
        """How much, and since when; None: since the node exists."""
        if not self.readings:
            return 0, None
        last = self.readings[-1][1].get(reason, 0)
        if len(self.readings) == 1:
            return last, None
        since, first = self.readings[0]
        begun_anew = first.get(reason, 0) > last
        return (last, None) if begun_anew else (last - first.get(reason, 0), since)


def last_error(session: Session, status: SessionStatus, readings: Readings) -> str:
    """Of a session that is up: nothing beyond what the daemon says; of one that is closed on purpose: by what."""
    if status.state is SessionState.ESTABLISHED:
        return status.last_error
    if not session.enabled:
        return f"closed by {session.closed_by or 'its router'}"
    said = _in_words(session, status.last_error)
    return "; ".join((*_refused(session, readings), *((said,) if said else ())))


def _refused(session: Session, readings: Readings) -> Iterator[str]:
    for reason, (keyed, meaning) in _MEANINGS.items():
        count, since = readings.growth(reason)
        if count and keyed is (session.password is not None):
            when = f"since {since:%H:%M:%S} UTC" if since else "since this router exists"
            yield f"{meaning}: {count} segment{'' if count == 1 else 's'} refused {when}"


def _in_words(session: Session, said: str) -> str:
    """RFC 4271, 6.2: of an OPEN that was refused, by whom and why."""
    if "limit exceeded" in said and session.prefix_limit is not None:
        return (f"the peer announced more than {session.prefix_limit} prefixes; {_BEYOND[session.limit_action]}. "
                f"Summarise, then wait or reset ({said})")
    if "Bad peer AS" not in said:
        return said
    if said.startswith("Received"):
        return f"the peer refuses our OPEN: it expects another AS than {session.local_asn} ({said})"
    return f"the peer's OPEN is refused: it is not of AS {session.peer_asn} ({said})"


def warning(session: Session, status: SessionStatus) -> str:
    """Of a session that is up and near its prefix limit, or at it, or without its authenticated BFD; else empty."""
    if status.state is SessionState.ESTABLISHED and session.bfd and session.bfd_key and status.bfd != "Up":
        return (f"BFD is {status.bfd or 'Down'}, so only the hold time ends this session: the peer has another key or "
                f"type of BFD authentication (here {session.bfd_key.method}), or speaks no BFD")
    limit, count = session.prefix_limit, status.prefixes_received
    if limit is None or status.state is not SessionState.ESTABLISHED or count * 100 < limit * WARN_PERCENT:
        return ""
    return f"{count} of {limit} prefixes ({count * 100 // max(1, limit)} %): {_BEYOND[session.limit_action]}"
