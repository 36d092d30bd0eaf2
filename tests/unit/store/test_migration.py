"""Migrations lead to the tables as written, run once, and cost nothing afterwards."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from samples import circuit
from trunkline.errors import Unsupported
from trunkline.store import Store, schema
from trunkline.store.migration import configuration, upgrade


def test_the_newest_migration_is_the_schemas_revision() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [schema.REVISION]


def emptied(url: str) -> Engine:
    engine = create_engine(url)
    with engine.begin() as connection:
        schema.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    return engine


def test_migrations_make_exactly_the_tables_of_the_schema(url: str) -> None:
    engine = emptied(url)
    with engine.begin() as connection:
        upgrade(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


def test_an_empty_database_is_made_as_if_by_migrations(url: str) -> None:
    engine = emptied(url)
    Store(url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == schema.REVISION
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("empty", [True, False])
def test_a_store_that_is_empty_or_current_opens_without_alembic(sqlite_url: str, empty: bool) -> None:
    if empty:
        emptied(sqlite_url).dispose()
    script = "import sys; from trunkline.store import Store; Store(sys.argv[1]); print('alembic' in sys.modules)"

    opened = subprocess.run([sys.executable, "-c", script, sqlite_url], text=True, capture_output=True, check=True)

    assert opened.stdout == "False\n"


def test_what_was_stored_is_there_after_reopening(url: str) -> None:
    first = Store(url)
    with first.writing() as writer:
        stored = writer.put(circuit())
    first.close()

    second = Store(url)
    with second.reading() as reader:
        assert reader.get(circuit().id) == stored
    second.close()


def test_a_store_of_a_newer_trunkline_is_refused(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()

    with pytest.raises(Unsupported, match="written by another version"):
        Store(sqlite_url)


def test_the_files_of_a_store_are_its_owners_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/deep/down/x.db")
    with store.writing() as writer:
        writer.put(circuit())

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep" / "down").iterdir()}
    store.close()

    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600, "store.key": 0o600}


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
def test_every_durable_commit_is_on_disk_before_it_is_acknowledged(
        sqlite_url: str, durable: bool, synchronous: int) -> None:
    store = Store(sqlite_url, durable)
    with store.reading() as reader:
        settings = {
            name: reader._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")}
    store.close()

    assert settings == {"journal_mode": "wal", "synchronous": synchronous, "foreign_keys": 1}
