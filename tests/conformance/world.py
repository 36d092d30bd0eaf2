"""What an example takes for granted, made before it is sent: parents, and whatever its body points at.

One resource of each type, as small as it may be. A name that stands in an example is used as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from conformance.cloud import Cloud, Heard
from waiting import until

VERSION = {"api-version": "2023-09-01"}

_ID = re.compile(r"/subscriptions/[^/\"]+/resourceGroups/[^/\"]+/providers/Microsoft\.[A-Za-z]+(?:/[^/\"]+/[^/\"]+)+",
                 re.IGNORECASE)


def kind_of(resource: str) -> str:
    """``virtualnetworks/subnets``, whatever the namespace."""
    return "/".join(resource.partition("/providers/")[2].split("/")[1::2]).lower()


def above(resource: str) -> str:
    """The parent; empty of a top-level resource."""
    pieces = resource.split("/")
    return "/".join(pieces[:-2]) if kind_of(resource).count("/") else ""


@dataclass
class World:
    """Everything stands in one resource group of the customer."""

    cloud: Cloud
    group: str
    _numbers: Any = field(default_factory=lambda: count(1))
    _made: dict[str, str] = field(default_factory=dict)  #: address prefixes of what has some

    def __post_init__(self) -> None:
        made = self.cloud.send("PUT", self.path(""), {"location": "westus"}, VERSION)
        assert made.status in (200, 201), made.body

    def path(self, tail: str) -> str:
        base = f"/subscriptions/{self.cloud.subscription}/resourceGroups/{self.group}"
        return f"{base}/providers/Microsoft.Network/{tail}" if tail else base

    def adapt(self, value: Any) -> Any:
        """An example's words with our subscription, group and region."""
        text = json.dumps(value)
        text = re.sub(r"/subscriptions/[^/\"]+", f"/subscriptions/{self.cloud.subscription}", text)
        text = re.sub(r"/resourceGroups/[^/\"]+", f"/resourceGroups/{self.group}", text, flags=re.IGNORECASE)
        text = re.sub(r'"location": "(?!global)[^"]*"', '"location": "westus"', text)
        return json.loads(text)

    def ensure_all(self, value: Any, but: str = "") -> None:
        """Whatever resources a value names."""
        for resource in dict.fromkeys(_ID.findall(json.dumps(value))):
            if resource.lower() != but.lower() and not resource.lower().startswith(f"{but.lower()}/"):
                self.ensure(resource)

    def ensure(self, resource: str) -> None:
        kind = kind_of(resource)
        if self.cloud.send("GET", resource, None, VERSION).status == 200:
            return
        self.hold(resource)
        if kind not in _SAMPLES:
            return
        body = {**_SAMPLES[kind](self, resource)}
        if "/" not in kind:
            body.setdefault("location", "westus")
        self.ensure_all(body, but=resource)
        made = self.put(resource, body)
        assert made.status in (200, 201), f"{resource} is taken for granted: {made.body}"
        if kind == "expressroutecircuits":
            self.provision(resource)

    def hold(self, resource: str) -> None:
        """Its parent, if it has one; a place is a Route Server's, every other hub is a Virtual WAN's."""
        parent = above(resource)
        if kind_of(resource) == "virtualhubs/ipconfigurations":
            self.put(parent, {"location": "westus", "properties": {"sku": "Standard"}})
        elif parent:
            self.ensure(parent)

    def put(self, resource: str, body: Any) -> Heard:
        heard = self.cloud.send("PUT", resource, body, VERSION)
        self.ended(heard)
        return heard

    def ended(self, heard: Heard) -> Heard:
        """How the operation that an answer points at came out."""
        pointer = heard.headers.get("azure-asyncoperation") or heard.headers.get("location")
        if pointer is None:
            return heard

        def final() -> Heard | None:
            asked = self.cloud.send("GET", pointer)
            running = asked.status == 202 or (isinstance(asked.body, dict) and asked.body.get("status") == "InProgress")
            return None if running else asked
        return until(final, 30, f"{pointer} to end")

    def provision(self, circuit: str, state: str = "Provisioned") -> None:
        """As the provider does, if it is a provider's circuit."""
        if key := self.twin(circuit):
            found = self.cloud.send("GET", key, None, VERSION).body
            found["properties"]["serviceProviderProvisioningState"] = state
            assert self.put(key, found).status == 200

    def twin(self, circuit: str) -> str:
        shown = self.cloud.send("GET", circuit, None, VERSION).body["properties"]
        if "serviceProviderProperties" not in shown:
            return ""
        listed = self.cloud.send("GET", f"/subscriptions/{self.cloud.provider_subscription}/providers/"
                                 "Microsoft.Network/expressRouteCrossConnections", None, VERSION).body["value"]
        return next(str(one["id"]) for one in listed if one["name"] == shown["serviceKey"])

    def reserve(self, vnet: str, prefix: str) -> None:
        """The address space it will have."""
        self._made[vnet.lower()] = prefix

    def space(self, vnet: str) -> str:
        return self._made.setdefault(vnet.lower(), f"10.{100 + next(self._numbers)}.0.0/16")

    def room(self, subnet: str) -> str:
        """A /24 of its virtual network, whatever that has."""
        shown = self.cloud.send("GET", above(subnet), None, VERSION).body["properties"]
        first, second, *_ = shown["addressSpace"]["addressPrefixes"][0].split(".")
        return self._made.setdefault(subnet.lower(), f"{first}.{second}.{next(self._numbers) + 100}.0/24")

    def number(self) -> int:
        return int(next(self._numbers))


