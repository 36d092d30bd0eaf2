"""Trunkline.Plant/asnBindings: the operator says that an AS number is that of the subscription where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable
from trunkline.errors import Fault
from trunkline.intent.validation import ASN_BINDING
from trunkline.model.asn_binding import AsnBinding
from trunkline.model.bgp import is_private_asn
from trunkline.model.resource import Resource


def _model(binding: Resource) -> AsnBinding:
    return AsnBinding.model_validate(binding.properties)


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    asn = _model(wish.resource).asn
    if is_private_asn(asn):
        yield Fault("PublicAsnRequired", f"AS {asn} is private and nobody's; no registry speaks of it. Approve the "
                    "circuit's prefixes instead (prefixApprovals).", "asn")
    if wish.existing and _model(wish.existing).asn != asn:
        yield immovable("asn", str(_model(wish.existing).asn), str(asn), "Delete this binding and create another.",
                        "asn")


ASN_BINDINGS = ResourceType(ASN_BINDING, model=AsnBinding, tracked=False, realised=True, check=_check)
