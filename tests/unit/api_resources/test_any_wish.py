"""Whatever a client writes: validators answer with faults or with nothing, and what they let pass can be kept, shown,
and written back as it was shown."""

from __future__ import annotations

import copy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.api.resources.express_route.words import AUTHORIZATION
from trunkline.api.resources.public_ip_addresses import PUBLIC_IP_ADDRESS
from trunkline.api.resources.virtual_wan.routing import HUB_VNET_CONNECTION
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.session_policy import SESSION_POLICY
from trunkline.intent.view import (
    APPLICATION_GROUP,
    DDOS_PLAN,
    EXCHANGE_ORDER,
    FAULT,
    GATEWAY,
    HUB_BGP_CONNECTION,
    HUB_IP_CONFIGURATION,
    LOCAL_GATEWAY,
    NAT_GATEWAY,
    PUBLIC_IP_PREFIX,
    ROUTE,
    ROUTE_FILTER,
    ROUTE_FILTER_RULE,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SITE,
    SUBNET,
    VNET,
    VNET_PEERING,
)
from trunkline.intent.wan import VIRTUAL_HUB, VIRTUAL_WAN, WAN_CONNECTION, WAN_GATEWAY
from trunkline.model.resource import Json, Resource, ResourceId
from unit.api_resources.desk import (
    CON1,
    ER1,
    GATEWAY_SUBNET,
    GW1,
    HUB,
    PRIVATE,
    STANDARD,
    VM1,
    Desk,
    a_configuration,
    a_connection,
    a_gateway,
    a_linked_desk,
    a_network,
    a_peering,
    an_order,
    rid,
)

SITE1, VXC, BREAK = rid(SITE, "paris"), rid(EXCHANGE_ORDER, "vxc"), rid(FAULT, "cut")
IP1, DEFAULT, AUTH = rid(PUBLIC_IP_ADDRESS, "ip1"), rid(SUBNET, "hub", "default"), rid(AUTHORIZATION, "er1", "auth1")

NSG, TABLE, FILTER = rid(SECURITY_GROUP, "nsg1"), rid(ROUTE_TABLE, "rt1"), rid(ROUTE_FILTER, "rf1")
ASG, RANGE, SPOKE = rid(APPLICATION_GROUP, "asg1"), rid(PUBLIC_IP_PREFIX, "range1"), rid(VNET, "spoke")

WAN, WAN_HUB, RS, PLACE = rid(VIRTUAL_WAN, "wan"), rid(VIRTUAL_HUB, "wan"), rid(VIRTUAL_HUB, "rs"), rid(
    HUB_IP_CONFIGURATION, "rs", "Default")
NVA, WAN_GW, WAN_LINK = rid(HUB_BGP_CONNECTION, "rs", "nva"), rid(WAN_GATEWAY, "gw"), rid(WAN_CONNECTION, "gw", "er1")
JOINED, VPN = rid(HUB_VNET_CONNECTION, "wan", "hub"), rid(GATEWAY, "vpn")
RS_SUBNET = rid(SUBNET, "hub", "RouteServerSubnet")


def a_rule(**changed: object) -> Json:
    return {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourcePortRange": "*",
            "destinationPortRanges": ["80", "443-445"], "sourceAddressPrefix": "Internet",
            "destinationAddressPrefix": "10.1.0.0/16", **changed}


def a_site() -> Json:
    return {"asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24", "routers": [{"name": "ce1"}],
            "hosts": [{"name": "h1", "address": "10.10.1.10"}]}


