"""networkInterfaces. On this platform a NIC is a running host with its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable, linked, missing, same_region
from trunkline.api.resources.nic_addresses import (
    Configurations,
    assign,
    configurations_of,
    family_wanted,
    is_static,
    room,
)
from trunkline.api.resources.public_ip_addresses import attachable
from trunkline.api.resources.recorded import ByShape, filled, links
from trunkline.errors import Fault
from trunkline.intent.allocation import mac
from trunkline.intent.estate import Estate
from trunkline.intent.view import APPLICATION_GROUP, NIC, SECURITY_GROUP, SUBNET
from trunkline.model.bgp import family_of
from trunkline.model.network import (
    GATEWAY_SUBNET,
    AllocationMethod,
    IpConfiguration,
    NetworkInterface,
)
from trunkline.model.resource import Json, Resource, ResourceId


def _filled_rows(body: Json) -> Json:
    """The address of a dynamic configuration is ours: clients write back what they read. The first configuration is
    primary unless another says that it is."""
    rows = body.get("ipConfigurations")
    if not isinstance(rows, list):
        return body
    said = any(isinstance(found := _inside(row), dict) and found.get("primary") for row in rows)
    return {**body, "ipConfigurations": [
        _filled_row(row, primary=index == 0 and not said) for index, row in enumerate(rows)]}


def _inside(row: object) -> object:
    return row.get("properties") if isinstance(row, dict) else None


def _filled_row(row: object, primary: bool) -> object:
    properties = _inside(row)
    if not isinstance(row, dict) or not isinstance(properties, dict):
        return row
    static = properties.get("privateIPAllocationMethod") == AllocationMethod.STATIC.value
    kept = {name: value for name, value in properties.items() if static or name != "privateIPAddress"}
    return {**row, "properties": {**kept, "primary": kept.get("primary") or primary}}


def _defaults(body: Json, resource: ResourceId) -> Json:
    return filled(
        nicType="Standard", enableAcceleratedNetworking=False, enableIPForwarding=False, disableTcpStateTracking=False,
        auxiliaryMode="None", auxiliarySku="None", dnsSettings={"dnsServers": []})(_filled_rows(body), resource)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    nic, configurations = wish.resource, configurations_of(wish.resource)
    if len({c.name.lower() for c in configurations}) < len(configurations):
        yield Fault("DuplicateResourceName", f"The ipConfigurations of {nic.id.name} must have different names.",
                    "ipConfigurations")
    yield from _families(nic, configurations)
    for configuration in configurations:
        yield from _well_formed(configuration)
        yield from attachable(nic, configuration, estate)
    yield from links(wish, estate, "networkSecurityGroup", SECURITY_GROUP, nic.location)
    yield from _check_rows(nic, estate)
    subnets = {c.properties.subnet.id.lower(): c.properties.subnet.id for c in configurations if c.properties.subnet}
    if len(subnets) > 1:
        yield Fault("IPConfigurationsNotInSameSubnet", f"The ipConfigurations of {nic.id.name} are in {len(subnets)} "
                    "subnets; put all in one, or create a NIC for each.", "ipConfigurations")
    if wish.existing:
        yield from _moved(configurations_of(wish.existing), configurations)
    for text in subnets.values():
        yield from _in_subnet(nic, text, configurations, estate)


def _check_rows(nic: Resource, estate: Estate) -> Iterator[Fault]:
    rows = [row["properties"] for row in nic.properties["ipConfigurations"]]
    if sum(bool(row.get("primary")) for row in rows) > 1:
        yield Fault("OnlyOnePrimaryIpConfigurationAllowed", f"More than one ipConfiguration of {nic.id.name} is "
                    "primary; choose one.", "ipConfigurations")
    for row in rows:
        for link in row.get("applicationSecurityGroups", []):
            if linked(estate, nic.id, link.get("id", ""), APPLICATION_GROUP) is None:
                yield missing(nic.id, link.get("id", ""), APPLICATION_GROUP, "applicationSecurityGroups")


def _moved(old: Configurations, new: Configurations) -> Iterator[Fault]:
    """Between subnets of its virtual network a NIC may move, as in Azure."""
    was, subnet = old[0].properties.subnet, new[0].properties.subnet
    if was and subnet and _vnet(was.id) != _vnet(subnet.id):
        yield immovable("subnet", was.id, subnet.id, "A NIC stays in its virtual network; delete it and create it anew "
                        "in the other.", "subnet")


def _vnet(subnet: str) -> str:
    return subnet.lower().partition("/subnets/")[0]


def _well_formed(configuration: IpConfiguration) -> Iterator[Fault]:
    properties, name = configuration.properties, configuration.name
    if properties.subnet is None:
        yield Fault("SubnetRequired", f"ipConfiguration '{name}' needs a subnet; give subnet.id.", "subnet")
    if is_static(configuration) and properties.private_ip_address is None:
        yield Fault("PrivateIPAddressRequired", f"ipConfiguration '{name}' is Static but has no privateIPAddress; give "
                    "one, or use privateIPAllocationMethod Dynamic.", "privateIPAddress")
    if properties.private_ip_address and family_of(properties.private_ip_address) != family_wanted(configuration):
        yield Fault("PrivateIPAddressVersionMismatch", f"privateIPAddress {properties.private_ip_address} of "
                    f"ipConfiguration '{name}' is not {properties.private_ip_address_version}, as its "
                    "privateIPAddressVersion says; change one of both.", "privateIPAddressVersion")


def _families(nic: Resource, configurations: Configurations) -> Iterator[Fault]:
    """IPv6 stands beside IPv4, which is primary, as in Azure."""
    if all(family_wanted(configuration) == 6 for configuration in configurations):
        yield Fault("IPv4IpConfigurationRequired", f"The ipConfigurations of {nic.id.name} are all IPv6; a NIC has "
                    "IPv4 or both. Add one with privateIPAddressVersion IPv4.", "ipConfigurations")
        return
    for row, configuration in zip(nic.properties["ipConfigurations"], configurations, strict=True):
        if family_wanted(configuration) == 6 and row["properties"].get("primary"):
            yield Fault("PrimaryIpConfigurationMustBeIPv4", f"ipConfiguration '{configuration.name}' of {nic.id.name} "
                        "is IPv6 and cannot be primary; make one of IPv4 primary.", "ipConfigurations")


def _in_subnet(nic: Resource, text: str, configurations: Configurations, estate: Estate) -> Iterator[Fault]:
    subnet = linked(estate, nic.id, text, SUBNET)
    vnet = estate.get(subnet.id.parent) if subnet and subnet.id.parent else None
    if subnet is None or vnet is None or not same_region(nic.location, vnet.location):
        yield missing(nic.id, text, SUBNET, "subnet")
        return
    if subnet.id.name.lower() == GATEWAY_SUBNET.lower():
        yield Fault("GatewaySubnetIsReserved", f"NIC {nic.id.name} cannot be in {subnet.id}: GatewaySubnet is for "
                    "virtual network gateways only. Use another subnet.", "subnet")
        return
    for family in sorted({family_wanted(configuration) for configuration in configurations}):
        mine = tuple(configuration for configuration in configurations if family_wanted(configuration) == family)
        yield from room(nic, subnet, mine, family, estate)


def _generate(wish: Wish, ledger: Ledger) -> Json:
    number = ledger.allocate("nic", wish.resource.id.key)
    return {"number": number, "resourceGuid": str(uuid4()), "mac": mac(number).replace(":", "-").upper()}


def _show(nic: Resource, _estate: Estate) -> Json:
    given = nic.properties.get("dnsSettings") or {}
    return {
        "resourceGuid": nic.system["resourceGuid"], "ipConfigurations": list(_parts(nic)),
        "dnsSettings": {**given, "appliedDnsServers": given.get("dnsServers", [])}, "macAddress": nic.system["mac"],
        "vnetEncryptionSupported": False, "hostedWorkloads": [], "tapConfigurations": []}


def _parts(nic: Resource) -> Iterator[Json]:
    """Each ipConfiguration as a resource."""
    for row in nic.properties["ipConfigurations"]:
        name, given = row["name"], {member: value for member, value in row["properties"].items() if value != []}
        yield {
            "name": name, "id": f"{nic.id}/ipConfigurations/{name}", "etag": nic.etag,
            "type": f"{NIC}/ipConfigurations",
            "properties": {"provisioningState": nic.state.value, **given,
                           "privateIPAddress": nic.system["addresses"][name]}}


def _parts_of(parent: ResourceId, register: Register) -> Iterator[Json]:
    nic = register.get(parent)
    yield from _parts(nic) if nic else ()


NETWORK_INTERFACES = ResourceType(
    NIC, model=NetworkInterface, shape="NetworkInterfacePropertiesFormat", realised=True,
    envelope=("extendedLocation",), defaults=_defaults, check=_check, generate=_generate, amend=assign, show=_show,
    actions=(Action("effectiveRouteTable"), Action("effectiveNetworkSecurityGroups")))

#: What hangs on a NIC, read-only: its configurations, and what no NIC has here.
NIC_PARTS = (
    ResourceType(f"{NIC}/ipConfigurations", model=ByShape, tracked=False, view=_parts_of),
    ResourceType(f"{NIC}/loadBalancers", model=ByShape, tracked=False, view=lambda _nic, _register: ()),
    ResourceType(f"{NIC}/tapConfigurations", model=ByShape, tracked=False, view=lambda _nic, _register: ()),
)
