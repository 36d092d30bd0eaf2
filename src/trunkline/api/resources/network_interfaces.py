"""networkInterfaces. On this platform a NIC is a running host with its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.attached import attached
from trunkline.api.resources.linked import immovable, linked, missing, same_region
from trunkline.api.resources.public_ip_addresses import attachable
from trunkline.api.resources.recorded import ByShape, filled, links
from trunkline.api.resources.subnet_addresses import held, prefix_of
from trunkline.errors import Fault
from trunkline.intent.allocation import mac, usable
from trunkline.intent.estate import Estate
from trunkline.intent.view import APPLICATION_GROUP, NIC, SECURITY_GROUP, SUBNET
from trunkline.model.network import (
    GATEWAY_SUBNET,
    AddressVersion,
    AllocationMethod,
    IpConfiguration,
    NetworkInterface,
)
from trunkline.model.resource import Json, Resource, ResourceId

Configurations = tuple[IpConfiguration, ...]

#: Addresses of a subnet and who has them.
Taken = dict[str, ResourceId]


def _configurations(nic: Resource) -> Configurations:
    return NetworkInterface.model_validate(nic.properties).ip_configurations


def _static(configuration: IpConfiguration) -> bool:
    return configuration.properties.private_ip_allocation_method is AllocationMethod.STATIC


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
    nic, configurations = wish.resource, _configurations(wish.resource)
    if len({c.name.lower() for c in configurations}) < len(configurations):
        yield Fault("DuplicateResourceName", f"The ipConfigurations of {nic.id.name} must have different names.",
                    "ipConfigurations")
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
        yield from _moved(_configurations(wish.existing), configurations)
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
    if _static(configuration) and properties.private_ip_address is None:
        yield Fault("PrivateIPAddressRequired", f"ipConfiguration '{name}' is Static but has no privateIPAddress; give "
                    "one, or use privateIPAllocationMethod Dynamic.", "privateIPAddress")
    if properties.private_ip_address_version is AddressVersion.IPV6:
        yield Fault("IPv6NotSupported", f"privateIPAddressVersion of ipConfiguration '{name}' is IPv6, which is not "
                    "offered in this release; use IPv4.", "privateIPAddressVersion")


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
    prefix, taken = prefix_of(subnet), _taken(subnet, nic.id, estate)
    fixed = [c for c in configurations if _static(c) and c.properties.private_ip_address]
    for configuration in fixed:
        yield from _available(nic.id, configuration, prefix, taken)
        taken = {**taken, str(configuration.properties.private_ip_address): nic.id}
    wanted = len(configurations) - len(fixed)
    first, last = usable(prefix)
    free = int(last) - int(first) + 1 - sum(first <= IPv4Address(address) <= last for address in taken)
    if wanted > free:
        yield Fault("SubnetIsFull", f"Subnet {subnet.id.name} with address prefix {prefix} does not have enough "
                    f"capacity for {wanted} IP addresses. {max(free, 0)} are free; use another subnet.", "subnet")


def _available(nic: ResourceId, configuration: IpConfiguration, prefix: str, taken: Taken) -> Iterator[Fault]:
    text = str(configuration.properties.private_ip_address)
    address, network, (first, last) = IPv4Address(text), IPv4Network(prefix), usable(prefix)
    if address not in network:
        yield Fault("PrivateIPAddressNotInSubnet", f"Private static IP address {text} does not belong to the range of "
                    f"subnet prefix {prefix}. Choose one from {first} to {last}.", "privateIPAddress")
    elif not first <= address <= last:
        yield Fault("PrivateIPAddressInReservedRange", f"Private static IP address {text} falls within reserved IP "
                    f"range of subnet prefix {prefix}. Choose one from {first} to {last}.", "privateIPAddress")
    elif text in taken:
        yield Fault(
            "PrivateIPAddressIsAllocated",
            f"IP configuration {nic}/ipConfigurations/{configuration.name} is using the private IP address {text} "
            f"which is already allocated to resource {taken[text]}. Choose another from {first} to {last}, or use "
            "Dynamic.",
            "privateIPAddress")


def _taken(subnet: Resource, but: ResourceId, estate: Estate) -> Taken:
    """Without those of ``but``."""
    return {address: user.id for user, configuration in attached(subnet.id, estate) if user.id.key != but.key
            for address in held(user, configuration.name, prefix_of(subnet))}


def _generate(wish: Wish, ledger: Ledger) -> Json:
    number = ledger.allocate("nic", wish.resource.id.key)
    return {"number": number, "resourceGuid": str(uuid4()), "mac": mac(number).replace(":", "-").upper()}


def _assign(wish: Wish, ledger: Ledger) -> Json:
    """Static addresses as asked; dynamic ones stay what they were, or are the lowest free."""
    configurations = _configurations(wish.resource)
    subnet = configurations[0].properties.subnet
    found = ledger.get(subnet.target) if subnet else None
    if found is None:
        return {}
    taken = set(_taken(found, wish.resource.id, ledger))
    before = wish.existing.system["addresses"] if wish.existing else {}
    addresses = {c.name: str(c.properties.private_ip_address) for c in configurations if _static(c)}
    for configuration in configurations:
        if configuration.name not in addresses:
            excluded = taken | set(addresses.values())
            addresses[configuration.name] = _dynamic(prefix_of(found), before.get(configuration.name), excluded)
    return {"addresses": addresses}


def _dynamic(prefix: str, before: str | None, taken: set[str]) -> str:
    first, last = usable(prefix)
    if before and before not in taken and first <= IPv4Address(before) <= last:
        return before
    return next(text for number in range(int(first), int(last) + 1) if (text := str(IPv4Address(number))) not in taken)


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
    envelope=("extendedLocation",), defaults=_defaults, check=_check, generate=_generate, amend=_assign, show=_show,
    actions=(Action("effectiveRouteTable"), Action("effectiveNetworkSecurityGroups")))

#: What hangs on a NIC, read-only: its configurations, and what no NIC has here.
NIC_PARTS = (
    ResourceType(f"{NIC}/ipConfigurations", model=ByShape, tracked=False, view=_parts_of),
    ResourceType(f"{NIC}/loadBalancers", model=ByShape, tracked=False, view=lambda _nic, _register: ()),
    ResourceType(f"{NIC}/tapConfigurations", model=ByShape, tracked=False, view=lambda _nic, _register: ()),
)
