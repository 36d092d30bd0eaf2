"""What may stand in an estate file. Unknown words are faults: a misspelt option must not be lost silently.

Wherever a resource of the same group is meant its name is enough; ``group/name`` and full ids work too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from trunkline.cli.estate.document import Document, FaultyFile, FileFault
from trunkline.cli.estate.hubs import HubItem
from trunkline.cli.estate.item import STRICT, Item, Name, Section
from trunkline.cli.wording import in_words
from trunkline.model.bgp import CustomerAsn, PeeringPrefix, Prefix, VlanId, of_family
from trunkline.model.cable import Plug
from trunkline.model.circuit import Leg
from trunkline.model.exchange import Admission, Exchange, ExchangePolicy, Lengths, MemberHandoff, MemberPort
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.peering import (
    PUBLIC_PREFIXES,
    PublicPrefix,
    ReachPrefix,
    ReachPrefix6,
    RoutingRegistry,
    SharedKey,
)
from trunkline.model.port import Encapsulation
from trunkline.model.site import LegOrder, Site, SiteHost, SiteRouter
from trunkline.model.throttle import ThrottleMbps


class RouterItem(SiteRouter):
    model_config = STRICT


class HostItem(SiteHost):
    model_config = STRICT


class SiteItem(Site):
    model_config = STRICT

    name: Name
    resource_group: Name | None = None
    routers: tuple[RouterItem, ...] = Field(min_length=1, max_length=2)
    hosts: tuple[HostItem, ...] = ()


class MemberHandoffItem(MemberHandoff):
    model_config = STRICT


class MemberItem(MemberPort[str]):
    model_config = STRICT

    name: Name
    handoff: MemberHandoffItem | None = None


class AdmissionItem(Admission):
    model_config = STRICT


class LengthsItem(Lengths):
    model_config = STRICT


class ExchangePolicyItem(ExchangePolicy):
    model_config = STRICT

    lengths: LengthsItem = LengthsItem(shortest=8, longest=24)
    lengths6: LengthsItem = LengthsItem(shortest=19, longest=48)


class ExchangeItem(Exchange):
    """An internet exchange, written by the operator, and its members, each by whoever has the site."""

    model_config = STRICT

    name: Name
    resource_group: Name | None = None
    policy: ExchangePolicyItem = ExchangePolicyItem()
    admissions: Annotated[tuple[AdmissionItem, ...], Field(max_length=1000)] = ()
    members: tuple[MemberItem, ...] = ()


class LinksItem(Section):
    primary: PeeringPrefix
    secondary: PeeringPrefix


class PeeringItem(Section):
    """Private peering, under the names that network people use: IPv4 in ``primary`` and ``secondary``, ``ipv6``, or
    both."""

    asn: CustomerAsn
    vlan: VlanId
    primary: PeeringPrefix | None = None
    secondary: PeeringPrefix | None = None
    ipv6: LinksItem | None = None
    shared_key: SharedKey | None = None

    @model_validator(mode="after")
    def _complete(self) -> PeeringItem:
        if (self.primary is None) != (self.secondary is None) or not (self.primary or self.ipv6):
            raise ValueError("give primary and secondary, a /30 for each leg, or ipv6 with a /126 for each")
        return self


class PublicLinksItem(LinksItem):
    """``advertised``: what is announced over IPv6."""

    advertised: tuple[PublicPrefix, ...] = Field(min_length=1, max_length=PUBLIC_PREFIXES)


class MicrosoftItem(Section):
    """Microsoft peering. ``communities``: of services; they make a route filter. ``approve``: prefixes for which the
    operator vouches."""

    asn: CustomerAsn
    vlan: VlanId
    primary: PeeringPrefix
    secondary: PeeringPrefix
    advertised: tuple[PublicPrefix, ...] = Field(min_length=1, max_length=PUBLIC_PREFIXES)
    registry: RoutingRegistry = RoutingRegistry.NONE
    ipv6: PublicLinksItem | None = None
    shared_key: SharedKey | None = None
    communities: tuple[str, ...] = ()
    approve: tuple[PublicPrefix, ...] = ()


class PlugItem(Plug):
    model_config = STRICT


class LinkItem(Section):
    """The far end of a link: a router of the site, or an interface of the user's (``kind`` as in Trunkline.Site)."""

    enabled: bool = True
    router: str | None = None
    handoff: PlugItem | None = None

    @model_validator(mode="after")
    def _one_end(self) -> LinkItem:
        if self.router and self.handoff:
            raise ValueError("give router or handoff, not both")
        return self


