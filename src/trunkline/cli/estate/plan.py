"""From an estate file to wishes, in the order in which they can be granted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from trunkline.cli.estate import hubs
from trunkline.cli.estate.document import Document, FaultyFile, FileFault
from trunkline.cli.estate.hubs import HubItem
from trunkline.cli.estate.sections import (
    AnyItem,
    CircuitItem,
    ConnectionItem,
    CrossConnectItem,
    EstateFile,
    ExchangeItem,
    FaultItem,
    MicrosoftItem,
    NetworkItem,
    PortItem,
    ReachItem,
    SiteItem,
)
from trunkline.cli.provisioning import APPROVALS, THROTTLES, approval_name
from trunkline.model.bgp import of_family
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.resource import Json

NETWORK = "Microsoft.Network"
PRIVATE, MICROSOFT = "AzurePrivatePeering", "MicrosoftPeering"
EXCHANGES = "Trunkline.Exchange/exchanges"
#: Types outside the plant that operators alone write.
_OPERATORS = (EXCHANGES.lower(),)

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Wish:
    """One resource as it will be PUT. ``key_of``: the circuit whose service key its properties need.
    ``secret``: the body holds something that the service never shows again, so it cannot be compared."""

    label: str
    path: str
    body: Json = field(repr=False)
    account: str = "customer"
    key_of: str = ""
    secret: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Consent:
    """The provider's side of a circuit turned to Provisioned; ``circuit`` is its path."""

    label: str
    circuit: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A resource group that must exist; it is never deleted with a file, for it may hold more."""

    label: str
    path: str
    body: Json
    line: int = 0


Step = Group | Wish | Consent


class Planner:
    """Knows the file's defaults, and so what a short name means."""

    def __init__(self, estate: EstateFile, document: Document, subscription: str) -> None:
        self._estate, self._document, self._root = estate, document, f"/subscriptions/{subscription}"

    def steps(self) -> tuple[Step, ...]:
        found = [*self._resources()]
        doubled = [path for path, count in Counter(_path(step).lower() for step in found).items() if count > 1]
        if doubled:
            raise FaultyFile([FileFault(step.line, (), f"{step.label} is declared more than once")
                              for step in found if _path(step).lower() in doubled])
        return (*self._groups(found), *_told_apart(found))

    def _resources(self) -> Iterator[Step]:
        estate = self._estate
        yield from self._each("sites", estate.sites, self._site)
        yield from self._each("exchanges", estate.exchanges, self._exchange)
        yield from self._each("ports", estate.ports, self._port)
        yield from self._each("circuits", estate.circuits, self._circuit)
        yield from self._each("crossConnects", estate.cross_connects, self._order)
        yield from self._each("circuits", estate.circuits, self._peering, "peering")
        yield from self._each("circuits", estate.circuits, self._microsoft, "microsoft")
        yield from self._each("globalReach", estate.global_reach, self._reach)
        yield from self._each("networks", estate.networks, self._network)
        yield from self._each("hubs", estate.hubs, self._hub)
        yield from self._each("resources", estate.resources, self._any)
        yield from self._each("faults", estate.faults, self._fault)

    def _each(self, member: str, items: Iterable[Entry], steps: Callable[[Entry, int], Iterable[Step]],
              *inside: str) -> Iterator[Step]:
        """``inside``: where in an item its line is told."""
        for number, item in enumerate(items):
            yield from steps(item, self._line(member, number, *inside))

    def _line(self, *path: str | int) -> int:
        return self._document.line(path)

    def _groups(self, steps: Iterable[Step]) -> Iterator[Group]:
        """Every group that a wish stands in, as it is first written."""
        names: dict[str, str] = {}
        for step in steps:
            if isinstance(step, Wish):
                name = step.path.split("/")[4]
                names.setdefault(name.lower(), name)
        for name in names.values():
            yield Group(f"resource group {name}", f"{self._root}/resourceGroups/{name}",
                        {"location": self._estate.location}, self._line("resourceGroup"))

    def path(self, text: str, kind: str = "", group: str | None = None) -> str:
        """The id that a short form means: a full id, ``group/name`` or ``name`` of ``kind``; without ``kind`` the
        form is ``type/name[/type/name]``, its namespace Microsoft.Network unless it has one."""
        if text.lower().startswith("/subscriptions/"):
            return text
        base = f"{self._root}/resourceGroups/{group or self._estate.resource_group}/providers"
        if not kind:
            return f"{base}/{text}" if "." in text.partition("/")[0] else f"{base}/{NETWORK}/{text}"
        where, _, name = text.rpartition("/")
        if where:
            return f"{self._root}/resourceGroups/{where}/providers/{kind}/{name}"
        return f"{base}/{kind}/{name}"

    def _site(self, site: SiteItem, line: int) -> Iterator[Wish]:
        properties = site.model_dump(mode="json", by_alias=True, exclude_unset=True,
                                     exclude={"name", "resource_group"})
        yield Wish(f"site {site.name}", self.path(site.name, "Trunkline.Site/sites", site.resource_group),
                    {"properties": properties}, line=line)

    def _exchange(self, exchange: ExchangeItem, line: int) -> Iterator[Wish]:
        path = self.path(exchange.name, EXCHANGES, exchange.resource_group)
        yield Wish(f"exchange {exchange.name}", path, {"properties": exchange.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude={"name", "resource_group", "members"})},
            account="operator", line=line)
        for member in exchange.members:
            said = member.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name", "site"})
            site = {"site": {"id": self.path(member.site, "Trunkline.Site/sites", exchange.resource_group)}} \
                if member.site else {}
            yield Wish(f"member {member.name} of {exchange.name}", f"{path}/members/{member.name}",
                       {"properties": {**said, **site}}, secret=member.shared_key is not None,
                       account="operator" if member.edge else "customer", line=line)

    def _port(self, port: PortItem, line: int) -> Iterator[Wish]:
        path = self.path(port.name, f"{NETWORK}/expressRoutePorts", port.resource_group)
        links = {"link1": port.link1, "link2": port.link2}
        yield Wish(f"port {port.name}", path, {
            "location": port.location or self._estate.location, "properties": {
                "peeringLocation": port.peering_location, "bandwidthInGbps": port.bandwidth,
                "encapsulation": port.encapsulation.value, "links": [
                    {"name": name, "properties": {"adminState": "Enabled" if link.enabled else "Disabled"}}
                    for name, link in links.items()]}}, line=line)
        ends = {name: link.model_dump(mode="json", by_alias=True, exclude_none=True, include={"router", "handoff"})
                for name, link in links.items() if link.router or link.handoff}
        if ends:
            sites = "Trunkline.Site/sites"
            site = {"site": {"id": self.path(port.site, sites, port.resource_group)}} if port.site else {}
            yield Wish(f"cable {port.name}", self.path(port.name, "Trunkline.Site/cables", port.resource_group),
                       {"properties": {"port": {"id": path}, **site, **ends}}, line=line)

    def _bought(self, circuit: CircuitItem) -> Json:
        if circuit.port:
            port = self.path(circuit.port, f"{NETWORK}/expressRoutePorts", circuit.resource_group)
            return {"expressRoutePort": {"id": port}, "bandwidthInGbps": circuit.bandwidth / 1000}
        return {"serviceProviderProperties": {
            "serviceProviderName": circuit.provider, "peeringLocation": circuit.peering_location,
            "bandwidthInMbps": circuit.bandwidth}}

    def _circuit(self, circuit: CircuitItem, line: int) -> Iterator[Step]:
        tier, _, family = circuit.sku.partition("_")
        path = self.path(circuit.name, f"{NETWORK}/expressRouteCircuits", circuit.resource_group)
        yield Wish(f"circuit {circuit.name}", path, {
            "location": circuit.location or self._estate.location,
            "sku": {"name": circuit.sku, "tier": tier, "family": family},
            "properties": self._bought(circuit)}, line=line)
        if circuit.provision:
            yield Consent(f"provider's consent to {circuit.name}", path, line)

    def _peering(self, circuit: CircuitItem, line: int) -> Iterator[Step]:
        peering = circuit.peering
        if not peering:
            return
        path = self.path(circuit.name, f"{NETWORK}/expressRouteCircuits", circuit.resource_group)
        properties: Json = {
            "peeringType": PRIVATE, "peerASN": peering.asn, "vlanId": peering.vlan,
            **(_links(peering.primary, peering.secondary) if peering.primary else {}),
            **({"ipv6PeeringConfig": _links(peering.ipv6.primary, peering.ipv6.secondary)} if peering.ipv6 else {})}
        if peering.shared_key:
            properties["sharedKey"] = peering.shared_key
        yield Wish(f"private peering of {circuit.name}", f"{path}/peerings/{PRIVATE}", {"properties": properties},
                   secret=bool(peering.shared_key), line=line)

    def _microsoft(self, circuit: CircuitItem, line: int) -> Iterator[Step]:
        """The operator's word and the route filter first, so that the session opens at once and tells something."""
        peering = circuit.microsoft
        if not peering:
            return
        path = self.path(circuit.name, f"{NETWORK}/expressRouteCircuits", circuit.resource_group)
        beside = path.partition("/providers/")[0]
        for prefix in peering.approve:
            yield Wish(f"approval of {prefix}",
                       f"{beside}/providers/{APPROVALS}/{approval_name(circuit.name, prefix)}",
                       {"properties": {"circuit": {"id": path}, "prefix": prefix}}, account="operator", line=line)
        named: Json = {}
        if peering.communities:
            route_filter = self.path(f"{circuit.name}-filter", f"{NETWORK}/routeFilters", circuit.resource_group)
            yield Wish(f"route filter of {circuit.name}", route_filter, {
                "location": circuit.location or self._estate.location, "properties": {"rules": [{
                    "name": "allowed", "properties": {"access": "Allow", "routeFilterRuleType": "Community",
                                                      "communities": list(peering.communities)}}]}}, line=line)
            named = {"routeFilter": {"id": route_filter}}
        yield Wish(f"Microsoft peering of {circuit.name}", f"{path}/peerings/{MICROSOFT}",
                   {"properties": _microsoft(peering, named)}, secret=bool(peering.shared_key), line=line)

    def _order(self, order: CrossConnectItem, line: int) -> Iterator[Step]:
        circuit = self.path(order.circuit, f"{NETWORK}/expressRouteCircuits", order.resource_group)
        name = order.name or circuit.rpartition("/")[2]
        properties = order.model_dump(mode="json", by_alias=True, exclude_none=True, include={"primary", "secondary"})
        if order.site:
            properties["site"] = {"id": self.path(order.site, "Trunkline.Site/sites", order.resource_group)}
        secret = any(leg is not None and leg.shared_key is not None for leg in (order.primary, order.secondary))
        yield Wish(f"cross connect {name}",
                   self.path(name, "Trunkline.Exchange/virtualCrossConnects", order.resource_group),
                   {"properties": properties}, key_of=circuit, secret=secret, line=line)
        if order.throttle:
            beside, own = circuit.partition("/providers/")[0], circuit.rpartition("/")[2]
            yield Wish(f"throttle of {own}", f"{beside}/providers/{THROTTLES}/{own}", {"properties": {
                "circuit": {"id": circuit}, "bandwidthInMbps": order.throttle}}, account="operator", line=line)
        if order.provision:
            yield Consent(f"provider's consent to {circuit.rpartition('/')[2]}", circuit, line)

    def _reach(self, link: ReachItem, line: int) -> Iterator[Wish]:
        near, far = (self.path(one, f"{NETWORK}/expressRouteCircuits", link.resource_group) for one in link.circuits)
        name = link.name or f"{near.rpartition('/')[2]}-{far.rpartition('/')[2]}"
        properties: Json = {
            "expressRouteCircuitPeering": {"id": f"{near}/peerings/{PRIVATE}"},
            "peerExpressRouteCircuitPeering": {"id": f"{far}/peerings/{PRIVATE}"}, "addressPrefix": link.prefix}
        if link.prefix6:
            properties["ipv6CircuitConnectionConfig"] = {"addressPrefix": link.prefix6}
        if link.authorization_key:
            properties["authorizationKey"] = link.authorization_key
        yield Wish(f"Global Reach {name}", f"{near}/peerings/{PRIVATE}/connections/{name}", {"properties": properties},
                   secret=bool(link.authorization_key), line=line)

    def _network(self, network: NetworkItem, line: int) -> Iterator[Wish]:
        group, location = network.resource_group, network.location or self._estate.location
        path = self.path(network.name, f"{NETWORK}/virtualNetworks", group)
        subnets = [{"name": name, "properties": _prefixes(prefixes)} for name, prefixes in network.subnets.items()]
        yield Wish(f"network {network.name}", path, {"location": location, "properties": {
            "addressSpace": {"addressPrefixes": list(network.address_space)}, "subnets": subnets}}, line=line)
        for machine in network.machines:
            subnet = {"id": f"{path}/subnets/{machine.subnet}"}
            rows = [_configuration("ipconfig1", subnet, machine.address)]
            if of_family(6, network.subnets[machine.subnet]):
                rows.append(_configuration("ipconfig6", subnet, machine.address6, privateIPAddressVersion="IPv6"))
            yield Wish(f"machine {machine.name}", self.path(machine.name, f"{NETWORK}/networkInterfaces", group), {
                "location": location, "properties": {"ipConfigurations": rows}}, line=line)
        if network.gateway:
            gateway = self.path(network.gateway.name, f"{NETWORK}/virtualNetworkGateways", group)
            yield Wish(f"gateway {network.gateway.name}", gateway, {"location": location, "properties": {
                "gatewayType": "ExpressRoute", "sku": {"name": network.gateway.sku, "tier": network.gateway.sku},
                "ipConfigurations": [{"name": "default", "properties": {
                    "privateIPAllocationMethod": "Dynamic",
                    "subnet": {"id": f"{path}/subnets/{GATEWAY_SUBNET}"}}}]}}, line=line)
            for connection in network.connections:
                yield self._connection(network, connection, gateway, line)

    def _connection(self, network: NetworkItem, connection: ConnectionItem, gateway: str, line: int) -> Wish:
        group = network.resource_group
        circuit = self.path(connection.circuit, f"{NETWORK}/expressRouteCircuits", group)
        name = connection.name or f"{gateway.rpartition('/')[2]}-{circuit.rpartition('/')[2]}"
        return Wish(f"connection {name}", self.path(name, f"{NETWORK}/connections", group), {
            "location": network.location or self._estate.location, "properties": {
                "connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": gateway}, "peer": {"id": circuit},
                "routingWeight": connection.weight}}, line=line)

    def _hub(self, hub: HubItem, line: int) -> Iterator[Wish]:
        """Several hubs may name one Virtual WAN; the first makes it."""
        first = next(one for one in self._estate.hubs if (one.wan, one.resource_group) == (hub.wan, hub.resource_group))
        found = [Wish(*row, line=line) for row in hubs.wishes(hub, hub.location or self._estate.location, self.path)]
        yield from found if hub is first else found[1:]

    def _any(self, item: AnyItem, line: int) -> Iterator[Wish]:
        first, *rest = item.name.split("/")
        namespace, *kinds = item.type.split("/")
        if "." not in namespace:
            namespace, kinds = NETWORK, [namespace, *kinds]
        if len(kinds) != len(rest) + 1:
            raise FaultyFile([FileFault(line, (), f"{item.type} '{item.name}': write one name for each type")])
        tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, (first, *rest), strict=True))
        body = item.model_dump(mode="json", by_alias=True, exclude_none=True, include={"tags", "sku", "zones"})
        located = len(kinds) == 1 and not namespace.lower().startswith("trunkline.")
        place = {"location": item.location or self._estate.location} if located else {}
        yield Wish(f"{kinds[-1]} {item.name}", self.path(f"{namespace}/{tail}", group=item.resource_group),
                    {**place, **body, "properties": self._resolved(item.properties)},
                    account="operator" if namespace.lower() == "trunkline.plant" or item.type.lower() in _OPERATORS
                    else "customer", line=line)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"ref"} and isinstance(value["ref"], str):
            return {"id": self.path(value["ref"])}
        return {name: self._resolved(inner) for name, inner in value.items()}

    def _fault(self, fault: FaultItem, line: int) -> Iterator[Wish]:
        circuit = self.path(fault.circuit, f"{NETWORK}/expressRouteCircuits")
        name = f"{circuit.rpartition('/')[2]}-{fault.leg}"
        yield Wish(f"fault {name}", self.path(name, "Trunkline.Plant/faults"), {"properties": {
            "circuit": {"id": circuit}, "leg": str(fault.leg), "kind": "leg",
            "expiresInSeconds": fault.seconds}}, account="operator", line=line)


