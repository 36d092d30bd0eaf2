"""A template's resources written in one transaction, each after those it depends on or refers to. All or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

from trunkline.api.access.permissions import forbidden
from trunkline.api.declaration import Registry
from trunkline.api.deployments import loops
from trunkline.api.deployments.expression import CHARGE, Functions, InvalidTemplate
from trunkline.api.deployments.functions import Scene, Words
from trunkline.api.deployments.loops import expanded
from trunkline.api.deployments.template import SYMBOL, Template, secure_output
from trunkline.api.engine import shape, target, write
from trunkline.api.engine.target import Item
from trunkline.api.engine.turn import Turn
from trunkline.api.engine.write import Written
from trunkline.errors import Fault, Refused
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader

#: Members of a template's resource that are not of the request for it.
_OF_TEMPLATE = frozenset({"type", "name", "apiVersion", "dependsOn", "condition", "comments", "metadata", "copy",
                          "existing", SYMBOL})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One resource to deploy, in one turn of its loop. ``names``: by which the template may call it."""

    item: Item
    body: Json
    functions: Functions
    names: tuple[str, ...]


class TemplateRefused(Refused):
    """One of the template's resources is wrong; nothing of the template was written (HTTP 400)."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.code, self.status, self.target = "InvalidTemplateDeployment", 400, ""
        self.args = (f"The template deployment '{name}' is not valid according to the validation procedure. The "
                     f"tracking id is '{uuid4()}'. See inner errors for details.",)


class Run:
    """One template in one group, inside one transaction.

    ``_absent``: names of resources that a condition or an empty loop leaves out, or that exist already; to depend on
    them is no mistake."""

    def __init__(self, turn: Turn, group: Resource, template: Template, words: Words) -> None:
        self._turn, self._group, self._template = turn, group, template
        self._functions = words.beside(self._reference)
        self._absent, self._existing = set[str](), dict[str, str]()
        self._items = self._distinct()
        self._keys = self._by_name()
        self._open: list[str] = []
        self._written: dict[str, Written] = {}

    def write(self) -> tuple[Written, ...]:
        for key in self._items:
            self._deploy(key)
        return tuple(self._written.values())

    def symbols(self) -> Json:
        """Ids by symbolic name, of loops those of all turns."""
        found: dict[str, list[str]] = {}
        for one in self._items.values():
            if symbol := one.body.get(SYMBOL):
                found.setdefault(symbol, []).append(str(one.item.id))
        return {**{name: [text] for name, text in self._existing.items()}, **found}

    def _distinct(self) -> dict[str, _Wanted]:
        found: dict[str, _Wanted] = {}
        for one in self._wanted():
            if one.item.id.key in found:
                raise InvalidTemplate(f"the resource '{one.item.id}' is defined multiple times in a template; leave "
                                      "one out, or use copyIndex() in its name.")
            found[one.item.id.key] = one
        if len(found) > loops.MOST_ITERATIONS:
            raise InvalidTemplate(f"its loops make {len(found)} resources, and {loops.MOST_ITERATIONS} are allowed.")
        return found

    def _wanted(self) -> Iterator[_Wanted]:
        for one in self._template.resources:
            self._absent |= {name.lower() for name in _names(one)}
            for functions in self._turns(one):
                if expanded(one.get("condition", True), functions) is False:
                    self._absent |= self._spelled(one, functions)
                elif one.get("existing"):
                    self._existing[str(one.get(SYMBOL, ""))] = str(self._item(one, functions).id)
                else:
                    yield _Wanted(self._item(one, functions), one, functions, _names(one))

    def _turns(self, one: Json) -> Iterator[Functions]:
        """Once without a loop, else for each turn."""
        loop = one.get("copy")
        if not loop:
            yield self._functions
            return
        if not isinstance(loop, dict) or not isinstance(loop.get("name"), str):
            raise InvalidTemplate(f"'copy' of resource '{str(one['name'])[:80]}' must be an object with name and "
                                  "count.")
        size = len(str(one))
        for index in range(loops.count_of(loop, self._functions, f"resource '{str(one['name'])[:80]}'")):
            self._functions[CHARGE](size)
            yield loops.turned(self._functions, loop["name"], index, plain=True)

    def _spelled(self, one: Json, functions: Functions) -> set[str]:
        """The names of what is left out."""
        resource = self._item(one, functions).id
        names = "/".join(resource.names).lower()
        return {resource.key, names, f"{resource.type.lower()}/{names}"}

    def _item(self, one: Json, functions: Functions) -> Item:
        names = str(expanded(one["name"], functions)).split("/")
        namespace, *types = one["type"].split("/")
        if len(types) != len(names):
            raise InvalidTemplate(f"the name '{'/'.join(names)}' must have as many pieces as the type '{one['type']}'.")
        pieces = [namespace, *(piece for pair in zip(types, names, strict=True) for piece in pair)]
        found = target.parse(self._turn.registry, self._group.id, pieces, one["apiVersion"])
        if not isinstance(found, Item) or found.kind.catalogue:
            raise InvalidTemplate(f"'{one['type']}' is no type of resource that can be deployed.")
        return found

    def _deploy(self, key: str) -> None:
        if key in self._written:
            return
        if key in self._open:
            raise InvalidTemplate(f"circular dependency detected on resource '{key}'; remove a dependsOn or reference.")
        self._open.append(key)
        wanted = self._items[key]
        for word in wanted.body.get("dependsOn") or ():
            for other in self._named(str(expanded(word, wanted.functions))):
                self._deploy(other)
        self._check_access(wanted.item)
        body = {name: value for name, value in wanted.body.items() if name not in _OF_TEMPLATE}
        self._written[key] = write.put(self._turn, wanted.item, _bare(expanded(body, wanted.functions)))
        self._open.pop()

    def _check_access(self, item: Item) -> None:
        action = f"{item.kind.name}/write"
        if not self._turn.author.permits(action, item.id.key):
            raise forbidden(self._turn.author.account, action, str(item.id))

    def _named(self, word: str) -> tuple[str, ...]:
        """Keys of the template's resources that ``word`` names: by id, ``type/name``, name, symbol or loop."""
        found = self._keys.get(word.lower(), ())
        if not found and word.lower() not in self._absent:
            raise InvalidTemplate(f"the resource '{word[:200]}' is not defined in the template.")
        return found

    def _by_name(self) -> dict[str, tuple[str, ...]]:
        keys: dict[str, tuple[str, ...]] = {}
        for key, one in self._items.items():
            names = "/".join(one.item.id.names).lower()
            for word in (key, names, f"{one.item.id.type.lower()}/{names}"):
                keys.setdefault(word, (key,))
        for key, one in self._items.items():
            for word in map(str.lower, one.names):
                if keys.get(word) != (key,):
                    keys[word] = (*keys.get(word, ()), key)
        return keys

    def _reference(self, name: str, _api_version: str = "", full: str = "") -> Json:
        known = self._keys.get(name.lower(), ())
        if known:
            self._deploy(known[0])
            name = str(self._items[known[0]].item.id)
        elif symbol := next((text for word, text in self._existing.items() if word.lower() == name.lower()), ""):
            name = symbol
        elif not name.lower().startswith("/subscriptions/"):
            self._named(name)
            raise InvalidTemplate(f"the resource '{name[:200]}' that is referred to is not deployed: its condition is "
                                  "false.")
        resource = ResourceId.parse(name)
        action = f"{resource.type}/read"
        if not self._turn.author.permits(action, resource.key):
            raise forbidden(self._turn.author.account, action, str(resource))
        return reference(self._turn.registry, self._turn.writer, resource, full)


