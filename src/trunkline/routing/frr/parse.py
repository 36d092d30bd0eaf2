"""What bgpd answers in JSON, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from trunkline.intent.bgp import LOCAL, Community, RibEntry, Session, SessionState, SessionStatus
from trunkline.intent.bgp.notification import in_words
from trunkline.intent.bgp.sent import NO_HOP
from trunkline.routing.frr.policy import NAMED
from trunkline.routing.frr.vty import Json

_NUMBERS = {name: community for community, name in NAMED.items()}
_CAPABILITIES = {
    "4byteAs": "4-octet AS numbers", "routeRefresh": "Route refresh", "enhancedRouteRefresh": "Enhanced refresh",
    "extendedMessage": "Extended message", "gracefulRestartCapability": "Graceful restart",
    "longLivedGracefulRestart": "Long-lived graceful restart", "role": "Role", "hostName": "Hostname",
}
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
        last_error=_last_error(said),
        hold_time_s=_seconds(said, "bgpTimerHoldTimeMsecs") if epoch else None,
        keepalive_time_s=_seconds(said, "bgpTimerKeepAliveIntervalMsecs") if epoch else None,
        capabilities=tuple(_capabilities(said.get("neighborCapabilities", {}))) if epoch else (),
        peer_router_id=said.get("remoteRouterId", "") if epoch else "",
        updates=said.get("messageStats", {}).get("updatesRecv", 0),
        bfd=said.get("peerBfdInfo", {}).get("status", "Down") if session.bfd else "")


def _last_error(said: Json) -> str:
    """A NOTIFICATION in words; else why the session was reset last, which is of interest while it is down."""
    numbers = said.get("lastErrorCodeSubcode", "")
    if numbers:
        code, subcode = bytes.fromhex(numbers)
        words = in_words(code, subcode, said.get("lastShutdownDescription", ""))
        return f"Received: {words}" if "received" in said.get("lastResetDueTo", "") else f"Sent: {words}"
    established = said.get("bgpState", "") == SessionState.ESTABLISHED
    return "" if established else said.get("lastResetDueTo", "")


def _seconds(said: Json, name: str) -> int | None:
    return said[name] // 1000 if name in said else None


def _capabilities(said: Json) -> Iterator[str]:
    """Those that the peer announced, in BIRD's words."""
    for name, value in said.items():
        if name in _CAPABILITIES and "eceived" in str(value):
            yield _CAPABILITIES[name]
    for family in said.get("multiprotocolExtensions", {}):
        yield f"Multiprotocol ({family})"


def parse_routes(table: Json, sessions: Iterable[Session]) -> tuple[RibEntry, ...]:
    """All paths of ``show bgp ipv4 unicast``."""
    names = _names(sessions)
    return tuple(_paths(table, names))


def _names(sessions: Iterable[Session]) -> dict[str, str]:
    return {str(ip_address(session.peer_address)): session.name for session in sessions}


def _paths(table: Json, names: dict[str, str]) -> Iterator[RibEntry]:
    for prefix, paths in table.get("routes", {}).items():
        for path in paths:
            yield _entry(prefix, path, _hop(path), names.get(path.get("peerId", ""), LOCAL))


def _hop(path: Json) -> str:
    hop = next((one["ip"] for one in path.get("nexthops", ()) if one.get("used", True)), "")
    return "" if hop in NO_HOP else hop


def parse_adj_rib(table: Json, session: Session) -> tuple[RibEntry, ...]:
    """``show bgp … neighbors X advertised-routes`` and its likes, which say nothing of communities."""
    routes = table.get("advertisedRoutes") or table.get("receivedRoutes") or {}
    return tuple(_entry(prefix, route, route.get("nextHop", ""), session.name) for prefix, route in routes.items())


def _entry(prefix: str, path: Json, next_hop: str, session: str) -> RibEntry:
    as_path, as_sets = _as_path(path.get("path", ""))
    return RibEntry(
        prefix=prefix, next_hop=next_hop, session=session, as_path=as_path, as_sets=as_sets,
        local_pref=path.get("locPrf", 100), med=path.get("metric", 0),
        origin=_ORIGINS.get(path.get("bgpOriginCode", ""), path.get("origin", "IGP").upper()),
        best=path.get("bestpath", False))


def parse_detail(said: Json, sessions: Iterable[Session]) -> tuple[RibEntry, ...]:
    """``show bgp … unicast PREFIX``: all that FRR knows of the paths to one prefix."""
    names = _names(sessions)
    return tuple(_detailed(said["prefix"], path, names) for path in said.get("paths", ()))


def _detailed(prefix: str, path: Json, names: dict[str, str]) -> RibEntry:
    as_path, as_sets = _as_path(path.get("aspath", {}).get("string", ""))
    communities = (_community(text) for kind in ("community", "largeCommunity")
                   for text in path.get(kind, {}).get("string", "").split())
    return RibEntry(
        prefix=prefix, next_hop=_hop(path), session=names.get(path.get("peer", {}).get("peerId", ""), LOCAL),
        as_path=as_path, as_sets=as_sets, local_pref=path.get("locPrf", 100),
        med=path.get("metric", 0), origin=path.get("origin", "IGP").upper(),
        best=path.get("bestpath", {}).get("overall", False), communities=tuple(communities))


def _community(text: str) -> Community:
    return _NUMBERS.get(text) or tuple(map(int, text.split(":")))


def _as_path(text: str) -> tuple[tuple[int, ...], int]:
    """An AS_SET stands in braces, its numbers parted by commas; "Local" is the empty path."""
    sets = [int(number) for inside in re.findall(r"\{([^}]*)\}", text) for number in inside.split(",")]
    sequence = [int(number) for number in re.findall(r"\d+", re.sub(r"\{[^}]*\}", "", text))]
    return (*sequence, *sets), len(sets)
