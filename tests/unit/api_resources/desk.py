"""A desk at which wishes are handed in: declarations at work over an estate in memory, without engine or store."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import replace

from trunkline.api.codec import decode
from trunkline.api.declaration import Registry, ResourceType, Wish
from trunkline.api.resources import registry
from trunkline.api.resources.machine import Machine
from trunkline.errors import Fault, Refused
from trunkline.intent.estate import Snapshot
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, NIC, PEERING, SUBNET, VNET
from trunkline.model.references import references
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

CUSTOMER, OTHER, PROVIDER = (f"{digit * 8}-0000-0000-0000-000000000000" for digit in "123")

#: A desk has a ``list`` of its own.
Faults = list[Fault]

#: What keeps the machine from TCP-AO.
LACKING = ("the kernel", "the daemon")


def rid(kind: str, *names: str, subscription: str = CUSTOMER) -> ResourceId:
    namespace, *types = kind.split("/")
    return ResourceId(subscription, "rg1", namespace, tuple(types), names)


class Desk(Snapshot):
    """A Ledger in memory that takes wishes as the engine does: decode, check, generate, store, then the children."""

    def __init__(self, circuit_quota: int = 50, interfaces: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.registry: Registry = registry(PROVIDER, circuit_quota, Machine(interfaces, lambda: LACKING))
        self._numbers: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def list(self, kind: str, subscription: str = "", group: str = "") -> tuple[Resource, ...]:
        return tuple(r for r in self._all.values() if r.id.type.lower() == kind.lower()
                     and subscription.lower() in ("", r.id.subscription.lower())
                     and group.lower() in ("", r.id.group.lower()))

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        """What is stored now; a snapshot would know what was there at first."""
        return tuple(r for r in self._all.values() if r.id.parent and r.id.parent.key == parent.key
                     and kind.lower() in ("", r.id.type.lower()))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return tuple(r for r in self._all.values()
                     if target.key in references(r) and kind.lower() in ("", r.id.type.lower()))

    def count(self, kind: str, subscription: str) -> int:
        return len(self.list(kind, subscription))

    def by_alias(self, alias: str) -> Resource | None:
        return next((r for r in self._all.values() if r.system.get("alias") == alias), None)

    def allocate(self, pool: str, owner: str) -> int:
        taken = self._numbers[pool]
        if owner not in taken:
            numbers = set(taken.values())
            taken[owner] = next(n for n in range(1, len(taken) + 2) if n not in numbers)
        return taken[owner]

    def __copy__(self) -> Desk:
        other = Desk()
        other.registry = self.registry
        Snapshot.__init__(other, self.resources())
        other._numbers = defaultdict(dict, {pool: dict(taken) for pool, taken in self._numbers.items()})
        return other

    def kind(self, resource: ResourceId) -> ResourceType:
        found = self.registry.find(resource.type)
        assert found, resource.type
        return found

    def store(self, resource: Resource) -> Resource:
        super().__init__({**self._all, resource.id.key: resource}.values())
        return resource

    def change(self, resource: ResourceId, **changes: object) -> Resource:
        found = self.get(resource)
        assert found, resource
        return self.store(replace(found, **changes))

    def resources(self) -> tuple[Resource, ...]:
        return tuple(self._all.values())

    def remove(self, resource: ResourceId) -> None:
        super().__init__(r for key, r in self._all.items() if key != resource.key)

    def put(self, resource: ResourceId, properties: Json, location: str = "westeurope", **envelope: object) -> Resource:
        wish = self._wish(resource, {"properties": properties, **envelope}, location)
        if faults := list(self.kind(resource).check(wish, self)):
            raise Refused(faults)
        return self._keep(wish)

    def refusal(self, resource: ResourceId, properties: Json, location: str = "westeurope",
                **envelope: object) -> Faults:
        """What is wrong with a wish or its children, by their models or beside others; nothing is kept."""
        try:
            copy(self).put(resource, properties, location, **envelope)
        except Refused as several:
            return list(several.faults)
        except Fault as fault:
            return [fault]
        return []

    def in_use(self, resource: ResourceId) -> Faults:
        found = self.get(resource)
        assert found, resource
        return list(self.kind(resource).in_use(found, self))

    def shown(self, resource: ResourceId) -> Json:
        found = self.get(resource)
        assert found, resource
        return {**found.properties, **found.status, **self.kind(resource).show(found, self)}

    def _wish(self, resource: ResourceId, body: Json, location: str) -> Wish:
        existing = self.get(resource)
        decoded = decode(self.kind(resource), resource, body, existing)
        base = existing or Resource(resource)
        wished = replace(base, location=location, properties=decoded.properties, envelope=decoded.envelope,
                         secrets=decoded.secrets, state=ProvisioningState.SUCCEEDED)
        children = {member: tuple(self._wish(resource.child(member, row["name"]), row, "").resource for row in rows)
                    for member, rows in decoded.inline.items()}
        return Wish(wished, decoded.model, existing, children)

    def _keep(self, wish: Wish) -> Resource:
        kind = self.kind(wish.resource.id)
        system = wish.existing.system if wish.existing else kind.generate(wish, self)
        wish = replace(wish, resource=replace(wish.resource, system=system))
        wish = replace(wish, resource=replace(wish.resource, system={**system, **kind.amend(wish, self)}))
        for companion in kind.companions(wish, self):
            self.store(companion)
        self.store(wish.resource)
        for children in wish.children.values():
            for child in children:
                self.put(child.id, child.properties)
        return wish.resource


def codes(faults: list[Fault]) -> list[str]:
    return [fault.code for fault in faults]


ER1, PRIVATE = rid(CIRCUIT, "er1"), rid(PEERING, "er1", "AzurePrivatePeering")
HUB, GW1, CON1, VM1 = rid(VNET, "hub"), rid(GATEWAY, "gw1"), rid(CONNECTION, "con1"), rid(NIC, "vm1")
GATEWAY_SUBNET = rid(SUBNET, "hub", "GatewaySubnet")
PREMIUM = {"tier": "Premium", "family": "MeteredData"}
STANDARD = {"tier": "Standard", "family": "MeteredData"}


def an_order(mbps: int = 1000, location: str = "Amsterdam") -> Json:
    return {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": location, "bandwidthInMbps": mbps}}


def a_peering(**changed: object) -> Json:
    return {"peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
            "primaryPeerAddressPrefix": "172.16.0.0/30", "secondaryPeerAddressPrefix": "172.16.0.4/30", **changed}


def a_network(space: str = "10.1.0.0/16", **subnets: str) -> Json:
    return {"addressSpace": {"addressPrefixes": [space]},
            "subnets": [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets.items()]}


def a_configuration(subnet: ResourceId, name: str = "ipconfig1", **changed: object) -> Json:
    return {"name": name, "properties": {"subnet": {"id": str(subnet)}, **changed}}


def a_gateway(subnet: ResourceId = GATEWAY_SUBNET, sku: str = "Standard", **changed: object) -> Json:
    return {"gatewayType": "ExpressRoute", "sku": {"name": sku, "tier": sku},
            "ipConfigurations": [a_configuration(subnet)], **changed}


def a_connection(gateway: ResourceId = GW1, circuit: ResourceId = ER1, **changed: object) -> Json:
    return {"connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": str(gateway)},
            "peer": {"id": str(circuit)}, **changed}


def provision(desk: Desk, circuit: ResourceId = ER1, state: str = "Provisioned") -> None:
    twin = ResourceId.parse(desk.get(circuit).system["twin"]["id"])  # type: ignore[union-attr]
    desk.put(twin, {"serviceProviderProvisioningState": state})


def a_linked_desk(gateway_subnet: str = "10.1.255.0/27", sku: str = "Standard") -> Desk:
    """er1 provisioned with private peering, hub with gw1; not yet connected."""
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    provision(desk)
    desk.put(PRIVATE, a_peering())
    desk.put(HUB, a_network(default="10.1.0.0/24", GatewaySubnet=gateway_subnet))
    desk.put(GW1, a_gateway(sku=sku))
    return desk
