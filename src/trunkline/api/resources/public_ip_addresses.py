"""publicIPAddresses. They are numbers only: nothing on this platform routes them (198.18.0.0/15, RFC 2544)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import GATEWAY, NIC, referrers
from trunkline.model.network import AddressVersion, AllocationMethod, IpConfiguration, PublicIpAddress
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

PUBLIC_IP_ADDRESS = "Microsoft.Network/publicIPAddresses"

_POOL = IPv4Network("198.18.0.0/15")
_SKUS = ("Standard", "Basic")


def attachable(owner: Resource, configuration: IpConfiguration, estate: Estate) -> Iterator[Fault]:
    """Faults of the public address that an ipConfiguration of ``owner`` asks for."""
    wanted = configuration.properties.public_ip_address
    if wanted is None:
        return
    found = linked(estate, owner.id, wanted.id, PUBLIC_IP_ADDRESS)
    if found is None:
        yield missing(owner.id, wanted.id, PUBLIC_IP_ADDRESS, "publicIPAddress")
        return
    for user in _users(found.id, estate):
        if user.id.key != owner.id.key:
            yield Fault(
                "PublicIPAddressInUse",
                f"Resource {owner.id}/ipConfigurations/{configuration.name} is referencing public IP address "
                f"{found.id} that is already allocated to resource {user.id}. Use another public IP address.",
                "publicIPAddress")


def _users(address: ResourceId, estate: Estate) -> tuple[Resource, ...]:
    return *referrers(estate, address, NIC), *referrers(estate, address, GATEWAY)


def _with_sku(envelope: Json) -> Json:
    sku = envelope.get("sku")
    given = sku if isinstance(sku, dict) else {}
    return {**envelope, "sku": {"name": given.get("name") or "Standard", "tier": given.get("tier") or "Regional"}}


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    model = PublicIpAddress.model_validate(wish.resource.properties)
    sku = wish.resource.envelope.get("sku", {}).get("name")
    if sku not in _SKUS:
        yield Fault("InvalidPublicIPAddressSku", f"sku.name '{sku}' is not offered; it is Standard or Basic.",
                    "sku.name")
    if sku == "Standard" and model.public_ip_allocation_method is AllocationMethod.DYNAMIC:
        yield Fault("StandardSkuPublicIPAddressMustBeStatic", "publicIPAllocationMethod 'Dynamic' of "
                    f"{wish.resource.id} is not possible with the Standard SKU; use Static.",
                    "publicIPAllocationMethod")
    if model.public_ip_address_version is AddressVersion.IPV6:
        yield Fault("IPv6NotSupported", "publicIPAddressVersion 'IPv6' is not offered in this release; use IPv4.",
                    "publicIPAddressVersion")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    number = ledger.allocate("publicip", wish.resource.id.key)
    if number >= _POOL.num_addresses - 1:
        raise Conflict("PublicIPAddressPoolIsFull", f"All addresses of {_POOL} are taken; delete public IP addresses "
                       "first.")
    return {"number": number, "ipAddress": str(_POOL[number]), "resourceGuid": str(uuid4())}


def _in_use(address: Resource, estate: Estate) -> Iterator[Fault]:
    for user in _users(address.id, estate):
        yield Fault(
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id} can not be deleted since it is still allocated to resource {user.id}. In "
            "order to delete the public IP, disassociate/detach the Public IP address from the resource.")


def _show(address: Resource, estate: Estate) -> Json:
    """A dynamic address exists while it is attached; the answer to a creation has none yet [REC]."""
    shown: Json = {"resourceGuid": address.system["resourceGuid"], "ipTags": [],
                   "ddosSettings": {"protectionMode": "VirtualNetworkInherited"}}
    used = [f"{user.id}/ipConfigurations/{raw['name']}" for user in _users(address.id, estate)
            for raw in user.properties["ipConfigurations"] if _asks_for(raw, address.id)]
    static = PublicIpAddress.model_validate(address.properties).public_ip_allocation_method is AllocationMethod.STATIC
    being_created = address.generation <= 1 and address.state is ProvisioningState.UPDATING
    if (used or static) and not being_created:
        shown["ipAddress"] = address.system["ipAddress"]
    return {**shown, "ipConfiguration": {"id": used[0]}} if used else shown


def _asks_for(raw: Json, address: ResourceId) -> bool:
    wanted = IpConfiguration.model_validate(raw).properties.public_ip_address
    return wanted is not None and wanted.target.key == address.key


PUBLIC_IP_ADDRESSES = ResourceType(
    PUBLIC_IP_ADDRESS, model=PublicIpAddress, envelope=("sku", "zones"), envelope_defaults=_with_sku, check=_check,
    generate=_generate, in_use=_in_use, show=_show)
