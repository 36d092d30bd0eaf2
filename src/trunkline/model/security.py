"""Security rules of network security groups, and the six that every group has."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from trunkline.model.resource import Properties, Reference

#: The address from which the platform probes and answers.
PLATFORM_ADDRESS = "168.63.129.16"


class Direction(StrEnum):
    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class Access(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class Tag(StrEnum):
    """Whose meaning depends on where a rule works."""

    ANY = "*"
    VIRTUAL_NETWORK = "VirtualNetwork"
    LOAD_BALANCER = "AzureLoadBalancer"
    INTERNET = "Internet"


class SecurityRule(Properties):
    """``Prefix`` and ``Prefixes``, ``Range`` and ``Ranges`` add up."""

    description: str = ""
    protocol: str = "*"
    access: Access
    direction: Direction
    priority: int
    source_address_prefix: str | None = None
    source_address_prefixes: tuple[str, ...] = ()
    source_application_security_groups: tuple[Reference, ...] = ()
    source_port_range: str | None = None
    source_port_ranges: tuple[str, ...] = ()
    destination_address_prefix: str | None = None
    destination_address_prefixes: tuple[str, ...] = ()
    destination_application_security_groups: tuple[Reference, ...] = ()
    destination_port_range: str | None = None
    destination_port_ranges: tuple[str, ...] = ()
    name: str = Field(default="", exclude=True)

    @property
    def sources(self) -> tuple[str, ...]:
        return _both(self.source_address_prefix, self.source_address_prefixes)

    @property
    def destinations(self) -> tuple[str, ...]:
        return _both(self.destination_address_prefix, self.destination_address_prefixes)

    @property
    def source_ports(self) -> tuple[str, ...]:
        return _both(self.source_port_range, self.source_port_ranges)

    @property
    def destination_ports(self) -> tuple[str, ...]:
        return _both(self.destination_port_range, self.destination_port_ranges)


def _both(one: str | None, more: tuple[str, ...]) -> tuple[str, ...]:
    return ((one,) if one else ()) + more


def _default(name: str, description: str, priority: int, direction: Direction, *way: str) -> SecurityRule:
    source, destination, access = way
    return SecurityRule(
        name=name, description=description, priority=priority, direction=direction, access=Access(access),
        source_address_prefix=source, destination_address_prefix=destination, source_port_range=Tag.ANY,
        destination_port_range=Tag.ANY)


#: Behind a customer's own, whose priorities end at 4096.
DEFAULT_RULES = (
    _default("AllowVnetInBound", "Allow inbound traffic from all VMs in VNET", 65000, Direction.INBOUND,
             Tag.VIRTUAL_NETWORK, Tag.VIRTUAL_NETWORK, Access.ALLOW),
    _default("AllowAzureLoadBalancerInBound", "Allow inbound traffic from azure load balancer", 65001,
             Direction.INBOUND, Tag.LOAD_BALANCER, Tag.ANY, Access.ALLOW),
    _default("DenyAllInBound", "Deny all inbound traffic", 65500, Direction.INBOUND, Tag.ANY, Tag.ANY, Access.DENY),
    _default("AllowVnetOutBound", "Allow outbound traffic from all VMs to all VMs in VNET", 65000, Direction.OUTBOUND,
             Tag.VIRTUAL_NETWORK, Tag.VIRTUAL_NETWORK, Access.ALLOW),
    _default("AllowInternetOutBound", "Allow outbound traffic from all VMs to Internet", 65001, Direction.OUTBOUND,
             Tag.ANY, Tag.INTERNET, Access.ALLOW),
    _default("DenyAllOutBound", "Deny all outbound traffic", 65500, Direction.OUTBOUND, Tag.ANY, Tag.ANY, Access.DENY),
)
