"""virtualNetworkGateways: of type ExpressRoute two active instances in a GatewaySubnet; of type Vpn recorded."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Inline, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.fast_path import check_fast_path_stays
from trunkline.api.resources.gateway_actions import GATEWAY_ACTIONS, connections
from trunkline.api.resources.gateway_skus import check_sku, check_sku_change
from trunkline.api.resources.linked import immovable, linked, missing, same_region
from trunkline.api.resources.looking_glass import ELSEWHERE
from trunkline.api.resources.public_ip_addresses import attachable
from trunkline.api.resources.recorded import ByShape
from trunkline.api.resources.subnet_addresses import prefix_of
from trunkline.errors import Conflict, Fault
from trunkline.intent.allocation import capacity, instance_addresses
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_view
from trunkline.intent.view import GATEWAY, SUBNET
from trunkline.model.bgp import GATEWAY_ASN
from trunkline.model.network import GATEWAY_SUBNET, GatewayType, IpConfiguration, VirtualNetworkGateway
from trunkline.model.resource import Json, Resource, ResourceId

NAT_RULE = f"{GATEWAY}/natRules"

#: Longest GatewaySubnet in which gateways of both types have room (azure-facts 2.2).
_LONGEST_SHARED_PREFIX = 27

#: What a gateway has unless it is told otherwise; an ExpressRoute gateway has no choice in the first group.
_FIXED: Json = {"vpnType": "RouteBased", "enableBgp": False, "enablePrivateIpAddress": False, "activeActive": True}
_TRAFFIC: Json = {"allowVirtualWanTraffic": False, "allowRemoteVnetTraffic": False}
_VPN: Json = {**_FIXED, "activeActive": False, "disableIPSecReplayProtection": False,
              "enableBgpRouteTranslationForNat": False}

#: Sizes that exist in the second generation only.
_SECOND_GENERATION = ("VpnGw4", "VpnGw5", "VpnGw4AZ", "VpnGw5AZ")


def model_of(gateway: Resource) -> VirtualNetworkGateway:
    return VirtualNetworkGateway.model_validate(gateway.properties)


def _defaults(body: Json, _id: ResourceId) -> Json:
    """A SKU's tier is its name."""
    said, sku = {name: value for name, value in body.items() if value is not None}, body.get("sku")
    if isinstance(sku, dict) and sku.get("name") and not sku.get("tier"):
        said["sku"] = {**sku, "tier": sku["name"]}
    if str(said.get("gatewayType")).lower() == GatewayType.VPN.lower():
        return _vpn_defaults(said)
    said.pop("bgpSettings", None)
    return {**_TRAFFIC, "vpnGatewayGeneration": "None", **said, **_FIXED}


def _vpn_defaults(said: Json) -> Json:
    """What RADIUS servers share with a gateway has no use here and is not kept."""
    sku, bgp, clients = (said.get(name) for name in ("sku", "bgpSettings", "vpnClientConfiguration"))
    second = isinstance(sku, dict) and sku.get("name") in _SECOND_GENERATION
    filled = {**_VPN, **_TRAFFIC, "vpnGatewayGeneration": "Generation2" if second else "Generation1", **said,
              "bgpSettings": {"asn": GATEWAY_ASN, "peerWeight": 0, **bgp} if isinstance(bgp, dict) else
              bgp or {"asn": GATEWAY_ASN, "peerWeight": 0}}
    if isinstance(clients, dict):
        servers = clients.get("radiusServers")
        kept = {name: value for name, value in clients.items() if name != "radiusServerSecret"}
        if isinstance(servers, list):
            kept["radiusServers"] = [_without_secret(server) for server in servers]
        filled["vpnClientConfiguration"] = kept
    return filled


def _without_secret(server: object) -> object:
    return {name: value for name, value in server.items() if name != "radiusServerSecret"} \
        if isinstance(server, dict) else server


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    gateway, model = wish.resource, model_of(wish.resource)
    yield from check_sku(gateway, model)
    yield from _sound(gateway, model)
    if wish.existing:
        old = model_of(wish.existing)
        yield from _moved(old, model)
        links = connections(gateway, estate)
        yield from check_sku_change(old, model, len(links))
        yield from check_fast_path_stays(model, links)
    for configuration in model.ip_configurations:
        yield from _placed(gateway, configuration, estate)
        yield from attachable(gateway, configuration, estate)
    if len({_subnet_key(c) for c in model.ip_configurations}) > 1:
        yield Fault("IPConfigurationsNotInSameSubnet", f"All ipConfigurations of {gateway.id.name} must name the same "
                    "GatewaySubnet.", "ipConfigurations")


