"""What is told of internet exchanges: members, their sessions with both route servers, what their ports kept out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import MEMBER as GROUP
from trunkline.intent.compile.draft import in_family, session_name
from trunkline.intent.compile.exchange import lan_node, member_port
from trunkline.intent.compile.exchange_edge import attachment
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.exchange import EXCHANGE, ExchangeView, MemberView, exchange_view
from trunkline.intent.network import Counter, Direction
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.bgp import family_of
from trunkline.model.resource import Json
from trunkline.store import Reader

#: Of each route server's session, by its name: what its daemon says.
_Sessions = list[dict[str, Json]]


def exchanges(subscription: str, estate: Reader, plane: Plane, speaker: Speaker,
              blueprint: Callable[[Scope], Blueprint]) -> Iterator[Json]:
    for resource in estate.list(EXCHANGE, subscription):
        if view := exchange_view(estate, resource.id):
            servers = [
                {status.name: {"state": status.state, "received": status.prefixes_received,
                               "accepted": status.prefixes_accepted, "sent": status.prefixes_sent}
                 for status in speaker.sessions(router)}
                for router in blueprint(Scope(ScopeKind.EXCHANGE, resource.id.key)).routers]
            kept_out = plane.kept_out(lan_node(view.resource.id))
            yield {"id": str(resource.id), "name": resource.id.name, "location": view.model.peering_location,
                   "asn": view.model.asn, "lans": list(view.model.lans),
                   "members": [_member(member, servers, kept_out.get(member_port(member), {}),
                                       _refused(view, member, plane)) for member in view.members]}


def _refused(view: ExchangeView, member: MemberView, plane: Plane) -> Json:
    """What the cloud's edge did not let in from the LAN."""
    if not member.model.edge:
        return {}
    counted = plane.counters(edge_node(view.model.peering_location, member.model.edge)).drops
    return {reason: counter.packets for reason, counter in counted.get((attachment(member), Direction.IN), {}).items()}


def _member(member: MemberView, servers: _Sessions, kept_out: Mapping[str, Counter], refused: Json) -> Json:
    sessions = [{"routeServer": f"rs{number}", "family": family_of(address), **found}
                for number, by_name in enumerate(servers, 1) for address in member.addresses
                if (found := by_name.get(in_family(session_name(GROUP, member.number), address)))]
    return {"name": member.name, "asn": member.asn, "addresses": list(member.addresses),
            "edge": member.model.edge, "admitted": member.admitted, "sessions": sessions,
            "refused": refused,
            "keptOut": {reason: counter.packets for reason, counter in kept_out.items()}}
