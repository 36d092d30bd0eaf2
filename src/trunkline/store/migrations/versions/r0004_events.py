"""Security events, and which resources each concerns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "events",
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
        Column("document", sa.JSON, nullable=False))
    op.create_index("events_by_revision", "events", ["revision"], unique=True)
    op.create_index("events_by_state", "events", ["state", "first_us"])
    op.create_index("events_by_end", "events", ["ended_us"])
    op.create_table(
        "concerns",
        Column("event", Text, primary_key=True),
        Column("subscription", Text, primary_key=True))
    op.create_index("concerns_by_subscription", "concerns", ["subscription", "event"])
