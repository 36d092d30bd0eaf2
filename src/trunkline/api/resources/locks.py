"""Locks, behind subscriptions, groups and resources. The engine (``engine.lock``) heeds them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from trunkline.api.declaration import ResourceType
from trunkline.api.engine.lock import LOCK
from trunkline.model.resource import Properties


class Level(StrEnum):
    CAN_NOT_DELETE = "CanNotDelete"
    READ_ONLY = "ReadOnly"


class Owner(Properties):
    application_id: str | None = None


class Lock(Properties):
    level: Level
    notes: str | None = Field(default=None, max_length=512)
    owners: tuple[Owner, ...] | None = None


LOCKS = ResourceType(LOCK, model=Lock, tracked=False, extension=True)