def _sound(gateway: Resource, model: VirtualNetworkGateway) -> Iterator[Fault]:
    """Whether members go together."""
    said, vpn = gateway.properties, model.gateway_type is GatewayType.VPN
    generation = said.get("vpnGatewayGeneration", "None")
    if generation != "None" and not vpn:
        yield Fault("VpnGatewayGenerationNotSupported", f"vpnGatewayGeneration '{generation}' is for gatewayType Vpn; "
                    "leave it out or write None.", "vpnGatewayGeneration")
    if said.get("adminState") == "Disabled":
        yield Fault("AdminStateNotSupported", "adminState 'Disabled' is for the second gateway of a migration, which "
                    "is not offered; leave it out, or delete the gateway.", "adminState")
    if vpn and said.get("activeActive") and len(model.ip_configurations) < 2:
        yield Fault("ActiveActiveGatewayNeedsTwoIpConfigurations", f"activeActive gateway {gateway.id.name} has one "
                    "ipConfiguration and needs two. Add one, or set activeActive to false.", "ipConfigurations")


def _subnet_key(configuration: IpConfiguration) -> str:
    return configuration.properties.subnet.id.lower() if configuration.properties.subnet else ""


def _moved(old: VirtualNetworkGateway, new: VirtualNetworkGateway) -> Iterator[Fault]:
    was, subnet = old.subnet, new.subnet
    another = "Create a new gateway and delete this one."
    if was and subnet and was.id.lower() != subnet.id.lower():
        yield immovable("subnet", was.id, subnet.id, another, "ipConfigurations")
    if old.gateway_type is not new.gateway_type:
        yield immovable("gatewayType", old.gateway_type, new.gateway_type, another, "gatewayType")


def _placed(gateway: Resource, configuration: IpConfiguration, estate: Estate) -> Iterator[Fault]:
    wanted = configuration.properties.subnet
    if wanted is None:
        yield Fault("SubnetRequired", f"ipConfiguration '{configuration.name}' needs a subnet; give subnet.id of a "
                    "GatewaySubnet.", "subnet")
        return
    subnet = linked(estate, gateway.id, wanted.id, SUBNET)
    vnet = estate.get(subnet.id.parent) if subnet and subnet.id.parent else None
    if subnet is None or vnet is None or not same_region(gateway.location, vnet.location):
        yield missing(gateway.id, wanted.id, f"{SUBNET} named {GATEWAY_SUBNET}", "subnet")
        return
    yield from _suitable(gateway, subnet)
    yield from _beside_others(gateway, subnet, estate)


def _suitable(gateway: Resource, subnet: Resource) -> Iterator[Fault]:
    express_route = model_of(gateway).gateway_type is GatewayType.EXPRESS_ROUTE
    if subnet.id.name.lower() != GATEWAY_SUBNET.lower():
        yield Fault("GatewaySubnetRequired", f"Gateway {gateway.id.name} cannot be in subnet '{subnet.id.name}': a "
                    f"virtual network gateway needs a subnet named {GATEWAY_SUBNET}. Create one, /27 or larger.",
                    "subnet")
    elif express_route and not capacity(prefix_of(subnet)):
        yield Fault("GatewaySubnetIsTooSmall", f"{GATEWAY_SUBNET} {prefix_of(subnet)} has no room for connections; use "
                    "/27 or larger.", "subnet")


def _beside_others(gateway: Resource, subnet: Resource, estate: Estate) -> Iterator[Fault]:
    """A virtual network has one gateway of each type."""
    mine = model_of(gateway).gateway_type
    for other in estate.referrers(subnet.id, GATEWAY):
        if other.id.key == gateway.id.key:
            continue
        if model_of(other).gateway_type is mine:
            way_out = "Wait until it is deleted." if other.deleting else "Use that one or delete it."
            yield Conflict("VirtualNetworkGatewayExists", f"Gateway {gateway.id.name} cannot be created: {other.id} is "
                           f"in {subnet.id}, and a virtual network has one {mine} gateway. {way_out}", "subnet")
        else:
            yield from _coexistent(gateway if mine is GatewayType.VPN else other, subnet)


