"""What a Route Server's speakers say: the state of each bgpConnection between changes, what its peer announced to each
instance, and what each instance sends it. An observed session counts, never a wish.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.intent.bgp import RibEntry, Router, Session, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.route_server import nva_session
from trunkline.intent.drivers import Speaker
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import HUB_BGP_CONNECTION
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ProvisioningState, ResourceId
from trunkline.store import Reader, Store

#: In which the peer has answered at least.
_ANSWERED = frozenset({SessionState.OPEN_SENT, SessionState.OPEN_CONFIRM})

#: Weight of a learned route, as Azure's Route Server tells it (Get-AzRouteServerPeerLearnedRoute).
_LEARNED_WEIGHT = 32768

#: By instance.
_ROLE = "RouteServiceRole_IN_{}"


def refresh_bgp_connections(store: Store, speaker: Speaker, profile: Profile) -> None:
    """Writes ``connectionState`` of every settled bgpConnection of a Route Server as its sessions are now."""
    with store.reading() as reader:
        known = [r for r in reader.list(HUB_BGP_CONNECTION) if r.state is ProvisioningState.SUCCEEDED]
        hubs = {r.id.parent.key for r in known if r.id.parent}
        routers = {hub: _instances(hub, reader, profile) for hub in hubs}
    states = {(hub, status.name): status.state for hub, found in routers.items() for router in found
              for status in sorted(speaker.sessions(router), key=lambda one: one.state is SessionState.ESTABLISHED)}
    for resource in known:
        state = states.get((resource.id.parent.key if resource.id.parent else "", nva_session(resource)))
        status = {**resource.status, "connectionState": _word(state)}
        if state and status != resource.status:
            with store.writing() as writer:
                writer.set_status(resource.id, status=status)


def _word(state: SessionState | None) -> str:
    if state is SessionState.ESTABLISHED:
        return "Connected"
    return "Connecting" if state in _ANSWERED else "NotConnected"


def _instances(hub: str, estate: Reader, profile: Profile) -> tuple[Router, ...]:
    return compile(Scope(ScopeKind.HUB, hub), estate, profile).routers


def peer_routes(peer: ResourceId, estate: Reader, speaker: Speaker, profile: Profile, sent: bool = False) -> Json:
    """PeerRouteLists by instance: what the peer of a bgpConnection announced and was accepted, or what it is sent."""
    resource = estate.get(peer)
    routers = _instances(peer.parent.key, estate, profile) if resource and peer.parent else ()
    answer: Json = {_ROLE.format(instance): [] for instance in (0, 1)}
    for instance, router in enumerate(routers):
        session = next((s for s in router.sessions if resource and s.name == nva_session(resource)), None)
        if session:
            entries = speaker.advertised(router, session.name) if sent else _learned(speaker.routes(router), session)
            answer[_ROLE.format(instance)] = [peer_route(session, entry, sent) for entry in entries]
    return answer


def _learned(entries: Iterable[RibEntry], session: Session) -> list[RibEntry]:
    return [entry for entry in entries if entry.session == session.name]


def peer_route(session: Session, entry: RibEntry, sent: bool) -> Json:
    return {"localAddress": session.local_address, "network": entry.prefix, "nextHop": entry.next_hop,
            "sourcePeer": session.local_address if sent else session.peer_address, "origin": "Igp" if sent else "EBgp",
            "asPath": "-".join(map(str, entry.as_path)), "weight": 0 if sent else _LEARNED_WEIGHT}
