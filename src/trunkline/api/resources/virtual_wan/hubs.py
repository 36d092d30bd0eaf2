"""virtualHubs: the hub of a Virtual WAN, or without one a Route Server."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from trunkline.api.declaration import Action, Inline, Ledger, Question, Register, ResourceType, Wish
from trunkline.api.resources.addressing import unusable
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.looking_glass import ELSEWHERE
from trunkline.api.resources.virtual_wan.hub_routing import HUB_ROUTE_TABLE_V2, built_in_tables, with_router
from trunkline.api.resources.virtual_wan.route_server import instances
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import referrers
from trunkline.intent.wan import (
    HUB_ROUTE_TABLE,
    HUB_VNET_CONNECTION,
    VIRTUAL_HUB,
    VIRTUAL_WAN,
    WAN_CONNECTION,
    WAN_GATEWAY,
    router_addresses,
)
from trunkline.model.bgp import overlaps
from trunkline.model.hub import HUB_ASN, VirtualHub
from trunkline.model.resource import Json, Properties, Resource, ResourceId

#: Longest address prefix of a Virtual WAN hub (Virtual WAN documentation, "virtual hub address space").
_LONGEST_PREFIX = 24

_SKUS = ("Standard", "Basic")

#: What has routes at a hub.
_CONNECTIONS = (HUB_VNET_CONNECTION, WAN_CONNECTION)


class RoutesWanted(Properties):
    """What is asked of a hub: the routes of one of its resources."""

    resource_id: str | None = None
    resource_uri: str | None = None
    virtual_wan_resource_type: str | None = None
    connection_type: str | None = None


def hub_of(hub: Resource) -> VirtualHub:
    return VirtualHub.model_validate(hub.properties)


def _defaults(body: Json, _id: ResourceId) -> Json:
    """What the platform decides is not the client's to say, though clients write back what they read."""
    decided = ("virtualRouterIps", "virtualRouterIpsV6", "expressRouteGateway")
    said = {name: value for name, value in body.items() if value is not None and name not in decided}
    return {"virtualRouterAsn": HUB_ASN, "routeTable": {"routes": []}, **said}


def _check(wish: Wish, register: Register) -> Iterator[Fault]:
    hub, model = wish.resource, hub_of(wish.resource)
    asn = hub.properties.get("virtualRouterAsn", HUB_ASN)
    if asn != HUB_ASN:
        yield Fault("VirtualRouterAsnNotAllowed", f"virtualRouterAsn '{asn}' is not possible: every hub's router has "
                    f"AS {HUB_ASN}. Leave it out.", "virtualRouterAsn")
    if wish.existing:
        yield from _stays(hub_of(wish.existing), model)
    if model.virtual_wan is None:
        yield from _fits_route_server(model)
    elif linked(register, hub.id, model.virtual_wan.id, VIRTUAL_WAN) is None:
        yield missing(hub.id, model.virtual_wan.id, VIRTUAL_WAN, "virtualWan")
    else:
        yield from _fits_wan(hub, model, register)


def _stays(old: VirtualHub, new: VirtualHub) -> Iterator[Fault]:
    was, wan = (one.virtual_wan.id if one.virtual_wan else "none" for one in (old, new))
    if was.lower() != wan.lower():
        yield immovable("virtualWan", was, wan, "Create another hub.", "virtualWan")
    if old.address_prefix != new.address_prefix:
        yield immovable("addressPrefix", str(old.address_prefix), str(new.address_prefix), "Create another hub.",
                        "addressPrefix")


def _fits_route_server(model: VirtualHub) -> Iterator[Fault]:
    if model.sku != "Standard":
        yield Fault("RouteServerSkuNotSupported", f"sku '{model.sku}' is not possible for a hub without virtualWan, a "
                    "Route Server; use Standard, or give virtualWan.", "sku")
    if model.address_prefix:
        yield Fault("AddressPrefixNotAllowed", f"addressPrefix '{model.address_prefix}' is a Virtual WAN hub's; a "
                    "Route Server stands in the RouteServerSubnet of its ipConfiguration. Leave it out, or give "
                    "virtualWan.", "addressPrefix")


def _fits_wan(hub: Resource, model: VirtualHub, register: Register) -> Iterator[Fault]:
    if model.sku not in _SKUS:
        yield Fault("InvalidPropertyValue", f"sku '{model.sku}' is not offered; it is Standard or Basic.", "sku")
    if model.address_prefix is None:
        yield Fault("VirtualHubAddressPrefixRequired", f"addressPrefix of hub {hub.id.name} is missing; give a private "
                    f"one of /{_LONGEST_PREFIX} or shorter, for example 10.5.0.0/23.", "addressPrefix")
    elif ip_network(model.address_prefix).prefixlen > _LONGEST_PREFIX and ":" not in model.address_prefix:
        yield Fault("VirtualHubAddressPrefixTooSmall", f"addressPrefix {model.address_prefix} of hub {hub.id.name} is "
                    f"too small; use /{_LONGEST_PREFIX} or shorter.", "addressPrefix")
    else:
        yield from unusable(model.address_prefix, "addressPrefix")
    yield from _beside_others(hub, model, register)


