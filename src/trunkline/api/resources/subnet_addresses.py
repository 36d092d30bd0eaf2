"""Who has which address of a virtual network: what is taken, what is free, how full a subnet is."""

from __future__ import annotations

from collections.abc import Container, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

from trunkline.api.declaration import Question, Register
from trunkline.api.resources.attached import attached
from trunkline.errors import Fault
from trunkline.intent.allocation import instance_addresses, route_server_addresses, usable
from trunkline.intent.estate import Estate
from trunkline.intent.view import NIC, PUBLIC_IP_ADDRESS, SUBNET
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.bgp import network, of_family
from trunkline.model.network import GATEWAY_SUBNET, GatewayType, Subnet
from trunkline.model.resource import Json, Resource

#: Free addresses that are offered instead of a taken one.
_OFFERED = 5


#: An address of either family.
Ip = IPv4Address | IPv6Address


def prefix_of(subnet: Resource, family: int = 4) -> str:
    """Empty without prefix of that family."""
    model = Subnet.model_validate(subnet.properties)
    return model.prefix if family == 4 else model.prefix6


def prefixes_of(subnet: Resource) -> tuple[str, ...]:
    return Subnet.model_validate(subnet.properties).prefixes


def is_usable(address: Ip, subnet: str) -> bool:
    """Whether a resource may have it; both are of one family."""
    first, last = usable(subnet)
    return int(first) <= int(address) <= int(last)


def lowest_free(subnet: str, used: Container[str], beginning: Ip | None = None) -> Iterator[str]:
    """In their order."""
    first, last = usable(subnet)
    start, of = max(int(first), int(beginning or first)), type(first)
    yield from (text for number in range(start, int(last) + 1) if (text := str(of(number))) not in used)


def taken(subnet: Resource, estate: Estate) -> frozenset[str]:
    return frozenset(address for user, configuration in attached(subnet.id, estate)
                     for address in held(user, configuration.name, prefix_of(subnet)))


def held(user: Resource, configuration: str, subnet: str) -> tuple[str, ...]:
    """Addresses of a subnet that one ipConfiguration has."""
    kind = user.id.type.lower()
    if kind == NIC.lower():
        return (user.system["addresses"][configuration],)
    if kind == VIRTUAL_HUB.lower():
        return route_server_addresses(subnet)
    return instance_addresses(subnet) if user.properties["gatewayType"] == GatewayType.EXPRESS_ROUTE else ()


def well_formed(_vnet: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    text = question.parameters["ipAddress"]
    try:
        ip_address(text)
    except ValueError:
        yield Fault("InvalidIPAddressFormat", f"ipAddress '{text[:80]}' in the query is not an IP address; write "
                    "?ipAddress=10.0.0.4.", "ipAddress")


def availability(vnet: Resource, estate: Register, question: Question) -> Json:
    wanted = ip_address(question.parameters["ipAddress"])
    for subnet in estate.children(vnet.id, SUBNET):
        prefix = prefix_of(subnet, wanted.version)
        if prefix and wanted in network(prefix):
            used, allowed = taken(subnet, estate), is_usable(wanted, prefix)
            free = allowed and str(wanted) not in used
            return {"available": free, "isPlatformReserved": not allowed} | (
                {} if free else {"availableIPAddresses": list(islice(lowest_free(prefix, used, wanted), _OFFERED))})
    return {"available": False, "availableIPAddresses": [], "isPlatformReserved": False}


def usage(vnet: Resource, estate: Register, _question: Question) -> Json:
    return {"value": [_row(subnet, estate) for subnet in estate.children(vnet.id, SUBNET)]}


def _row(subnet: Resource, estate: Register) -> Json:
    """A GatewaySubnet is the platform's: it is not counted. Over IPv6 no subnet is ever full."""
    first, last = usable(prefix_of(subnet))
    counted = subnet.id.name.lower() != GATEWAY_SUBNET.lower()
    return {"id": str(subnet.id), "unit": "Count",
            "name": {"value": "SubnetSpace", "localizedValue": "Subnet size and usage"},
            "currentValue": float(len(of_family(4, taken(subnet, estate)))) if counted else -1.0,
            "limit": float(int(last) - int(first) + 1) if counted else -1.0}


def protection(vnet: Resource, estate: Register, _question: Question) -> Json:
    """Public addresses of a network: none is protected by any plan, for nothing stands before them."""
    found = {}
    for subnet in estate.children(vnet.id, SUBNET):
        for _, configuration in attached(subnet.id, estate):
            wanted = configuration.properties.public_ip_address
            address = estate.get(wanted.target) if wanted else None
            if address and address.id.type.lower() == PUBLIC_IP_ADDRESS.lower():
                found[address.id.key] = unprotected(address)
    return {"value": list(found.values())}


def unprotected(address: Resource) -> Json:
    return {"publicIpAddressId": str(address.id), "publicIpAddress": address.system["ipAddress"],
            "isWorkloadProtected": "False"}
