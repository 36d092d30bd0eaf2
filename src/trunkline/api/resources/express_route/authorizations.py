"""Authorizations: keys by which others may use a circuit or a Direct port, each once."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, ResourceType
from trunkline.api.resources.express_route.direct import PORT_AUTHORIZATION
from trunkline.api.resources.express_route.words import AUTHORIZATION
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.model.circuit import Authorization
from trunkline.model.resource import Json, Resource


def _redeemed(authorization: Resource, estate: Estate) -> tuple[Resource, ...]:
    """What uses an authorization's key."""
    return tuple(one for one in estate.referrers(authorization.id) if not one.deleting)


def _show(authorization: Resource, estate: Estate, user: str) -> Json:
    used = _redeemed(authorization, estate)
    shown = {"authorizationKey": authorization.system["authorizationKey"],
             "authorizationUseStatus": "InUse" if used else "Available"}
    return {**shown, user: str(used[0].id)} if used else shown


def _in_use(authorization: Resource, estate: Estate) -> Iterator[Fault]:
    for circuit in _redeemed(authorization, estate):
        yield Conflict("InUseAuthorizationCannotBeDeleted", f"Authorization {authorization.id} is in use by "
                       f"{circuit.id} and cannot be deleted. Delete the circuit first.")


_LIST_KEYS = Action("listKeys", quick=True, answer=lambda authorization, _estate, _question: {
    "authorizationKey": authorization.system["authorizationKey"]})

AUTHORIZATIONS = ResourceType(
    AUTHORIZATION, model=Authorization, tracked=False, dependents=_redeemed, actions=(_LIST_KEYS,),
    generate=lambda _wish, _ledger: {"authorizationKey": str(uuid4())},
    show=lambda authorization, estate: _show(authorization, estate, "connectionResourceUri"))

PORT_AUTHORIZATIONS = ResourceType(
    PORT_AUTHORIZATION, model=Authorization, tracked=False, in_use=_in_use, actions=(_LIST_KEYS,),
    generate=lambda _wish, _ledger: {"authorizationKey": str(uuid4())},
    show=lambda authorization, estate: _show(authorization, estate, "circuitResourceUri"))
