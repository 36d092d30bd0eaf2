"""virtualNetworks and their subnets."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Inline, Ledger, Part, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions, inside, overlapping, unusable
from trunkline.api.resources.attached import attached
from trunkline.api.resources.recorded import ByShape, filled, links
from trunkline.api.resources.subnet_addresses import availability, prefix_of, protection, usage, well_formed
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import (
    CONNECTION,
    DDOS_PLAN,
    GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SUBNET,
    VNET,
    VNET_PEERING,
    referrers,
)
from trunkline.model.bgp import AZURE_ASN, overlaps
from trunkline.model.network import GATEWAY_SUBNET, Connection, Subnet, VirtualNetwork
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.service import regional_community

#: Shortest and longest prefix length of a subnet (Azure reserves five of its addresses).
_LENGTHS = range(2, 30)

#: Minutes (azure-facts 1.3.9; az network vnet create --flowtimeout).
_FLOW_TIMEOUT = range(4, 31)

#: What a subnet may use.
_LINKS = (("networkSecurityGroup", SECURITY_GROUP), ("routeTable", ROUTE_TABLE), ("natGateway", NAT_GATEWAY))

#: A network's own community: 12076 and one of these (Azure: custom BGP communities of a virtual network).
_COMMUNITIES = range(20000, 50000)


def spaces_of(vnet: Resource) -> tuple[str, ...]:
    return VirtualNetwork.model_validate(vnet.properties).address_space.address_prefixes


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
    yield from _check_members(wish, estate)


def _check_members(wish: Wish, estate: Register) -> Iterator[Fault]:
    yield from links(wish, estate, "ddosProtectionPlan", DDOS_PLAN)
    given = wish.resource.properties
    timeout = given.get("flowTimeoutInMinutes", _FLOW_TIMEOUT[0])
    if timeout not in _FLOW_TIMEOUT:
        yield Fault("InvalidFlowTimeout", f"flowTimeoutInMinutes {timeout} of {wish.resource.id.name} must be from "
                    f"{_FLOW_TIMEOUT[0]} to {_FLOW_TIMEOUT[-1]}.", "flowTimeoutInMinutes")
    community = given.get("bgpCommunities", {}).get("virtualNetworkCommunity")
    if community is not None and not _is_community(community):
        yield Fault("InvalidVirtualNetworkCommunity", f"bgpCommunities.virtualNetworkCommunity '{community[:80]}' of "
                    f"{wish.resource.id.name} must be 12076: and a number from {_COMMUNITIES[0]} to {_COMMUNITIES[-1]}"
                    ", for example 12076:20001.", "bgpCommunities.virtualNetworkCommunity")


def _is_community(text: str) -> bool:
    asn, _, number = text.partition(":")
    return asn == str(AZURE_ASN) and number.isdecimal() and len(number) == 5 and int(number) in _COMMUNITIES


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


def _defaults(body: Json, resource: ResourceId) -> Json:
    """``enableVmProtection`` is not answered unless it is set [REC]."""
    given = filled(enableDdosProtection=False)(body, resource)
    return {name: value for name, value in given.items() if name != "enableVmProtection" or value}


def _show(vnet: Resource, _estate: Estate) -> Json:
    shown: Json = {"resourceGuid": vnet.system["resourceGuid"]}
    if communities := vnet.properties.get("bgpCommunities"):
        shown["bgpCommunities"] = {**communities, "regionalCommunity": regional_community(vnet.location)}
    return shown


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
    for member, kind in _LINKS:
        yield from links(wish, estate, member, kind, vnet.location)
    yield from _check_gateway_subnet(wish.resource)


def _check_gateway_subnet(subnet: Resource) -> Iterator[Fault]:
    """A security group before the gateways would cut their own sessions (azure-facts 2.2)."""
    if subnet.id.name.lower() == GATEWAY_SUBNET.lower() and "networkSecurityGroup" in subnet.properties:
        yield Fault("NetworkSecurityGroupNotAllowedOnGatewaySubnet", f"Subnet {subnet.id.name} cannot have a network "
                    "security group: gateways are not supported behind one. Leave networkSecurityGroup out.",
                    "networkSecurityGroup")


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
    for user, _ in attached(wish.resource.id, estate):
        yield Fault(
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {prefix_of(wish.existing)} on Subnet {wish.resource.id.name} has active allocations and cannot "
            f"be deleted. It is used by {user.id}; delete that first or keep the prefix.", "addressPrefix")


def _subnet_in_use(subnet: Resource, estate: Estate) -> Iterator[Fault]:
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


def _not_offered(what: str, way_out: str) -> Refusal:
    return Refusal("OperationNotSupported", f"{what} is not offered here. {way_out}")


VIRTUAL_NETWORKS = ResourceType(
    VNET, model=VirtualNetwork, shape="VirtualNetworkPropertiesFormat", realised=True,
    inline=(Inline("subnets", SUBNET), Inline("virtualNetworkPeerings", VNET_PEERING)), envelope=("extendedLocation",),
    defaults=_defaults, check=_check, generate=_generate, in_use=_in_use, show=_show,
    actions=(
        Action("checkIPAddressAvailability", "GET", quick=True, query=("ipAddress",), check=well_formed,
               answer=availability),
        Action("usages", "GET", quick=True, answer=usage),
        Action("ddosProtectionStatus", query=("top", "skipToken"), answer=protection),
        Action("moveIpConfigurations", refused=_not_offered(
            "Moving ipConfigurations between NICs", "Write both NICs anew.")),
        Action("listNetworkManagerEffectiveConnectivityConfigurations", refused=_not_offered(
            "Network Manager", "Peer the networks by virtualNetworkPeerings.")),
        Action("listNetworkManagerEffectiveSecurityAdminRules", refused=_not_offered(
            "Network Manager", "Use network security groups."))))

SUBNETS = ResourceType(
    SUBNET, model=Subnet, shape="SubnetPropertiesFormat", tracked=False, realised=True,
    parts=(Part("delegations", f"{SUBNET}/delegations"),),
    defaults=filled(delegations=[], privateEndpointNetworkPolicies="Disabled",
                    privateLinkServiceNetworkPolicies="Enabled"),
    check=_check_subnet, in_use=_subnet_in_use, show=_show_subnet,
    actions=tuple(Action(name, refused=_not_offered(
        "Preparing a subnet for a service", "No service is put into subnets here.")) for name in (
            "prepareNetworkPolicies", "unprepareNetworkPolicies")))

#: Links that services leave in a subnet: none does here.
SUBNET_LINKS = tuple(ResourceType(f"{SUBNET}/{name}", model=ByShape, tracked=False, view=lambda _subnet, _register: ())
                     for name in ("resourceNavigationLinks", "serviceAssociationLinks"))
