"""virtualNetworks and their subnets."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Inline, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions, inside, overlapping, unusable
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, GATEWAY, NIC, SUBNET, VNET, referrers
from trunkline.model.bgp import overlaps
from trunkline.model.network import Connection, IpConfiguration, Subnet, VirtualNetwork
from trunkline.model.resource import Json, Resource, ResourceId

#: Shortest and longest prefix length of a subnet (Azure reserves five of its addresses).
_LENGTHS = range(2, 30)


def spaces_of(vnet: Resource) -> tuple[str, ...]:
    return VirtualNetwork.model_validate(vnet.properties).address_space.address_prefixes


def prefix_of(subnet: Resource) -> str:
    return Subnet.model_validate(subnet.properties).prefix


def users(subnet: ResourceId, estate: Estate) -> Iterator[tuple[Resource, IpConfiguration]]:
    """Who has an ipConfiguration in a subnet: NICs and gateways."""
    for kind in (NIC, GATEWAY):
        for user in referrers(estate, subnet, kind):
            for raw in user.properties["ipConfigurations"]:
                configuration = IpConfiguration.model_validate(raw)
                within = configuration.properties.subnet
                if within and within.target.key == subnet.key:
                    yield user, configuration


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    vnet = wish.resource
    spaces = spaces_of(vnet)
    for space in spaces:
        yield from unusable(space, "addressSpace.addressPrefixes")
    for one, other in overlapping(spaces):
        yield Fault("AddressPrefixesOverlap", f"addressSpace.addressPrefixes {one} and {other} of {vnet.id} overlap; "
                    "give prefixes that share no address.", "addressSpace.addressPrefixes")
    for subnet in wish.children.get("subnets", estate.children(vnet.id, SUBNET)):
        prefix = prefix_of(subnet)
        if prefix and not inside(prefix, spaces):
            yield _outside(subnet.id, vnet.id, prefix, spaces)
    for circuit in _circuits_of(vnet.id, estate):
        yield from circuit_collisions(estate, circuit, vnet.id, spaces)


def _circuits_of(vnet: ResourceId, estate: Estate) -> Iterator[Resource]:
    """The circuits that a virtual network is linked to."""
    for subnet in estate.children(vnet, SUBNET):
        for gateway in referrers(estate, subnet.id, GATEWAY):
            for connection in referrers(estate, gateway.id, CONNECTION):
                peer = Connection.model_validate(connection.properties).peer
                if peer and (circuit := estate.get(peer.target)):
                    yield circuit


def _outside(subnet: ResourceId, vnet: ResourceId, prefix: str, spaces: tuple[str, ...]) -> Fault:
    return Fault("NetcfgInvalidSubnet", f"Subnet '{subnet.name}' is not valid in virtual network '{vnet.name}'. Its "
                 f"prefix {prefix} must lie inside the address space {', '.join(spaces)}.", "addressPrefix")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("virtualNetworks", wish.resource.id.key), "resourceGuid": str(uuid4())}


def _in_use(vnet: Resource, estate: Estate) -> Iterator[Fault]:
    for subnet in estate.children(vnet.id, SUBNET):
        yield from _subnet_in_use(subnet, estate)


def _show(vnet: Resource, _estate: Estate) -> Json:
    return {"resourceGuid": vnet.system["resourceGuid"], "virtualNetworkPeerings": [], "enableDdosProtection": False}


def _check_subnet(wish: Wish, estate: Register) -> Iterator[Fault]:
    subnet, model = wish.resource.id, Subnet.model_validate(wish.resource.properties)
    vnet = estate.get(subnet.parent) if subnet.parent else None
    if not model.prefix or len(model.address_prefixes or ()) > 1:
        yield Fault("SubnetPrefixRequired", f"Subnet '{subnet.name}' needs exactly one prefix; give addressPrefix, for "
                    "example 10.0.0.0/24.", "addressPrefix")
        return
    if vnet is None:
        return
    yield from unusable(model.prefix, "addressPrefix")
    if int(model.prefix.partition("/")[2]) not in _LENGTHS:
        yield Fault("NetcfgInvalidSubnet", f"Subnet '{subnet.name}' is not valid in virtual network '{vnet.id.name}'. "
                    f"Its prefix {model.prefix} must have a length from /{_LENGTHS[0]} to /{_LENGTHS[-1]}: five "
                    "addresses of a subnet are the platform's.", "addressPrefix")
    elif not inside(model.prefix, spaces_of(vnet)):
        yield _outside(subnet, vnet.id, model.prefix, spaces_of(vnet))
    yield from _beside_siblings(subnet, vnet.id, model.prefix, estate)
    yield from _moved(wish, model.prefix, estate)


def _beside_siblings(subnet: ResourceId, vnet: ResourceId, prefix: str, estate: Estate) -> Iterator[Fault]:
    for sibling in estate.children(vnet, SUBNET):
        taken = prefix_of(sibling)
        if sibling.id.key != subnet.key and overlaps(prefix, taken):
            yield Fault(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{subnet.name}' is not valid because its IP address range overlaps with that of an existing "
                f"subnet in virtual network '{vnet.name}': {prefix} and {taken} of '{sibling.id.name}'. Choose a free "
                "range.",
                "addressPrefix")


def _moved(wish: Wish, prefix: str, estate: Estate) -> Iterator[Fault]:
    if wish.existing is None or prefix_of(wish.existing) == prefix:
        return
    for user, _ in users(wish.resource.id, estate):
        yield Fault(
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {prefix_of(wish.existing)} on Subnet {wish.resource.id.name} has active allocations and cannot "
            f"be deleted. It is used by {user.id}; delete that first or keep the prefix.", "addressPrefix")


def _subnet_in_use(subnet: Resource, estate: Estate) -> Iterator[Fault]:
    for user, configuration in users(subnet.id, estate):
        yield Fault(
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet.id.name} is in use by {user.id}/ipConfigurations/{configuration.name} and cannot be "
            "deleted. In order to delete the subnet, delete all the resources within the subnet. See "
            "aka.ms/deletesubnet.")


def _show_subnet(subnet: Resource, estate: Estate) -> Json:
    used = [{"id": f"{user.id}/ipConfigurations/{configuration.name}"}
            for user, configuration in users(subnet.id, estate)]
    shown: Json = {"delegations": [], "privateEndpointNetworkPolicies": "Disabled",
                   "privateLinkServiceNetworkPolicies": "Enabled"}
    return {**shown, "ipConfigurations": used} if used else shown


VIRTUAL_NETWORKS = ResourceType(
    VNET, model=VirtualNetwork, realised=True, inline=(Inline("subnets", SUBNET),), check=_check, generate=_generate,
    in_use=_in_use, show=_show)

SUBNETS = ResourceType(
    SUBNET, model=Subnet, tracked=False, realised=True, check=_check_subnet, in_use=_subnet_in_use, show=_show_subnet)
