"""The tables. ``REVISION`` is the newest migration: a database that stands there needs no Alembic at start, nor does an
empty one.

Keys are resource ids in lower case. Points in time are microseconds since 1970 (``_us``).
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, Text, insert

REVISION = "0004"

metadata = MetaData()

#: Ordered by code points in every database, as Python orders.
Key = Text().with_variant(Text(collation="C"), "postgresql")

#: SQL NULL for None, never JSON's ``null``.
Document = JSON(none_as_null=True)

resources = Table(
    "resources", metadata,
    Column("key", Key, primary_key=True),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("grp", Text, nullable=False),
    Column("parent", Key, nullable=False),
    Column("alias", Text),
    Column("location", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("envelope", Document, nullable=False),
    Column("properties", Document, nullable=False),
    Column("system", Document, nullable=False),
    Column("status", Document, nullable=False),
    Column("secrets", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
Index("resources_by_alias", resources.c.alias, unique=True)
Index("resources_by_type", resources.c.type, resources.c.subscription, resources.c.grp, resources.c.key)
Index("resources_by_page", resources.c.type, resources.c.subscription, resources.c.key)
Index("resources_by_name", resources.c.name, resources.c.type, resources.c.key)
Index("resources_by_group", resources.c.subscription, resources.c.grp, resources.c.key)
Index("resources_by_parent", resources.c.parent, resources.c.type, resources.c.key)

#: Arrows of the dependency index: ``source`` names ``target``; ``type`` is the source's.
arrows = Table(
    "arrows", metadata,
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("type", Text, nullable=False),
)
Index("arrows_by_target", arrows.c.target, arrows.c.type, arrows.c.source)

operations = Table(
    "operations", metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("parameters", Document, nullable=False),
    Column("error", Document),
    Column("result", Document),
    Column("waits_for", Document, nullable=False),
    Column("waiting_for", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("api_version", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("finished_us", BigInteger),
)
Index("operations_by_status", operations.c.status, operations.c.created_us)
Index("operations_by_key", operations.c.key, operations.c.status)
Index("operations_by_finish", operations.c.finished_us)

activities = Table(
    "activities", metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("operation", Text, nullable=False, server_default=""),
    Column("more", Document, nullable=False, server_default="{}"),
)
Index("activities_by_key", activities.c.key, activities.c.sequence)
Index("activities_by_time", activities.c.at_us)
Index("activities_by_operation", activities.c.operation)

#: Numbers ever given out by a pool. A released one stays, without owner, so that the lowest free one is found at once.
numbers = Table(
    "numbers", metadata,
    Column("pool", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text),
)
Index("numbers_by_owner", numbers.c.owner, numbers.c.pool, numbers.c.number)
Index("numbers_by_pool", numbers.c.pool, numbers.c.owner, numbers.c.number)

applied = Table(
    "applied", metadata,
    Column("scope", Key, primary_key=True),
    Column("blueprint", Document, nullable=False),
)

requirements = Table(
    "requirements", metadata,
    Column("scope", Key, primary_key=True),
    Column("required", Text, primary_key=True),
)
Index("requirements_by_required", requirements.c.required)

journal = Table(
    "journal", metadata,
    Column("name", Text, primary_key=True),
    Column("document", Document, nullable=False),
)

#: ``revision`` grows with every write of any event. ``document``: all that nobody asks by.
events = Table(
    "events", metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("acknowledged_by", Text, nullable=False),
    Column("document", Document, nullable=False),
)
Index("events_by_revision", events.c.revision, unique=True)
Index("events_by_state", events.c.state, events.c.first_us)
Index("events_by_end", events.c.ended_us)

#: Whose event it is: each subscription of which a resource is affected.
concerns = Table(
    "concerns", metadata,
    Column("event", Text, primary_key=True),
    Column("subscription", Text, primary_key=True),
)
Index("concerns_by_subscription", concerns.c.subscription, concerns.c.event)

#: Documents that may be sealed, behind the key of their rows.
SEALED = {
    resources: ("key", "secrets", "system", "properties", "status"),
    operations: ("id", "parameters", "result", "error"), journal: ("name", "document"),
    applied: ("scope", "blueprint"),
}

#: As Alembic makes it.
_versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def create(connection: Connection) -> None:
    """The tables of an empty database, as all migrations together make them (a test compares)."""
    metadata.create_all(connection)
    _versions.create(connection)
    connection.execute(insert(_versions).values(version_num=REVISION))
