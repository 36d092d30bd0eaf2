"""A customer's estate as stored resources, for tests of everything below the API: one circuit on two legs, a site with
two routers, a virtual network with one NIC, a gateway and the connection between them."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.estate import Snapshot
from trunkline.intent.view import (
    APPLICATION_GROUP,
    CIRCUIT,
    CONNECTION,
    CROSS_CONNECTION,
    EXCHANGE_ORDER,
    GATEWAY,
    HUB_BGP_CONNECTION,
    HUB_IP_CONFIGURATION,
    NIC,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SITE,
    SUBNET,
    VIRTUAL_HUB,
    VNET,
    VNET_PEERING,
)
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def rid(kind: str, *names: str, group: str = "rg1", subscription: str = SUBSCRIPTION) -> ResourceId:
    namespace, *types = kind.split("/")
    return ResourceId(subscription, group, namespace, tuple(types), names)


def resource(identity: ResourceId, properties: Json, system: Json | None = None, **others: object) -> Resource:
    return replace(Resource(identity, "westeurope", properties=properties, system=system or {},
                            state=ProvisioningState.SUCCEEDED), **others)


def circuit(name: str = "er1", number: int = 1, group: str = "rg1", provisioned: bool = True) -> tuple[Resource, ...]:
    """The circuit and its provider's twin."""
    key = f"00000000-0000-0000-0000-{number:012}"
    own, twin = rid(CIRCUIT, name, group=group), rid(CROSS_CONNECTION, key, group="CrossConnection-Amsterdam")
    return (
        resource(own, {"serviceProviderProperties": {
            "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}},
            {"number": number, "stag": number, "serviceKey": key, "twin": {"id": str(twin)}},
            envelope={"sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"}}),
        resource(twin, {
            "serviceProviderProvisioningState": "Provisioned" if provisioned else "NotProvisioned",
            "expressRouteCircuit": {"id": str(own)}}))


def peering(circuit_name: str = "er1", group: str = "rg1", **changed: object) -> Resource:
    wish: Json = {
        "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
        "primaryPeerAddressPrefix": "172.16.0.0/30", "secondaryPeerAddressPrefix": "172.16.0.4/30"}
    return resource(rid(PEERING, circuit_name, "AzurePrivatePeering", group=group), {**wish, **changed},
                    secrets={"sharedKey": "S3cret"})


def site(name: str = "paris", number: int = 1, group: str = "rg1", routers: tuple[str, ...] = ("bird", "bird"),
         **changed: object) -> Resource:
    wish: Json = {
        "asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24",
        "routers": [{"name": f"ce{i + 1}", "daemon": daemon} for i, daemon in enumerate(routers)],
        "hosts": [{"name": "h1", "address": "10.10.1.10"}]}
    return resource(rid(SITE, name, group=group), {**wish, **changed}, {"number": number})


def order(circuit_name: str = "er1", site_name: str = "paris", number: int = 1, group: str = "rg1",
          **changed: object) -> Resource:
    """Leg n ends at router ce<n>."""
    wish: Json = {
        "serviceKey": f"00000000-0000-0000-0000-{number:012}", "site": {"id": str(rid(SITE, site_name, group=group))},
        "primary": {"router": "ce1"}, "secondary": {"router": "ce2"}}
    return resource(rid(EXCHANGE_ORDER, f"{circuit_name}-order", group=group), {**wish, **changed},
                    {"number": number, "circuit": {"id": str(rid(CIRCUIT, circuit_name, group=group))}})


def nic(name: str = "vm1", number: int = 1, group: str = "rg1", address: str = "10.1.0.4",
        vnet: str = "hub", subnet: str = "default", groups: tuple[str, ...] = (), **changed: object) -> Resource:
    """``groups``: the application security groups that it is in."""
    configurations = _configuration(vnet, subnet, group)
    if groups:
        configurations[0]["properties"]["applicationSecurityGroups"] = [
            link(APPLICATION_GROUP, name, group=group) for name in groups]
    return resource(rid(NIC, name, group=group), {"ipConfigurations": configurations, **changed},
                    {"number": number, "addresses": {"ipconfig1": address}})


def link(kind: str, *names: str, group: str = "rg1") -> Json:
    return {"id": str(rid(kind, *names, group=group))}


def subnet(name: str = "default", prefix: str = "10.1.0.0/24", vnet: str = "hub", group: str = "rg1",
           **changed: object) -> Resource:
    return resource(rid(SUBNET, vnet, name, group=group), {"addressPrefix": prefix, **changed})


def security_group(name: str = "web") -> Resource:
    return resource(rid(SECURITY_GROUP, name), {})


def security_rule(name: str, priority: int, access: str = "Allow", direction: str = "Inbound", group: str = "web",
                  **changed: object) -> Resource:
    """Everything everywhere, but for what is ``changed``."""
    wish: Json = {"priority": priority, "access": access, "direction": direction, "protocol": "*",
                  "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
                  "destinationPortRange": "*"}
    return resource(rid(SECURITY_RULE, group, name), {**wish, **changed})


def route_table(name: str = "udr", **changed: object) -> Resource:
    return resource(rid(ROUTE_TABLE, name), changed)


def route(name: str, prefix: str, next_hop_type: str = "VirtualAppliance", address: str = "",
          table: str = "udr") -> Resource:
    hop = {"nextHopIpAddress": address} if address else {}
    return resource(rid(ROUTE, table, name), {"addressPrefix": prefix, "nextHopType": next_hop_type, **hop})


def _configuration(vnet: str, subnet: str, group: str) -> list[Json]:
    identity = rid(SUBNET, vnet, subnet, group=group)
    return [{"name": "ipconfig1", "properties": {"subnet": {"id": str(identity)}}}]


def cloud(number: int = 1, group: str = "rg1", space: str = "10.1",
          names: tuple[str, str, str] = ("hub", "vm1", "gw1")) -> tuple[Resource, ...]:
    """A virtual network with two subnets, a NIC at .0.4, a gateway; ``names`` in this order."""
    vnet, host, gateway = names
    return (
        resource(rid(VNET, vnet, group=group), {"addressSpace": {"addressPrefixes": [f"{space}.0.0/16"]}},
                 {"number": number}),
        resource(rid(SUBNET, vnet, "default", group=group), {"addressPrefix": f"{space}.0.0/24"}),
        resource(rid(SUBNET, vnet, "GatewaySubnet", group=group), {"addressPrefix": f"{space}.255.0/26"}),
        nic(host, number, group, f"{space}.0.4", vnet),
        resource(rid(GATEWAY, gateway, group=group),
                 {"gatewayType": "ExpressRoute", "ipConfigurations": _configuration(vnet, "GatewaySubnet", group)},
                 {"number": number}))


def spoke(name: str, number: int, space: str, group: str = "rg1") -> tuple[Resource, ...]:
    """A virtual network without gateway, and a virtual machine of the name ``<name>-vm`` at .0.4."""
    vnet, default, _, machine, _ = cloud(number, group, space, (name, f"{name}-vm", "none"))
    return vnet, default, machine


#: First two numbers of the address space of each network.
SPACES = {"hub": "10.1", "second": "10.2", "third": "10.3"}


def vnet_peering(local: str, remote: str, group: str = "rg1", gained: tuple[str, ...] = (),
                 **changed: object) -> Resource:
    """One side, which has met the other if that exists. ``gained``: what the remote had at the last sync beside its
    first prefix."""
    wish: Json = {"remoteVirtualNetwork": {"id": str(rid(VNET, remote, group=group))}}
    shown = {"resourceGuid": f"{local}-{remote}",
             "remoteAddressSpace": {"addressPrefixes": [f"{SPACES[remote]}.0.0/16", *gained]}}
    return resource(rid(VNET_PEERING, local, f"to-{remote}", group=group), {**wish, **changed},
                    {"shown": shown, "met": f"{remote}-{local}"})


def lending(hub: str, spoke_name: str, group: str = "rg1") -> tuple[Resource, Resource]:
    """Both sides of a peering in which the spoke uses the hub's gateways."""
    return (vnet_peering(hub, spoke_name, group, allowGatewayTransit=True),
            vnet_peering(spoke_name, hub, group, useRemoteGateways=True))


def route_server(vnet: str = "hub", subnet: str = "10.1.254.0/27", group: str = "rg1",
                 **changed: object) -> tuple[Resource, ...]:
    """With its subnet and its place."""
    within = rid(SUBNET, vnet, "RouteServerSubnet", group=group)
    return (resource(within, {"addressPrefix": subnet}),
            resource(rid(VIRTUAL_HUB, "rs1", group=group), {"sku": "Standard", **changed}, {"number": 1}),
            resource(rid(HUB_IP_CONFIGURATION, "rs1", "here", group=group), {"subnet": {"id": str(within)}}))


def bgp_connection(name: str, number: int, address: str, asn: int, group: str = "rg1") -> Resource:
    return resource(rid(HUB_BGP_CONNECTION, "rs1", name, group=group), {"peerIp": address, "peerAsn": asn},
                    {"number": number})


def connection(number: int = 1, group: str = "rg1", circuit_name: str = "er1", name: str = "con1",
               gateway: str = "gw1", slot: int = 1, **changed: object) -> Resource:
    wish: Json = {
        "connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": str(rid(GATEWAY, gateway, group=group))},
        "peer": {"id": str(rid(CIRCUIT, circuit_name, group=group))}, "routingWeight": 0}
    return resource(rid(CONNECTION, name, group=group), {**wish, **changed}, {"number": number, "slot": slot})


def whole(number: int = 1, group: str = "rg1", routers: tuple[str, ...] = ("bird", "bird")) -> list[Resource]:
    """Everything, connected and provisioned."""
    return [*circuit(number=number, group=group), peering(group=group),
            site(number=number, group=group, routers=routers), order(number=number, group=group),
            *cloud(number=number, group=group), connection(number=number, group=group)]


def snapshot(*resources: Resource) -> Snapshot:
    return Snapshot(resources or whole())