def _vnet(world: World, me: str) -> Any:
    return {"properties": {"addressSpace": {"addressPrefixes": [world.space(me)]}}}


def _circuit(_world: World, _me: str) -> Any:
    return {"sku": {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"},
            "properties": {"serviceProviderProperties": {"serviceProviderName": "Equinix", "bandwidthInMbps": 200,
                                                         "peeringLocation": "Silicon Valley"}}}


def _peering(world: World, me: str) -> Any:
    number = world.number()
    if me.lower().endswith("microsoftpeering"):
        return {"properties": {
            "peerASN": 10002, "primaryPeerAddressPrefix": "104.0.0.0/30", "secondaryPeerAddressPrefix": "105.0.0.0/30",
            "vlanId": 300, "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["104.0.0.0/30"],
                                                      "customerASN": 10000, "routingRegistryName": "LEVEL3"}}}
    return {"properties": {"peerASN": 65020, "vlanId": 100, "primaryPeerAddressPrefix": f"192.168.{number}.0/30",
                           "secondaryPeerAddressPrefix": f"192.168.{number}.4/30"}}


def _global_reach(world: World, me: str) -> Any:
    circuit = world.path("expressRouteCircuits/another-circuit")
    return {"properties": {"expressRouteCircuitPeering": {"id": above(me)}, "addressPrefix": "10.0.0.0/29",
                           "peerExpressRouteCircuitPeering": {"id": f"{circuit}/peerings/AzurePrivatePeering"}}}


def _gateway(world: World, me: str) -> Any:
    subnet = world.path(f"virtualNetworks/vnet-of-{me.rpartition('/')[2]}/subnets/GatewaySubnet")
    address = world.path(f"publicIPAddresses/ip-of-{me.rpartition('/')[2]}")
    vpn = "vpn" in me.rpartition("/")[2] or "natrule" in world.group
    kind, sku = ("Vpn", "VpnGw1") if vpn else ("ExpressRoute", "Standard")
    return {"properties": {
        "gatewayType": kind, "sku": {"name": sku, "tier": sku},
        "ipConfigurations": [{"name": "default", "properties": {"subnet": {"id": subnet},
                                                                "publicIPAddress": {"id": address}}}]}}


def _connection(world: World, _me: str) -> Any:
    return {"properties": {
        "connectionType": "IPsec", "sharedKey": "Abc123",
        "virtualNetworkGateway1": {"id": world.path("virtualNetworkGateways/vpngw")},
        "localNetworkGateway2": {"id": world.path("localNetworkGateways/localgw")}}}


def _nic(world: World, me: str) -> Any:
    subnet = world.path(f"virtualNetworks/vnet-of-{me.rpartition('/')[2]}/subnets/default")
    return {"properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": subnet}}}]}}


def _hub(world: World, _me: str) -> Any:
    return {"properties": {"addressPrefix": f"10.{200 + world.number() % 50}.0.0/23",
                           "virtualWan": {"id": world.path("virtualWans/wan-of-all")}}}


def _hub_address(world: World, me: str) -> Any:
    name = above(me).rpartition("/")[2]
    subnet = world.path(f"virtualNetworks/vnet-of-{name}/subnets/RouteServerSubnet")
    return {"properties": {"subnet": {"id": subnet},
                           "publicIPAddress": {"id": world.path(f"publicIPAddresses/ip-of-{name}")}}}


