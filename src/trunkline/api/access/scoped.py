"""Paths of Microsoft.Authorization behind any scope: ``{scope}/providers/Microsoft.Authorization/{kind}[/{name}]``."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.errors import Fault
from trunkline.model.resource import ResourceId

_SPELLED = {"roleassignments": "roleAssignments", "roledefinitions": "roleDefinitions", "permissions": "permissions",
            "denyassignments": "denyAssignments"}


@dataclass(frozen=True, slots=True)
class Scoped:
    """``kind``: in lower case. ``scope``: without the slash at its end; empty for everything. ``name``: empty for a
    list."""

    kind: str
    scope: str
    name: str = ""

    @property
    def id(self) -> ResourceId:
        return ResourceId.parse(f"{self.scope}/providers/Microsoft.Authorization/{_SPELLED[self.kind]}/{self.name}")


def scoped(path: str) -> Scoped | None:
    """None for every other path, and for a scope that is no id: there, another action might be meant."""
    pieces = path.strip("/").split("/")
    for length in (3, 4):
        tail = [piece.lower() for piece in pieces[-length:]]
        if tail[:2] == ["providers", "microsoft.authorization"] and len(tail) == length and tail[2] in _SPELLED:
            scope = "".join(f"/{piece}" for piece in pieces[:-length])
            return Scoped(tail[2], scope, pieces[-1] if length == 4 else "") if _is_scope(scope) else None
    return None


def _is_scope(text: str) -> bool:
    try:
        return not text or bool(ResourceId.parse(text))
    except Fault:
        return False
