"""Operations, activities, applied blueprints, journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from samples import circuit, operation
from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, ResourceId, now
from trunkline.store import Store

RESOURCE = circuit().id


def test_an_operation_is_read_back_whole(store: Store) -> None:
    begun = Operation(
        "1", RESOURCE, OperationKind.DEPLOYMENT, action="arpTables", parameters={"devicePath": "primary"},
        waits_for=("2", "3"), waiting_for="BGP", location="westus", api_version="2024-01-01", generation=4)
    with store.writing() as writer:
        writer.begin(begun)

    with store.reading() as reader:
        assert reader.operation("1") == begun
        assert reader.operation("2") is None


@pytest.mark.parametrize("result", [None, {"value": []}, [{"a": 1}]])
def test_an_operation_ends_with_its_result(store: Store, result: Json | list[Json] | None) -> None:
    with store.writing() as writer:
        writer.begin(begun := operation(RESOURCE))
        writer.progress(begun.id, "the peer")
        writer.finish(begun.id, OperationStatus.SUCCEEDED, result=result)

        ended = writer.operation(begun.id)

    assert ended is not None
    assert (ended.status, ended.result, ended.error, ended.waiting_for) == (OperationStatus.SUCCEEDED, result, None, "")
    assert ended.finished is not None
    assert ended.finished >= begun.created


def test_the_first_end_of_an_operation_counts(store: Store) -> None:
    with store.writing() as writer:
        writer.begin(begun := operation(RESOURCE))
        writer.finish(begun.id, OperationStatus.FAILED, {"code": "Broken", "message": "it is"})
        first = writer.operation(begun.id)

        writer.finish(begun.id, OperationStatus.SUCCEEDED)
        writer.progress(begun.id, "nothing")

        assert writer.operation(begun.id) == first


def test_pending_is_what_the_reconciler_owes_oldest_first(store: Store) -> None:
    moment = now()
    ages = {OperationKind.PUT: 1, OperationKind.ACTION: 3, OperationKind.DELETE: 2, OperationKind.DEPLOYMENT: 4}
    with store.writing() as writer:
        for kind, age_s in ages.items():
            writer.begin(replace(operation(RESOURCE, kind), created=moment - timedelta(seconds=age_s)))
        writer.begin(done := operation(RESOURCE))
        writer.finish(done.id, OperationStatus.CANCELED)

        pending = [one.kind for one in writer.pending()]

    assert pending == [OperationKind.ACTION, OperationKind.DELETE, OperationKind.PUT]


def test_running_is_of_exactly_that_resource(store: Store) -> None:
    with store.writing() as writer:
        writer.begin(mine := operation(RESOURCE))
        writer.begin(operation(RESOURCE.child("peerings", "p")))
        writer.begin(ended := operation(RESOURCE))
        writer.finish(ended.id, OperationStatus.SUCCEEDED)

        assert writer.running(RESOURCE) == (mine,)


def test_a_forgotten_operation_is_gone(store: Store) -> None:
    with store.writing() as writer:
        writer.begin(begun := operation(RESOURCE))
        writer.forget(begun.id)

        assert writer.operation(begun.id) is None


def test_activities_come_newest_first_and_up_to_a_limit(store: Store) -> None:
    other = circuit("other").id
    with store.writing() as writer:
        for number, resource in enumerate((RESOURCE, other, RESOURCE, RESOURCE)):
            writer.log(Activity(resource, "write", "me", str(number), "Succeeded", detail="d"))

        assert [one.correlation_id for one in writer.activities(RESOURCE, 2)] == ["3", "2"]
        everywhere = ResourceId(RESOURCE.subscription)
        assert [one.correlation_id for one in writer.activities(everywhere, 9)] == ["3", "2", "1", "0"]
        assert [one.resource for one in writer.activities(other, 9)] == [other]
        writer.log(Activity(ResourceId("elsewhere", "rg"), "write", "me", "9", "Succeeded"))
        assert [one.correlation_id for one in writer.activities(everywhere, 1)] == ["3"]


def test_pruning_removes_what_is_old_and_finished(store: Store) -> None:
    with store.writing() as writer:
        old = now() - timedelta(days=2)
        writer.begin(running := replace(operation(RESOURCE), created=old))
        writer.begin(ended := replace(operation(RESOURCE), created=old))
        writer.finish(ended.id, OperationStatus.SUCCEEDED)
        writer.log(Activity(RESOURCE, "write", "me", "old", "Succeeded", old))
        writer.log(Activity(RESOURCE, "write", "me", "new", "Succeeded"))

        writer.prune(*[now() - timedelta(days=1)] * 2)
        assert writer.operation(ended.id) is not None
        assert [one.correlation_id for one in writer.activities(ResourceId(RESOURCE.subscription), 9)] == ["new"]

        writer.prune(*[now() + timedelta(seconds=1)] * 2)
        assert writer.operation(ended.id) is None
        assert writer.operation(running.id) == running


def test_an_applied_blueprint_is_replaced_and_removed_with_its_requirements(store: Store) -> None:
    with store.writing() as writer:
        writer.save_applied("leg|a", {"nodes": ["x"]}, frozenset({"edge|l", "region|r"}))
        writer.save_applied("leg|b", {}, frozenset({"edge|l"}))
        assert writer.applied_scopes() == ("leg|a", "leg|b")
        assert writer.applied("leg|b") == {}
        assert writer.requirements("leg|a") == {"edge|l", "region|r"}

        writer.save_applied("leg|a", {"nodes": []}, frozenset({"edge|l"}))
        assert writer.applied("leg|a") == {"nodes": []}
        assert not writer.required("region|r")

        writer.save_applied("leg|a", None, frozenset())
        assert writer.applied("leg|a") is None
        assert writer.requirements("leg|a") == frozenset()
        assert writer.required("edge|l")

        writer.save_applied("leg|b", None, frozenset())
        assert not writer.required("edge|l")


def test_a_journal_page_is_replaced(store: Store) -> None:
    with store.writing() as writer:
        assert writer.journal("facts") is None
        writer.save_journal("facts", {"a": 1})
        writer.save_journal("facts", {"b": 2})

        assert writer.journal("facts") == {"b": 2}
