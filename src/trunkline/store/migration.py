"""Brings a database to the newest revision with Alembic, whose scripts are in ``migrations``."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from trunkline.errors import Unsupported


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", "trunkline.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: Connection) -> None:
    """Inside the caller's transaction: two processes that start together take turns, and a failure leaves nothing."""
    config = configuration()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Unsupported(f"The store was written by another version of Trunkline ({error}); start that version, or "
                          "the newest.") from error
