"""What may stand in an estate file. Unknown words are faults: a misspelt option must not be lost silently.

Wherever a resource of the same group is meant its name is enough; ``group/name`` and full ids work too.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from trunkline.cli.estate.document import Document, FaultyFile, FileFault
from trunkline.model.bgp import CustomerAsn, PeeringPrefix, Prefix, VlanId
from trunkline.model.circuit import Leg, SharedKey
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.site import LegOrder, Site, SiteHost, SiteRouter

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$")]
_STRICT = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Section(BaseModel):
    """Base of all items. The file's group and location hold unless an item says otherwise."""

    model_config = _STRICT


class Item(Section):
    name: Name
    resource_group: Name | None = None
    location: str | None = None


class RouterItem(SiteRouter):
    model_config = _STRICT


class HostItem(SiteHost):
    model_config = _STRICT


class SiteItem(Site):
    model_config = _STRICT

    name: Name
    resource_group: Name | None = None
    routers: tuple[RouterItem, ...] = Field(min_length=1, max_length=2)
    hosts: tuple[HostItem, ...] = ()


class PeeringItem(Section):
    """Private peering, under the names that network people use."""

    asn: CustomerAsn
    vlan: VlanId
    primary: PeeringPrefix
    secondary: PeeringPrefix
    shared_key: SharedKey | None = None


class CircuitItem(Item):
    """``provision``: the provider turns its side to Provisioned."""

    provider: str
    peering_location: str
    bandwidth: Annotated[int, Field(gt=0)]
    sku: Annotated[str, StringConstraints(pattern=r"^(Standard|Premium|Local)_(MeteredData|UnlimitedData)$")] = \
        "Standard_MeteredData"
    peering: PeeringItem | None = None
    provision: bool = False


class LegItem(LegOrder):
    model_config = _STRICT


class CrossConnectItem(Section):
    """Ordered from the exchange for a circuit, whose service key is looked up."""

    circuit: str
    name: Name | None = None
    resource_group: Name | None = None
    site: str | None = None
    primary: LegItem | None = None
    secondary: LegItem | None = None
    provision: bool = False

    @model_validator(mode="after")
    def _complete(self) -> CrossConnectItem:
        if not (self.primary or self.secondary):
            raise ValueError("give primary, secondary or both")
        if not self.site and any(leg and leg.router for leg in (self.primary, self.secondary)):
            raise ValueError("a leg that ends at a router needs the site of that router")
        return self


class MachineItem(Section):
    name: Name
    subnet: str = "default"
    address: str | None = None


class GatewayItem(Section):
    name: Name
    sku: str = "Standard"


class ConnectionItem(Section):
    circuit: str
    name: Name | None = None
    weight: Annotated[int, Field(ge=0, le=32000)] = 0


class NetworkItem(Item):
    """A virtual network with what stands in it. Subnets: name → prefix."""

    address_space: tuple[Prefix, ...] = Field(min_length=1)
    subnets: dict[Name, Prefix] = {}
    machines: tuple[MachineItem, ...] = ()
    gateway: GatewayItem | None = None
    connections: tuple[ConnectionItem, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> NetworkItem:
        for machine in self.machines:
            if machine.subnet not in self.subnets:
                raise ValueError(f"machine '{machine.name}' names subnet '{machine.subnet}', which is not in subnets")
        if self.gateway and GATEWAY_SUBNET not in self.subnets:
            raise ValueError(f"a gateway needs a subnet called {GATEWAY_SUBNET}")
        if self.connections and not self.gateway:
            raise ValueError("connections need a gateway")
        return self


class FaultItem(Section):
    """A rehearsed failure of a leg."""

    circuit: str
    leg: Leg
    seconds: Annotated[int, Field(ge=1, le=86400)] = 300


class AnyItem(Item):
    """Any ARM resource. ``name`` of a child: ``parent/child``. A mapping ``{ref: virtualNetworks/hub}`` anywhere in
    the properties becomes ``{id: …}`` of that resource."""

    name: Annotated[str, StringConstraints(pattern=r"^[^/\s]+(/[^/\s]+)*$")]
    type: str
    tags: dict[str, str] | None = None
    sku: dict[str, Any] | None = None
    zones: tuple[str, ...] | None = None
    properties: dict[str, Any] = {}


class EstateFile(Section):
    resource_group: Name
    location: str = "westeurope"
    sites: tuple[SiteItem, ...] = ()
    circuits: tuple[CircuitItem, ...] = ()
    cross_connects: tuple[CrossConnectItem, ...] = ()
    networks: tuple[NetworkItem, ...] = ()
    resources: tuple[AnyItem, ...] = ()
    faults: tuple[FaultItem, ...] = ()


def check(document: Document) -> EstateFile:
    """The file as typed values; raises FaultyFile with everything that is wrong."""
    try:
        return EstateFile.model_validate(document.value)
    except ValidationError as problem:
        faults = [_fault(document, dict(error)) for error in problem.errors()]
        raise FaultyFile([fault for fault in faults if not _follows(fault, faults)]) from None


def _follows(fault: FileFault, others: list[FileFault]) -> bool:
    """Whether it only says that something inside is wrong, which is told there."""
    return any(len(other.path) > len(fault.path) and other.path[:len(fault.path)] == fault.path for other in others)


def _fault(document: Document, error: dict[str, Any]) -> FileFault:
    path = tuple(part for part in error["loc"] if part != "[key]")
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "this word is not known here"
    elif error["type"] == "missing":
        message = "this is required"
    return FileFault(document.line(path), path, message)