class PortItem(Item):
    """A Direct port with what is plugged into its links. ``bandwidth``: in Gbit/s."""

    peering_location: str
    bandwidth: Literal[10, 100, 400]
    encapsulation: Encapsulation = Encapsulation.QINQ
    site: str | None = None
    link1: LinkItem = LinkItem()
    link2: LinkItem = LinkItem()

    @model_validator(mode="after")
    def _sited(self) -> PortItem:
        if not self.site and (self.link1.router or self.link2.router):
            raise ValueError("a link that ends at a router needs the site of that router")
        return self


class CircuitItem(Item):
    """From a provider, or on a Direct port. ``provision``: the provider turns its side to Provisioned. ``bandwidth``:
    in Mbit/s."""

    provider: str | None = None
    peering_location: str | None = None
    port: str | None = None
    bandwidth: Annotated[int, Field(gt=0)]
    sku: Annotated[str, StringConstraints(pattern=r"^(Standard|Premium|Local)_(MeteredData|UnlimitedData)$")] = \
        "Standard_MeteredData"
    peering: PeeringItem | None = None
    microsoft: MicrosoftItem | None = None
    provision: bool = False

    @model_validator(mode="after")
    def _one_way_in(self) -> CircuitItem:
        sold = (self.provider, self.peering_location)
        if not (all(sold) if self.port is None else not any(sold)):
            raise ValueError("give provider and peeringLocation, or port (a Direct port) alone")
        if self.port and self.provision:
            raise ValueError("a circuit on a Direct port has no provider that could provision it; leave provision out")
        return self


class ReachItem(Section):
    """A Global Reach link between two circuits; the first one makes it. ``prefix``: a /29 that is used nowhere else,
    ``prefix6``: a /125. ``authorizationKey``: where the second is another subscription's, by its full id."""

    circuits: tuple[str, str]
    prefix: ReachPrefix
    prefix6: ReachPrefix6 | None = None
    name: Name | None = None
    resource_group: Name | None = None
    authorization_key: str | None = None


class LegItem(LegOrder):
    model_config = STRICT


class CrossConnectItem(Section):
    """Ordered from the exchange for a circuit, whose service key is looked up. ``throttle``: the provider's own limit
    on each leg, in Mbit/s, written by the operator."""

    circuit: str
    name: Name | None = None
    resource_group: Name | None = None
    site: str | None = None
    primary: LegItem | None = None
    secondary: LegItem | None = None
    throttle: ThrottleMbps | None = None
    provision: bool = False

    @model_validator(mode="after")
    def _complete(self) -> CrossConnectItem:
        if not (self.primary or self.secondary):
            raise ValueError("give primary, secondary or both")
        if not self.site and any(leg and leg.router for leg in (self.primary, self.secondary)):
            raise ValueError("a leg that ends at a router needs the site of that router")
        return self


class MachineItem(Section):
    """It has an address of each family that its subnet has; those that are not given are the service's choice."""

    name: Name
    subnet: str = "default"
    address: str | None = None
    address6: str | None = None


class GatewayItem(Section):
    name: Name
    sku: str = "Standard"


class ConnectionItem(Section):
    circuit: str
    name: Name | None = None
    weight: Annotated[int, Field(ge=0, le=32000)] = 0


#: One prefix may stand alone.
SubnetPrefixes = Annotated[tuple[Prefix, ...], BeforeValidator(
    lambda given: [given] if isinstance(given, str) else given), Field(min_length=1, max_length=2)]


class NetworkItem(Item):
    """A virtual network with what stands in it. Subnets: name → prefix, or a list of one of IPv4 and one of IPv6."""

    address_space: tuple[Prefix, ...] = Field(min_length=1)
    subnets: dict[Name, SubnetPrefixes] = Field(default_factory=dict)
    machines: tuple[MachineItem, ...] = ()
    gateway: GatewayItem | None = None
    connections: tuple[ConnectionItem, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> NetworkItem:
        for machine in self.machines:
            if machine.subnet not in self.subnets:
                raise ValueError(f"machine '{machine.name}' names subnet '{machine.subnet}', which is not in subnets")
            if machine.address6 and not of_family(6, self.subnets[machine.subnet]):
                raise ValueError(f"machine '{machine.name}' has an address6, and subnet '{machine.subnet}' has no IPv6 "
                                 "prefix; write subnets as lists of both prefixes")
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
    properties: dict[str, Any] = Field(default_factory=dict)


class EstateFile(Section):
    resource_group: Name
    location: str = "westeurope"
    sites: tuple[SiteItem, ...] = ()
    exchanges: tuple[ExchangeItem, ...] = ()
    ports: tuple[PortItem, ...] = ()
    circuits: tuple[CircuitItem, ...] = ()
    cross_connects: tuple[CrossConnectItem, ...] = ()
    global_reach: tuple[ReachItem, ...] = ()
    networks: tuple[NetworkItem, ...] = ()
    hubs: tuple[HubItem, ...] = ()
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
    return FileFault(document.line(path), path, in_words(error))
