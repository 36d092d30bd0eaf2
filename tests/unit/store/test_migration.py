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
from sqlalchemy import create_engine

from samples import circuit
from trunkline.errors import Unsupported
from trunkline.store import Store, schema
from trunkline.store.migration import configuration


def test_the_newest_migration_is_the_schemas_revision() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [schema.REVISION]


def test_migrations_make_exactly_the_tables_of_the_schema(url: str) -> None:
    Store(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


def test_a_store_that_is_current_opens_without_alembic(sqlite_url: str) -> None:
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

    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}


def test_every_commit_is_on_disk_before_it_is_acknowledged(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.reading() as reader:
        settings = {
            name: reader._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")}
    store.close()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
