"""Hubs of Virtual WANs as ``trunkline status`` tells them: their route tables, who is where, which sessions are up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from trunkline.intent.bgp import SessionState
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.wan_hub import table_node
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.wan import Attached, WanHub, wan_hub
from trunkline.model.resource import Json, Resource


def hubs(resources: Iterable[Resource], estate: Estate, speaker: Speaker,
         blueprint: Callable[[Scope], Blueprint]) -> Iterator[Json]:
    """A row for each route table. ``routes``: prefixes that its router knows."""
    for resource in resources:
        hub = wan_hub(estate, resource.id)
        if hub:
            yield from _tables(hub, speaker, blueprint(Scope(ScopeKind.HUB, resource.id.key)))


def _tables(hub: WanHub, speaker: Speaker, blueprint: Blueprint) -> Iterator[Json]:
    places: tuple[Attached, ...] = (*(one.attached for one in hub.networks), *hub.circuits)
    routers = {router.node: router for router in blueprint.routers}
    for table in hub.tables:
        router = routers[table_node(hub, table)]
        states = [status.state is SessionState.ESTABLISHED for status in speaker.sessions(router)]
        yield {"hub": hub.resource.id.name, "addressPrefix": hub.prefix, "table": table.id.name,
               "associated": [one.resource.id.name for one in places if one.associated == table.id.key],
               "propagating": [one.resource.id.name for one in places if table.id.key in one.propagated],
               "sessions": len(states), "established": sum(states),
               "routes": len({entry.prefix for entry in speaker.routes(router)})}
