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

from trunkline.intent.bgp import LOCAL, Adjacency, Refusal, RibEntry, Session, SessionState, SessionStatus
from trunkline.intent.bgp.reasons import refusal_of
from trunkline.routing.bird.control import ATTRIBUTE, BFD, DETAIL, OSPF, PROTOCOL, ROUTE, Line
from trunkline.routing.bird.policy import VALIDITIES
from trunkline.routing.bird.render import ORIGINS, protocol_of

_PROTOCOL = re.compile(r"(?P<name>\S+)\s+BGP\s+\S+\s+(?P<state>\S+)\s+(?P<since>\S+ \S+)\s*(?P<info>.*)")
_FACT = re.compile(r"\s*(?P<name>[^:]+):\s*(?P<value>.*)")
_ROUTES = re.compile(r"(?:(\d+) imported)(?:, (\d+) filtered)?(?:, (\d+) exported)?")
_ROUTE = re.compile(
    r"(?P<prefix>\S+)?\s+\w+ \[(?P<protocol>\S+) [^\]]*\]\s*(?P<best>\*)?")
_COMMUNITY = re.compile(r"\((\d+), ?(\d+)(?:, ?(\d+))?\)")
_VIA = re.compile(r"\s*via (\S+) on")
_BFD_ROW = re.compile(r"(?P<address>\S+)\s+(?P<interface>\S+)\s+(?P<state>Up|Down|Init|AdminDown)\s")

_NEIGHBOUR = re.compile(r"(?P<id>[\d.]+)\s+\d+\s+(?P<state>[\w-]+)/\S+\s+\S+\s+(?P<interface>\S+)\s")

BfdStates = dict[tuple[str, str], str]


@dataclass(slots=True)
class _Protocol:
    """One BGP protocol of ``show protocols all``: its row and the facts below it."""

    since: datetime
    facts: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    heading: str = ""

    def learn(self, line: str) -> None:
        """Headings stand four columns in, what belongs to them deeper."""
        depth, text = len(line) - len(line.lstrip()), line.strip()
        if depth <= 4:
            self.heading = text
        if self.heading == "Neighbor capabilities" and depth == 6:
            self.capabilities.append(text)
        elif self.heading == "Neighbor capabilities" and depth > 6:
            self.capabilities[-1] += f" ({text})" if not text.endswith(":") else ""
        elif fact := _FACT.match(line):
            self.facts.setdefault(fact["name"], fact["value"].strip())


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
        elif line.code == DETAIL and current:
            current.learn(line.text)
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
        last_error=_last_error(protocol.facts),
        hold_time_s=_negotiated(protocol.facts, "Hold timer"),
        keepalive_time_s=_negotiated(protocol.facts, "Keepalive timer"),
        capabilities=tuple(protocol.capabilities), peer_router_id=protocol.facts.get("Neighbor ID", ""),
        updates=sum(_first_number(protocol.facts.get(name, "")) for name in ("Import updates", "Import withdraws")),
        bfd=bfd.get((str(ip_address(session.peer_address)), session.interface), "Down") if session.bfd else "")


def _last_error(facts: dict[str, str]) -> str:
    """BIRD spells out codes and subcodes (RFC 4271, 4486) itself; what the peer's operator said (RFC 8203) stands
    beside."""
    error, message = facts.get("Last error", ""), facts.get("Message", "")
    return f"{error}: {message}" if error and message else error


def _negotiated(facts: dict[str, str], timer: str) -> int | None:
    """Of ``171.237/180``, what is left and what was negotiated."""
    found = re.fullmatch(r"\S+/(\d+)", facts.get(timer, ""))
    return int(found[1]) if found else None


def _first_number(text: str) -> int:
    """Of a row of BIRD's statistics: what was received."""
    found = re.match(r"\s*(\d+)", text)
    return int(found[1]) if found else 0


def parse_bfd(lines: Iterable[Line]) -> BfdStates:
    """BFD state by peer address and interface."""
    rows = (_BFD_ROW.match(line.text) for line in lines if line.code == BFD)
    return {(row["address"], row["interface"]): row["state"] for row in rows if row}


