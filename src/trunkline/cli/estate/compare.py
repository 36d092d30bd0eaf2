"""Whether what exists already says all that a wish says. Pure.

The service adds members of its own, so existing values may say more; lists of named things are compared by name.
"""

from __future__ import annotations

from typing import Any


def says(existing: Any, wish: Any) -> bool:
    if isinstance(wish, dict):
        return isinstance(existing, dict) and all(says(existing.get(name), inner) for name, inner in wish.items())
    if isinstance(wish, list):
        return isinstance(existing, list) and _list_says(existing, wish)
    if isinstance(wish, str) and isinstance(existing, str) and wish.startswith("/subscriptions/"):
        return wish.lower() == existing.lower()
    return bool(existing == wish)


def _list_says(existing: list[Any], wish: list[Any]) -> bool:
    if len(existing) != len(wish):
        return False
    if all(isinstance(item, dict) and "name" in item for item in (*existing, *wish)):
        named = {str(item["name"]).lower(): item for item in existing}
        return all(says(named.get(str(item["name"]).lower()), _unnamed(item)) for item in wish)
    return all(says(one, other) for one, other in zip(existing, wish, strict=True))


def _unnamed(item: dict[str, Any]) -> dict[str, Any]:
    """Names are compared already, without regard to case."""
    return {name: value for name, value in item.items() if name != "name"}
