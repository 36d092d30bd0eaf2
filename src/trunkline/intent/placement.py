"""What stands in the subnets of a virtual network, and what its security groups and route tables say."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.estate import Estate
from trunkline.intent.view import NIC, ROUTE, SECURITY_RULE, SUBNET, alive, referrers
from trunkline.model.network import NetworkInterface, Subnet
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.routing import RouteTable, UserRoute
from trunkline.model.security import DEFAULT_RULES, SecurityRule


@dataclass(frozen=True, slots=True)
class PlacedNic:
    resource: Resource
    model: NetworkInterface

    @property
    def interface(self) -> str:
        """The VNet router's end of its link."""
        return nic_interface(self.resource)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self.resource.system["addresses"][c.name] for c in self.model.ip_configurations)


def nic_interface(nic: Resource) -> str:
    return f"n{nic.number}"


@dataclass(frozen=True, slots=True)
class PlacedSubnet:
    id: ResourceId
    model: Subnet
    nics: tuple[PlacedNic, ...]


def placed(estate: Estate, vnet: ResourceId) -> tuple[PlacedSubnet, ...]:
    return tuple(PlacedSubnet(subnet.id, Subnet.model_validate(subnet.properties), _nics(estate, subnet.id))
                 for subnet in estate.children(vnet, SUBNET) if not subnet.deleting)


def _nics(estate: Estate, subnet: ResourceId) -> tuple[PlacedNic, ...]:
    return tuple(PlacedNic(nic, NetworkInterface.model_validate(nic.properties))
                 for nic in referrers(estate, subnet, NIC))


def security_rules(estate: Estate, group: ResourceId) -> tuple[SecurityRule, ...]:
    """A group's own rules and those that every group has, by priority."""
    own = (SecurityRule.model_validate({**rule.properties, "name": rule.id.name})
           for rule in estate.children(group, SECURITY_RULE) if not rule.deleting)
    return tuple(sorted((*own, *DEFAULT_RULES), key=lambda rule: rule.priority))


@dataclass(frozen=True, slots=True)
class UserTable:
    id: ResourceId
    model: RouteTable
    routes: tuple[tuple[str, UserRoute], ...]  #: by name


def user_table(estate: Estate, table: ResourceId) -> UserTable | None:
    resource = alive(estate, table)
    if resource is None:
        return None
    routes = tuple((route.id.name, UserRoute.model_validate(route.properties))
                   for route in estate.children(table, ROUTE) if not route.deleting)
    return UserTable(resource.id, RouteTable.model_validate(resource.properties), routes)