def _beside_others(hub: Resource, model: VirtualHub, register: Register) -> Iterator[Fault]:
    for other in referrers(register, model.virtual_wan.target, VIRTUAL_HUB) if model.virtual_wan else ():
        taken = hub_of(other).address_prefix
        if other.id.key != hub.id.key and taken and model.address_prefix and overlaps(taken, model.address_prefix):
            yield Fault("VirtualHubAddressPrefixOverlaps", f"addressPrefix {model.address_prefix} of hub {hub.id.name} "
                        f"overlaps {taken} of {other.id} in the same Virtual WAN. Choose a free one.", "addressPrefix")


def _in_use(hub: Resource, estate: Estate) -> Iterator[Fault]:
    for gateway in referrers(estate, hub.id, WAN_GATEWAY):
        yield Conflict("CannotDeleteVirtualHubWhenItIsInUse", f"Virtual hub {hub.id} cannot be deleted because it is "
                       f"in use by {gateway.id}. Delete that first.", status=400)


def _show(hub: Resource, estate: Estate) -> Json:
    """``routingState``: once there is a router; never behind a Basic hub, nor behind a Route Server without place."""
    addresses = instances(hub, estate) or _routers(hub)
    gateways = referrers(estate, hub.id, WAN_GATEWAY)
    shown: Json = {
        "virtualRouterIps": list(addresses), "networkVirtualAppliances": [],
        "routingState": "Provisioned" if addresses else "None"}
    return {**shown, "expressRouteGateway": {"id": str(gateways[0].id)}} if gateways else shown


def _routers(hub: Resource) -> tuple[str, ...]:
    """The address of a Virtual WAN hub's router: of its default table's."""
    prefix = hub_of(hub).address_prefix
    return router_addresses(prefix) if prefix and hub.status.get("routingState") else ()


def _heading(hub: Resource) -> Json:
    return {"kind": "RouteServer"} if hub_of(hub).route_server else {}


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("virtualHubs", wish.resource.id.key)}


def _companions(wish: Wish, _ledger: Ledger) -> tuple[Resource, ...]:
    new_in_wan = wish.existing is None and not hub_of(wish.resource).route_server
    return built_in_tables(wish.resource.id) if new_in_wan else ()


def _only_in_wan(hub: Resource, _estate: Estate, _question: Question) -> Iterator[Fault]:
    if hub_of(hub).route_server:
        yield Fault("OperationNotSupportedForRouteServer", f"{hub.id} is a Route Server, which has no such routes; ask "
                    "its bgpConnections for learnedRoutes and advertisedRoutes.")
    else:
        yield from with_router(hub)


def _of_its_own(hub: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    """Asked without a resource, effective routes are the default table's."""
    yield from _only_in_wan(hub, estate, question)
    if wanted := question.body.get("resourceId"):
        yield from _known(hub, "resourceId", str(wanted), (HUB_ROUTE_TABLE, *_CONNECTIONS), estate)


def _of_a_connection(hub: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    yield from _only_in_wan(hub, estate, question)
    yield from _known(hub, "resourceUri", str(question.body.get("resourceUri", "")), _CONNECTIONS, estate)


def _known(hub: Resource, member: str, text: str, kinds: tuple[str, ...], estate: Estate) -> Iterator[Fault]:
    if not any(linked(estate, hub.id, text, kind) for kind in kinds):
        yield missing(hub.id, text, " or ".join(kinds), member)


VIRTUAL_HUBS = ResourceType(
    VIRTUAL_HUB, model=VirtualHub, shape="VirtualHubProperties",
    realised=lambda hub: hub_of(hub).route_server or hub_of(hub).routes_in_wan,
    inline=(Inline("virtualHubRouteTableV2s", HUB_ROUTE_TABLE_V2),), defaults=_defaults, check=_check,
    generate=_generate, in_use=_in_use, companions=_companions, show=_show, heading=_heading,
    actions=(
        Action("effectiveRoutes", body=RoutesWanted, told=("resourceId",), check=_of_its_own),
        Action("inboundRoutes", body=RoutesWanted, told=("resourceUri",), check=_of_a_connection),
        Action("outboundRoutes", body=RoutesWanted, told=("resourceUri",), check=_of_a_connection), ELSEWHERE))