def _bare(body: Json) -> Json:
    """``null`` says nothing in a template."""
    return {name: _bare(value) if isinstance(value, dict) else value
            for name, value in body.items() if value is not None}


def reference(registry: Registry, reader: Reader, resource: ResourceId, full: str = "") -> Json:
    """A resource's properties as they are now, or its whole body."""
    item, found = target.of(registry, resource), reader.get(resource)
    if item is None or found is None:
        raise InvalidTemplate(f"the resource '{resource}' that is referred to is not there.")
    body = shape.body(registry, reader, Item(item.kind, found.id), found)
    properties: Json = body["properties"]
    return body if full.lower() == "full" else properties


@dataclass(frozen=True, slots=True)
class Told:
    """From what the outputs of a deployment are evaluated. ``sees``: what the template's author may read."""

    registry: Registry
    reader: Reader
    scene: Scene
    sees: Callable[[ResourceId], bool]

    def reference(self, stored: Json, name: str, full: str) -> Json:
        resource = _id_of(stored, name)
        if not self.sees(resource):
            raise InvalidTemplate(f"the author of the template may not read '{resource}'; refer to a resource of your "
                                  "own.")
        return reference(self.registry, self.reader, resource, full)


def outputs(told: Told, stored: Json) -> Json:
    """What a deployment answers, from what was kept of its template; secure values are never told.

    Whoever asks first evaluates them, but they refer to what the template's author sees."""
    known = Words(told.scene, stored["values"], stored["variables"]).beside(
        lambda name, _api_version="", full="": told.reference(stored, name, full))
    return {name: {"type": str(one.get("type", "string")), **_told(one, known)}
            for name, one in stored["outputs"].items()
            if isinstance(one, dict) and expanded(one.get("condition", True), known) is not False}


def _told(output: Json, known: Functions) -> Json:
    if secure_output(output):
        return {}
    if isinstance(loop := output.get("copy"), dict):
        return {"value": loops.run({"name": "output", **loop}, known, plain=True)}
    return {"value": expanded(output.get("value"), known)}


def _id_of(stored: Json, name: str) -> ResourceId:
    """By id, by symbol, or by the name of one of the template's resources."""
    if name.lower().startswith("/subscriptions/"):
        return ResourceId.parse(name)
    for symbol, ids in stored.get("symbols", {}).items():
        if symbol.lower() == name.lower() and len(ids) == 1:
            return ResourceId.parse(ids[0])
    for text in stored["resources"]:
        resource = ResourceId.parse(text)
        if "/".join(resource.names).lower() == name.lower():
            return resource
    raise InvalidTemplate(f"the resource '{name[:200]}' is not defined in the template.")


def _names(one: Json) -> tuple[str, ...]:
    """The symbol of a resource and the name of its loop, if it has them."""
    loop = one.get("copy")
    given = (one.get(SYMBOL), loop.get("name") if isinstance(loop, dict) else None)
    return tuple(str(name) for name in given if name)
