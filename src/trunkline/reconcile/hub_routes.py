"""What the routers of a Virtual WAN hub know and tell: the effective routes of a route table, and those that came in by
a connection or go out by it, after route maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.errors import Fault
from trunkline.intent.bgp import Community, RibEntry, Router
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import GATEWAY
from trunkline.intent.compile.wan_hub import circuit_sessions, network_session, of_customers, table_node
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.wan import Attached, HubTable, WanHub, wan_hub
from trunkline.model.operation import Operation
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.store import Reader

#: Azure's words for next hops.
_TO_NETWORK, _TO_GATEWAY = "Virtual Network Connection", "ExpressRouteGateway"


class HubRoutes:
    def __init__(self, speaker: Speaker, profile: Profile) -> None:
        self._speaker, self._profile = speaker, profile

    def effective(self, operation: Operation, estate: Reader) -> Json:
        """Of the table that is asked for, or that a connection is associated with; else of the default one. One row for
        each prefix and way there."""
        hub = _hub(operation, estate)
        table = _table(hub, str(operation.parameters.get("resourceId", "")).lower())
        router = self._router(hub, table, estate) if table else None
        origins, statics = _origins(hub), _statics(hub, table) if table else {}
        found: dict[tuple[str, str, str], Json] = {}
        for entry in self._speaker.routes(router) if router else ():
            if entry.best and (way := _way(entry, origins) or statics.get(entry.prefix)):
                found.setdefault((entry.prefix, *way), _effective_row(entry, *way))
        return {"value": list(found.values())}

    def inbound(self, operation: Operation, estate: Reader) -> Json:
        return self._of_connection(operation, estate, sent=False)

    def outbound(self, operation: Operation, estate: Reader) -> Json:
        return self._of_connection(operation, estate, sent=True)

    def _of_connection(self, operation: Operation, estate: Reader, sent: bool) -> Json:
        hub = _hub(operation, estate)
        rows: dict[str, Json] = {}
        for router, session in self._sessions(hub, str(operation.parameters.get("resourceUri", "")).lower(), estate):
            entries = self._speaker.advertised(router, session) if sent else _by(session, self._speaker.routes(router))
            for entry in entries:
                row = _mapped_row(entry)
                rows.setdefault(str(sorted(row.items())), row)
        return {"value": sorted(rows.values(), key=lambda row: (row["prefix"], row["asPath"]))}

    def _sessions(self, hub: WanHub, connection: str, estate: Estate) -> Iterator[tuple[Router, str]]:
        """Those at which a connection's route maps stand."""
        for network in hub.networks:
            if network.attached.resource.id.key == connection:
                for table in hub.tables:
                    if network.attached.touches(table) and (router := self._router(hub, table, estate)):
                        yield router, network_session(network)
        circuit = next((one for one in hub.circuits if one.resource.id.key == connection), None)
        if circuit and hub.gateway:
            for router in compile(Scope(ScopeKind.GATEWAY, hub.gateway.id.key), estate, self._profile).routers:
                yield from ((router, session.name) for session in circuit_sessions(router, circuit))

    def _router(self, hub: WanHub, table: HubTable, estate: Estate) -> Router | None:
        routers = compile(Scope(ScopeKind.HUB, hub.resource.id.key), estate, self._profile).routers
        return next((router for router in routers if router.node == table_node(hub, table)), None)


def _hub(operation: Operation, estate: Estate) -> WanHub:
    found = wan_hub(estate, operation.resource)
    if found is None:
        raise Fault("ResourceNotFound", f"Virtual hub '{operation.resource}' has no router.", status=404)
    return found


def _table(hub: WanHub, wanted: str) -> HubTable | None:
    """``None`` of a table that leads nowhere."""
    places: tuple[Attached, ...] = (*(one.attached for one in hub.networks), *hub.circuits)
    key = next((one.associated for one in places if one.resource.id.key == wanted), wanted or hub.default_table.id.key)
    return next((table for table in hub.tables if table.id.key == key), None)


def _origins(hub: WanHub) -> dict[str, tuple[str, str]]:
    """(type of the next hop, id) by the name of a router's session; of the gateway's, by its group."""
    known = {network_session(one): (_TO_NETWORK, str(one.attached.resource.id)) for one in hub.networks}
    return {**known, GATEWAY: (_TO_GATEWAY, str(hub.gateway.id))} if hub.gateway else known


def _statics(hub: WanHub, table: HubTable) -> dict[str, tuple[str, str]]:
    return {prefix: (_TO_NETWORK, str(one.attached.resource.id)) for prefix, one in hub.statics(table).items()}


def _way(entry: RibEntry, origins: dict[str, tuple[str, str]]) -> tuple[str, str] | None:
    """``None`` of what the router originates: the hub's own prefix and static routes."""
    return origins.get(entry.session) or (
        origins.get(GATEWAY) if entry.session.startswith(f"{GATEWAY}_") else None)


def _effective_row(entry: RibEntry, kind: str, origin: str) -> Json:
    return {"addressPrefixes": [entry.prefix], "nextHops": [origin], "nextHopType": kind, "asPath": _path(entry),
            "routeOrigin": origin}


def _mapped_row(entry: RibEntry) -> Json:
    return {"prefix": entry.prefix, "bgpCommunities": ", ".join(map(_community, of_customers(entry.communities))),
            "asPath": _path(entry)}


def _path(entry: RibEntry) -> str:
    return "-".join(map(str, entry.as_path))


def _community(community: Community) -> str:
    return ":".join(map(str, community))


def _by(session: str, entries: Iterable[RibEntry]) -> Iterator[RibEntry]:
    return (entry for entry in entries if entry.session == session)

