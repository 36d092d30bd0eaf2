"""Finding resources, and that no question reads more than it answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from samples import CIRCUITS, NETWORKS, PEERINGS, circuit, operation, resource_id
from trunkline.model.operation import Activity, OperationStatus
from trunkline.model.references import references
from trunkline.model.resource import ProvisioningState, Resource, ResourceId, now
from trunkline.store import Reader, Store, Writer

GROUP = ResourceId("sub", "rg")
NETWORK = Resource(resource_id(NETWORKS, "vnet"))
POINTS = {"properties": [{"virtualNetwork": {"id": str(NETWORK.id).upper()}}]}
PEERING = Resource(circuit().id.child("peerings", "AzurePrivatePeering"), properties=POINTS)


def names(found: tuple[Resource, ...]) -> list[str]:
    return [one.id.name for one in found]


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    resources = (
        Resource(GROUP), Resource(ResourceId("sub", "RG2")), NETWORK, circuit("c2"), circuit("c1", properties=POINTS),
        circuit("c1", "rg2"), circuit("c1", "rg", "other"), PEERING)
    with store.writing() as writer:
        for resource in resources:
            writer.put(resource)
    with store.reading() as opened:
        yield opened


def test_children_are_direct_and_may_be_asked_for_by_type(reader: Reader) -> None:
    assert names(reader.children(circuit().id)) == ["AzurePrivatePeering"]
    assert names(reader.children(circuit().id, PEERINGS.upper())) == ["AzurePrivatePeering"]
    assert reader.children(circuit().id, CIRCUITS) == ()
    assert reader.children(PEERING.id) == ()


def test_referrers_are_those_that_name_the_target_in_any_case(reader: Reader) -> None:
    assert names(reader.referrers(NETWORK.id)) == ["c1", "AzurePrivatePeering"]
    assert names(reader.referrers(NETWORK.id, PEERINGS)) == ["AzurePrivatePeering"]
    assert reader.referrers(circuit().id) == ()


def test_a_reference_follows_the_wish(store: Store, reader: Reader) -> None:
    other = resource_id(NETWORKS, "other")
    with store.writing() as writer:
        stored = writer.put(circuit("c1", properties={"peer": {"id": str(other)}}))

        assert references(stored) == {other.key}
        assert names(writer.referrers(other)) == ["c1"]
        assert names(writer.referrers(NETWORK.id)) == ["AzurePrivatePeering"]


def test_pages_of_a_type_follow_one_another(reader: Reader) -> None:
    subscription, every = ResourceId("SUB"), reader.list(CIRCUITS, "sub")
    assert reader.page(CIRCUITS.upper(), subscription, "", 2) == every[:2]
    assert reader.page(CIRCUITS, subscription, every[1].id.key, 2) == every[2:]
    assert reader.page(CIRCUITS, GROUP, every[0].id.key, 9) == every[1:2]
    assert reader.count(CIRCUITS.upper(), "SUB") == len(every)


@pytest.mark.parametrize(("first", "last"), [(0, -1), (0, 0), (1, -1)])
def test_children_are_the_same_when_all_were_read_before(reader: Reader, first: int, last: int) -> None:
    parents = (circuit("c1"), circuit("c2"), circuit("c1", "rg2"), circuit("c1", "rg", "other"))
    before = [reader.children(parent.id, PEERINGS) for parent in parents]
    assert any(before)
    listed = reader.list(CIRCUITS, "sub")
    reader.preload(PEERINGS.upper(), listed[first].id, listed[last].id)
    assert [reader.children(parent.id, PEERINGS) for parent in parents] == before
    assert [reader.children(parent.id) for parent in parents] == before


def test_a_type_is_listed_by_subscription_and_group_in_the_order_of_ids(reader: Reader) -> None:
    assert [str(one.id) for one in reader.list(CIRCUITS.lower())] == [
        str(one.id) for one in (circuit("c1", "rg", "other"), circuit("c1"), circuit("c2"), circuit("c1", "rg2"))]
    assert names(reader.list(CIRCUITS, "SUB")) == ["c1", "c2", "c1"]
    assert names(reader.list(CIRCUITS, "sub", "RG")) == ["c1", "c2"]
    assert names(reader.list("Microsoft.Resources/resourceGroups", "sub")) == ["rg", "RG2"]


def test_a_group_contains_its_resources_and_not_itself(reader: Reader) -> None:
    assert names(reader.within(GROUP)) == ["c1", "AzurePrivatePeering", "c2", "vnet"]


def test_a_name_is_found_in_every_subscription(reader: Reader) -> None:
    assert [one.id.subscription for one in reader.find(CIRCUITS, "C1")] == ["other", "sub", "sub"]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Whatever SQLite is told on connections that are opened while the test runs."""
    found: list[str] = []

    def trace(connection: sqlite3.Connection, _entry: object) -> None:
        connection.set_trace_callback(found.append)

    event.listen(Engine, "connect", trace)
    yield found
    event.remove(Engine, "connect", trace)


