"""What all items of an estate file have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$")]
STRICT = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Section(BaseModel):
    """Base of all items. The file's group and location hold unless an item says otherwise."""

    model_config = STRICT


class Item(Section):
    name: Name
    resource_group: Name | None = None
    location: str | None = None
