"""How a route travels over one session: who may meet, what is offered, what is taken, which path is better. Pure.

The order of paths: own before learned, of a last resort after all others, higher local preference, shorter AS path,
lower origin code, lower MED, external before internal (RFC 4271, 9.1.2.2), then the session's name, so that the answer
is always the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trunkline.intent.bgp.evaluate import evaluate, path_length, received
from trunkline.intent.bgp.observed import RibEntry
from trunkline.intent.bgp.policy import LOCAL
from trunkline.intent.bgp.router import Session
from trunkline.intent.bgp.sent import as_sent, withheld

#: By preference (RFC 4271, 9.1.2.2, b).
_ORIGINS = ("IGP", "EGP", "INCOMPLETE")


@dataclass(frozen=True, slots=True)
class Path:
    """A path with what decides between paths: its session's group and whether it came from inside the AS."""

    entry: RibEntry
    group: str
    internal: bool = False
    last_resort: bool = False

    @property
    def preference(self) -> tuple[bool, bool, int, int, int, int, bool]:
        """The smallest is best; paths of the same share the load."""
        entry = self.entry
        return (self.group != LOCAL, self.last_resort, -entry.local_pref, path_length(entry),
                _ORIGINS.index(entry.origin.upper()), entry.med, self.internal)

    @property
    def rank(self) -> tuple[tuple[bool, bool, int, int, int, int, bool], str]:
        """No two paths of a router share it."""
        return self.preference, self.entry.session


def agree(mine: Session, theirs: Session) -> bool:
    keys = [session.password.get_secret_value() if session.password else "" for session in (mine, theirs)]
    return (mine.local_asn, mine.peer_asn, mine.ttl_security, keys[0]) == (
        theirs.peer_asn, theirs.local_asn, theirs.ttl_security, keys[1])


def offered(session: Session, path: Path) -> RibEntry | None:
    """Never back where it came from, and from inside to inside only to a client of our reflection."""
    external = session.local_asn != session.peer_asn
    if path.entry.session == session.name or (path.internal and not external and not session.reflects):
        return None
    verdict = evaluate(session.export_policy, path.entry, path.group)
    if not verdict.permitted or withheld(path.entry, session):
        return None
    return as_sent(replace(verdict.entry, local_pref=100 if external else verdict.entry.local_pref), session)


def imported(session: Session, sent: Iterable[RibEntry]) -> tuple[Path, ...]:
    verdicts = (received(session, entry) for entry in sent)
    return tuple(
        Path(replace(verdict.entry, session=session.name, best=False), session.group,
             session.local_asn == session.peer_asn, session.last_resort)
        for verdict in verdicts if verdict.permitted)
