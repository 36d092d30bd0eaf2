"""When the disk is full, broken or locked: a clear failure, nothing written, and work goes on when it can."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from samples import CIRCUITS, circuit
from trunkline.errors import StoreFailure, Unsupported
from trunkline.model.resource import Resource
from trunkline.store import Store

#: Larger than any free page of a small database.
BULKY = replace(circuit("bulky"), properties={"text": "x" * 400_000}, secrets={"sharedKey": "hush"})

#: As another process whose files may not grow: writes BULKY, then prints how it went.
WRITE_WITHIN_LIMIT = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from samples import circuit
from trunkline.errors import StoreFailure
from trunkline.store import Store
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    with store.writing() as writer:
        writer.put(circuit(properties={"text": "x" * 400_000}))
except StoreFailure as failure:
    print(failure.status, failure)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with store.writing() as writer:
    assert writer.get(circuit().id) is None
    writer.put(circuit("afterwards"))
"""


def put(store: Store, wish: Resource) -> Resource:
    with store.writing() as writer:
        return writer.put(wish)


def put_and_list(store: Store) -> tuple[Resource, ...]:
    put(store, circuit("after"))
    with store.reading() as reader:
        return reader.list(CIRCUITS)


def limit_pages(store_url: str, pages: int) -> Store:
    """A store whose every connection finds the disk full beyond that many pages."""

    def limit(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(Engine, "connect", limit)
    try:
        store = Store(store_url)
        put(store, circuit("kept"))
    finally:
        event.remove(Engine, "connect", limit)
    return store


def test_a_full_disk_is_said_and_leaves_the_former_state(sqlite_url: str) -> None:
    store = limit_pages(sqlite_url, 60)

    with pytest.raises(StoreFailure, match=r"full\) and nothing was written; free space") as failure:
        put(store, BULKY)

    assert failure.value.status == 507
    assert [one.id.name for one in put_and_list(store)] == ["after", "kept"]
    store.close()


def test_a_file_that_cannot_grow_is_said_and_leaves_the_former_state(sqlite_url: str) -> None:
    put(store := Store(sqlite_url), circuit("kept"))

    other = subprocess.run(
        [sys.executable, "-c", WRITE_WITHIN_LIMIT, sqlite_url, str(Path(__file__).parents[2])],
        text=True, capture_output=True, check=True, timeout=60)

    assert re.match(r"50[37] The store failed \(.*\) and nothing was written", other.stdout)
    with store.reading() as reader:
        assert [one.id.name for one in reader.list(CIRCUITS)] == ["afterwards", "kept"]
    store.close()


def test_no_failure_shows_what_was_to_be_written(sqlite_url: str) -> None:
    store = limit_pages(sqlite_url, 60)

    with pytest.raises(StoreFailure) as failure:
        put(store, BULKY)

    assert "hush" not in f"{failure.value} {failure.value.__cause__}"
    store.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(os.urandom(8192))

    with pytest.raises(StoreFailure, match="damaged; restore it from a copy"):
        Store(f"sqlite:///{tmp_path}/x.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_store_that_would_not_last_is_refused(url: str) -> None:
    with pytest.raises(Unsupported, match="must be a plain file"):
        Store(url)
