"""What customers see of a connection while nobody asks for a change: connected or not, and bytes carried."""

from __future__ import annotations

from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CIRCUIT, session_name
from trunkline.intent.drivers import Speaker
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CONNECTION
from trunkline.model.circuit import Leg
from trunkline.model.network import Connection
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ProvisioningState, Resource
from trunkline.store import Store


def refresh_connections(store: Store, speaker: Speaker, profile: Profile) -> None:
    """Writes ``connectionStatus`` of every settled connection to a circuit (it has a slot) as its sessions are now."""
    with store.reading() as reader:
        known = [r for r in reader.list(CONNECTION) if r.state is ProvisioningState.SUCCEEDED and "slot" in r.system]
        gateways = {Connection.model_validate(r.properties).virtual_network_gateway1.target.key for r in known}
        routers = {gateway: compile(Scope(ScopeKind.GATEWAY, gateway), reader, profile).routers
                   for gateway in gateways}
    states = {gateway: [_established(router, speaker) for router in found] for gateway, found in routers.items()}
    changed = [(resource, status) for resource in known if (status := _status(resource, states)) != resource.status]
    for resource, status in changed:
        with store.writing() as writer:
            writer.set_status(resource.id, status=status)


def _established(router: Router, speaker: Speaker) -> frozenset[str]:
    return frozenset(s.name for s in speaker.sessions(router) if s.state is SessionState.ESTABLISHED)


def _status(resource: Resource, states: dict[str, list[frozenset[str]]]) -> Json:
    gateway = Connection.model_validate(resource.properties).virtual_network_gateway1.target.key
    wanted = {session_name(CIRCUIT, resource.number, leg) for leg in Leg}
    up = any(wanted & established for established in states.get(gateway, []))
    return {**resource.status, "connectionStatus": "Connected" if up else "NotConnected"}
