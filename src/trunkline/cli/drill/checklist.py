"""All attacks, in the order in which they are played: what leaves sessions alone before what does not."""

from __future__ import annotations

from trunkline.cli.drill import origins, routes, sessions, wire
from trunkline.cli.drill.attack import Attack
from trunkline.cli.failure import Failed

ATTACKS: tuple[Attack, ...] = (*wire.ATTACKS, *routes.ATTACKS, *origins.ATTACKS, *sessions.ATTACKS)


def chosen(only: tuple[str, ...]) -> tuple[Attack, ...]:
    """Those named, perhaps with commas between, or that begin so; all if none is. Raises Failed for a name that no
    attack has."""
    only = tuple(name.strip() for text in only for name in text.split(","))
    for name in only:
        if not any(_is(attack, name) for attack in ATTACKS):
            raise Failed(f"there is no attack '{name}'; 'trunkline drill security --list' names them.")
    return tuple(attack for attack in ATTACKS if not only or any(_is(attack, name) for name in only))


def _is(attack: Attack, name: str) -> bool:
    return attack.name == name or attack.name.startswith(f"{name}-")
