"""virtualNetworks/virtualNetworkPeerings. What both sides have come to is told by ``intent.vnet_peering``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.recorded import ByShape, filled, required
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import GATEWAY, SUBNET, VNET, VNET_PEERING, alive, referrers
from trunkline.intent.vnet_peering import PeeringState, counterpart, guid, remote, state
from trunkline.model.bgp import overlaps
from trunkline.model.network import VirtualNetwork
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.service import regional_community

#: What is computed, though clients write back what they read.
_OURS = ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace", "localAddressSpace",
         "localVirtualNetworkAddressSpace", "remoteBgpCommunities", "peeringState", "peeringSyncLevel")


def _defaults(body: Json, resource: ResourceId) -> Json:
    return filled(allowVirtualNetworkAccess=True, allowForwardedTraffic=False, allowGatewayTransit=False,
                  useRemoteGateways=False, doNotVerifyRemoteGateways=False, peerCompleteVnets=True)(
                      {name: value for name, value in body.items() if name not in _OURS}, resource)


def _spaces(vnet: Resource) -> tuple[str, ...]:
    return VirtualNetwork.model_validate(vnet.properties).address_space.address_prefixes


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    peering = wish.resource
    if faults := list(required(peering, "remoteVirtualNetwork")):
        yield from faults
        return
    text = peering.properties["remoteVirtualNetwork"].get("id", "")
    far = linked(estate, peering.id, text, VNET, anywhere=True)
    near = estate.get(peering.id.parent) if peering.id.parent else None
    if far is None:
        yield missing(peering.id, text, VNET, "remoteVirtualNetwork")
    elif wish.existing and remote(wish.existing).key != far.id.key:
        yield immovable("remoteVirtualNetwork", str(remote(wish.existing)), text, "Delete the peering and create "
                        "another.", "remoteVirtualNetwork")
    elif near:
        yield from _beside(peering, near, far, estate)
        yield from _gateways(peering, near, far, estate)


def _beside(peering: Resource, near: Resource, far: Resource, estate: Register) -> Iterator[Fault]:
    for sibling in estate.children(near.id, VNET_PEERING):
        if sibling.id.key != peering.id.key and not sibling.deleting and remote(sibling).key == far.id.key:
            yield Fault("AnotherPeeringAlreadyReferencesRemoteVnet", f"Peering {peering.id} cannot reference remote "
                        f"virtual network {far.id}: peering {sibling.id} already does. Change that one.",
                        "remoteVirtualNetwork")
    other = counterpart(estate, peering)
    if other and state(estate, other) is PeeringState.DISCONNECTED:
        yield Fault(
            "RemotePeeringIsDisconnected",
            f"Cannot create or update peering {peering.id} because remote peering {other.id} referencing parent "
            f"virtual network {near.id} is in Disconnected state. Update or re-create the remote peering to get it "
            "back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted "
            "and re-created.",
            status=400)
    if near.id.key == far.id.key:
        yield Fault("VnetCannotBePeeredWithItself", f"Peering {peering.id} leads to its own network; name another.",
                    "remoteVirtualNetwork")
    else:
        yield from _overlaps(peering, near, far, estate)


def _overlaps(peering: Resource, near: Resource, far: Resource, estate: Estate) -> Iterator[Fault]:
    said = (f"Cannot create or update peering {peering.id}. Virtual networks {near.id} and {far.id} cannot be peered "
            "because")
    if meeting := _meeting(near, far):
        yield Fault("VnetAddressSpacesOverlap", f"{said} their address spaces overlap. Overlapping address prefixes: "
                    f"{', '.join(meeting)}.", "remoteVirtualNetwork")
    for one in estate.children(near.id, VNET_PEERING):
        third = alive(estate, remote(one))
        if third and third.id.key != far.id.key and one.id.key != peering.id.key and (both := _meeting(third, far)):
            yield Fault(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                f"{said} address space of the second overlaps with address space of virtual network {third.id} already "
                f"peered with the first virtual network. Overlapping address prefixes: {', '.join(both)}.",
                "remoteVirtualNetwork")


def _meeting(one: Resource, other: Resource) -> list[str]:
    return [space for space in _spaces(one) if any(overlaps(space, taken) for taken in _spaces(other))]


def _gateways(peering: Resource, near: Resource, far: Resource, estate: Register) -> Iterator[Fault]:
    """Only one gateway serves a network: its own, or that of one other."""
    if not peering.properties["useRemoteGateways"]:
        return
    said = f"Peering {peering.id} cannot have UseRemoteGateway flag set to true because"
    if peering.properties["allowGatewayTransit"]:
        yield Fault("PeeringGatewayFlagsConflict", f"{said} AllowGatewayTransit is set too; set one of them.",
                    "useRemoteGateways")
    if _has_gateway(near, estate):
        yield Fault("VnetHasOwnGateway", f"{said} virtual network {near.id} has a gateway of its own.",
                    "useRemoteGateways")
    for sibling in estate.children(near.id, VNET_PEERING):
        if sibling.id.key != peering.id.key and sibling.properties["useRemoteGateways"]:
            yield Fault("AnotherPeeringUsesRemoteGateways", f"{said} peering {sibling.id} has it already; only one of "
                        "a network can.", "useRemoteGateways")
    if not peering.properties["doNotVerifyRemoteGateways"] and not _has_gateway(far, estate):
        yield Fault("RemoteVnetHasNoGateways", f"{said} remote virtual network {far.id} referenced by the peering does "
                    "not have any gateways.", "useRemoteGateways")
    other = counterpart(estate, peering)
    if other and not other.properties["allowGatewayTransit"]:
        yield Fault("RemotePeeringForbidsGatewayTransit", f"{said} remote peering {other.id} does not have "
                    "AllowGatewayTransit flag set to true; set it there first.", "useRemoteGateways")


def _has_gateway(vnet: Resource, estate: Estate) -> bool:
    return any(referrers(estate, subnet.id, GATEWAY) for subnet in estate.children(vnet.id, SUBNET))


def _generate(_wish: Wish, _ledger: Ledger) -> Json:
    return {"shown": {"resourceGuid": str(uuid4())}}


def _amend(wish: Wish, ledger: Ledger) -> Json:
    """The remote's address space as of now: at creation, and when ``syncRemoteAddressSpace`` asks for it."""
    shown = dict(wish.resource.system["shown"])
    far, other = ledger.get(remote(wish.resource)), counterpart(ledger, wish.resource)
    if far and ("remoteAddressSpace" not in shown or wish.query.get("syncremoteaddressspace", "").lower() == "true"):
        shown["remoteAddressSpace"] = {"addressPrefixes": list(_spaces(far))}
    return {"shown": shown, "met": guid(other) if other else ""}


