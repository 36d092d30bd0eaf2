"""Whoever a change touches is looked at again: for each single change to many estates, the scopes whose blueprint is
another afterwards are among those that the changed resource is said to touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest

import estates
import reaching
import wans
from trunkline.intent.compile import compile
from trunkline.intent.dependency import touched
from trunkline.intent.direct import CABLE
from trunkline.intent.estate import Remembered, Snapshot
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.scope import Scope
from trunkline.intent.session_policy import SESSION_POLICY
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    GATEWAY,
    HUB_BGP_CONNECTION,
    IMPAIRMENT,
    NIC,
    PEERING,
    ROUTE_FILTER,
    ROUTE_FILTER_RULE,
    SITE,
    SUBNET,
    VNET,
    VNET_PEERING,
)
from trunkline.intent.wan import HUB_ROUTE_TABLE, HUB_VNET_CONNECTION, VIRTUAL_HUB, WAN_CONNECTION, WAN_GATEWAY
from trunkline.model.containment import CONTAINMENT
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, ProvisioningState, Resource

#: One address behind FastPath, so that each one counts.
PROFILE = replace(AZURE, fast_path_addresses=((0, 1),))
PAST = {"expressRouteGatewayBypass": True}


def second_cloud(circuit: str = "er1", sku: str = "ErGw3AZ", **changed: object) -> list[Resource]:
    """Another network, whose gateway is connected too, after the first one."""
    *network, _ = estates.cloud(2, space="10.2", names=("second", "vm2", "gw2"))
    return [*network, estates.sized_gateway(sku, "gw2", "second", 2),
            estates.connection(2, name="con2", gateway="gw2", circuit_name=circuit, slot=2, **changed)]


def plant() -> list[Resource]:
    circuit: Json = {"circuit": estates.link(CIRCUIT, "er1"), "leg": "primary", "expiresInSeconds": 60}
    ends = {"expiresAt": "2030-01-01T00:00:00+00:00"}
    contained = [estates.resource(estates.rid(CONTAINMENT, str(number)), {
        "circuit": circuit["circuit"], "leg": leg, **what}, ends) for number, (leg, what) in enumerate((
            ("primary", {"action": "dropPrefix", "prefixes": ["10.10.0.0/16"]}),
            ("primary", {"action": "stopExport"}), ("secondary", {"action": "shutLeg"})))]
    return [*contained, estates.throttle(200),
            estates.fault(), estates.fault("f2", kind="region", region="West Europe"),
            estates.fault("f3", kind="location", location="Amsterdam"),
            estates.resource(estates.rid(IMPAIRMENT, "i1"), {**circuit, "lossInPercent": 2, "at": "trunk"}, ends)]


def controlled() -> list[Resource]:
    return [estates.session_policy(gracefulShutdown=True),
            estates.session_policy("primary", gtsm=True, accept={"localPreference": 90}, gracefulShutdown=False)]


def borrowing() -> list[Resource]:
    return [*estates.spoke("third", 3, "10.3"), *estates.lending("hub", "third")]


def served() -> list[Resource]:
    """A Route Server with an appliance, between which and the gateway traffic passes."""
    return [*estates.route_server(allowBranchToBranchTraffic=True),
            estates.bgp_connection("nva", 1, "10.1.0.4", 65020),
            estates.route_map(inbound=(estates.rid(HUB_BGP_CONNECTION, "rs1", "nva"),),
                              outbound=(estates.rid(GATEWAY, "gw1"),), rules=({"actions": [{"type": "Drop"}]},))]


def steered() -> list[Resource]:
    """A spoke and a subnet of the hub, whose packets go to a machine of the hub."""
    table = [estates.route_table(), estates.route("far", "10.99.0.0/16", address="10.1.0.4"),
             estates.security_group(), estates.security_rule("all", 100)]
    ruled = {"routeTable": estates.link(table[0].id.type, "udr"),
             "networkSecurityGroup": estates.link(table[2].id.type, "web")}
    spoke = [replace(one, properties={**one.properties, **ruled}) if one.id.type == SUBNET else one
             for one in borrowing()]
    return [*table, *spoke, estates.nic("nva", 9, address="10.1.0.9", enableIPForwarding=True),
            estates.subnet("own", "10.1.7.0/24", **ruled), estates.nic("vm7", 7, address="10.1.7.4", subnet="own")]


def on_one_port() -> list[Resource]:
    """Two circuits on a Direct port, each with a gateway of its own, both past it."""
    large = [estates.sized_gateway("UltraPerformance"), estates.connection(**PAST)]
    return [*estates.with_changes(estates.on_direct(), large), estates.on_port("er2", 2, stag=8),
            estates.peering("er2", vlanId=200), *second_cloud("er2", **PAST), *borrowing()]


def public() -> list[Resource]:
    """Microsoft peering beside private peering, with a route filter and an operator's word."""
    return [*estates.whole(), estates.microsoft(asn=3333, routeFilter=estates.link(ROUTE_FILTER, "rf1")),
            estates.resource(estates.rid(ROUTE_FILTER, "rf1"), {}),
            estates.resource(estates.rid(ROUTE_FILTER_RULE, "rf1", "r1"), {
                "access": "Allow", "communities": ["12076:52002"]}),
            estates.resource(estates.rid(PREFIX_APPROVAL, "loa1"), {
                "circuit": estates.link(CIRCUIT, "er1"), "prefix": "104.1.0.0/24"})]