#: A valid wish for each type.
WISHES: list[tuple[ResourceId, Json, Json]] = [
    (ER1, an_order(), {"sku": STANDARD}),
    (PRIVATE, a_peering(sharedKey="abc"), {}),
    (AUTH, {}, {}),
    (WAN, {"type": "Standard"}, {}),
    (WAN_HUB, {"virtualWan": {"id": str(WAN)}, "addressPrefix": "10.77.0.0/23"}, {}),
    (RS, {"sku": "Standard", "hubRoutingPreference": "ASPath"}, {}),
    (PLACE, {"subnet": {"id": str(RS_SUBNET)}}, {}),
    (NVA, {"peerIp": "10.1.0.9", "peerAsn": 65010}, {}),
    (WAN_GW, {"virtualHub": {"id": str(WAN_HUB)}, "autoScaleConfiguration": {"bounds": {"min": 1}}}, {}),
    (WAN_LINK, {"expressRouteCircuitPeering": {"id": str(PRIVATE)}, "routingWeight": 1}, {}),
    (JOINED, {"remoteVirtualNetwork": {"id": str(HUB)}}, {}),
    (VPN, a_gateway(gatewayType="Vpn", sku="VpnGw1"), {}),
    (HUB, a_network(default="10.1.0.0/24", GatewaySubnet="10.1.255.0/27"), {}),
    (DEFAULT, {"addressPrefix": "10.1.0.0/24"}, {}),
    (VM1, {"ipConfigurations": [a_configuration(DEFAULT, publicIPAddress={"id": str(IP1)})]}, {}),
    (IP1, {"publicIPAllocationMethod": "Static"}, {"sku": {"name": "Standard"}}),
    (GW1, a_gateway(), {}),
    (CON1, a_connection(routingWeight=1), {}),
    (SITE1, a_site(), {}),
    (VXC, {"serviceKey": "KEY", "site": {"id": str(SITE1)}, "primary": {"router": "ce1", "sharedKey": "abc"},
           "secondary": {"handoff": {"interface": "out0"}}}, {}),
    (BREAK, {"circuit": {"id": str(ER1)}, "leg": "primary"}, {}),
    (rid(SESSION_POLICY, "policy"), {
        "peering": {"id": str(PRIVATE)}, "leg": "primary", "enabled": True, "gracefulShutdown": False, "gtsm": False,
        "advertise": {"prepend": 2, "med": 10, "deny": [{"prefix": "10.1.0.0/16", "ge": 17, "le": 24}],
                      "communities": ["65010:7"]},
        "accept": {"permit": [{"prefix": "0.0.0.0/0", "le": 32}], "localPreference": 90,
                   "localPreferenceByCommunity": {"65010:200": 200}},
        "bfd": {"enabled": True, "intervalInMilliseconds": 300},
        "timers": {"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10}, "confirmLockOut": True}, {}),
    (rid(ROUTE_MAP, "rs", "map"), {"associatedInboundConnections": [str(NVA)], "rules": [{
        "name": "r1", "matchCriteria": [{"matchCondition": "Equals", "asPath": ["65010"]}],
        "actions": [{"type": "Add", "parameters": [{"community": ["65010:7"], "asPath": ["64999"]}]}],
        "nextStepIfMatched": "Terminate"}]}, {}),
    (NSG, {"securityRules": [{"name": "web", "properties": a_rule()}]}, {}),
    (rid(SECURITY_RULE, "nsg1", "dns"), a_rule(
        priority=200, sourceAddressPrefix=None, sourceApplicationSecurityGroups=[{"id": str(ASG)}]), {}),
    (ASG, {}, {}),
    (TABLE, {"routes": [{"name": "r1", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}]}, {}),
    (rid(ROUTE, "rt1", "r2"), {
        "addressPrefix": "10.9.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.7"}, {}),
    (FILTER, {}, {}),
    (rid(ROUTE_FILTER_RULE, "rf1", "rule1"), {"access": "Allow", "communities": ["12076:5040"]}, {}),
    (rid(NAT_GATEWAY, "nat1"), {"publicIpAddresses": [{"id": str(IP1)}], "idleTimeoutInMinutes": 10}, {}),
    (rid(DDOS_PLAN, "plan1"), {}, {}),
    (RANGE, {"prefixLength": 30}, {}),
    (rid(LOCAL_GATEWAY, "lng1"), {
        "gatewayIpAddress": "203.0.113.1", "localNetworkAddressSpace": {"addressPrefixes": ["10.10.0.0/16"]},
        "bgpSettings": {"asn": 65010, "bgpPeeringAddress": "10.10.1.1"}}, {}),
    (SPOKE, a_network("10.8.0.0/16"), {}),
    (rid(VNET_PEERING, "hub", "p1"), {"remoteVirtualNetwork": {"id": str(SPOKE)}}, {}),
]

IDS = [str(ER1), str(HUB), str(GATEWAY_SUBNET), str(VM1), str(GW1), str(IP1), str(DEFAULT).upper(), "/subscriptions/s",
       "/subscriptions//resourceGroups/g", "id"]
PREFIXES = ["10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/25", "10.1.1.0/29", "10.1.255.0/28", "172.16.0.4/30", "10.9.0.0/30",
            "10.10.1.0/29", "10.10.1.10/32", "0.0.0.0/0", "255.255.255.252/30", "fd00::/126", "::/0", "10.0.0.0/33",
            "10.0.0.0/255.0.0.0", "1/2/3", "/"]
ADDRESSES = ["10.1.0.4", "10.1.0.7", "10.10.1.1", "10.10.1.255", "::1", "1.2.3"]
NUMBERS = [-1, 0, 1, 100, 1000, 2000, 4094, 4095, 12076, 65010, 65515, 2**32, 1.5, True]
WORDS = ["", "x", "primary", "secondary", "ExpressRoute", "Vpn", "Standard", "Premium", "Basic", "MeteredData",
         "Static", "Dynamic", "MicrosoftPeering", "ErGw1AZ", "ce1", "ce2", "out0", "ipconfig1",
         "London", "{}", "%s{0}", "KEY"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([*IDS, *PREFIXES, *WORDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "name", "properties", "tier", "router"]), inner, max_size=3), max_leaves=6)


def near(value: object) -> st.SearchStrategy[object]:
    """Mostly values of the same kind as ``value``."""
    if isinstance(value, int):
        return st.sampled_from(NUMBERS)
    if not isinstance(value, str):
        return ANYTHING
    if value.startswith("/subscriptions"):
        return st.sampled_from(IDS)
    if "/" in value:
        return st.sampled_from(PREFIXES)
    return st.sampled_from(ADDRESSES if value[:1].isdigit() else WORDS)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Paths to everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, deeper in inner for found in places(deeper, (*path, key)))]


