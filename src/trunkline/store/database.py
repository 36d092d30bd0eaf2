"""The store: opens the database, brings its tables up to date, and hands out transactions."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from trunkline.errors import TrunklineError
from trunkline.store import schema
from trunkline.store.engine import PATIENCE_S, for_reading, for_writing, open_engine
from trunkline.store.failure import translated
from trunkline.store.reader import Reader
from trunkline.store.turns import Turns
from trunkline.store.writer import Writer


class Store:
    """May be used by all threads of a process; several processes may open the same database."""

    def __init__(self, url: str, durable: bool = True, keys: Path | None = None) -> None:
        """``url`` as SQLAlchemy knows it; creates the database's tables, or brings them up to date.

        Not ``durable``: the last commits may be lost when the machine dies, though never when a process does. For
        whoever only writes what can be found out again, several times as fast.

        ``keys``: the file with the keys of secrets, made if it is not there; beside the database if that is a file."""
        self._engine = open_engine(url, durable, keys)
        self._readers, self._writers = for_reading(self._engine), for_writing(self._engine)
        self._turns = Turns()
        try:
            with translated():
                if self._revision() != schema.REVISION:
                    self._migrate()
        except TrunklineError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One consistent moment."""
        with translated(), self._readers.begin() as connection:
            yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """All or nothing; writers take turns, so do not begin one inside another."""
        with self._turns.turn(PATIENCE_S), translated(), self._writers.begin() as connection:
            yield Writer(connection)

    def reseal(self) -> int:
        """Every secret that is encrypted with an older key is encrypted with the newest; how many documents."""
        with self.writing() as writer:
            return writer.reseal()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _revision(self) -> str:
        with self._readers.connect() as connection:
            return _revision(connection)

    def _migrate(self) -> None:
        with self._writers.begin() as connection:
            if not _revision(connection):
                schema.create(connection)
                return
        # Alembic takes ten times as long to import as a store takes to open, and only an old database needs it.
        migration = importlib.import_module("trunkline.store.migration")
        with self._writers.begin() as connection:
            migration.upgrade(connection)


def _revision(connection: Connection) -> str:
    """Where its tables stand; empty for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