def _wan_connection(world: World, _me: str) -> Any:
    peering = world.path("expressRouteCircuits/wan-circuit/peerings/AzurePrivatePeering")
    return {"properties": {"expressRouteCircuitPeering": {"id": peering}, "routingWeight": 1}}


def _vnet_peering(world: World, me: str) -> Any:
    remote = world.path(f"virtualNetworks/remote-{world.number()}")
    return {"properties": {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True}}


def _fixed(properties: Any, **top: Any) -> Callable[[World, str], Any]:
    return lambda _world, _me: {"properties": properties, **top}


_RULE = {"protocol": "*", "sourceAddressPrefix": "10.0.0.0/8", "destinationAddressPrefix": "11.0.0.0/8",
         "access": "Deny", "destinationPortRange": "8080", "sourcePortRange": "*", "priority": 100,
         "direction": "Outbound"}

_SAMPLES: dict[str, Callable[[World, str], Any]] = {
    "virtualnetworks": _vnet,
    "virtualnetworks/subnets": lambda world, me: {"properties": {"addressPrefix": world.room(me)}},
    "virtualnetworks/virtualnetworkpeerings": _vnet_peering,
    "expressroutecircuits": _circuit,
    "expressroutecircuits/authorizations": _fixed({}),
    "expressroutecircuits/peerings": _peering,
    "expressroutecircuits/peerings/connections": _global_reach,
    "expressrouteports": _fixed({"peeringLocation": "Equinix-Ashburn-DC2", "bandwidthInGbps": 100,
                                 "encapsulation": "QinQ"}),
    "expressrouteports/authorizations": _fixed({}),
    "expressroutegateways": lambda world, me: {"properties": {
        "autoScaleConfiguration": {"bounds": {"min": 2}},
        "virtualHub": {"id": world.path(f"virtualHubs/hub-of-{me.rpartition('/')[2]}")}}},
    "expressroutegateways/expressrouteconnections": _wan_connection,
    "virtualnetworkgateways": _gateway,
    "connections": _connection,
    "localnetworkgateways": _fixed({"gatewayIpAddress": "11.12.13.14",
                                    "localNetworkAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}),
    "networkinterfaces": _nic,
    "publicipaddresses": _fixed({"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"}),
    "publicipprefixes": _fixed({"prefixLength": 30}, sku={"name": "Standard"}),
    "networksecuritygroups": _fixed({}),
    "networksecuritygroups/securityrules": _fixed(_RULE),
    "applicationsecuritygroups": _fixed({}),
    "routetables": _fixed({}),
    "routetables/routes": _fixed({"addressPrefix": "10.0.3.0/24", "nextHopType": "VirtualNetworkGateway"}),
    "natgateways": _fixed({}, sku={"name": "Standard"}),
    "ddosprotectionplans": _fixed({}),
    "routefilters": _fixed({}),
    "routefilters/routefilterrules": _fixed({"access": "Allow", "routeFilterRuleType": "Community",
                                             "communities": ["12076:5030"]}),
    "virtualwans": _fixed({"type": "Standard"}),
    "virtualhubs": _hub,
    "virtualhubs/hubroutetables": _fixed({"routes": [], "labels": ["label1"]}),
    "virtualhubs/routetables": _fixed({"routes": [], "attachedConnections": ["All_Vnets"]}),
    "virtualhubs/routemaps": _fixed({"rules": []}),
    "virtualhubs/hubvirtualnetworkconnections": lambda world, me: {"properties": {
        "remoteVirtualNetwork": {"id": world.path(f"virtualNetworks/spoke-{me.rpartition('/')[2]}")}}},
    "virtualhubs/bgpconnections": lambda _world, me: {"properties": {
        "peerIp": "192.168.1.5", "peerAsn": 20000,
        "hubVirtualNetworkConnection": {"id": f"{above(me)}/hubVirtualNetworkConnections/nva"}}},
    "virtualhubs/routingintent": _fixed({"routingPolicies": []}),
    "virtualnetworkgateways/natrules": _fixed({"type": "Static", "mode": "EgressSnat"}),
    "virtualhubs/ipconfigurations": _hub_address,
    "userassignedidentities": _fixed({}),
}  # children that come with their parent, and parts that are no resources of their own, need none
