"""From an estate file to wishes, in the order in which they can be granted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from trunkline.cli.estate.document import Document, FaultyFile, FileFault
from trunkline.cli.estate.sections import (
    AnyItem,
    CircuitItem,
    ConnectionItem,
    CrossConnectItem,
    EstateFile,
    FaultItem,
    NetworkItem,
    SiteItem,
)
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.resource import Json

NETWORK = "Microsoft.Network"
PRIVATE = "AzurePrivatePeering"


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
        return (*self._groups(found), *found)

    def _resources(self) -> Iterator[Step]:
        estate = self._estate
        for number, site in enumerate(estate.sites):
            yield self._site(site, self._line("sites", number))
        for number, circuit in enumerate(estate.circuits):
            yield from self._circuit(circuit, self._line("circuits", number))
        for number, order in enumerate(estate.cross_connects):
            yield from self._order(order, self._line("crossConnects", number))
        for number, circuit in enumerate(estate.circuits):
            yield from self._peering(circuit, self._line("circuits", number, "peering"))
        for number, network in enumerate(estate.networks):
            yield from self._network(network, self._line("networks", number))
        for number, item in enumerate(estate.resources):
            yield self._any(item, self._line("resources", number))
        for number, fault in enumerate(estate.faults):
            yield self._fault(fault, self._line("faults", number))

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

    def _site(self, site: SiteItem, line: int) -> Wish:
        properties = site.model_dump(mode="json", by_alias=True, exclude_unset=True,
                                     exclude={"name", "resource_group"})
        return Wish(f"site {site.name}", self.path(site.name, "Trunkline.Site/sites", site.resource_group),
                    {"properties": properties}, line=line)

    def _circuit(self, circuit: CircuitItem, line: int) -> Iterator[Step]:
        tier, _, family = circuit.sku.partition("_")
        path = self.path(circuit.name, f"{NETWORK}/expressRouteCircuits", circuit.resource_group)
        yield Wish(f"circuit {circuit.name}", path, {
            "location": circuit.location or self._estate.location,
            "sku": {"name": circuit.sku, "tier": tier, "family": family},
            "properties": {"serviceProviderProperties": {
                "serviceProviderName": circuit.provider, "peeringLocation": circuit.peering_location,
                "bandwidthInMbps": circuit.bandwidth}}}, line=line)
        if circuit.provision:
            yield Consent(f"provider's consent to {circuit.name}", path, line)

    def _peering(self, circuit: CircuitItem, line: int) -> Iterator[Step]:
        peering = circuit.peering
        if not peering:
            return
        path = self.path(circuit.name, f"{NETWORK}/expressRouteCircuits", circuit.resource_group)
        properties: Json = {
            "peeringType": PRIVATE, "peerASN": peering.asn, "vlanId": peering.vlan,
            "primaryPeerAddressPrefix": peering.primary, "secondaryPeerAddressPrefix": peering.secondary}
        if peering.shared_key:
            properties["sharedKey"] = peering.shared_key
        yield Wish(f"private peering of {circuit.name}", f"{path}/peerings/{PRIVATE}", {"properties": properties},
                   secret=bool(peering.shared_key), line=line)

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
        if order.provision:
            yield Consent(f"provider's consent to {circuit.rpartition('/')[2]}", circuit, line)

    def _network(self, network: NetworkItem, line: int) -> Iterator[Wish]:
        group, location = network.resource_group, network.location or self._estate.location
        path = self.path(network.name, f"{NETWORK}/virtualNetworks", group)
        subnets = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in network.subnets.items()]
        yield Wish(f"network {network.name}", path, {"location": location, "properties": {
            "addressSpace": {"addressPrefixes": list(network.address_space)}, "subnets": subnets}}, line=line)
        for machine in network.machines:
            address = {"privateIPAddress": machine.address} if machine.address else {}
            yield Wish(f"machine {machine.name}", self.path(machine.name, f"{NETWORK}/networkInterfaces", group), {
                "location": location, "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": {
                    "privateIPAllocationMethod": "Static" if address else "Dynamic", **address,
                    "subnet": {"id": f"{path}/subnets/{machine.subnet}"}}}]}}, line=line)
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

    def _any(self, item: AnyItem, line: int) -> Wish:
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
        return Wish(f"{kinds[-1]} {item.name}", self.path(f"{namespace}/{tail}", group=item.resource_group),
                    {**place, **body, "properties": self._resolved(item.properties)},
                    account="operator" if namespace.lower() == "trunkline.plant" else "customer", line=line)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"ref"} and isinstance(value["ref"], str):
            return {"id": self.path(value["ref"])}
        return {name: self._resolved(inner) for name, inner in value.items()}

    def _fault(self, fault: FaultItem, line: int) -> Wish:
        circuit = self.path(fault.circuit, f"{NETWORK}/expressRouteCircuits")
        name = f"{circuit.rpartition('/')[2]}-{fault.leg}"
        return Wish(f"fault {name}", self.path(name, "Trunkline.Plant/faults"), {"properties": {
            "circuit": {"id": circuit}, "leg": str(fault.leg), "kind": "silent",
            "expiresInSeconds": fault.seconds}}, account="operator", line=line)


def _path(step: Step) -> str:
    return f"consent {step.circuit}" if isinstance(step, Consent) else step.path


def plan(estate: EstateFile, document: Document, subscription: str) -> tuple[Step, ...]:
    return Planner(estate, document, subscription).steps()
