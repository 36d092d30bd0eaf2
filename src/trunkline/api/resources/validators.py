"""Trunkline.Plant/validators: where routers' knowledge of valid origins comes from. Only operators write them."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import VALIDATOR
from trunkline.model.resource import Json, Resource
from trunkline.model.validator import Validator


def _model(resource: Resource) -> Validator:
    return Validator.model_validate(resource.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    leg = _model(wish.resource).leg
    whose, way_out = (f"The {leg} leg", "") if leg else ("The instance", ", or give a leg")
    for other in estate.list(VALIDATOR):
        if other.id.key != wish.resource.id.key and not other.deleting and _model(other).leg == leg:
            yield Conflict("ValidatorExists", f"{whose} has the validator {other.id} already. Change that one, delete "
                           f"it first{way_out}.", "leg")


def _show(resource: Resource, _estate: Estate) -> Json:
    return {"legs": resource.status.get("legs", [])}


VALIDATORS = ResourceType(VALIDATOR, model=Validator, tracked=False, check=_check, show=_show)
