"""publicIPAddresses. They are numbers only: nothing on this platform routes them (198.18.0.0/15, RFC 2544)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.attached import attached
from trunkline.api.resources.linked import immovable, linked, missing, same_region
from trunkline.api.resources.recorded import filled, links, users
from trunkline.api.resources.subnet_addresses import unprotected
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import DDOS_PLAN, NAT_GATEWAY, PUBLIC_IP_ADDRESS, PUBLIC_IP_PREFIX
from trunkline.model.network import AddressVersion, AllocationMethod, IpConfiguration, PublicIpAddress
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

#: A domain name label, as Azure tells its rule.
_LABEL = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]", re.ASCII)

#: RFC 2544's range for benchmarks, the lower half; prefixes are from the upper.
_POOL = IPv4Network("198.18.0.0/16")

#: The first and the last address stay free.
CAPACITY = _POOL.num_addresses - 2
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
    for user, _ in attached(found.id, estate):
        if user.id.key != owner.id.key:
            yield Fault(
                "PublicIPAddressInUse",
                f"Resource {owner.id}/ipConfigurations/{configuration.name} is referencing public IP address "
                f"{found.id} that is already allocated to resource {user.id}. Use another public IP address.",
                "publicIPAddress")


def _with_sku(envelope: Json, _kept: Json) -> Json:
    sku = envelope.get("sku")
    given = sku if isinstance(sku, dict) else {}
    return {**envelope, "sku": {"name": given.get("name") or "Standard", "tier": given.get("tier") or "Regional"}}


def _defaults(body: Json, resource: ResourceId) -> Json:
    """Which address it is and who has it is ours: clients write back what they read."""
    given = {name: value for name, value in body.items() if name not in ("ipAddress", "natGateway", "ipConfiguration")}
    return filled(ipTags=[], ddosSettings={"protectionMode": "VirtualNetworkInherited"})(given, resource)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
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
    yield from _check_members(wish, estate)


def _check_members(wish: Wish, estate: Register) -> Iterator[Fault]:
    address, old = wish.resource, wish.existing
    yield from links(wish, estate, "publicIPPrefix", PUBLIC_IP_PREFIX, address.location)
    was, now = ((one.properties.get("publicIPPrefix") or {}).get("id", "") if one else "" for one in (old, address))
    if old and was.lower() != now.lower():
        yield immovable("publicIPPrefix", was or "none", now or "none", "Create another public IP address.",
                        "publicIPPrefix")
    yield from links(wish, estate, "ddosSettings.ddosProtectionPlan", DDOS_PLAN)
    label = (address.properties.get("dnsSettings") or {}).get("domainNameLabel", "")
    if label and (faults := list(label_fault(label, "dnsSettings.domainNameLabel"))):
        yield from faults
    elif label and (other := labelled(label, address.location, estate)) and other.id.key != address.id.key:
        yield Fault("DnsRecordInUse", f"DNS record {domain_name(label, address.location)} is already used by another "
                    "public IP. Choose another label.", "dnsSettings.domainNameLabel")


def label_fault(label: str, target: str) -> Iterator[Fault]:
    if not _LABEL.fullmatch(label):
        yield Fault("InvalidDomainNameLabel", f"The domain name label {label[:80]} is invalid. It must conform to the "
                    "following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.", target)


def labelled(label: str, location: str, register: Register) -> Resource | None:
    """The address that has a label in a region: one of all subscriptions'."""
    for one in register.list(PUBLIC_IP_ADDRESS):
        given = (one.properties.get("dnsSettings") or {}).get("domainNameLabel", "")
        if given.lower() == label.lower() and same_region(one.location, location):
            return one
    return None


def domain_name(label: str, location: str) -> str:
    return f"{label.lower()}.{location.replace(' ', '').lower()}.cloudapp.azure.com"


def _generate(wish: Wish, ledger: Ledger) -> Json:
    """The first and the last address of the common pool stay free; a prefix is the customer's as a whole."""
    within = wish.resource.properties.get("publicIPPrefix")
    found = ledger.get(ResourceId.parse(within["id"])) if within else None
    addresses = IPv4Network(found.system["shown"]["ipPrefix"]) if found else _POOL
    number = ledger.allocate(f"publicip:{found.id.key}" if found else "publicip", wish.resource.id.key)
    index = number - 1 if found else number
    if number > (addresses.num_addresses if found else CAPACITY):
        raise Conflict("PublicIPAddressPoolIsFull", f"All addresses of {addresses} are taken; delete public IP "
                       "addresses first.")
    return {"number": number, "ipAddress": str(addresses[index]), "resourceGuid": str(uuid4())}


def _in_use(address: Resource, estate: Estate) -> Iterator[Fault]:
    for user in (*(user for user, _ in attached(address.id, estate)), *users(estate, address.id, NAT_GATEWAY)):
        yield Fault(
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id} can not be deleted since it is still allocated to resource {user.id}. In "
            "order to delete the public IP, disassociate/detach the Public IP address from the resource.")


def _show(address: Resource, estate: Estate) -> Json:
    """A dynamic address exists while it is attached; the answer to a creation has none yet [REC]."""
    shown: Json = {"resourceGuid": address.system["resourceGuid"]}
    used = [f"{user.id}/ipConfigurations/{configuration.name}" for user, configuration in attached(address.id, estate)]
    gateways = users(estate, address.id, NAT_GATEWAY)
    static = PublicIpAddress.model_validate(address.properties).public_ip_allocation_method is AllocationMethod.STATIC
    being_created = address.generation <= 1 and address.state is ProvisioningState.UPDATING
    if (used or gateways or static) and not being_created:
        shown["ipAddress"] = address.system["ipAddress"]
    if gateways:
        shown["natGateway"] = {"id": str(gateways[0].id)}
    dns = address.properties.get("dnsSettings") or {}
    if label := dns.get("domainNameLabel"):
        shown["dnsSettings"] = {**dns, "fqdn": domain_name(label, address.location)}
    return {**shown, "ipConfiguration": {"id": used[0]}} if used else shown


PUBLIC_IP_ADDRESSES = ResourceType(
    PUBLIC_IP_ADDRESS, model=PublicIpAddress, shape="PublicIPAddressPropertiesFormat",
    envelope=("sku", "zones", "extendedLocation"), envelope_defaults=_with_sku,
    defaults=_defaults, check=_check,
    generate=_generate, in_use=_in_use, show=_show,
    actions=(
        Action("ddosProtectionStatus", answer=lambda address, _register, _question: unprotected(address)),
        *(Action(name, refused=Refusal("OperationNotSupported", "Cloud services are not offered here. Create a public "
                                       "IP address with publicIPAllocationMethod Static instead."))
          for name in ("reserveCloudServicePublicIpAddress", "disassociateCloudServiceReservedPublicIp"))))
