"""What becomes of each of Azure's operations here: realised, recorded, refused with a code, or missing. Told by the
declarations and routes alone; ``docs/coverage.md`` is printed from it.

*realised*: network follows, or the answer is read from the network or is the whole truth (a catalogue). *recorded*:
stored and answered truthfully, with no network behind it. *refused*: the operation answers why it is not offered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.api.declaration import Action, Registry, ResourceType
from trunkline.api.engine import verbs
from trunkline.api.engine.target import Ask, Collection, parse
from trunkline.api.routes import Endpoint, find
from trunkline.api.unoffered import Unoffered
from trunkline.errors import NotFound
from trunkline.model.catalogue import table
from trunkline.model.resource import ResourceId

REALISED, RECORDED, MISSING = "realised", "recorded", "missing"

_VARIABLE = re.compile(r"\{[^}]+\}")

#: What may stand for ``{scope}``.
_SCOPE = "subscriptions/s/resourceGroups/g"


@dataclass(frozen=True, slots=True)
class Operation:
    """``path``: Azure's, with its variables in braces."""

    family: str
    group: str
    method: str
    verb: str
    path: str


@dataclass(frozen=True, slots=True)
class Covered:
    """``how``: realised, recorded, missing, or ``refused`` with the code behind it."""

    operation: Operation
    how: str


def operations() -> Iterator[Operation]:
    """Azure's, of all types that the product is about."""
    for row in table("arm-operations.csv"):
        yield Operation(**row)


def coverage(registry: Registry) -> tuple[Covered, ...]:
    return tuple(Covered(one, how(registry, one.verb, one.path)) for one in operations())


def how(registry: Registry, verb: str, path: str) -> str:
    """What a request would meet."""
    concrete = _VARIABLE.sub("x", path.replace("{scope}", _SCOPE))
    try:
        route, names = find(concrete)
    except NotFound:
        return MISSING
    endpoint = route.methods.get(verb) or route.methods.get("*")
    if endpoint is not verbs.answer_to:
        return _own(endpoint)
    try:
        found = parse(registry, ResourceId(names["subscription"], names.get("group", "")),
                      (names["namespace"], *names["rest"].split("/")), "")
    except NotFound:
        return MISSING
    if isinstance(found, Ask):
        return _asked(found.item.kind, next((one for one in found.actions if one.method == verb), None))
    return _stored(found.kind, verb, isinstance(found, Collection))


def _own(endpoint: Endpoint | None) -> str:
    """Of ARM itself: groups, deployments, roles."""
    if isinstance(endpoint, Unoffered):
        return f"refused {endpoint.refusal.code}"
    return REALISED if endpoint else MISSING


def _asked(kind: ResourceType, action: Action | None) -> str:
    if action is None:
        return MISSING
    if action.refused:
        return f"refused {action.refused.code}"
    if action.change or (action.answer and not kind.catalogue):
        return _behind(kind)
    return REALISED


def _stored(kind: ResourceType, verb: str, collection: bool) -> str:
    if refused := kind.refused.get(verb):
        return f"refused {refused.code}"
    reading = verb == "GET"
    if kind.catalogue:
        return REALISED if reading else MISSING
    if not reading and (collection or kind.read_only or kind.view):
        return MISSING
    return _behind(kind)


def _behind(kind: ResourceType) -> str:
    return REALISED if kind.realised else RECORDED


def page(registry: Registry, conformance: str) -> str:
    """The whole of ``docs/coverage.md``. ``conformance``: the page on which answers are compared with Azure's."""
    found = coverage(registry)
    families = list(dict.fromkeys(one.operation.family for one in found))
    parts = [_HEAD, _counts(found, families), _compared(conformance)]
    for family in families:
        parts.append(f"## {family}\n")
        parts += _tables([one for one in found if one.operation.family == family])
    return "\n".join(parts)


def _counts(found: Iterable[Covered], families: list[str]) -> str:
    counted = Counter((one.operation.family, one.how.partition(" ")[0]) for one in found)
    words = (REALISED, RECORDED, "refused", MISSING)
    rows = [f"| {family} | {' | '.join(str(counted[family, word]) for word in words)} |" for family in families]
    return "\n".join((f"| family | {' | '.join(words)} |", "|--|--:|--:|--:|--:|", *rows, ""))


def _compared(conformance: str) -> str:
    """The last rows of that page's tables."""
    found = re.findall(r"^## ([^\n]+)$.*?^\| \*\*all\*\* (\|[^\n]+)$", conformance, re.MULTILINE | re.DOTALL)
    rows = [f"| {title} {counts}" for title, counts in found]
    return "\n".join(("How answers compare with Azure's ([conformance](conformance.md)):\n",
                      "| | answers | the same | different, for a reason |", "|--|--:|--:|--:|", *rows, ""))


def _tables(found: list[Covered]) -> Iterator[str]:
    groups: Mapping[str, list[Covered]] = {}
    for one in found:
        groups = {**groups, one.operation.group: [*groups.get(one.operation.group, []), one]}
    for group, rows in groups.items():
        yield "\n".join((f"### {group}\n", "| verb | path | here |", "|--|--|--|", *map(_row, rows), ""))


def _row(covered: Covered) -> str:
    path = covered.operation.path
    for long, short in _SHORT:
        path = path.replace(long, short)
    word, _, code = covered.how.partition(" ")
    return f"| {covered.operation.verb} | `{path}` | {f'{word} `{code}`' if code else word} |"


_SHORT = (("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/", "RG/"),
          ("/subscriptions/{subscriptionId}/providers/Microsoft.Network/", "SUB/"))

_HEAD = """# Coverage

Printed by `scripts/pages` from the declarations; do not edit. For each of Azure's operations on our types
(azure-mgmt-network 33.1.0 and the providers around it):

- **realised**: network follows a write, and an answer is read from the network or is the whole truth (a catalogue);
- **recorded**: stored and answered truthfully, with no network behind it: nothing claims to be connected or learned;
- **refused** `CODE`: the answer says why it is not offered, and the way out;
- **missing**: 404.

`RG/` is `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/`, `SUB/` the
same without the group.
"""
