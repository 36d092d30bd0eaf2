"""publicIPPrefixes: ranges from which public addresses can be taken."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable
from trunkline.api.resources.recorded import ByShape, filled, ids, users
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import NAT_GATEWAY, PUBLIC_IP_ADDRESS, PUBLIC_IP_PREFIX
from trunkline.model.resource import Json, Resource

#: Beside the pool of single addresses (RFC 2544's 198.18.0.0/15, the upper half).
_POOL = IPv4Network("198.19.0.0/16")

#: Every prefix has a block of the largest size to itself.
_LENGTHS = range(28, 32)


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    length, old = wish.resource.properties["prefixLength"], wish.existing
    if length not in _LENGTHS:
        yield Fault("InvalidPublicIPPrefixLength", f"prefixLength {length} of {wish.resource.id.name} is not offered; "
                    f"it is from {_LENGTHS[0]} to {_LENGTHS[-1]}.", "prefixLength")
    if old and old.properties["prefixLength"] != length:
        yield immovable("prefixLength", str(old.properties["prefixLength"]), str(length), "Create another prefix.",
                        "prefixLength")
    if wish.resource.properties["publicIPAddressVersion"] != "IPv4":
        yield Fault("IPv6NotSupported", "publicIPAddressVersion 'IPv6' is not offered in this release; use IPv4.",
                    "publicIPAddressVersion")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    number = ledger.allocate("publicipprefix", wish.resource.id.key)
    first = int(_POOL.network_address) + (number - 1 << 32 - _LENGTHS[0])
    if first > int(_POOL.broadcast_address):
        raise Conflict("PublicIPPrefixPoolIsFull", f"All prefixes of {_POOL} are taken; delete public IP prefixes "
                       "first.")
    prefix = IPv4Network((first, wish.resource.properties["prefixLength"]))
    return {"number": number, "shown": {"resourceGuid": str(uuid4()), "ipPrefix": str(prefix)}}


def _show(prefix: Resource, estate: Estate) -> Json:
    taken, gateways = users(estate, prefix.id, PUBLIC_IP_ADDRESS), users(estate, prefix.id, NAT_GATEWAY)
    shown: Json = {"publicIPAddresses": ids(taken)} if taken else {}
    return {**shown, "natGateway": {"id": str(gateways[0].id)}} if gateways else shown


def _in_use(prefix: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, prefix.id, PUBLIC_IP_ADDRESS, NAT_GATEWAY):
        yield Fault("InUsePublicIpPrefixCannotBeDeleted", f"Public IP prefix {prefix.id} is in use by "
                    f"{', '.join(str(one.id) for one in used)} and cannot be deleted; delete or unlink these first.")


def _standard(envelope: Json, _kept: Json) -> Json:
    return {**envelope, "sku": {"name": "Standard", "tier": "Regional", **envelope.get("sku", {})}}


PUBLIC_IP_PREFIXES = ResourceType(
    PUBLIC_IP_PREFIX, model=ByShape, shape="PublicIPPrefixPropertiesFormat", envelope=("sku", "zones"),
    envelope_defaults=_standard,
    defaults=filled(prefixLength=_LENGTHS[0], publicIPAddressVersion="IPv4", ipTags=[]), check=_check,
    generate=_generate, in_use=_in_use, show=_show)
