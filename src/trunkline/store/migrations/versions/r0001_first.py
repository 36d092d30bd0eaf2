"""The first tables; ``store.schema`` says what each column means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0001"
down_revision = None


KEY = Text().with_variant(Text(collation="C"), "postgresql")


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _documents(*names: str) -> list[Column[object]]:
    return [Column(name, sa.JSON, nullable=False) for name in names]


def _times(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    _create_resources()
    _create_arrows()
    _create_operations()
    _create_activities()
    _create_numbers()
    _create_blueprints()
    op.create_table("journal", Column("name", Text, primary_key=True), *_documents("document"))


def _create_resources() -> None:
    op.create_table(
        "resources",
        Column("key", KEY, primary_key=True),
        *_text("id", "type", "name", "subscription", "grp"),
        sa.Column("parent", KEY, nullable=False),
        Column("alias", Text),
        *_text("location"),
        *_documents("tags", "envelope", "properties", "system", "status", "secrets"),
        *_text("state", "etag"),
        Column("generation", Integer, nullable=False),
        *_times("created_us", "changed_us"),
    )
    op.create_index("resources_by_alias", "resources", ["alias"], unique=True)
    op.create_index("resources_by_type", "resources", ["type", "subscription", "grp", "key"])
    op.create_index("resources_by_name", "resources", ["name", "type", "key"])
    op.create_index("resources_by_group", "resources", ["subscription", "grp", "key"])
    op.create_index("resources_by_parent", "resources", ["parent", "type", "key"])


def _create_arrows() -> None:
    op.create_table(
        "arrows",
        Column("source", Text, primary_key=True),
        Column("target", Text, primary_key=True),
        *_text("type"),
    )
    op.create_index("arrows_by_target", "arrows", ["target", "type", "source"])


def _create_operations() -> None:
    op.create_table(
        "operations",
        Column("id", Text, primary_key=True),
        *_text("key", "resource", "kind", "status", "action"),
        *_documents("parameters"),
        Column("error", sa.JSON),
        Column("result", sa.JSON),
        *_documents("waits_for"),
        *_text("waiting_for", "location", "api_version"),
        Column("generation", Integer, nullable=False),
        *_times("created_us"),
        Column("finished_us", BigInteger),
    )
    op.create_index("operations_by_status", "operations", ["status", "created_us"])
    op.create_index("operations_by_key", "operations", ["key", "status"])
    op.create_index("operations_by_finish", "operations", ["finished_us"])


def _create_activities() -> None:
    op.create_table(
        "activities",
        Column("sequence", Integer, primary_key=True, autoincrement=True),
        *_text("key", "resource", "action", "caller", "correlation_id", "outcome"),
        *_times("at_us"),
        *_text("detail"),
    )
    op.create_index("activities_by_key", "activities", ["key", "sequence"])
    op.create_index("activities_by_time", "activities", ["at_us"])


def _create_numbers() -> None:
    op.create_table(
        "numbers",
        Column("pool", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("owner", Text),
    )
    op.create_index("numbers_by_owner", "numbers", ["owner", "pool", "number"])
    op.create_index("numbers_by_pool", "numbers", ["pool", "owner", "number"])


def _create_blueprints() -> None:
    op.create_table("applied", Column("scope", KEY, primary_key=True), *_documents("blueprint"))
    op.create_table(
        "requirements",
        Column("scope", KEY, primary_key=True),
        Column("required", Text, primary_key=True),
    )
    op.create_index("requirements_by_required", "requirements", ["required"])
