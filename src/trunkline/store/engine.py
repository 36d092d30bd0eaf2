"""What differs between databases: opening them, and how a transaction begins.

SQLite: write-ahead log, so readers and the one writer do not wait for each other; every commit is on disk before it is
acknowledged (synchronous=FULL). Python's driver would begin transactions by itself, and only before writes; it is told
not to, so that a read transaction sees one moment and a writer takes the lock before it reads.

PostgreSQL: a read transaction is REPEATABLE READ (one moment); writers queue for an advisory lock, so that, as in
SQLite, what a writer reads cannot change before it commits.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from trunkline.errors import Unsupported

#: How long a writer waits for the other process's writer.
BUSY_TIMEOUT_S = 30.0
#: As many connections as the API may serve requests at the same time; beyond that a caller waits.
_CONNECTIONS = 64

_BEGIN = "trunkline_begin"
#: Any number that no other user of the same PostgreSQL database locks.
_WRITER_LOCK = 0x7472756E6B6C


def _render(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def open_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    engine = create_engine(parsed, json_serializer=_render, hide_parameters=True, pool_pre_ping=True,
                           pool_size=_CONNECTIONS, max_overflow=0, isolation_level="READ COMMITTED")
    event.listen(engine, "begin", _on_begin)
    return engine


def for_reading(engine: Engine) -> Engine:
    """The same pool; transactions see one moment."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: "BEGIN"})
    return engine.execution_options(isolation_level="REPEATABLE READ")


def for_writing(engine: Engine) -> Engine:
    """The same pool; one transaction at a time, over all processes."""
    begin = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"
    return engine.execution_options(**{_BEGIN: begin})


def _open_sqlite(url: URL) -> Engine:
    if not url.database or ":memory:" in url.database:
        raise Unsupported(f"The store at '{url}' would live in memory and be gone at the end; name a file, as in "
                          "sqlite:////var/lib/trunkline/trunkline.db.")
    _create_private(Path(url.database))
    engine = create_engine(url, json_serializer=_render, hide_parameters=True, poolclass=QueuePool,
                           pool_size=_CONNECTIONS, max_overflow=0, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _create_private(path: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _on_sqlite_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    if statement := connection.get_execution_options().get(_BEGIN):
        connection.exec_driver_sql(statement)
