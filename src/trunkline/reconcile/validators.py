"""Operators' validators: read for the feeds of VRPs, and shown what became of them."""

from __future__ import annotations

from trunkline.intent.view import VALIDATOR
from trunkline.model.validator import Validator
from trunkline.reconcile.origins import Origins, told
from trunkline.store import Store


def validators(store: Store) -> tuple[Validator, ...]:
    with store.reading() as reader:
        return tuple(Validator.model_validate(one.properties) for one in reader.list(VALIDATOR) if not one.deleting)


def refresh_validators(store: Store, origins: Origins) -> None:
    """Writes into each what the legs have that it is for."""
    reports = {report.leg: told(report) for report in origins.reports}
    with store.reading() as reader:
        known = [one for one in reader.list(VALIDATOR) if not one.deleting]
    for resource in known:
        leg = Validator.model_validate(resource.properties).leg
        status = {**resource.status, "legs": [row for which, row in reports.items() if leg in (which, None)]}
        if status != resource.status:
            with store.writing() as writer:
                writer.set_status(resource.id, status=status)
