"""Trunkline.Plant/prefixApprovals: the operator vouches for a public prefix of a circuit's Microsoft peering."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.linked import circuit_of, stays
from trunkline.errors import Fault
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.model.approval import PrefixApproval
from trunkline.model.resource import Resource


def _model(approval: Resource) -> PrefixApproval:
    return PrefixApproval.model_validate(approval.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, _model(wish.resource)
    circuit = yield from circuit_of(own, model.circuit, estate)
    if circuit and own.group.lower() != circuit.id.group.lower():
        yield Fault("ApprovalNotBesideCircuit", f"Approval {own} is for circuit {circuit.id} and has to stand in its "
                    f"resource group, {circuit.id.group}, so that they go together.", "circuit")
    if wish.existing:
        yield from stays("circuit", _model(wish.existing).circuit, model.circuit,
                         "Delete this approval and create another.", "circuit")


PREFIX_APPROVALS = ResourceType(PREFIX_APPROVAL, model=PrefixApproval, tracked=False, realised=True, check=_check)
