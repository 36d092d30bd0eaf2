"""What role assignments permit: pure. Without an assignment that permits it, everything is denied.

An assignment counts at its scope and everywhere below. A role permits an action that one of its patterns takes and none
of its exceptions does; exceptions of one role do not limit another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trunkline.api.access.roles import Role


@dataclass(frozen=True, slots=True)
class Assignment:
    """``principal``: an object id; ``role``: a GUID; ``scope``: an id in lower case, or ``/`` for everything."""

    principal: str
    role: str
    scope: str


def allowed(assignments: Iterable[Assignment], roles: Mapping[str, Role], principal: str, action: str, scope: str,
            data: bool = False) -> bool:
    """``data``: a data action, of a vault's secrets for instance."""
    wanted = scope.lower()
    return any(
        one.principal == principal and covers(one.scope, wanted) and one.role in roles
        and permits(roles[one.role], action, data) for one in assignments)


def covers(scope: str, wanted: str) -> bool:
    """Whether ``wanted`` is the scope or below it; both in lower case."""
    return scope in ("/", wanted) or wanted.startswith(f"{scope}/")


def above(scope: str) -> Iterator[str]:
    """All that cover ``scope``: itself, and each shorter path down to everything."""
    yield "/"
    end = scope.find("/", 1)
    while end > 0:
        yield scope[:end]
        end = scope.find("/", end + 1)
    yield scope


def permits(role: Role, action: str, data: bool = False) -> bool:
    yes, no = (role.data_actions, role.not_data_actions) if data else (role.actions, role.not_actions)
    return _any(yes, action) and not _any(no, action)


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(_compiled(one).fullmatch(action) for one in patterns)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """``*`` takes any characters, slashes too."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE)
