"""localNetworkGateways: the other end of a site-to-site connection, as the customer describes it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.addressing import malformed
from trunkline.api.resources.recorded import ByShape, users, with_guid
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, LOCAL_GATEWAY
from trunkline.model.resource import Json, Resource


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    gateway, given = wish.resource.id, wish.resource.properties
    address, name = given.get("gatewayIpAddress"), given.get("fqdn")
    if not address and not name:
        yield Fault("LocalNetworkGatewayAddressRequired", f"Local network gateway {gateway.name} needs "
                    "gatewayIpAddress or fqdn; give the address or the name of the device.", "gatewayIpAddress")
    elif address and not _is_address(address):
        yield Fault("InvalidIPAddressFormat", f"gatewayIpAddress '{address[:80]}' of {gateway} is not an IP address; "
                    "give one without prefix length, for example 203.0.113.1.", "gatewayIpAddress")
    for prefix in given.get("localNetworkAddressSpace", {}).get("addressPrefixes", []):
        yield from malformed(prefix, gateway, "localNetworkAddressSpace.addressPrefixes")
    yield from _check_bgp(wish.resource)


def _check_bgp(gateway: Resource) -> Iterator[Fault]:
    bgp: Json = gateway.properties.get("bgpSettings") or {}
    if bgp and not 1 <= bgp.get("asn", 0) <= 4294967295:
        yield Fault("InvalidPropertyValue", f"bgpSettings.asn of {gateway.id.name} must be from 1 to 4294967295.",
                    "bgpSettings.asn")
    if bgp and not _is_address(bgp.get("bgpPeeringAddress", "")):
        yield Fault("InvalidIPAddressFormat", f"bgpSettings.bgpPeeringAddress of {gateway.id.name} must be the IP "
                    "address of the device's BGP speaker.", "bgpSettings.bgpPeeringAddress")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _in_use(gateway: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, gateway.id, CONNECTION):
        yield Fault("InUseLocalNetworkGatewayCannotBeDeleted", f"Local network gateway {gateway.id} is in use by "
                    f"{', '.join(str(one.id) for one in used)} and cannot be deleted; delete these first.")


LOCAL_GATEWAYS = ResourceType(
    LOCAL_GATEWAY, model=ByShape, shape="LocalNetworkGatewayPropertiesFormat", check=_check, generate=with_guid,
    in_use=_in_use)
