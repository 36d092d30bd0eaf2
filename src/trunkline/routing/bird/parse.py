"""What BIRD answers, as values. Pure.

Session states: BIRD says ``Down`` of a protocol that is off or in its error wait and ``Close`` of one that is closing;
RFC 4271 calls both Idle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address

from trunkline.intent.bgp import LOCAL, RibEntry, Session, SessionState, SessionStatus
from trunkline.routing.bird.control import ATTRIBUTE, BFD, DETAIL, PROTOCOL, ROUTE, Line
from trunkline.routing.bird.render import ORIGINS, protocol_of

_PROTOCOL = re.compile(r"(?P<name>\S+)\s+BGP\s+\S+\s+(?P<state>\S+)\s+(?P<since>\S+ \S+)\s*(?P<info>.*)")
_FACT = re.compile(r"\s*(?P<name>[^:]+):\s*(?P<value>.*)")
_ROUTES = re.compile(r"(?:(\d+) imported)(?:, (\d+) filtered)?(?:, (\d+) exported)?")
_ROUTE = re.compile(
    r"(?P<prefix>\S+)?\s+\w+ \[(?P<protocol>\S+) [^\]]*\]\s*(?P<best>\*)?")
_VIA = re.compile(r"\s*via (\S+) on")
_BFD_ROW = re.compile(r"(?P<address>\S+)\s+(?P<interface>\S+)\s+(?P<state>Up|Down|Init|AdminDown)\s")

BfdStates = dict[tuple[str, str], str]


@dataclass(slots=True)
class _Protocol:
    """One BGP protocol of ``show protocols all``: its row and the facts below it."""

    since: datetime
    facts: dict[str, str] = field(default_factory=dict)


def parse_sessions(lines: Iterable[Line], bfd: BfdStates, sessions: Iterable[Session]) -> tuple[SessionStatus, ...]:
    """The sessions in the order asked; Idle for those BIRD does not have."""
    protocols = _protocols(lines)
    return tuple(_status(session, protocols.get(protocol_of(session)), bfd) for session in sessions)


def _protocols(lines: Iterable[Line]) -> dict[str, _Protocol]:
    found: dict[str, _Protocol] = {}
    current: _Protocol | None = None
    for line in lines:
        if line.code == PROTOCOL:
            row = _PROTOCOL.match(line.text)
            current = _Protocol(_time(row["since"])) if row else None
            if row and current:
                found[row["name"]] = current
        elif line.code == DETAIL and current and (fact := _FACT.match(line.text)):
            current.facts.setdefault(fact["name"], fact["value"])
    return found


def _time(text: str) -> datetime:
    """BIRD runs in UTC; ``timeformat … iso long ms``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _status(session: Session, protocol: _Protocol | None, bfd: BfdStates) -> SessionStatus:
    if protocol is None:
        return SessionStatus(session.name, SessionState.IDLE)
    word = protocol.facts.get("BGP state", "")
    counts = _ROUTES.match(protocol.facts.get("Routes", ""))
    accepted, filtered, sent = (int(text or 0) for text in counts.groups()) if counts else (0, 0, 0)
    return SessionStatus(
        name=session.name, state=SessionState(word) if word in set(SessionState) else SessionState.IDLE,
        since=protocol.since, prefixes_received=accepted + filtered, prefixes_accepted=accepted, prefixes_sent=sent,
        last_error=protocol.facts.get("Last error", "").strip(),
        bfd=bfd.get((str(ip_address(session.peer_address)), session.interface), "Down") if session.bfd else "")


def parse_bfd(lines: Iterable[Line]) -> BfdStates:
    """BFD state by peer address and interface."""
    rows = (_BFD_ROW.match(line.text) for line in lines if line.code == BFD)
    return {(row["address"], row["interface"]): row["state"] for row in rows if row}


def parse_routes(lines: Iterable[Line], sessions: Iterable[Session]) -> tuple[RibEntry, ...]:
    """All paths of the tables shown. A row without prefix is another path to the prefix above it."""
    names = {protocol_of(session): session.name for session in sessions}
    names |= {ORIGINS.format(family): LOCAL for family in (4, 6)}
    return tuple(_entries(lines, names))


def _entries(lines: Iterable[Line], names: dict[str, str]) -> Iterator[RibEntry]:
    prefix, current = "", None
    for line in lines:
        row = _ROUTE.match(line.text) if line.code == ROUTE else None
        if row:
            if current:
                yield current
            prefix = row["prefix"] or prefix
            name = names.get(row["protocol"])
            current = RibEntry(prefix, "", name, best=bool(row["best"])) if name else None
        elif current:
            current = _with(current, line)
    if current:
        yield current


def _with(entry: RibEntry, line: Line) -> RibEntry:
    """The entry with one more fact; BGP's own next hop wins over the gateway that it leads to."""
    if line.code == ROUTE and (via := _VIA.match(line.text)):
        return replace(entry, next_hop=entry.next_hop or via[1])
    fact = _FACT.match(line.text) if line.code == ATTRIBUTE else None
    if fact is None:
        return entry
    value = fact["value"].strip()
    learn = _ATTRIBUTES.get(fact["name"].strip())
    return learn(entry, value) if learn else entry


_ATTRIBUTES: dict[str, Callable[[RibEntry, str], RibEntry]] = {
    "BGP.next_hop": lambda entry, value: replace(entry, next_hop=value.split()[0]),
    "BGP.as_path": lambda entry, value: replace(entry, as_path=tuple(map(int, re.findall(r"\d+", value)))),
    "BGP.local_pref": lambda entry, value: replace(entry, local_pref=int(value)),
    "BGP.med": lambda entry, value: replace(entry, med=int(value)),
    "BGP.origin": lambda entry, value: replace(entry, origin=value.upper()),
}
