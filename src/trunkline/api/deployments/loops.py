"""Copy loops: ``copy`` on a resource, in the middle of properties, among variables and outputs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.api.deployments.expression import CHARGE, Functions, InvalidTemplate, evaluate_plain
from trunkline.model.resource import Json

#: The one member of a variable that is a loop.
LOOP = "(loop)"

#: As in Azure.
MOST_ITERATIONS = 800


@dataclass(frozen=True, slots=True)
class Turns:
    """Where the loops stand around an expression. ``plain``: the one that ``copyIndex()`` without a name means."""

    named: Mapping[str, int]
    plain: int | None = None

    def index(self, *words: Any) -> int:
        """``copyIndex([name,] [offset])``."""
        names = [word for word in words if isinstance(word, str)]
        offsets = [word for word in words if isinstance(word, int) and not isinstance(word, bool)]
        if len(names) > 1 or len(offsets) > 1 or len(names) + len(offsets) != len(words):
            raise ValueError("a name and an offset")
        found = self.named.get(names[0].lower()) if names else self.plain
        if found is None:
            raise InvalidTemplate(f"copyIndex({', '.join(map(repr, words))}) stands in no such loop.")
        return found + (offsets[0] if offsets else 0)


_NOWHERE = Turns({})
_TURNS = "(turns)"


def turned(functions: Functions, name: str, index: int, plain: bool) -> Functions:
    """The functions inside one turn of a loop."""
    around: Turns = functions[_TURNS]() if _TURNS in functions else _NOWHERE
    here = Turns({**around.named, name.lower(): index}, index if plain or around.plain is None else around.plain)
    return {**functions, _TURNS: lambda: here, "copyindex": here.index}


def count_of(loop: Any, functions: Functions, where: str) -> int:
    found = evaluate_plain(loop.get("count"), functions) if isinstance(loop, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= MOST_ITERATIONS:
        raise InvalidTemplate(f"the copy loop in {where} needs a count from 0 to {MOST_ITERATIONS}; write one.")
    return found


def expanded(value: Any, functions: Functions) -> Any:
    """The value with all loops inside run and all expressions replaced by what they say."""
    if isinstance(value, dict):
        if isinstance(value.get(LOOP), dict):
            return run(value[LOOP], functions, plain=True)
        loops = value.get("copy")
        if isinstance(loops, list) and _is_loops(loops):
            rest = {name: inner for name, inner in value.items() if name != "copy"}
            return {**expanded(rest, functions), **{one["name"]: run(one, functions) for one in loops}}
        return {name: expanded(inner, functions) for name, inner in value.items()}
    if isinstance(value, list):
        return [expanded(inner, functions) for inner in value]
    return evaluate_plain(value, functions)


def run(loop: Json, functions: Functions, plain: bool = False) -> list[Any]:
    """What ``input`` says in each turn."""
    name, given = str(loop.get("name", "")), loop.get("input")
    size, found = len(json.dumps(given)), []
    for index in range(count_of(loop, functions, f"'{name}'")):
        if charge := functions.get(CHARGE):
            charge(size)
        found.append(expanded(given, turned(functions, name, index, plain)))
    return found


def _is_loops(value: list[Any]) -> bool:
    return (bool(value)
            and all(isinstance(one, dict) and isinstance(one.get("name"), str) and "input" in one for one in value))


