"""What a write changed, for the activity log: members of a resource before and after, never a secret. Pure."""

from __future__ import annotations

import re
from typing import Any

from trunkline.api.accounts import Account
from trunkline.model.resource import Json, Resource

#: Members that may hold a secret though nobody declared them so; their names suffice for who reads the log.
_TELLING = re.compile(r"key$|secret|password|^cak$|^ckn$|token", re.IGNORECASE)
_HIDDEN = "(not shown)"


def claims(account: Account) -> dict[str, str]:
    """Who the caller is, as the activity log shows it."""
    own = {"upn": account.client_id} if account.user else {"appid": account.client_id}
    return {**own, "oid": account.object_id, "name": account.name, "tid": account.tenant}


def changes(before: Resource | None, after: Resource | None) -> Json:
    """``before`` and ``after`` by dotted path, only where they differ; what is new or gone is told whole. That a secret
    changed is told, but not to what."""
    old, new = _flat(before), _flat(after)
    paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    told: Json = {}
    for name, values in (("before", old), ("after", new)):
        if shown := {path: _shown(path, values[path]) for path in paths if path in values}:
            told[name] = shown
    if before and after and dict(before.secrets) != dict(after.secrets):
        names = {path for path in {**before.secrets, **after.secrets}
                 if before.secrets.get(path) != after.secrets.get(path)}
        told["secretsChanged"] = sorted(names)
    return told


def _flat(resource: Resource | None) -> dict[str, Any]:
    if resource is None:
        return {}
    return {"location": resource.location, "tags": dict(resource.tags), **resource.envelope,
            **{f"properties.{name}": value for name, value in resource.properties.items()}}


def _shown(path: str, value: Any) -> Any:
    if _TELLING.search(path.rpartition(".")[2]):
        return _HIDDEN
    if isinstance(value, dict):
        return {name: _shown(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", inner) for inner in value]
    return value
