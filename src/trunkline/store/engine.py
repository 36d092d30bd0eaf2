"""What differs between databases: opening them, and how a transaction begins.

SQLite: write-ahead log, so readers and the one writer do not wait for each other; every durable commit is on disk
before it is acknowledged (synchronous=FULL). Python's driver would begin transactions by itself, and only before
writes; it is told not to, so that a read transaction sees one moment and a writer takes the lock before it reads.

PostgreSQL: a read transaction is REPEATABLE READ (one moment); writers queue for an advisory lock, so that, as in
SQLite, what a writer reads cannot change before it commits.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from trunkline.errors import Unsupported
from trunkline.store.sealed import Ring, parse
from trunkline.store.turns import begin_immediate

#: How long a writer waits for its turn.
PATIENCE_S = 30.0
#: As many connections as the API may serve requests at the same time; beyond that a caller waits.
_CONNECTIONS = 64

#: Execution option: the transactions of this engine write.
_WRITES = "trunkline_writes"
#: Any number that no other user of the same PostgreSQL database locks.
_WRITER_LOCK = 0x7472756E6B6C


def open_engine(url: str, durable: bool, keys: Path | None = None) -> Engine:
    """``keys``: the file with the keys of its secrets; beside a SQLite database unless told."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, durable, keys)
    return _open_server(parsed, durable, Ring(keys))


def for_reading(engine: Engine) -> Engine:
    """The same pool; transactions see one moment."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def for_writing(engine: Engine) -> Engine:
    """The same pool; one transaction at a time, over all processes."""
    return engine.execution_options(**{_WRITES: True})


def _open_sqlite(url: URL, durable: bool, keys: Path | None) -> Engine:
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise Unsupported(f"The store '{url}' must be a plain file, as in sqlite:////var/lib/trunkline/trunkline.db; "
                          "in memory it would be gone at the end.")
    _create_private(Path(url.database))
    ring = Ring(keys or Path(url.database).parent / "store.key")
    engine = create_engine(url, json_serializer=ring, json_deserializer=parse, hide_parameters=True,
                           poolclass=QueuePool, pool_size=_CONNECTIONS, max_overflow=0,
                           connect_args={"timeout": PATIENCE_S})
    event.listen(engine, "connect", partial(_on_sqlite_connect, "FULL" if durable else "NORMAL"))
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _open_server(url: URL, durable: bool, ring: Ring) -> Engine:
    engine = create_engine(url, json_serializer=ring, json_deserializer=parse, hide_parameters=True,
                           pool_pre_ping=True, pool_size=_CONNECTIONS, max_overflow=0, isolation_level="READ COMMITTED")
    event.listen(engine, "begin", _on_server_begin)
    if not durable:
        event.listen(engine, "connect", _on_hasty_connect)
    return engine


def _create_private(path: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _on_sqlite_connect(synchronous: str, connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    if connection.get_execution_options().get(_WRITES):
        begin_immediate(driver, PATIENCE_S)
    else:
        driver.execute("BEGIN")


def _on_hasty_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION synchronous_commit = off")
    connection.commit()


def _on_server_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