def at_a_hub() -> list[Resource]:
    """With a route table of its own for one network, and a map at each kind of connection."""
    tables = [wans.associated("defaultRouteTable"), wans.associated("apart")]
    changed = [wans.connected("one", associatedRouteTable=wans.associated("apart")),
               wans.circuit_link(propagatedRouteTables={"ids": tables, "labels": []})]
    drop = {"actions": [{"type": "Drop", "parameters": []}]}
    return [*estates.with_changes(wans.whole(), changed), wans.custom_table(labels=("shared",)),
            estates.session_policy("primary", gtsm=True),
            wans.route_map(inbound=(wans.network_link("two"),), outbound=(wans.CIRCUIT_LINK,), rules=(drop,))]


ESTATES: dict[str, list[Resource]] = {
    "public": public(),
    "dual": [*estates.dual(), *plant(), *controlled()],
    "past one gateway": [*estates.large(**PAST), *second_cloud(**PAST), *borrowing()],
    "past the second": [*estates.large(), *second_cloud(**PAST)],
    "a port": on_one_port(),
    "served": [*estates.large(**PAST), *served(), *borrowing()],
    "before a circuit": [one for one in (*estates.large(), *served())
                                                              if one.id.type != CONNECTION],
    "steered": [*estates.large(), *steered()],
    "reaching": [*reaching.two_sites(), *reaching.premises(3), reaching.link(3, 1, 2, "192.168.8.8/29"),
                 *estates.cloud(), estates.connection(), estates.session_policy("primary", gtsm=True)],
    "reaching from a port": [estates.port(), estates.on_port(), reaching.peering(1), reaching.site(1),
                             estates.cable(), *reaching.premises(2, bandwidthInMbps=2000), reaching.link()],
    "at a hub": at_a_hub(),
    "beside a hub": wans.beside_a_network(network=True, hub=True),
    "at an exchange": [*estates.met_at_exchange(), estates.exchange_member("azure", 4, edge="primary")],
}