def _links(primary: str | None, secondary: str | None) -> Json:
    return {"primaryPeerAddressPrefix": primary, "secondaryPeerAddressPrefix": secondary}


def _microsoft(peering: MicrosoftItem, named: Json) -> Json:
    told = {"advertisedPublicPrefixes": list(peering.advertised), "routingRegistryName": peering.registry.value}
    six = {"ipv6PeeringConfig": {
        **_links(peering.ipv6.primary, peering.ipv6.secondary), **named,
        "microsoftPeeringConfig": {"advertisedPublicPrefixes": list(peering.ipv6.advertised),
                                   "routingRegistryName": peering.registry.value}}} if peering.ipv6 else {}
    key = {"sharedKey": peering.shared_key} if peering.shared_key else {}
    return {"peeringType": MICROSOFT, "peerASN": peering.asn, "vlanId": peering.vlan, **named, **six, **key,
            **_links(peering.primary, peering.secondary), "microsoftPeeringConfig": told}


def _prefixes(prefixes: tuple[str, ...]) -> Json:
    return {"addressPrefixes": list(prefixes)} if len(prefixes) > 1 else {"addressPrefix": prefixes[0]}


def _configuration(name: str, subnet: Json, address: str | None, **others: str) -> Json:
    asked = {"privateIPAddress": address} if address else {}
    return {"name": name, "properties": {
        "privateIPAllocationMethod": "Static" if asked else "Dynamic", **asked, "subnet": subnet, **others}}


def _told_apart(steps: Sequence[Step]) -> Iterator[Step]:
    """With their group, where two would be called the same."""
    often = Counter(step.label for step in steps)
    for step in steps:
        where = step.circuit if isinstance(step, Consent) else step.path
        yield replace(step, label=f"{step.label} in {where.split('/')[4]}") if often[step.label] > 1 else step


def _path(step: Step) -> str:
    return f"consent {step.circuit}" if isinstance(step, Consent) else step.path


def plan(estate: EstateFile, document: Document, subscription: str) -> tuple[Step, ...]:
    return Planner(estate, document, subscription).steps()