def at(value: object, path: tuple) -> object:
    for piece in path:
        value = value[piece]  # type: ignore[index]
    return value


def replaced(value: Json, path: tuple, by: object) -> Json:
    changed = copy.deepcopy(value)
    *way, last = path
    target = changed
    for piece in way:
        target = target[piece]
    target[last] = by
    return changed


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[ResourceId, Json, Json]:
    """A valid wish with up to three members changed."""
    resource, properties, envelope = draw(st.sampled_from(WISHES))
    body: Json = {"properties": properties, "envelope": envelope}
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([place for place in places(body) if len(place) > 1] or [("properties", "new")]))
        kind = near(at(body, path)) if path[-1] != "new" else ANYTHING
        body = replaced(body, path, draw(kind))
    return resource, body["properties"], body["envelope"]


def a_full_desk() -> Desk:
    desk = a_linked_desk()
    desk.put(IP1, {}, sku={"name": "Standard"})
    desk.put(HUB, a_network(default="10.1.0.0/24", GatewaySubnet="10.1.255.0/27", RouteServerSubnet="10.1.254.0/27"))
    for resource, body, _ in WISHES:
        if resource in (WAN, WAN_HUB, RS, PLACE, NVA, WAN_GW, WAN_LINK):
            desk.put(resource, body)
    desk.put(CON1, a_connection())
    desk.put(VM1, {"ipConfigurations": [a_configuration(DEFAULT)]})
    desk.put(SITE1, a_site())
    circuit = desk.get(ER1)
    assert circuit
    desk.change(ER1, system={**circuit.system, "serviceKey": "KEY", "alias": "key"})
    desk.put(VXC, {"serviceKey": "KEY", "site": {"id": str(SITE1)}, "primary": {"router": "ce1"}})
    for resource in (NSG, ASG, TABLE, FILTER, RANGE):
        desk.put(resource, {})
    desk.put(SPOKE, a_network("10.8.0.0/16"))
    desk.put(BREAK, {"circuit": {"id": str(ER1)}, "leg": "primary"})
    return desk


def lasting(resource: Resource) -> Resource:
    """Without its lease, which begins anew with each write."""
    return replace(resource, system={name: value for name, value in resource.system.items() if name != "expiresAt"})


DESKS = {"empty": Desk, "full": a_full_desk}


@settings(max_examples=400, deadline=None)
@given(nearly_valid(), st.sampled_from(sorted(DESKS)))
def test_every_wish_is_answered_with_faults_or_kept(wish: tuple[ResourceId, Json, Json], which: str) -> None:
    resource, properties, envelope = wish
    desk = DESKS[which]()
    faults = desk.refusal(resource, properties, **envelope)
    assert all(fault.code and str(fault) and 400 <= fault.status < 500 for fault in faults)
    if not faults:
        desk.put(resource, properties, **envelope)
        written_back = desk.shown(resource)
        assert not desk.refusal(resource, written_back, **envelope)
        again = desk.put(resource, written_back, **envelope)
        assert lasting(again) == lasting(desk.put(resource, properties, **envelope))


def test_every_type_takes_back_what_it_shows() -> None:
    desk = a_full_desk()
    for resource in desk.resources():
        if desk.registry.find(resource.id.type):
            assert not desk.refusal(resource.id, desk.shown(resource.id), **resource.envelope), resource.id
