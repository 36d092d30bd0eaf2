"""What an activity changed, and the operation whose end it waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("activities") as activities:
        activities.add_column(Column("operation", Text, nullable=False, server_default=""))
        activities.add_column(Column("more", sa.JSON, nullable=False, server_default="{}"))
    op.create_index("activities_by_operation", "activities", ["operation"])
