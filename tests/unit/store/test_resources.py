"""Putting, getting and deleting resources; etags, generations and states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, func, select

from samples import CIRCUITS, NETWORKS, circuit, resource_id
from trunkline.errors import Conflict, Stale
from trunkline.model.resource import ProvisioningState, Resource
from trunkline.store import Store
from trunkline.store.schema import arrows, resources

State = ProvisioningState


def put(store: Store, resource: Resource, etag: str | None = None) -> Resource:
    with store.writing() as writer:
        return writer.put(resource, etag)


def get(store: Store, resource: Resource) -> Resource:
    with store.reading() as reader:
        found = reader.get(resource.id)
    assert found is not None
    return found


def in_state(store: Store, state: ProvisioningState) -> Resource:
    return put(store, replace(circuit(), state=state))


def test_what_is_put_is_got_back_whole(store: Store) -> None:
    wish = Resource(
        resource_id(CIRCUITS, "C1"), "westus", {"team": "net – ‘wörk’"}, {"sku": {"tier": "Premium"}},
        {"list": [1, 2.5, None, True], "half a pair": "\ud800"}, {"alias": "KEY", "number": 7}, {"stag": 3},
        {"sharedKey": "hush"}, State.CREATING)

    stored = put(store, wish)

    assert get(store, wish) == stored
    assert stored == replace(wish, etag=stored.etag, generation=1, created=stored.created, changed=stored.changed)


def test_a_resource_that_was_never_put_is_none(store: Store) -> None:
    with store.reading() as reader:
        assert reader.get(circuit().id) is None
        assert reader.by_alias("nobody") is None


def test_ids_are_compared_without_regard_to_case_and_keep_their_first_spelling(store: Store) -> None:
    put(store, circuit("MyCircuit", "MyGroup"))

    again = put(store, circuit("mycircuit", "MYGROUP"))

    assert str(again.id) == str(circuit("MyCircuit", "MyGroup").id)
    assert get(store, circuit("MYCIRCUIT", "mygroup")) == again


def test_every_write_of_the_wish_gives_a_new_etag_and_the_next_generation(store: Store) -> None:
    first, second = put(store, circuit()), put(store, circuit())

    assert (first.generation, second.generation) == (1, 2)
    assert first.etag != second.etag
    assert first.etag.startswith('W/"')


def test_a_replacement_keeps_creation_time_and_status(store: Store) -> None:
    first = put(store, replace(circuit(), status={"stag": 5}, created=circuit().created - timedelta(days=1)))

    second = put(store, circuit(properties={"new": True}))

    assert (second.created, second.status, second.properties) == (first.created, {"stag": 5}, {"new": True})
    assert second.changed >= first.changed


def test_a_given_status_replaces_the_kept_one(store: Store) -> None:
    put(store, replace(circuit(), status={"stag": 5}))

    assert put(store, replace(circuit(), status={"stag": 6})).status == {"stag": 6}


def test_the_right_etag_lets_a_write_through(store: Store) -> None:
    first = put(store, circuit())

    assert put(store, circuit(), first.etag).generation == 2
    assert put(store, circuit(), "*").generation == 3


@pytest.mark.parametrize("etag", ["*", 'W/"something else"'])
def test_a_missing_resource_matches_no_etag(store: Store, etag: str) -> None:
    with pytest.raises(Stale) as refused:
        put(store, circuit(), etag)
    assert refused.value.status == 412


def test_an_old_etag_is_refused_and_nothing_changes(store: Store) -> None:
    first = put(store, circuit())
    second = put(store, circuit())

    with pytest.raises(Stale, match="read it again"):
        put(store, circuit(properties={"lost": True}), first.etag)

    assert get(store, circuit()) == second


@pytest.mark.parametrize("state", [State.UPDATING, State.SUCCEEDED, State.DELETING])
@pytest.mark.parametrize("old", [State.SUCCEEDED, State.FAILED, State.CANCELED, State.UPDATING])
def test_a_settled_resource_may_be_written_and_deleted(
        store: Store, old: ProvisioningState, state: ProvisioningState) -> None:
    in_state(store, old)

    assert in_state(store, state).state is state


@pytest.mark.parametrize("state", [State.UPDATING, State.SUCCEEDED, State.CREATING])
def test_nothing_but_failure_ends_a_deletion(store: Store, state: ProvisioningState) -> None:
    in_state(store, State.DELETING)

    with pytest.raises(Conflict, match="is Deleting and cannot become"):
        in_state(store, state)
    with store.writing() as writer, pytest.raises(Conflict):
        writer.set_status(circuit().id, state=state)

    assert in_state(store, State.FAILED).state is State.FAILED


def test_two_resources_cannot_share_an_alias(store: Store) -> None:
    put(store, replace(circuit("one"), system={"alias": "Key"}))

    with pytest.raises(Conflict, match="already belongs to"):
        put(store, replace(circuit("two"), system={"alias": "KEY"}))

    with store.reading() as reader:
        assert reader.get(circuit("two").id) is None


def test_a_resource_keeps_its_alias_when_written_again(store: Store) -> None:
    put(store, replace(circuit(), system={"alias": "Key"}))
    stored = put(store, replace(circuit(), system={"alias": "Key"}))

    with store.reading() as reader:
        assert reader.by_alias("kEY") == stored


def test_a_status_changes_the_etag_but_not_the_generation(store: Store) -> None:
    before = put(store, circuit(properties={"wish": 1}))

    with store.writing() as writer:
        writer.set_status(circuit().id, {"stag": 9}, State.SUCCEEDED)

    after = get(store, circuit())
    assert (after.status, after.state, after.generation) == ({"stag": 9}, State.SUCCEEDED, before.generation)
    assert after.properties == before.properties
    assert after.etag != before.etag


def test_an_equal_status_changes_nothing(store: Store) -> None:
    before = put(store, replace(circuit(), status={"stag": 9}, state=State.SUCCEEDED))

    with store.writing() as writer:
        writer.set_status(circuit().id, {"stag": 9}, State.SUCCEEDED)
        writer.set_status(circuit().id)

    assert get(store, circuit()) == before


def test_a_status_of_a_missing_resource_is_let_go(store: Store) -> None:
    with store.writing() as writer:
        writer.set_status(circuit().id, {"stag": 9})

        assert writer.get(circuit().id) is None


def test_a_failed_resource_may_succeed_later_without_a_new_wish(store: Store) -> None:
    in_state(store, State.FAILED)

    with store.writing() as writer:
        writer.set_status(circuit().id, state=State.SUCCEEDED)

    assert get(store, circuit()).state is State.SUCCEEDED


def test_deletion_takes_descendants_references_and_numbers_along(store: Store) -> None:
    network = Resource(resource_id(NETWORKS, "vnet"))
    points = {"properties": {"virtualNetwork": {"id": str(network.id)}}}
    peering = circuit().id.child("peerings", "AzurePrivatePeering")
    with store.writing() as writer:
        for one in (circuit(), circuit("other"), Resource(peering), Resource(peering.child("connections", "g"))):
            writer.put(replace(one, properties=points))
            writer.allocate("pool", one.id.key)

        writer.delete(circuit().id)

        assert [one.id for one in writer.within(circuit().id)] == [circuit("other").id]
        assert [one.id for one in writer.referrers(network.id)] == [circuit("other").id]
        assert [writer.allocate("pool", owner) for owner in "abcd"] == [1, 3, 4, 5]


def test_a_deletion_leaves_no_row_behind(store: Store, url: str) -> None:
    put(store, circuit(properties={"peer": {"id": str(resource_id(NETWORKS, "vnet"))}}))
    with store.writing() as writer:
        writer.delete(circuit().id)

    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [connection.scalar(select(func.count()).select_from(table)) for table in (resources, arrows)]
    engine.dispose()
    assert rows == [0, 0]


def test_deleting_what_is_not_there_does_nothing(store: Store) -> None:
    put(store, circuit())

    with store.writing() as writer:
        writer.delete(circuit("other").id)

    get(store, circuit())


def test_secrets_are_stored_but_never_shown(store: Store) -> None:
    stored = put(store, replace(circuit(), secrets={"sharedKey": "hush"}))

    assert stored.secrets == {"sharedKey": "hush"}
    assert "hush" not in repr(get(store, circuit()))