#: What clients may change, by type: another value of one member.
EDITS: dict[str, list[Json]] = {
    ROUTE_FILTER_RULE: [{"communities": ["12076:52003"]}],
    PREFIX_APPROVAL: [{"prefix": "104.2.0.0/24"}, {"asn": 4}],
    CIRCUIT: [{"enableDirectPortRateLimit": True}],
    PEERING: [{"vlanId": 321}, {"peerASN": 65011}, {"primaryPeerAddressPrefix": "172.17.0.0/30"},
              {"ipv6PeeringConfig": estates.SIX["ipv6PeeringConfig"]}, {"ipv6PeeringConfig": None}],
    CONNECTION: [{"expressRouteGatewayBypass": True}, {"expressRouteGatewayBypass": False}, {"routingWeight": 7}],
    GATEWAY: [{"sku": {"name": name, "tier": name}} for name in ("Standard", "HighPerformance", "UltraPerformance")],
    VNET: [{"bgpCommunities": {"virtualNetworkCommunity": "12076:20001"}},
           {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "10.77.0.0/16"]}},
           {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]}}],
    SUBNET: [{"routeTable": None}, {"networkSecurityGroup": None}],
    NIC: [{"enableIPForwarding": True}, {"enableIPForwarding": False}],
    VNET_PEERING: [{"allowGatewayTransit": True}, {"allowGatewayTransit": False}, {"useRemoteGateways": False},
                   {"allowForwardedTraffic": True}],
    VIRTUAL_HUB: [{"allowBranchToBranchTraffic": False}, {"hubRoutingPreference": "ASPath"}],
    WAN_GATEWAY: [{"autoScaleConfiguration": {"bounds": {"min": 2}}}, {"allowNonVirtualWanTraffic": True},
                  {"allowNonVirtualWanTraffic": None}],
    WAN_CONNECTION: [{"routingWeight": 7}, {"routingConfiguration": {}}],
    HUB_VNET_CONNECTION: [{"routingConfiguration": {}}, {"routingConfiguration": {
        "propagatedRouteTables": {"labels": ["shared"], "ids": []}}}],
    HUB_ROUTE_TABLE: [{"labels": ["default"]}, {"labels": []}],
    ROUTE_MAP: [{"rules": []}, {"associatedInboundConnections": []}, {"associatedOutboundConnections": []}],
    CIRCUIT_CONNECTION: [{"addressPrefix": "192.168.9.0/29"}, reaching.IPV6, {"ipv6CircuitConnectionConfig": None}],
    SITE: [{"asn": 65012}, {"prefixes": ["10.11.0.0/16"]}, {"hosts": []}],
    SESSION_POLICY: [{"accept": {"localPreference": 70}}, {"gracefulShutdown": True}, {"bfd": {"enabled": False}}],
    EXCHANGE: [{"admissions": [{"asn": 3333, "prefixes": ["193.0.0.0/21"]}]}, {"lan6": None}, {"asn": 6778},
               {"policy": {"checkSources": False, "blackholing": False}}],
    MEMBER: [{"prefixLimit": 7}, {"bilateral": ["ripe"]}, {"communities": ["6777:0"]}],
    CABLE: [{"link1": {"handoff": {"interface": "h0"}}}, {"link1": {"router": "ce1", "circuits": []}}],
}


@dataclass(frozen=True)
class Step:
    """One resource as it is afterwards, and the estate before and after."""

    changed: Resource
    before: list[Resource]
    after: list[Resource]
    how: str

    def __str__(self) -> str:
        return f"{self.how} {self.changed.id.types[-1]} {self.changed.id.name}"


def steps(estate: list[Resource]) -> Iterator[Step]:
    """Each resource that no other needs comes and goes, and each is changed in each way."""
    whole = Snapshot(estate)
    for one in estate:
        others = [other for other in estate if other.id.key != one.id.key]
        if not whole.children(one.id) and not whole.referrers(one.id):
            going = replace(one, state=ProvisioningState.DELETING)
            yield Step(one, others, estate, "new")
            yield Step(going, estate, [*others, going], "gone")
        for edit in EDITS.get(one.id.type, ()):
            if any(one.properties.get(name) != value for name, value in edit.items()) and _may_be(one, edit):
                properties = {name: value for name, value in {**one.properties, **edit}.items() if value is not None}
                edited = replace(one, properties=properties)
                yield Step(edited, estate, [*others, edited], f"{edit} of")


def _may_be(one: Resource, edit: Json) -> bool:
    """The cloud's own edge at an exchange says nothing that a site's router may say."""
    return "edge" not in one.properties or not edit.keys() & {"bilateral", "communities"}


def digests(scopes: Iterable[Scope], estate: list[Resource]) -> dict[Scope, str]:
    remembered = Remembered(Snapshot(estate))
    return {scope: compile(scope, remembered, PROFILE).digest for scope in scopes}


@pytest.mark.parametrize("name", ESTATES)
def test_whose_blueprint_changes_is_touched(name: str) -> None:
    whole, missed, felt = ESTATES[name], {}, 0
    scopes = {scope for one in whole for scope in touched(one, Snapshot(whole))}
    known = digests(scopes, whole)
    for step in steps(whole):
        before, after = (known if estate is whole else digests(scopes, estate) for estate in (step.before, step.after))
        others = {scope for scope in scopes if before[scope] != after[scope]}
        felt += len(others)
        if forgotten := others - touched(step.changed, Snapshot(step.after)):
            missed[str(step)] = sorted(map(str, forgotten))
    assert missed == {}
    assert felt > 20, "changes change something"
