"""Run by Alembic for each command: migrates over the connection that ``store.migration`` gives."""

from __future__ import annotations

from alembic import context

from trunkline.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
