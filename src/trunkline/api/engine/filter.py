"""``$filter`` of a list: ``name eq 'value'``, several joined by ``and``. Values are compared without regard to case."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trunkline.errors import Fault
from trunkline.model.resource import Json

_TERM = re.compile(r"\s*(?P<name>[A-Za-z/]+)\s+eq\s+'(?P<value>(?:[^']|'')*)'\s*", re.IGNORECASE)

_ALSO = re.compile(r"\s+and\s+(?=atScope\(|assignedTo\(|[A-Za-z/]+\s+eq\s)", re.IGNORECASE)
_ASSIGNED = re.compile(r"assignedTo\(('[^']*')\)", re.IGNORECASE)

_AND = re.compile(r"\s+and\s+(?=[A-Za-z/]+\s+eq\s)", re.IGNORECASE)


def condition(text: str, allowed: Mapping[str, str]) -> Callable[[Json], bool]:
    """Whether a row fits. ``allowed``: dotted paths in a row, by the names that may be asked for."""
    paths = {name.lower(): path for name, path in allowed.items()}
    terms = [_term(piece, paths) for piece in _AND.split(text)]
    return lambda row: all(_value(row, path).lower() == value for path, value in terms)


def scoped(text: str) -> tuple[bool, str]:
    """Whether ``atScope()`` is among the terms, and the others; ``assignedTo('x')`` is a comparison of principalId."""
    pieces = [_ASSIGNED.sub(r"principalId eq \1", piece.strip()) for piece in _ALSO.split(text)]
    terms = [piece for piece in pieces if piece and piece.lower() != "atscope()"]
    return any(piece.lower() == "atscope()" for piece in pieces), " and ".join(terms)


def _term(piece: str, paths: Mapping[str, str]) -> tuple[str, str]:
    found = _TERM.fullmatch(piece)
    if found is None or found["name"].lower() not in paths:
        raise Fault("InvalidFilterInQueryString", f"Invalid $filter '{piece[:80]}' specified in the query string; "
                    f"write name eq 'value', where name is one of {', '.join(sorted(paths))}.", "$filter")
    return paths[found["name"].lower()], found["value"].replace("''", "'").lower()


def _value(row: Json, path: str) -> str:
    found: Any = row
    for piece in path.split("."):
        found = found.get(piece) if isinstance(found, dict) else None
    return "" if found is None else str(found)
