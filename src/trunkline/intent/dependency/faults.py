"""Scopes of faults, which act on whatever comes and goes elsewhere."""

from __future__ import annotations

from trunkline.intent.dependency.edge import Scopes
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import FAULT
from trunkline.model.resource import Resource


def of_fault(resource: Resource, _estate: Estate) -> Scopes:
    yield Scope(ScopeKind.FAULT, resource.id.key)


def standing_faults(estate: Estate) -> Scopes:
    """All of them: there are few, and which nodes a circuit shares with which fault is as dear to tell as to look."""
    for fault in estate.list(FAULT):
        yield from of_fault(fault, estate)
