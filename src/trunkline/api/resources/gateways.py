"""virtualNetworkGateways of type ExpressRoute: two active instances in the GatewaySubnet of a virtual network."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable, linked, missing, same_region
from trunkline.api.resources.public_ip_addresses import attachable
from trunkline.api.resources.subnet_addresses import prefix_of
from trunkline.errors import Conflict, Fault
from trunkline.intent.allocation import capacity, instance_addresses
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, GATEWAY, SUBNET, gateway_view, referrers
from trunkline.model.bgp import GATEWAY_ASN
from trunkline.model.network import GATEWAY_SUBNET, GatewayType, IpConfiguration, VirtualNetworkGateway
from trunkline.model.resource import Json, Resource, ResourceId

#: Circuits of different locations that a gateway may be linked to, by SKU (azure-facts 2.2).
CIRCUITS_BY_SKU = {"Standard": 4, "ErGw1AZ": 4, "HighPerformance": 8, "ErGw2AZ": 8, "UltraPerformance": 16,
                   "ErGw3AZ": 16, "ErGwScale": 4}


def model_of(gateway: Resource) -> VirtualNetworkGateway:
    return VirtualNetworkGateway.model_validate(gateway.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    gateway, model = wish.resource, model_of(wish.resource)
    if model.gateway_type is not GatewayType.EXPRESS_ROUTE:
        yield Fault("GatewayTypeNotSupported", f"gatewayType '{model.gateway_type}' is not offered in this release; "
                    "use ExpressRoute.", "gatewayType")
    elif model.sku.name not in CIRCUITS_BY_SKU or model.sku.tier != model.sku.name:
        yield Fault(
            "InvalidGatewaySkuSpecifiedForGatewayDeploymentType",
            f"Virtual network gateway Sku specified is not valid for gateway {gateway.id} with DeploymentType "
            f"VMScaleSet. The allowed Skus are {', '.join(CIRCUITS_BY_SKU)}. sku.name '{model.sku.name}' and sku.tier "
            f"'{model.sku.tier}' must both be the same one of them.", "sku")
    if wish.existing:
        yield from _moved(model_of(wish.existing), model)
    for configuration in model.ip_configurations:
        yield from _placed(gateway, configuration, estate)
        yield from attachable(gateway, configuration, estate)
    if len({_subnet_key(c) for c in model.ip_configurations}) > 1:
        yield Fault("IPConfigurationsNotInSameSubnet", f"All ipConfigurations of {gateway.id.name} must name the same "
                    "GatewaySubnet.", "ipConfigurations")


def _subnet_key(configuration: IpConfiguration) -> str:
    return configuration.properties.subnet.id.lower() if configuration.properties.subnet else ""


def _moved(old: VirtualNetworkGateway, new: VirtualNetworkGateway) -> Iterator[Fault]:
    was, subnet = old.subnet, new.subnet
    if was and subnet and was.id.lower() != subnet.id.lower():
        yield immovable("subnet", was.id, subnet.id, "Create a new gateway and delete this one.", "ipConfigurations")


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
    yield from _suitable(gateway.id, subnet, estate)


def _suitable(gateway: ResourceId, subnet: Resource, estate: Estate) -> Iterator[Fault]:
    if subnet.id.name.lower() != GATEWAY_SUBNET.lower():
        yield Fault("GatewaySubnetRequired", f"Gateway {gateway.name} cannot be in subnet '{subnet.id.name}': a "
                    f"virtual network gateway needs a subnet named {GATEWAY_SUBNET}. Create one, /27 or larger.",
                    "subnet")
    elif not capacity(prefix_of(subnet)):
        yield Fault("GatewaySubnetIsTooSmall", f"{GATEWAY_SUBNET} {prefix_of(subnet)} has no room for connections; use "
                    "/27 or larger.", "subnet")
    for other in estate.referrers(subnet.id, GATEWAY):
        if other.id.key != gateway.key:
            way_out = "Wait until it is deleted." if other.deleting else "Use that one or delete it."
            yield Conflict("VirtualNetworkGatewayExists", f"Gateway {gateway.name} cannot be created: {other.id} is in "
                           f"{subnet.id}, and a virtual network has one ExpressRoute gateway. {way_out}",
                           "subnet")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("virtualNetworkGateways", wish.resource.id.key), "resourceGuid": str(uuid4())}


def connections(gateway: Resource, estate: Estate) -> tuple[Resource, ...]:
    return referrers(estate, gateway.id, CONNECTION)


def _in_use(gateway: Resource, estate: Estate) -> Iterator[Fault]:
    for connection in connections(gateway, estate):
        yield Conflict("InUseVirtualNetworkGatewayCannotBeDeleted",
                       f"Virtual network gateway {gateway.id} is in use by {connection.id} and cannot be deleted. "
                       "Delete the connection first.")


def _show(gateway: Resource, estate: Estate) -> Json:
    model, view = model_of(gateway), gateway_view(estate, gateway.id)
    instances = instance_addresses(view.vnet.gateway_subnet) if view else ()
    return {
        "resourceGuid": gateway.system["resourceGuid"],
        "ipConfigurations": [_show_configuration(gateway, c) for c in model.ip_configurations],
        "sku": {"name": model.sku.name, "tier": model.sku.tier, "capacity": 2}, "vpnType": "RouteBased",
        "vpnGatewayGeneration": "None", "enableBgp": False, "enablePrivateIpAddress": False, "activeActive": True,
        "bgpSettings": {"asn": GATEWAY_ASN, "bgpPeeringAddress": ",".join(instances), "peerWeight": 0},
        "allowVirtualWanTraffic": False, "allowRemoteVnetTraffic": False}


def _show_configuration(gateway: Resource, configuration: IpConfiguration) -> Json:
    wish, asked = configuration.properties, configuration.name
    properties: Json = {"provisioningState": gateway.state.value,
                        "privateIPAllocationMethod": wish.private_ip_allocation_method.value}
    for member, reference in (("publicIPAddress", wish.public_ip_address), ("subnet", wish.subnet)):
        if reference:
            properties[member] = {"id": reference.id}
    return {"name": asked, "id": f"{gateway.id}/ipConfigurations/{asked}", "etag": gateway.etag,
            "type": f"{GATEWAY}/ipConfigurations", "properties": properties}


GATEWAYS = ResourceType(
    GATEWAY, model=VirtualNetworkGateway, realised=True, check=_check, generate=_generate, in_use=_in_use, show=_show,
    actions=(Action("getLearnedRoutes"), Action("getAdvertisedRoutes", query=("peer",)),
             Action("getBgpPeerStatus", query=("peer",)), Action("connections", "GET", lists=connections)))
