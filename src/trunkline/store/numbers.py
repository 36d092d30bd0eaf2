"""Pools of small numbers: who has which, and the lowest free one."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, insert, select, update

from trunkline.store.schema import numbers

_N = numbers.c
_OWNED = select(_N.number).where(_N.owner == bindparam("owner"), _N.pool == bindparam("pool"))
_FREE = select(func.min(_N.number)).where(_N.pool == bindparam("pool"), _N.owner.is_(None))
_HIGHEST = select(func.max(_N.number)).where(_N.pool == bindparam("pool"))
_NEW = insert(numbers).values(pool=bindparam("pool"), number=bindparam("number"), owner=bindparam("owner"))
_TAKE = (update(numbers).where(_N.pool == bindparam("in_pool"), _N.number == bindparam("the_number"))
         .values(owner=bindparam("new_owner")))
_RELEASE = (update(numbers).where(_N.owner == bindparam("of_owner"), _N.pool == bindparam("in_pool"))
            .values(owner=None))
_RELEASE_ALL = update(numbers).where(_N.owner == bindparam("of_owner")).values(owner=None)


def allocate(connection: Connection, pool: str, owner: str) -> int:
    """The owner's number in a pool: the one it has, else the lowest free from 1."""
    owned = connection.execute(_OWNED, {"pool": pool, "owner": owner}).scalar()
    if owned is not None:
        return int(owned)
    free = connection.execute(_FREE, {"pool": pool}).scalar()
    if free is not None:
        connection.execute(_TAKE, {"in_pool": pool, "the_number": free, "new_owner": owner})
        return int(free)
    number = int(connection.execute(_HIGHEST, {"pool": pool}).scalar() or 0) + 1
    connection.execute(_NEW, {"pool": pool, "number": number, "owner": owner})
    return number


def release(connection: Connection, pool: str, owner: str) -> None:
    connection.execute(_RELEASE, {"in_pool": pool, "of_owner": owner})


def release_all(connection: Connection, owners: list[str]) -> None:
    """Whatever these owners have in any pool."""
    connection.execute(_RELEASE_ALL, [{"of_owner": owner} for owner in owners])
