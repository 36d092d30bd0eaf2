"""Hubs of a Virtual WAN in an estate file, with their gateway, what is connected to them, and their route tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import Field

from trunkline.cli.estate.item import Item, Name, Section
from trunkline.model.bgp import Prefix
from trunkline.model.resource import Json

_NETWORK = "Microsoft.Network"
_DEFAULT = "defaultRouteTable"


class AttachedItem(Section):
    """``tables``: which know the way to it. ``inbound`` and ``outbound``: route maps of the hub."""

    name: Name | None = None
    tables: tuple[Name, ...] = (_DEFAULT,)
    inbound: Name | None = None
    outbound: Name | None = None

    def routing(self, hub: str) -> Json:
        maps = {member: {"id": f"{hub}/routeMaps/{name}"} for member, name in (
            ("inboundRouteMap", self.inbound), ("outboundRouteMap", self.outbound)) if name}
        return {"propagatedRouteTables": {
            "ids": [_table(hub, name) for name in self.tables],
            "labels": ["default"] if self.tables == (_DEFAULT,) else []}, **maps}


class HubNetworkItem(AttachedItem):
    """``table``: by which it finds its way."""

    network: str
    table: Name = _DEFAULT


class HubCircuitItem(AttachedItem):
    circuit: str
    weight: Annotated[int, Field(ge=0, le=32000)] = 0


class HubTableItem(Section):
    name: Name
    labels: tuple[str, ...] = ()


class RouteMapItem(Section):
    """``rules`` are Azure's, as ARM spells them."""

    name: Name
    rules: tuple[dict[str, Any], ...] = ()


class HubItem(Item):
    """The gateway to circuits comes with the first of them."""

    prefix: Prefix
    wan: Name = "wan"
    scale_units: Annotated[int, Field(ge=1, le=10)] = 1
    tables: tuple[HubTableItem, ...] = ()
    route_maps: tuple[RouteMapItem, ...] = ()
    networks: tuple[HubNetworkItem, ...] = ()
    circuits: tuple[HubCircuitItem, ...] = ()


#: (label, path, body) of one resource.
Row = tuple[str, str, Json]


def wishes(hub: HubItem, location: str, path: Callable[[str, str, str | None], str]) -> Iterator[Row]:
    """``path(name, kind, group)``: the id that a short name means."""
    group = hub.resource_group
    wan, own = path(hub.wan, f"{_NETWORK}/virtualWans", group), path(hub.name, f"{_NETWORK}/virtualHubs", group)
    yield f"Virtual WAN {hub.wan}", wan, {"location": location, "properties": {"type": "Standard"}}
    yield f"hub {hub.name}", own, {"location": location, "properties": {
        "virtualWan": {"id": wan}, "addressPrefix": hub.prefix, "sku": "Standard"}}
    for table in hub.tables:
        yield f"route table {table.name}", f"{own}/hubRouteTables/{table.name}", {
            "properties": {"labels": list(table.labels), "routes": []}}
    for known in hub.route_maps:
        yield f"route map {known.name}", f"{own}/routeMaps/{known.name}", {"properties": {"rules": list(known.rules)}}
    for one in hub.networks:
        vnet = path(one.network, f"{_NETWORK}/virtualNetworks", group)
        name = one.name or vnet.rpartition("/")[2]
        yield f"hub connection {name}", f"{own}/hubVirtualNetworkConnections/{name}", {"properties": {
            "remoteVirtualNetwork": {"id": vnet}, "routingConfiguration": {
                "associatedRouteTable": _table(own, one.table), **one.routing(own)}}}
    if hub.circuits:
        yield from _circuits(hub, own, location, path)


def _circuits(hub: HubItem, own: str, location: str, path: Callable[[str, str, str | None], str]) -> Iterator[Row]:
    gateway = path(f"{hub.name}-er", f"{_NETWORK}/expressRouteGateways", hub.resource_group)
    yield f"hub gateway {hub.name}-er", gateway, {"location": location, "properties": {
        "virtualHub": {"id": own}, "autoScaleConfiguration": {"bounds": {"min": hub.scale_units}}}}
    for one in hub.circuits:
        circuit = path(one.circuit, f"{_NETWORK}/expressRouteCircuits", hub.resource_group)
        name = one.name or circuit.rpartition("/")[2]
        yield f"hub connection {name}", f"{gateway}/expressRouteConnections/{name}", {"properties": {
            "expressRouteCircuitPeering": {"id": f"{circuit}/peerings/AzurePrivatePeering"},
            "routingWeight": one.weight, "routingConfiguration": one.routing(own)}}


def _table(hub: str, name: str) -> Json:
    return {"id": f"{hub}/hubRouteTables/{name}"}
