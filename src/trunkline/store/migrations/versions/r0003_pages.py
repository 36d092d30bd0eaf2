"""Lists of a subscription are read page by page, in the order of keys."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("resources_by_page", "resources", ["type", "subscription", "key"])
