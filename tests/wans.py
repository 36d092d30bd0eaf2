"""A Virtual WAN as stored resources: a hub with a gateway to the circuit of ``estates``, and two virtual networks."""

from __future__ import annotations

import estates
from estates import resource, rid
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.view import CIRCUIT, PEERING, VNET
from trunkline.intent.wan import (
    HUB_ROUTE_TABLE,
    HUB_VNET_CONNECTION,
    VIRTUAL_HUB,
    VIRTUAL_WAN,
    WAN_CONNECTION,
    WAN_GATEWAY,
)
from trunkline.model.resource import Json, Resource, ResourceId

HUB = rid(VIRTUAL_HUB, "wan-hub")
GATEWAY = rid(WAN_GATEWAY, "wan-gw")
CIRCUIT_LINK = rid(WAN_CONNECTION, "wan-gw", "er1")
PREFIX = "10.50.0.0/23"
#: Numbers above those of other networks in ``estates``.
NETWORKS = {"one": (11, "10.1"), "two": (12, "10.2")}


def network_link(vnet: str) -> ResourceId:
    return rid(HUB_VNET_CONNECTION, "wan-hub", vnet)


def table(name: str) -> ResourceId:
    return rid(HUB_ROUTE_TABLE, "wan-hub", name)


def hub() -> tuple[Resource, ...]:
    return (resource(rid(VIRTUAL_WAN, "wan"), {}),
            resource(HUB, {"virtualWan": {"id": str(rid(VIRTUAL_WAN, "wan"))}, "addressPrefix": PREFIX,
                           "sku": "Standard"}, {"number": 9}))


def default_table(*prefixes: str, towards: str) -> Resource:
    """With a static route to a connected network."""
    return resource(table("defaultRouteTable"), {"labels": ["default"], "routes": [{
        "name": "r", "destinationType": "CIDR", "destinations": list(prefixes), "nextHopType": "ResourceId",
        "nextHop": str(network_link(towards))}]})


def behind(address: str, *prefixes: str, **config: object) -> Json:
    """A routingConfiguration's vnetRoutes: what stands behind an appliance."""
    return {"staticRoutes": [{"name": "r", "addressPrefixes": list(prefixes), "nextHopIpAddress": address}],
            "staticRoutesConfig": config}


def custom_table(name: str = "apart", number: int = 10, slot: int = 1, labels: tuple[str, ...] = ()) -> Resource:
    return resource(table(name), {"routes": [], "labels": list(labels)}, {"number": number, "slot": slot})


def gateway(number: int = 9, **changed: object) -> Resource:
    return resource(GATEWAY, {"virtualHub": {"id": str(HUB)}, **changed}, {"number": number})


def circuit_link(number: int = 9, slot: int = 1, circuit: str = "er1", **routing: object) -> Resource:
    return resource(rid(WAN_CONNECTION, "wan-gw", circuit), {
        "expressRouteCircuitPeering": {"id": str(rid(PEERING, circuit, "AzurePrivatePeering"))},
        "routingWeight": 0, "routingConfiguration": routing},
        {"number": number, "slot": slot, "circuit": {"id": str(rid(CIRCUIT, circuit))}})


def connected(vnet: str, **routing: object) -> Resource:
    return resource(network_link(vnet), {"remoteVirtualNetwork": {"id": str(rid(VNET, vnet))},
                                         "routingConfiguration": routing})


def spoke(vnet: str) -> tuple[Resource, ...]:
    return estates.spoke(vnet, *NETWORKS[vnet])


def associated(name: str) -> Json:
    """A routingConfiguration's word."""
    return {"id": str(table(name))}


def route_map(name: str = "map1", inbound: tuple[ResourceId, ...] = (), outbound: tuple[ResourceId, ...] = (),
              rules: tuple[Json, ...] = ()) -> Resource:
    return resource(rid(ROUTE_MAP, "wan-hub", name), {
        "rules": [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)],
        "associatedInboundConnections": list(map(str, inbound)),
        "associatedOutboundConnections": list(map(str, outbound))})


def branch(routers: tuple[str, ...] = ("bird", "bird")) -> list[Resource]:
    """The circuit with its customer."""
    return [*estates.circuit(), estates.peering(), estates.site(routers=routers), estates.order()]


def beside_a_network(network: bool, hub: bool) -> list[Resource]:
    """The hub's gateway and one in a virtual network of its own at one circuit; which takes what the other sends."""
    own = estates.cloud(space="10.9", names=("hub", "vm1", "gw1"))
    return [*(one for one in whole() if one.id.key != GATEWAY.key), gateway(allowNonVirtualWanTraffic=hub),
            *(one for one in own if one.id.name != "gw1"),
            estates.sized_gateway("Standard", allowVirtualWanTraffic=network), estates.connection()]


def whole(routers: tuple[str, ...] = ("bird", "bird")) -> list[Resource]:
    return [*branch(routers), *spoke("one"), *spoke("two"), *hub(), gateway(), circuit_link(), connected("one"),
            connected("two")]
