"""What customers see of a connection while nobody asks for a change: connected or not, and bytes carried."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CIRCUIT, in_family, session_name
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Remembered
from trunkline.intent.gateways import ConnectionView, connections, gateway_of, links
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CONNECTION
from trunkline.intent.wan import WAN_CONNECTION
from trunkline.model.bgp import family_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Store

#: How long one beat may take, however many gateways there are; seconds.
_SPELL_S = 0.1


class ConnectionStates:
    """Goes round all gateways, a few in each beat if they are many. Not thread-safe: one timer keeps it."""

    def __init__(self, store: Store, speaker: Speaker, profile: Profile) -> None:
        self._store, self._speaker, self._profile = store, speaker, profile
        self._left: deque[str] = deque()

    def refresh(self) -> None:
        """Writes ``connectionStatus`` of every settled connection to a circuit (it has a slot) as its sessions are."""
        if not self._left:
            self._left.extend(self._gateways())
        end = time.monotonic() + _SPELL_S
        while self._left:
            self._refresh(self._left.popleft())
            if time.monotonic() > end:
                return

    def _gateways(self) -> list[str]:
        with self._store.reading() as reader:
            return sorted({gateway_of(resource).key for kind in (CONNECTION, WAN_CONNECTION)
                           for resource in reader.list(kind) if _is_settled(resource)})

    def _refresh(self, gateway: str) -> None:
        with self._store.reading() as reader:
            estate, identity = Remembered(reader), ResourceId.parse(gateway)
            known = list(filter(_is_settled, links(reader, identity)))
            routers = compile(Scope(ScopeKind.GATEWAY, gateway), estate, self._profile).routers if known else ()
            wanted = {view.resource.id.key: carrying(view) for view in connections(estate, identity)}
        states = [_established(router, self._speaker) for router in routers]
        changed = [(resource, status) for resource in known
                   if (status := _status(resource, wanted.get(resource.id.key, frozenset()), states))
                   != resource.status]
        for resource, status in changed:
            with self._store.writing() as writer:
                writer.set_status(resource.id, status=status)


def _is_settled(resource: Resource) -> bool:
    return resource.state is ProvisioningState.SUCCEEDED and "slot" in resource.system


def _established(router: Router, speaker: Speaker) -> frozenset[str]:
    return frozenset(s.name for s in speaker.sessions(router) if s.state is SessionState.ESTABLISHED)


def carrying(view: ConnectionView) -> frozenset[str]:
    """Names of the sessions over which the customer's packets find their way: of families that both the peering and the
    gateway have. Over IPv4 gateway and edge always speak, also where the customer has none."""
    peering = view.circuit.private
    families = {family_of(subnet.prefix) for subnet in peering.model.on(Leg.PRIMARY)} if peering else set()
    return frozenset(in_family(session_name(CIRCUIT, view.resource.number, leg), subnet)
                     for leg in Leg for subnet in view.subnets if family_of(subnet) in families)


def _status(resource: Resource, wanted: frozenset[str], states: Iterable[frozenset[str]]) -> Json:
    up = any(wanted & established for established in states)
    return {**resource.status, "connectionStatus": "Connected" if up else "NotConnected"}
