"""A database's errors as ours: what happened to the data, and what the caller can do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from trunkline.errors import StoreFailure

#: (words in the driver's message, HTTP status, way out)
_KNOWN = (
    ("full", 507, "free space on its disk, then ask again"),
    ("no space", 507, "free space on its disk, then ask again"),
    ("locked", 503, "another writer is busy; ask again"),
    ("i/o error", 503, "look after its disk, then ask again"),
    ("readonly", 503, "make its file writable for this user, then ask again"),
    ("unable to open", 503, "make its file readable for this user, then ask again"),
    ("malformed", 503, "its file is damaged; restore it from a copy"),
    ("not a database", 503, "its file is damaged; restore it from a copy"),
)


def translate(said: str) -> StoreFailure:
    """From the driver's own words."""
    for words, status, way_out in _KNOWN:
        if words in said.lower():
            return StoreFailure(f"The store failed ({said}) and nothing was written; {way_out}.", status)
    return StoreFailure(f"The store failed ({said}) and nothing was written; ask again.")


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the database inside the block become StoreFailure; wrong statements of ours stay what they are."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        raise translate(str(error.orig).strip()) from error
    except sqlite3.Error as error:
        raise translate(str(error)) from error
    except PoolTimeout as error:
        raise translate("too many transactions at the same time") from error