def plans(url: str, statements: Iterable[str]) -> list[str]:
    """How SQLite answers each statement, as EXPLAIN QUERY PLAN says."""
    found: list[str] = []
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for statement in statements:
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}")
                found.extend(f"{row[3]} in {' '.join(statement.split())}" for row in rows)
    return found


def _ask_everything(reader: Reader) -> None:
    reader.get(GROUP)
    reader.by_alias("key")
    reader.children(GROUP)
    reader.children(GROUP, CIRCUITS)
    reader.referrers(GROUP)
    reader.referrers(GROUP, CIRCUITS)
    reader.list(CIRCUITS, "sub", "rg")
    reader.within(GROUP)
    reader.find(CIRCUITS, "c1")
    reader.operation("1")
    reader.running(GROUP)
    reader.pending()
    reader.owed()
    reader.activities(GROUP, 3)
    reader.activities(ResourceId(GROUP.subscription), 3)
    reader.applied("scope")
    reader.required("scope")
    reader.requirements("scope")
    reader.journal("name")


def _tell_everything(writer: Writer) -> None:
    writer.put(circuit(properties=POINTS))
    writer.put(circuit())
    writer.set_status(circuit().id, {"a": 1}, ProvisioningState.SUCCEEDED)
    writer.allocate("pool", "one")
    writer.release("pool", "one")
    writer.allocate("pool", "two")
    writer.delete(circuit().id)
    begun = operation(GROUP)
    writer.begin(begun)
    writer.progress(begun.id, "BGP")
    writer.finish(begun.id, OperationStatus.SUCCEEDED)
    writer.forget(begun.id)
    writer.log(Activity(GROUP, "write", "me", "1", "Succeeded"))
    writer.save_applied("scope", {"a": 1}, frozenset({"other"}))
    writer.save_journal("name", {})
    writer.prune(*[now() - timedelta(days=1)] * 2)


def test_every_question_and_every_write_goes_through_an_index(statements: list[str], sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.reading() as reader:
        statements.clear()
        _ask_everything(reader)
    with store.writing() as writer:
        _tell_everything(writer)
    store.close()

    found = plans(sqlite_url, statements)
    assert len(found) > 45
    walked = [plan for plan in found if plan.startswith("SCAN")]
    # The newest activities end with their limit; the tree of a deletion is the rows found so far.
    assert {plan.split()[1] for plan in walked} <= {"activities", "doomed"}


def test_what_runs_on_a_resource_is_found_by_the_resource_not_among_all_that_runs(
        statements: list[str], sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.reading() as reader:
        statements.clear()
        reader.running(GROUP)
    store.close()
    assert ["USING INDEX operations_by_key (key=? AND status=?)" in plan
            for plan in plans(sqlite_url, statements)] == [True]
