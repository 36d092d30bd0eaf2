"""virtualNetworks."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Inline, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions, inside, overlapping, unusable
from trunkline.api.resources.recorded import filled, links
from trunkline.api.resources.subnet_addresses import (
    availability,
    prefixes_of,
    protection,
    usage,
    well_formed,
)
from trunkline.api.resources.subnets import not_offered, outside, spaces_of, subnet_in_use
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import circuit_of
from trunkline.intent.view import (
    CONNECTION,
    DDOS_PLAN,
    GATEWAY,
    SUBNET,
    VNET,
    VNET_PEERING,
    referrers,
)
from trunkline.intent.wan import connection_to_hub, hub_of_network
from trunkline.model.bgp import AZURE_ASN, of_family
from trunkline.model.network import Connection, VirtualNetwork
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.service import regional_community

#: Minutes (azure-facts 1.3.9; az network vnet create --flowtimeout).
_FLOW_TIMEOUT = range(4, 31)

#: A network's own community: 12076 and one of these (Azure: custom BGP communities of a virtual network).
_COMMUNITIES = range(20000, 50000)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    vnet = wish.resource
    spaces = spaces_of(vnet)
    for space in spaces:
        yield from unusable(space, "addressSpace.addressPrefixes")
    if not of_family(4, spaces):
        yield Fault("IPv4AddressSpaceRequired", f"addressSpace.addressPrefixes of {vnet.id} has IPv6 alone, and a "
                    "virtual network has IPv4 or both; add an IPv4 prefix.", "addressSpace.addressPrefixes")
    for one, other in overlapping(spaces):
        yield Fault("AddressPrefixesOverlap", f"addressSpace.addressPrefixes {one} and {other} of {vnet.id} overlap; "
                    "give prefixes that share no address.", "addressSpace.addressPrefixes")
    for subnet in wish.children.get("subnets", estate.children(vnet.id, SUBNET)):
        for prefix in prefixes_of(subnet):
            if not inside(prefix, spaces):
                yield outside(subnet.id, vnet.id, prefix, spaces)
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
    found = hub_of_network(estate, vnet)
    for link in found[0].circuits if found else ():
        target = circuit_of(link.resource)
        if target and (circuit := estate.get(target)):
            yield circuit


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("virtualNetworks", wish.resource.id.key), "resourceGuid": str(uuid4())}


def _in_use(vnet: Resource, estate: Estate) -> Iterator[Fault]:
    for subnet in estate.children(vnet.id, SUBNET):
        yield from subnet_in_use(subnet, estate)
    if connection := connection_to_hub(estate, vnet.id):
        yield Conflict("InUseVirtualNetworkCannotBeDeleted", f"Virtual network {vnet.id} is connected to a hub by "
                       f"{connection.id} and cannot be deleted. Delete that connection first.", status=400)


def _defaults(body: Json, resource: ResourceId) -> Json:
    """``enableVmProtection`` is not answered unless it is set [REC]."""
    given = filled(enableDdosProtection=False)(body, resource)
    return {name: value for name, value in given.items() if name != "enableVmProtection" or value}


def _show(vnet: Resource, _estate: Estate) -> Json:
    shown: Json = {"resourceGuid": vnet.system["resourceGuid"]}
    if communities := vnet.properties.get("bgpCommunities"):
        shown["bgpCommunities"] = {**communities, "regionalCommunity": regional_community(vnet.location)}
    return shown


VIRTUAL_NETWORKS = ResourceType(
    VNET, model=VirtualNetwork, shape="VirtualNetworkPropertiesFormat", realised=True,
    inline=(Inline("subnets", SUBNET), Inline("virtualNetworkPeerings", VNET_PEERING)), envelope=("extendedLocation",),
    defaults=_defaults, check=_check, generate=_generate, in_use=_in_use, show=_show,
    actions=(
        Action("checkIPAddressAvailability", "GET", quick=True, query=("ipAddress",), check=well_formed,
               answer=availability),
        Action("usages", "GET", quick=True, answer=usage),
        Action("ddosProtectionStatus", query=("top", "skipToken"), answer=protection),
        Action("moveIpConfigurations", refused=not_offered(
            "Moving ipConfigurations between NICs", "Write both NICs anew.")),
        Action("listNetworkManagerEffectiveConnectivityConfigurations", refused=not_offered(
            "Network Manager", "Peer the networks by virtualNetworkPeerings.")),
        Action("listNetworkManagerEffectiveSecurityAdminRules", refused=not_offered(
            "Network Manager", "Use network security groups."))))
