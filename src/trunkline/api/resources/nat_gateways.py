"""natGateways and ddosProtectionPlans."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.recorded import ByShape, filled, ids, links, users, with_guid
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import DDOS_PLAN, NAT_GATEWAY, PUBLIC_IP_ADDRESS, PUBLIC_IP_PREFIX, SUBNET, VNET
from trunkline.model.resource import Json, Resource

#: Minutes after which an idle flow is forgotten.
_IDLE = range(4, 121)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    idle = wish.resource.properties.get("idleTimeoutInMinutes", _IDLE[0])
    if idle not in _IDLE:
        yield Fault("InvalidIdleTimeout", f"idleTimeoutInMinutes {idle} of NAT gateway {wish.resource.id.name} must be "
                    f"from {_IDLE[0]} to {_IDLE[-1]}.", "idleTimeoutInMinutes")
    yield from links(wish, estate, "publicIpAddresses", PUBLIC_IP_ADDRESS, wish.resource.location)
    yield from links(wish, estate, "publicIpPrefixes", PUBLIC_IP_PREFIX, wish.resource.location)


def _show(gateway: Resource, estate: Estate) -> Json:
    used = users(estate, gateway.id, SUBNET)
    return {"subnets": ids(used)} if used else {}


def _in_use(gateway: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, gateway.id, SUBNET):
        yield Fault(
            "CannotDeleteNatGatewayAssociatedToSubnet",
            f"NAT Gateway {gateway.id} is still configured on {len(used)} subnets. Remove NAT Gateway from all "
            f"referenced subnets and then delete NAT Gateway: {', '.join(str(one.id) for one in used)}.")


def _standard(envelope: Json, _kept: Json) -> Json:
    return {**envelope, "sku": {"name": "Standard", **envelope.get("sku", {})}}


def _show_plan(plan: Resource, estate: Estate) -> Json:
    return {"publicIPAddresses": ids(users(estate, plan.id, PUBLIC_IP_ADDRESS)),
            "virtualNetworks": ids(users(estate, plan.id, VNET))}


def _plan_in_use(plan: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, plan.id, VNET):
        yield Fault(
            "InUseDdosProtectionPlanCannotBeDeleted",
            f"DDoS Protection Plan {plan.id} cannot be deleted because it is in use with virtual networks "
            f"{', '.join(str(one.id) for one in used)}.")


NAT_GATEWAYS = ResourceType(
    NAT_GATEWAY, model=ByShape, shape="NatGatewayPropertiesFormat", envelope=("sku", "zones"),
    envelope_defaults=_standard, defaults=filled(idleTimeoutInMinutes=_IDLE[0]), check=_check, generate=with_guid,
    in_use=_in_use, show=_show)

DDOS_PLANS = ResourceType(
    DDOS_PLAN, model=ByShape, shape="DdosProtectionPlanPropertiesFormat", generate=with_guid, in_use=_plan_in_use,
    show=_show_plan)
