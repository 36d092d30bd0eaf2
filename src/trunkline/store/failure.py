"""A database's errors as ours: what happened to the data, and what the caller can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from trunkline.errors import StoreFailure

#: (words in the driver's message, HTTP status, way out)
_KNOWN = (
    ("full", 507, "free space on its disk, then ask again"),
    ("no space", 507, "free space on its disk, then ask again"),
    ("locked", 503, "another writer is busy; ask again"),
    ("i/o error", 503, "look after its disk, then ask again"),
    ("readonly", 503, "make its file writable for this user, then ask again"),
    ("malformed", 503, "its file is damaged; restore it from a copy"),
    ("not a database", 503, "its file is damaged; restore it from a copy"),
)


def translate(error: DBAPIError) -> StoreFailure:
    said = str(error.orig).strip()
    for words, status, way_out in _KNOWN:
        if words in said.lower():
            return StoreFailure(f"Nothing was written: the store says '{said}'; {way_out}.", status)
    return StoreFailure(f"Nothing was written: the store says '{said}'; ask again.", 503)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the database inside the block become StoreFailure."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error) from error
    except PoolTimeout as error:
        raise StoreFailure("Nothing was written: too many transactions at the same time; ask again.", 503) from error
