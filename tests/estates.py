"""A customer's estate as stored resources, for tests of everything below the API: one circuit on two legs, a site with
two routers, a virtual network with one NIC, a gateway and the connection between them."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.estate import Snapshot
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.session_policy import SESSION_POLICY
from trunkline.intent.validation import REGISTRY, word_key
from trunkline.intent.view import (
    APPLICATION_GROUP,
    CIRCUIT,
    CONNECTION,
    CROSS_CONNECTION,
    EXCHANGE_ORDER,
    FAULT,
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
    THROTTLE,
    VNET,
    VNET_PEERING,
)
from trunkline.intent.wan import VIRTUAL_HUB
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


def port(encapsulation: str = "QinQ", name: str = "port1", number: int = 1, admin: tuple[str, str] = ("Enabled",) * 2,
         **changed: object) -> Resource:
    """A Direct port pair in Amsterdam. ``admin``: states of its links; ``changed``: settings of link1."""
    links = {link: {"adminState": state} for link, state in zip(("link1", "link2"), admin, strict=True)}
    links["link1"] |= changed
    return resource(rid(PORT, name), {"peeringLocation": "Equinix-Amsterdam-AM5", "bandwidthInGbps": 10,
                                      "encapsulation": encapsulation}, {"number": number, "links": links})


def on_port(name: str = "er1", number: int = 1, stag: int | None = 1, port_name: str = "port1") -> Resource:
    """A circuit on a Direct port; in Dot1Q mode it has no S-tag."""
    tag = {} if stag is None else {"stag": stag}
    return resource(rid(CIRCUIT, name), {"expressRoutePort": link(PORT, port_name), "bandwidthInGbps": 1.0},
                    {"number": number, "serviceKey": f"00000000-0000-0000-0000-{number:012}",
                     "peeringLocation": "Amsterdam", **tag},
                    envelope={"sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"}})


def cable(name: str = "cable1", number: int = 1, port_name: str = "port1", site_name: str | None = "paris",
          **changed: object) -> Resource:
    """Link n ends at router ce<n>."""
    wish: Json = {"port": link(PORT, port_name), "link1": {"router": "ce1"}, "link2": {"router": "ce2"}}
    if site_name:
        wish["site"] = link(SITE, site_name)
    return resource(rid(CABLE, name), {**wish, **changed}, {"number": number})


def on_direct(encapsulation: str = "QinQ", routers: tuple[str, ...] = ("bird", "bird")) -> list[Resource]:
    """Everything, connected, over a Direct port that is cabled to the site's routers."""
    return [port(encapsulation), on_port(stag=7 if encapsulation == "QinQ" else None), peering(), site(routers=routers),
            cable(), *cloud(), connection()]


def peering(circuit_name: str = "er1", group: str = "rg1", **changed: object) -> Resource:
    wish: Json = {
        "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
        "primaryPeerAddressPrefix": "172.16.0.0/30", "secondaryPeerAddressPrefix": "172.16.0.4/30"}
    return resource(rid(PEERING, circuit_name, "AzurePrivatePeering", group=group), {**wish, **changed},
                    secrets={"sharedKey": "S3cret"})


def microsoft(circuit_name: str = "er1", group: str = "rg1", words: dict[str, str] | None = None,
              asn: int = 65010, **changed: object) -> Resource:
    """``words``: what registries have said of its prefixes."""
    wish: Json = {
        "peeringType": "MicrosoftPeering", "peerASN": asn, "vlanId": 200,
        "primaryPeerAddressPrefix": "104.0.0.0/30", "secondaryPeerAddressPrefix": "104.0.0.4/30",
        "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["104.1.0.0/24"]}}
    said = {word_key(prefix, asn): {"state": state, "by": ""} for prefix, state in (words or {}).items()}
    return resource(rid(PEERING, circuit_name, "MicrosoftPeering", group=group), {**wish, **changed},
                    secrets={"sharedKey": "Publ1c"}, status={REGISTRY: said})


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


def throttle(mbps: int, circuit_name: str = "er1", group: str = "rg1") -> Resource:
    return resource(rid(THROTTLE, circuit_name, group=group),
                    {"circuit": link(CIRCUIT, circuit_name, group=group), "bandwidthInMbps": mbps})


def fault(name: str = "cut", **properties: object) -> Resource:
    """Of er1's primary leg, unless it says what else."""
    own: Json = {} if "kind" in properties else {"circuit": link(CIRCUIT, "er1"), "leg": "primary"}
    return resource(rid(FAULT, name), {**own, **properties}, {
        "begunAt": "2020-01-01T00:00:00+00:00", "expiresAt": "2099-01-01T00:00:00+00:00"})


def session_policy(leg: str = "", circuit_name: str = "er1", group: str = "rg1", **changed: object) -> Resource:
    """Of the private peering; of both legs without ``leg``."""
    wish: Json = {"peering": link(PEERING, circuit_name, "AzurePrivatePeering", group=group), **changed}
    return resource(rid(SESSION_POLICY, f"{circuit_name}-{leg or 'both'}", group=group),
                    {**wish, "leg": leg} if leg else wish)


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
        nic(host, number, group, f"{space}.0.4", vnet), sized_gateway("Standard", gateway, vnet, number, group))


def sized_gateway(sku: str, name: str = "gw1", vnet: str = "hub", number: int = 1, group: str = "rg1",
                  **changed: object) -> Resource:
    wish: Json = {"gatewayType": "ExpressRoute", "sku": {"name": sku, "tier": sku},
                  "ipConfigurations": _configuration(vnet, "GatewaySubnet", group)}
    return resource(rid(GATEWAY, name, group=group), {**wish, **changed}, {"number": number})


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