def _coexistent(vpn: Resource, subnet: Resource) -> Iterator[Fault]:
    """What a VPN gateway must be beside an ExpressRoute gateway (azure-facts 2.4)."""
    if model_of(vpn).sku.name == "Basic" or vpn.properties.get("vpnType") == "PolicyBased":
        yield Fault("GatewaysCannotCoexist", f"VPN gateway {vpn.id} must be RouteBased and not of SKU Basic to share "
                    f"{subnet.id} with an ExpressRoute gateway. Change it first.", "subnet")
    if int(prefix_of(subnet).partition("/")[2]) > _LONGEST_SHARED_PREFIX:
        yield Fault("GatewaySubnetIsTooSmall", f"{GATEWAY_SUBNET} {prefix_of(subnet)} has no room for gateways of both "
                    f"types; use /{_LONGEST_SHARED_PREFIX} or larger.", "subnet")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("virtualNetworkGateways", wish.resource.id.key), "resourceGuid": str(uuid4())}


def _in_use(gateway: Resource, estate: Estate) -> Iterator[Fault]:
    for connection in connections(gateway, estate):
        yield Conflict("InUseVirtualNetworkGatewayCannotBeDeleted",
                       f"Virtual network gateway {gateway.id} is in use by {connection.id} and cannot be deleted. "
                       "Delete the connection first.")


def _show(gateway: Resource, estate: Estate) -> Json:
    """No instance stands behind a VPN gateway, so it has no address of its own to peer with."""
    model, view = model_of(gateway), gateway_view(estate, gateway.id)
    shown: Json = {
        "resourceGuid": gateway.system["resourceGuid"],
        "ipConfigurations": [_show_configuration(gateway, c) for c in model.ip_configurations],
        "sku": {"name": model.sku.name, "tier": model.sku.tier, "capacity": 2}}
    if model.gateway_type is GatewayType.VPN:
        return shown
    instances = instance_addresses(view.vnet.gateway_subnet) if view else ()
    return {**shown,
            "bgpSettings": {"asn": GATEWAY_ASN, "bgpPeeringAddress": ",".join(instances), "peerWeight": 0}}


def _show_configuration(gateway: Resource, configuration: IpConfiguration) -> Json:
    wish, asked = configuration.properties, configuration.name
    properties: Json = {"provisioningState": gateway.state.value,
                        "privateIPAllocationMethod": wish.private_ip_allocation_method.value}
    for member, reference in (("publicIPAddress", wish.public_ip_address), ("subnet", wish.subnet)):
        if reference:
            properties[member] = {"id": reference.id}
    return {"name": asked, "id": f"{gateway.id}/ipConfigurations/{asked}", "etag": gateway.etag,
            "type": f"{GATEWAY}/ipConfigurations", "properties": properties}


def _nat_rule_in_use(rule: Resource, estate: Estate) -> Iterator[Fault]:
    for connection in connections(rule, estate):
        yield Conflict("InUseNatRuleCannotBeDeleted", f"NAT rule {rule.id} is in use by {connection.id} and cannot be "
                       "deleted. Take it out of the connection first.", status=400)


def _check_nat_rule(wish: Wish, register: Register) -> Iterator[Fault]:
    gateway = register.get(wish.resource.id.parent) if wish.resource.id.parent else None
    if gateway and model_of(gateway).gateway_type is not GatewayType.VPN:
        yield Fault("NatRuleNotSupported", f"natRules are for a gateway of gatewayType Vpn, and {gateway.id} is of "
                    "another. Leave them out.")


GATEWAYS = ResourceType(
    GATEWAY, model=VirtualNetworkGateway, shape="VirtualNetworkGatewayPropertiesFormat",
    realised=lambda gateway: model_of(gateway).gateway_type is GatewayType.EXPRESS_ROUTE,
    envelope=("identity",), inline=(Inline("natRules", NAT_RULE),), defaults=_defaults, check=_check,
    generate=_generate, in_use=_in_use, show=_show, actions=(*GATEWAY_ACTIONS, ELSEWHERE))

NAT_RULES = ResourceType(
    NAT_RULE, model=ByShape, shape="VirtualNetworkGatewayNatRuleProperties", tracked=False, check=_check_nat_rule,
    in_use=_nat_rule_in_use)