def parse_adjacencies(lines: Iterable[Line], family: int, bfd: BfdStates) -> tuple[Adjacency, ...]:
    """A link has one neighbour, so its BFD session of the family is the neighbour's."""
    watched = {interface: state for (address, interface), state in bfd.items()
               if ip_address(address.partition("%")[0]).version == family}
    rows = (_NEIGHBOUR.match(line.text) for line in lines if line.code == OSPF)
    return tuple(Adjacency(row["interface"], family, row["state"], row["id"], watched.get(row["interface"], ""))
                 for row in rows if row)


def parse_routes(lines: Iterable[Line], sessions: Iterable[Session], *, refused: bool = False) -> tuple[RibEntry, ...]:
    """All paths of the tables shown. A row without prefix is another path to the prefix above it. ``refused``: they are
    filtered ones, each with the reason that its filter left."""
    names = {protocol_of(session): session.name for session in sessions}
    names |= {ORIGINS.format(family): LOCAL for family in (4, 6)}
    return tuple(_entries(lines, names, Refusal.WRONG_FIRST_AS if refused else None))


def _entries(lines: Iterable[Line], names: dict[str, str], refusal: Refusal | None) -> Iterator[RibEntry]:
    prefix, current = "", None
    for line in lines:
        row = _ROUTE.match(line.text) if line.code == ROUTE else None
        if row:
            if current:
                yield current
            prefix = row["prefix"] or prefix
            name = names.get(row["protocol"])
            best = bool(row["best"]) and refusal is None
            current = RibEntry(prefix, "", name, best=best, refusal=refusal) if name else None
        elif current:
            current = _with(current, line)
    if current:
        yield current


def _with(entry: RibEntry, line: Line) -> RibEntry:
    """The entry with one more fact; BGP's own next hop wins over the gateway that it leads to. Long lists of
    communities go on in lines without a name."""
    if line.code == ROUTE and (via := _VIA.match(line.text)):
        return replace(entry, next_hop=entry.next_hop or via[1])
    if line.code != ATTRIBUTE:
        return entry
    fact = _FACT.match(line.text)
    if fact is None:
        return _with_communities(entry, line.text)
    learn = _ATTRIBUTES.get(fact["name"].strip())
    return learn(entry, fact["value"].strip()) if learn else entry


def _with_communities(entry: RibEntry, text: str) -> RibEntry:
    found = (tuple(int(part) for part in one if part) for one in _COMMUNITY.findall(text))
    return replace(entry, communities=(*entry.communities, *found))


def _with_path(entry: RibEntry, text: str) -> RibEntry:
    """An AS_SET stands in braces."""
    sets = [int(number) for inside in re.findall(r"\{([^}]*)\}", text) for number in inside.split()]
    sequence = [int(number) for number in re.findall(r"\d+", re.sub(r"\{[^}]*\}", "", text))]
    return replace(entry, as_path=(*sequence, *sets), as_sets=len(sets))


def _with_group(entry: RibEntry, _number: str) -> RibEntry:
    """The filter went on past the check of the first AS."""
    past = entry.refusal is Refusal.WRONG_FIRST_AS
    return replace(entry, refusal=Refusal.NO_RULE) if past else entry


_ATTRIBUTES: dict[str, Callable[[RibEntry, str], RibEntry]] = {
    "BGP.next_hop": lambda entry, value: replace(entry, next_hop=value.split()[0]),
    "BGP.as_path": _with_path,
    "BGP.local_pref": lambda entry, value: replace(entry, local_pref=int(value)),
    "BGP.med": lambda entry, value: replace(entry, med=int(value)),
    "BGP.origin": lambda entry, value: replace(entry, origin=value.upper()),
    "BGP.community": _with_communities,
    "BGP.large_community": _with_communities,
    "tl_group": _with_group,
    "tl_validity": lambda entry, value: replace(entry, validity=VALIDITIES[int(value)]),
    "tl_refusal": lambda entry, value: replace(entry, refusal=entry.refusal and refusal_of(int(value))),
}
