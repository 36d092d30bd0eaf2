"""Which addresses the ipConfigurations of a NIC may have, and which they get."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from trunkline.api.declaration import Ledger, Wish
from trunkline.api.resources.attached import attached
from trunkline.api.resources.subnet_addresses import held, is_usable, lowest_free, prefix_of
from trunkline.errors import Fault
from trunkline.intent.allocation import usable
from trunkline.intent.estate import Estate
from trunkline.model.bgp import family_of, within
from trunkline.model.network import AddressVersion, AllocationMethod, IpConfiguration, NetworkInterface
from trunkline.model.resource import Json, Resource, ResourceId

Configurations = tuple[IpConfiguration, ...]

#: Addresses of a subnet and who has them.
Taken = dict[str, ResourceId]


def configurations_of(nic: Resource) -> Configurations:
    return NetworkInterface.model_validate(nic.properties).ip_configurations


def is_static(configuration: IpConfiguration) -> bool:
    return configuration.properties.private_ip_allocation_method is AllocationMethod.STATIC


def family_wanted(configuration: IpConfiguration) -> int:
    return 6 if configuration.properties.private_ip_address_version is AddressVersion.IPV6 else 4


def room(nic: Resource, subnet: Resource, configurations: Configurations, family: int,
          estate: Estate) -> Iterator[Fault]:
    prefix = prefix_of(subnet, family)
    if not prefix:
        yield Fault("SubnetHasNoIPv6Prefix", f"ipConfiguration '{configurations[0].name}' of {nic.id.name} is IPv6, "
                    f"and {subnet.id} has no IPv6 prefix; add a /64 to its addressPrefixes.", "subnet")
        return
    taken = {address: owner for address, owner in _taken(subnet, nic.id, estate).items()
             if family_of(address) == family}
    fixed = [c for c in configurations if is_static(c) and c.properties.private_ip_address]
    for configuration in fixed:
        yield from _available(nic.id, configuration, prefix, taken)
        taken = {**taken, str(configuration.properties.private_ip_address): nic.id}
    wanted = len(configurations) - len(fixed)
    first, last = usable(prefix)
    free = int(last) - int(first) + 1 - sum(is_usable(ip_address(address), prefix) for address in taken)
    if wanted > free:
        yield Fault("SubnetIsFull", f"Subnet {subnet.id.name} with address prefix {prefix} does not have enough "
                    f"capacity for {wanted} IP addresses. {max(free, 0)} are free; use another subnet.", "subnet")


def _available(nic: ResourceId, configuration: IpConfiguration, prefix: str, taken: Taken) -> Iterator[Fault]:
    text = str(configuration.properties.private_ip_address)
    address, (first, last) = ip_address(text), usable(prefix)
    if not within(text, prefix):
        yield Fault("PrivateIPAddressNotInSubnet", f"Private static IP address {text} does not belong to the range of "
                    f"subnet prefix {prefix}. Choose one from {first} to {last}.", "privateIPAddress")
    elif not is_usable(address, prefix):
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


def assign(wish: Wish, ledger: Ledger) -> Json:
    """Static addresses as asked; dynamic ones stay what they were, or are the lowest free."""
    configurations = configurations_of(wish.resource)
    subnet = configurations[0].properties.subnet
    found = ledger.get(subnet.target) if subnet else None
    if found is None:
        return {}
    taken = set(_taken(found, wish.resource.id, ledger))
    before = wish.existing.system["addresses"] if wish.existing else {}
    addresses = {c.name: str(c.properties.private_ip_address) for c in configurations if is_static(c)}
    for configuration in configurations:
        if configuration.name not in addresses:
            excluded = taken | set(addresses.values())
            addresses[configuration.name] = _dynamic(prefix_of(found, family_wanted(configuration)),
                                                     before.get(configuration.name), excluded)
    return {"addresses": addresses}


def _dynamic(prefix: str, before: str | None, taken: set[str]) -> str:
    if before and before not in taken and within(before, prefix) and is_usable(ip_address(before), prefix):
        return before
    return next(lowest_free(prefix, taken))
