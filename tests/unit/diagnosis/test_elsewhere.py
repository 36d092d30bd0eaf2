"""What counts as another path of a prefix, and what does not."""

from __future__ import annotations

from looks import ER1, ER2
from trunkline.diagnosis.elsewhere import Brought, Paths
from trunkline.intent.bgp import Refusal, RibEntry
from trunkline.reconcile.monitor.memory import SessionMemory

PREFIX, PART = "10.10.0.0/16", "10.10.7.0/24"
HERE, THERE = (ER2.lower(), "primary"), (ER1.lower(), "primary")


def elsewhere(there: Brought, first: int = 5, victims: tuple[str, ...] = (), prefix: str = PREFIX) -> bool:
    paths = Paths({HERE: Brought({prefix: first}, frozenset({prefix})), THERE: there})
    return bool(paths.elsewhere(HERE, [prefix], victims))


def brought(prefix: str = PREFIX, first: int = 1, doubtful: bool = False) -> Brought:
    one = frozenset({prefix})
    return Brought({prefix: first}, one, one if doubtful else frozenset())


def test_what_another_brings_is_elsewhere_too_and_what_covers_it() -> None:
    assert elsewhere(brought())
    assert elsewhere(brought(), prefix=PART)
    assert not elsewhere(brought(PART))


def test_a_default_route_is_no_other_path() -> None:
    assert not elsewhere(brought("0.0.0.0/0"))


def test_who_has_no_right_to_it_brings_no_other_path() -> None:
    assert not elsewhere(brought(doubtful=True))


def test_a_forger_that_says_it_is_the_victim_does_not_take_the_owners_last_path() -> None:
    assert not elsewhere(brought(first=9), victims=(ER1,))
    assert elsewhere(brought(first=1), victims=(ER1,))


def test_what_a_session_refuses_without_containment_is_known_of_that_session() -> None:
    refusals = {PREFIX: Refusal.MARTIAN, PART: Refusal.CONTAINED, "10.11.0.0/16": None}
    routes = tuple(RibEntry(prefix, "10.0.0.1", "customer", refusal=why) for prefix, why in refusals.items())
    paths = Paths({HERE: SessionMemory(routes=routes).brought("one/customer") | brought()})
    assert paths.refused(HERE, "one/customer") == {PREFIX}
    assert paths.refused(HERE, "other/customer") == paths.refused(THERE, "one/customer") == frozenset()