def route_map(name: str = "map1", inbound: tuple[ResourceId, ...] = (), outbound: tuple[ResourceId, ...] = (),
              rules: tuple[Json, ...] = (), group: str = "rg1") -> Resource:
    """Of the Route Server."""
    return resource(rid(ROUTE_MAP, "rs1", name, group=group), {
        "rules": [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)],
        "associatedInboundConnections": list(map(str, inbound)),
        "associatedOutboundConnections": list(map(str, outbound))})


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


#: IPv6 of everything that ``dual`` has: links, site, network.
SIX = {"ipv6PeeringConfig": {"primaryPeerAddressPrefix": "fd00:ac::/126",
                             "secondaryPeerAddressPrefix": "fd00:ac::4/126"}}
SITE6 = {"prefixes": ["10.10.0.0/16", "fd00:10::/48"], "lan6": "fd00:10:0:1::/64",
         "hosts": [{"name": "h1", "address": "10.10.1.10", "address6": "fd00:10:0:1::10"}]}


def cloud6(group: str = "rg1") -> tuple[Resource, ...]:
    """The first virtual network, its subnets and machine with both families."""
    vnet, default, gateways, machine, _ = cloud(group=group)
    configurations = [{"name": name, "properties": {"subnet": link(SUBNET, "hub", "default", group=group),
                                                    "privateIPAddressVersion": version}}
                      for name, version in (("ipconfig1", "IPv4"), ("ipconfig6", "IPv6"))]
    return (
        replace(vnet, properties={"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]}}),
        replace(default, properties={"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]}),
        replace(gateways, properties={"addressPrefixes": ["10.1.255.0/26", "fd00:1:0:ff::/64"]}),
        replace(machine, properties={"ipConfigurations": configurations}, system={
            **machine.system, "addresses": {"ipconfig1": "10.1.0.4", "ipconfig6": "fd00:1::4"}}))


def dual(routers: tuple[str, ...] = ("bird", "bird"), **changed: object) -> list[Resource]:
    """Everything with both families; ``changed`` in the peering."""
    six = [peering(**{**SIX, **changed}), site(routers=routers, **SITE6), *cloud6()]
    return with_changes(whole(routers=routers), six)


def with_changes(estate: list[Resource], changed: list[Resource]) -> list[Resource]:
    mine = {one.id.key: one for one in changed}
    return [mine.get(one.id.key, one) for one in estate]
def large(**changed: object) -> list[Resource]:
    """Everything, with a gateway that is large enough for FastPath; ``changed``: of the connection."""
    mine = {one.id.key: one for one in (sized_gateway("UltraPerformance"), connection(**changed))}
    return [mine.get(one.id.key, one) for one in whole()]


def snapshot(*resources: Resource) -> Snapshot:
    return Snapshot(resources or whole())


def exchange(*members: Resource, **changed: object) -> list[Resource]:
    """An internet exchange in Amsterdam with its members. AS 3333 and AS 1103 are admitted with what their sites
    announce, AS 2611 with prefixes of its own."""
    wish: Json = {
        "peeringLocation": "Amsterdam", "asn": 6777, "lan": "80.249.208.0/24", "lan6": "2001:7f8:1::/64",
        "admissions": [{"asn": 3333, "prefixes": ["193.0.0.0/21", "2001:67c:2e8::/48"]},
                       {"asn": 1103, "prefixes": ["145.100.0.0/16"], "origins": [1104]},
                       {"asn": 2611, "prefixes": ["193.190.0.0/16"]}]}
    return [resource(rid(EXCHANGE, "ams"), {**wish, **changed}, {"number": 1}), *members]


def exchange_member(name: str, number: int, site_name: str = "", addresses: tuple[str, ...] = (),
                    **changed: object) -> Resource:
    """The first router of a site, or what is ``changed`` says (a hand-off). Member n has the LAN's address 3 + n."""
    wish: Json = {"site": link(SITE, site_name), "router": "ce1"} if site_name else {}
    own = addresses or (f"80.249.208.{3 + number}", f"2001:7f8:1::{3 + number:x}")
    secrets = {"sharedKey": changed.pop("shared_key")} if "shared_key" in changed else {}
    return resource(rid(MEMBER, "ams", name), {**wish, **changed}, {"number": number, "addresses": list(own)},
                    secrets=secrets)


def public_site(name: str, number: int, asn: int, prefixes: tuple[str, ...], lan: str, daemon: str = "bird",
                **changed: object) -> Resource:
    """A site with one router and a host (``.10`` of its LAN), announcing public space."""
    host = lan.rpartition(".")[0] + ".10"
    return site(name, number, routers=(daemon,), asn=asn, prefixes=list(prefixes), lan=lan,
                **{"hosts": [{"name": "h1", "address": host}], **changed})


def met_at_exchange() -> list[Resource]:
    """Two sites, one with BIRD and one with FRR, that meet at an exchange."""
    return [
        public_site("ripe", 11, 3333, ("193.0.0.0/21",), "193.0.1.0/24"),
        public_site("surf", 12, 1103, ("145.100.0.0/16",), "145.100.1.0/24", "frr"),
        *exchange(exchange_member("ripe", 1, "ripe", bilateral=["surf"]), exchange_member("surf", 2, "surf"))]
