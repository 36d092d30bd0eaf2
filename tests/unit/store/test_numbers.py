"""Pools of numbers behave like the obvious model, whatever the order of calls."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.store import Store

OWNERS = st.sampled_from(["a", "b", "c", "d", "e"])
CALLS = st.lists(st.tuples(st.sampled_from(["allocate", "release"]), st.sampled_from(["p", "q"]), OWNERS), max_size=30)


class Undone(Exception):
    """Ends a writing block without keeping it."""


def _expected(pool: dict[str, int], owner: str) -> int:
    return pool.setdefault(owner, next(n for n in count(1) if n not in pool.values()))


def _compare(store: Store, calls: list[tuple[str, str, str]]) -> None:
    model: dict[str, dict[str, int]] = {"p": {}, "q": {}}
    with store.writing() as writer:
        for call, pool, owner in calls:
            if call == "allocate":
                assert writer.allocate(pool, owner) == _expected(model[pool], owner)
            else:
                writer.release(pool, owner)
                model[pool].pop(owner, None)
        raise Undone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(CALLS)
def test_an_owner_gets_its_own_number_else_the_lowest_free(store: Store, calls: list[tuple[str, str, str]]) -> None:
    try:
        _compare(store, calls)
    except Undone:
        return