def _told(wish: Wish, ledger: Ledger) -> Iterator[Resource]:
    """The other side learns that it has met this one."""
    other = counterpart(ledger, wish.resource)
    if other and other.system.get("met") != guid(wish.resource):
        yield replace(other, system={**other.system, "met": guid(wish.resource)})


def _show(peering: Resource, estate: Estate) -> Json:
    far, now = alive(estate, remote(peering)), state(estate, peering)
    shown: Json = {"peeringState": now.value, "peeringSyncLevel": _level(peering, estate, now)}
    if far:
        shown["remoteVirtualNetworkAddressSpace"] = {"addressPrefixes": list(_spaces(far))}
        if communities := far.properties.get("bgpCommunities"):
            shown["remoteBgpCommunities"] = {**communities, "regionalCommunity": regional_community(far.location)}
    return shown


def _level(peering: Resource, estate: Estate, now: PeeringState) -> str:
    """Which side has an old idea of the other's address space."""
    other = counterpart(estate, peering)
    ours, theirs = _current(peering, estate), now is PeeringState.CONNECTED and other and _current(other, estate)
    if ours:
        return "FullyInSync" if theirs else "RemoteNotInSync"
    return "LocalNotInSync" if theirs else "LocalAndRemoteNotInSync"


def _current(peering: Resource, estate: Estate) -> bool:
    far = alive(estate, remote(peering))
    noted = peering.system["shown"].get("remoteAddressSpace", {}).get("addressPrefixes")
    return far is not None and noted == list(_spaces(far))


VNET_PEERINGS = ResourceType(
    VNET_PEERING, model=ByShape, shape="VirtualNetworkPeeringPropertiesFormat", tracked=False, realised=True,
    defaults=_defaults, check=_check, generate=_generate, amend=_amend, companions=_told, show=_show)
