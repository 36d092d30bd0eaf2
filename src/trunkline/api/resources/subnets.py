"""The subnets of virtual networks."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Part, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.addressing import inside, unusable
from trunkline.api.resources.attached import attached
from trunkline.api.resources.recorded import ByShape, filled, links
from trunkline.api.resources.subnet_addresses import prefix_of, prefixes_of
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import NAT_GATEWAY, ROUTE_TABLE, SECURITY_GROUP, SUBNET
from trunkline.model.bgp import family_of, of_family, overlaps
from trunkline.model.network import GATEWAY_SUBNET, AddressVersion, Subnet, VirtualNetwork
from trunkline.model.resource import Json, Resource, ResourceId

#: Shortest and longest prefix length of a subnet (Azure reserves five of its addresses), and the only one over IPv6.
_LENGTHS, _LENGTH6 = range(2, 30), 64

#: What a subnet may use.
_LINKS = (("networkSecurityGroup", SECURITY_GROUP), ("routeTable", ROUTE_TABLE), ("natGateway", NAT_GATEWAY))


def spaces_of(vnet: Resource) -> tuple[str, ...]:
    return VirtualNetwork.model_validate(vnet.properties).address_space.address_prefixes


def outside(subnet: ResourceId, vnet: ResourceId, prefix: str, spaces: tuple[str, ...]) -> Fault:
    return Fault("NetcfgInvalidSubnet", f"Subnet '{subnet.name}' is not valid in virtual network '{vnet.name}'. Its "
                 f"prefix {prefix} must lie inside the address space {', '.join(spaces)}.", "addressPrefix")


def _check_subnet(wish: Wish, estate: Register) -> Iterator[Fault]:
    subnet, model = wish.resource.id, Subnet.model_validate(wish.resource.properties)
    vnet = estate.get(subnet.parent) if subnet.parent else None
    if [len(of_family(family, model.prefixes)) for family in (4, 6)] not in ([1, 0], [1, 1]):
        yield Fault("SubnetPrefixRequired", f"Subnet '{subnet.name}' needs exactly one IPv4 prefix, and may have one "
                    "IPv6 prefix beside it; give addressPrefix, for example 10.0.0.0/24, or addressPrefixes with both.",
                    "addressPrefix")
        return
    if vnet is None:
        return
    for prefix in model.prefixes:
        yield from _suitable(subnet, vnet, prefix)
        yield from _beside_siblings(subnet, vnet.id, prefix, estate)
    yield from _moved(wish, model, estate)
    for member, kind in _LINKS:
        yield from links(wish, estate, member, kind, vnet.location)
    yield from _check_gateway_subnet(wish.resource)


def _suitable(subnet: ResourceId, vnet: Resource, prefix: str) -> Iterator[Fault]:
    yield from unusable(prefix, "addressPrefix")
    length, start = int(prefix.partition("/")[2]), f"Subnet '{subnet.name}' is not valid in virtual network " \
        f"'{vnet.id.name}'."
    if family_of(prefix) == 6 and length != _LENGTH6:
        yield Fault("NetcfgInvalidSubnet", f"{start} Its IPv6 prefix {prefix} must be a /{_LENGTH6}, neither larger "
                    "nor smaller.", "addressPrefixes")
    elif family_of(prefix) == 4 and length not in _LENGTHS:
        yield Fault("NetcfgInvalidSubnet", f"{start} Its prefix {prefix} must have a length from /{_LENGTHS[0]} to "
                    f"/{_LENGTHS[-1]}: five addresses of a subnet are the platform's.", "addressPrefix")
    elif not inside(prefix, spaces_of(vnet)):
        yield outside(subnet, vnet.id, prefix, spaces_of(vnet))


def _check_gateway_subnet(subnet: Resource) -> Iterator[Fault]:
    """A security group before the gateways would cut their own sessions (azure-facts 2.2)."""
    if subnet.id.name.lower() == GATEWAY_SUBNET.lower() and "networkSecurityGroup" in subnet.properties:
        yield Fault("NetworkSecurityGroupNotAllowedOnGatewaySubnet", f"Subnet {subnet.id.name} cannot have a network "
                    "security group: gateways are not supported behind one. Leave networkSecurityGroup out.",
                    "networkSecurityGroup")


def _beside_siblings(subnet: ResourceId, vnet: ResourceId, prefix: str, estate: Estate) -> Iterator[Fault]:
    for sibling in estate.children(vnet, SUBNET):
        taken = prefix_of(sibling, family_of(prefix))
        if sibling.id.key != subnet.key and taken and overlaps(prefix, taken):
            yield Fault(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{subnet.name}' is not valid because its IP address range overlaps with that of an existing "
                f"subnet in virtual network '{vnet.name}': {prefix} and {taken} of '{sibling.id.name}'. Choose a free "
                "range.",
                "addressPrefix")


def _moved(wish: Wish, model: Subnet, estate: Estate) -> Iterator[Fault]:
    """IPv6 may come to a gateway, and go from it; a NIC's addresses stay."""
    if wish.existing is None:
        return
    for old in prefixes_of(wish.existing):
        if old in model.prefixes:
            continue
        for user, configuration in attached(wish.resource.id, estate):
            six = configuration.properties.private_ip_address_version is AddressVersion.IPV6
            if six or family_of(old) == 4:
                yield Fault(
                    "InUsePrefixCannotBeDeleted",
                    f"IpPrefix {old} on Subnet {wish.resource.id.name} has active allocations and cannot be deleted. "
                    f"It is used by {user.id}; delete that first or keep the prefix.", "addressPrefix")


def subnet_in_use(subnet: Resource, estate: Estate) -> Iterator[Fault]:
    for user, configuration in attached(subnet.id, estate):
        yield Fault(
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet.id.name} is in use by {user.id}/ipConfigurations/{configuration.name} and cannot be "
            "deleted. In order to delete the subnet, delete all the resources within the subnet. See "
            "aka.ms/deletesubnet.")


def _show_subnet(subnet: Resource, estate: Estate) -> Json:
    shown: Json = {}
    if endpoints := subnet.properties.get("serviceEndpoints"):
        state = subnet.state.value
        shown["serviceEndpoints"] = [{"provisioningState": state, "locations": ["*"], **one} for one in endpoints]
    used = [{"id": f"{user.id}/ipConfigurations/{configuration.name}"}
            for user, configuration in attached(subnet.id, estate)]
    return {**shown, "ipConfigurations": used} if used else shown


def not_offered(what: str, way_out: str) -> Refusal:
    return Refusal("OperationNotSupported", f"{what} is not offered here. {way_out}")


SUBNETS = ResourceType(
    SUBNET, model=Subnet, shape="SubnetPropertiesFormat", tracked=False, realised=True,
    parts=(Part("delegations", f"{SUBNET}/delegations"),),
    defaults=filled(delegations=[], privateEndpointNetworkPolicies="Disabled",
                    privateLinkServiceNetworkPolicies="Enabled"),
    check=_check_subnet, in_use=subnet_in_use, show=_show_subnet,
    actions=tuple(Action(name, refused=not_offered(
        "Preparing a subnet for a service", "No service is put into subnets here.")) for name in (
            "prepareNetworkPolicies", "unprepareNetworkPolicies")))

#: Links that services leave in a subnet: none does here.
SUBNET_LINKS = tuple(ResourceType(f"{SUBNET}/{name}", model=ByShape, tracked=False, view=lambda _subnet, _register: ())
                     for name in ("resourceNavigationLinks", "serviceAssociationLinks"))
