"""Pages of docs/ that follow from the code are as the code says now; ``scripts/pages`` prints them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from arm import lab
from trunkline.api import coverage
from trunkline.api.declaration import Registry
from trunkline.api.resources import registry
from trunkline.diagnosis import catalogue
from trunkline.intent.change import page as changes
from trunkline.model import machine
from trunkline.model.machine import MACHINES, PROVISIONING, StateMachine
from trunkline.model.resource import ProvisioningState
from trunkline.reconcile.answers import Answers
from trunkline.reconcile.troubles import Troubles
from trunkline.store.writer import legal

DOCS = Path(__file__).parents[3] / "docs"
LAB = "/subscriptions/{s}/resourceGroups/{g}/providers/Test.Lab"


@pytest.fixture(scope="module")
def declared() -> Registry:
    return registry("provider")


def test_the_coverage_page_is_current(declared: Registry) -> None:
    compared = (DOCS / "conformance.md").read_text()
    assert (DOCS / "coverage.md").read_text() == coverage.page(declared, compared), "run scripts/pages"


def test_the_states_page_is_current() -> None:
    assert (DOCS / "states.md").read_text() == machine.page(), "run scripts/pages"


@pytest.mark.parametrize(("verb", "path", "how"), [
    ("PUT", f"{LAB}/boxes/{{b}}", "realised"), ("PUT", f"{LAB}/straps/{{s}}", "recorded"),
    ("GET", f"{LAB}/boxes", "realised"), ("POST", f"{LAB}/boxes/{{b}}/burn", "refused NoFire"),
    ("POST", f"{LAB}/boxes/{{b}}/shake/{{x}}", "realised"), ("POST", f"{LAB}/boxes/{{b}}/sing", "missing"),
    ("GET", f"{LAB}/boxes/{{b}}/shake/{{x}}", "missing"), ("PUT", f"{LAB}/ghosts/{{g}}", "refused NoGhosts"),
    ("PUT", f"{LAB}/radios/{{r}}/knobs/{{k}}", "missing"), ("PUT", f"{LAB}/straps", "missing"),
    ("GET", "/subscriptions/{s}/providers/Test.Lab/locations/{l}/shelves", "realised"),
    ("DELETE", "/{scope}/providers/Test.Lab/seals/{s}", "recorded"),
    ("GET", "/subscriptions/{s}/resourcegroups/{g}", "realised"), ("POST", "/subscriptions/{s}", "missing"),
    ("GET", "/nowhere", "missing"), ("GET", f"{LAB}/cats", "missing")])
def test_what_becomes_of_an_operation(verb: str, path: str, how: str) -> None:
    assert coverage.how(lab("provider"), verb, path) == how


def test_no_network_is_promised_that_the_reconciler_does_not_read(declared: Registry) -> None:
    asked = {action.name for kind in declared.types.values() for action in kind.actions
             if not (action.answer or action.lists or action.change or action.refused)}
    nothing: Any = None
    assert asked <= Answers(nothing, nothing, nothing, nothing, Troubles()).known


@pytest.mark.parametrize("one", MACHINES, ids=lambda one: one.name)
def test_a_machine_names_no_state_that_it_has_not(one: StateMachine) -> None:
    assert one.start in one.states
    assert set().union(*one.moves.values()) <= set(one.states)
    assert not [state for state, targets in one.moves.items() if state in targets]


@pytest.mark.parametrize(("old", "new"), [*product(ProvisioningState, ProvisioningState)])
def test_the_store_moves_only_along_the_table(old: ProvisioningState, new: ProvisioningState) -> None:
    """One write may change and settle at once: through Updating."""
    through = PROVISIONING.allows(old, "Updating") and PROVISIONING.allows("Updating", new)
    assert legal(old, new) == (PROVISIONING.allows(old, new) or through)


def test_a_refused_move_names_the_ways_out() -> None:
    assert machine.PROVIDER.refusal("Provisioned", "Provisioning") == (
        "serviceProviderProvisioningState cannot go from Provisioned to Provisioning; from Provisioned it may become "
        "DeProvisioned, Deprovisioning, NotProvisioned.")


def test_the_page_of_security_events_is_the_catalogue() -> None:
    assert (DOCS / "security-events.md").read_text() == catalogue.page(), "run scripts/pages"


def test_the_page_of_changes_is_as_printed() -> None:
    assert (DOCS / "changes.md").read_text() == changes.page(), "run scripts/pages"
