"""An edit of each field that docs/changes.md names, over the estate of ``estates.whole``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import estates
from trunkline.model.resource import Json, Resource


@dataclass(frozen=True)
class FieldEdit:
    """``beside``: what stands there before, besides everything. ``along``: what the customer changes with it, lest
    their ends do not fit."""

    old: Resource | None
    new: Resource
    beside: tuple[Resource, ...] = ()
    along: tuple[Resource, ...] = ()

    @property
    def estate(self) -> list[Resource]:
        first = [self.old] if self.old else []
        mine = {one.id.key: one for one in (*self.beside, *first)}
        return [*estates.with_changes(estates.whole(), list(mine.values())),
                *(one for key, one in mine.items() if key not in {each.id.key for each in estates.whole()})]


def said(resource: Resource, **properties: Any) -> Resource:
    return replace(resource, properties={**resource.properties, **properties})


def of(old: Resource, beside: tuple[Resource, ...] = (), **properties: Any) -> FieldEdit:
    return FieldEdit(old, said(old, **properties), beside)


def policy(**member: Any) -> FieldEdit:
    """A policy of the primary leg that says nothing so far."""
    return of(estates.session_policy("primary"), **member)


def _bandwidth(mbps: int) -> Json:
    return {**_CIRCUIT.properties["serviceProviderProperties"], "bandwidthInMbps": mbps}


def _sku(tier: str, family: str) -> FieldEdit:
    return FieldEdit(_CIRCUIT, replace(_CIRCUIT, envelope={
        "sku": {"name": f"{tier}_{family}", "tier": tier, "family": family}}))


def _routers(**first: Any) -> list[Json]:
    return [{"name": "ce1", "daemon": "bird", **first}, {"name": "ce2", "daemon": "bird"}]


def _moved_machine() -> FieldEdit:
    """What the front writes with it: the address that is in use."""
    old = estates.nic()
    return FieldEdit(old, replace(old, properties={"ipConfigurations": [
        {"name": "ipconfig1", "properties": {**old.properties["ipConfigurations"][0]["properties"],
                                             "privateIPAddress": "10.1.0.77"}}]},
                                  system={**old.system, "addresses": {"ipconfig1": "10.1.0.77"}}))


def _guarded() -> FieldEdit:
    rule = estates.security_rule("first", 100)
    subnet = estates.subnet(networkSecurityGroup=estates.link("Microsoft.Network/networkSecurityGroups", "web"))
    return of(rule, (estates.security_group(), subnet), access="Deny")


def _routed() -> FieldEdit:
    row = estates.route("away", "10.99.0.0/16", address="10.1.0.4")
    subnet = estates.subnet(routeTable=estates.link("Microsoft.Network/routeTables", "udr"))
    return of(row, (estates.route_table(), subnet, estates.nic("vm2", 2, address="10.1.0.5")),
              nextHopIpAddress="10.1.0.5")


_CIRCUIT = estates.circuit()[0]
_PEERING, _SITE, _ORDER, _NETWORK = estates.peering(), estates.site(), estates.order(), estates.cloud()[0]
_LISTS = {"deny": [{"prefix": "10.66.0.0/16"}]}

#: By type and field, as the page names them.
EDITS: dict[tuple[str, str], Callable[[], FieldEdit]] = {
    ("any", "tags"): lambda: FieldEdit(_CIRCUIT, replace(_CIRCUIT, tags={"owner": "network"})),
    ("expressRouteCircuits", "sku.tier"): lambda: _sku("Premium", "MeteredData"),
    ("expressRouteCircuits", "sku.family"): lambda: _sku("Standard", "UnlimitedData"),
    ("expressRouteCircuits", "serviceProviderProperties.bandwidthInMbps"): lambda: of(
        _CIRCUIT, serviceProviderProperties=_bandwidth(2000)),
    ("peerings", "sharedKey"): lambda: FieldEdit(_PEERING, replace(_PEERING, secrets={"sharedKey": "An0ther"})),
    ("peerings", "peerASN"): lambda: replace(of(_PEERING, peerASN=65011), along=(said(_SITE, asn=65011),)),
    ("peerings", "vlanId"): lambda: of(_PEERING, vlanId=101),
    ("peerings", "primaryPeerAddressPrefix"): lambda: of(_PEERING, primaryPeerAddressPrefix="172.16.9.0/30"),
    ("peerings", "secondaryPeerAddressPrefix"): lambda: of(_PEERING, secondaryPeerAddressPrefix="172.16.9.0/30"),
    ("peerings", "ipv6PeeringConfig"): lambda: of(_PEERING, **estates.SIX),
    ("sessionPolicies", "advertise"): lambda: policy(advertise={"prepend": 1}),
    ("sessionPolicies", "accept"): lambda: policy(accept=_LISTS),
    ("sessionPolicies", "gracefulShutdown"): lambda: policy(gracefulShutdown=True),
    ("sessionPolicies", "timers"): lambda: policy(timers={"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10}),
    ("sessionPolicies", "bfd"): lambda: policy(bfd={"enabled": False}),
    ("sessionPolicies", "gtsm"): lambda: policy(gtsm=True),
    ("sessionPolicies", "enabled"): lambda: policy(enabled=False),
    ("virtualCrossConnects", "primary.router"): lambda: of(_ORDER, primary={"router": "ce2"}),
    ("virtualCrossConnects", "primary.vlanId"): lambda: of(_ORDER, primary={"router": "ce1", "vlanId": 300}),
    ("virtualCrossConnects", "primary.policy"): lambda: of(
        _ORDER, primary={"router": "ce1", "policy": {"advertise": {"prepend": 1}}}),
    ("throttles", "bandwidthInMbps"): lambda: of(estates.throttle(500), bandwidthInMbps=400),
    ("connections", "routingWeight"): lambda: of(estates.connection(), routingWeight=10),
    ("virtualNetworks", "addressSpace.addressPrefixes"): lambda: of(
        _NETWORK, addressSpace={"addressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"]}),
    ("virtualNetworks", "bgpCommunities.virtualNetworkCommunity"): lambda: of(
        _NETWORK, bgpCommunities={"virtualNetworkCommunity": "12076:20001"}),
    ("virtualNetworkGateways", "sku.name"): lambda: of(
        estates.sized_gateway("Standard"), sku={"name": "HighPerformance", "tier": "HighPerformance"}),
    ("networkSecurityGroups/securityRules", "access"): _guarded,
    ("routeTables/routes", "nextHopIpAddress"): _routed,
    ("networkInterfaces", "privateIPAddress"): _moved_machine,
    ("sites", "prefixes"): lambda: of(_SITE, prefixes=["10.10.0.0/16", "10.11.0.0/16"]),
    ("sites", "routers[].policy"): lambda: of(_SITE, routers=_routers(policy={"advertise": {"prepend": 1}})),
    ("sites", "routers[].daemon"): lambda: of(_SITE, routers=_routers(daemon="frr")),
    ("sites", "hosts[].address"): lambda: of(_SITE, hosts=[{"name": "h1", "address": "10.10.1.11"}]),
}
