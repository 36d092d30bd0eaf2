"""What bgpd answers in JSON, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from trunkline.intent.bgp import LOCAL, RibEntry, Session, SessionState, SessionStatus
from trunkline.routing.export import NO_HOP
from trunkline.routing.frr.vty import Json

_ORIGINS = {"i": "IGP", "e": "EGP", "?": "INCOMPLETE"}


def parse_session(session: Session, neighbors: Json, received: Json) -> SessionStatus:
    """``neighbors`` of ``show bgp neighbors``, ``received`` of ``… prefix-counts``; Idle when FRR lacks it. FRR knows
    the start of a state only for Established."""
    said = neighbors.get(str(ip_address(session.peer_address)))
    if said is None:
        return SessionStatus(session.name, SessionState.IDLE)
    word = said.get("bgpState", "")
    counts: Json = next(iter(said.get("addressFamilyInfo", {}).values()), {})
    epoch = said.get("bgpTimerUpEstablishedEpoch") if word == SessionState.ESTABLISHED else None
    return SessionStatus(
        name=session.name, state=SessionState(word) if word in set(SessionState) else SessionState.IDLE,
        since=datetime.fromtimestamp(epoch, UTC) if epoch else None,
        prefixes_received=received.get("ribTableWalkCounters", {}).get("Adj-in", 0),
        prefixes_accepted=counts.get("acceptedPrefixCounter", 0), prefixes_sent=counts.get("sentPrefixCounter", 0),
        last_error="" if epoch else said.get("lastResetDueTo", ""),
        bfd=said.get("peerBfdInfo", {}).get("status", "Down") if session.bfd else "")


def parse_routes(table: Json, sessions: Iterable[Session]) -> tuple[RibEntry, ...]:
    """All paths of ``show bgp ipv4 unicast``."""
    names = {str(ip_address(session.peer_address)): session.name for session in sessions}
    return tuple(_paths(table, names))


def _paths(table: Json, names: dict[str, str]) -> Iterator[RibEntry]:
    for prefix, paths in table.get("routes", {}).items():
        for path in paths:
            hop = next((one["ip"] for one in path.get("nexthops", ()) if one.get("used", True)), "")
            yield _entry(prefix, path, "" if hop in NO_HOP else hop, names.get(path.get("peerId", ""), LOCAL))


def parse_advertised(table: Json, session: Session) -> tuple[RibEntry, ...]:
    """``show bgp … neighbors X advertised-routes``: routes as the policy left them."""
    return tuple(_entry(prefix, route, route.get("nextHop", ""), session.name)
                 for prefix, route in table.get("advertisedRoutes", {}).items())


def _entry(prefix: str, path: Json, next_hop: str, session: str) -> RibEntry:
    return RibEntry(
        prefix=prefix, next_hop=next_hop, session=session,
        as_path=tuple(int(number) for number in re.findall(r"\d+", path.get("path", ""))),
        local_pref=path.get("locPrf", 100), med=path.get("metric", 0),
        origin=_ORIGINS.get(path.get("bgpOriginCode", ""), path.get("origin", "IGP").upper()),
        best=path.get("bestpath", False))


