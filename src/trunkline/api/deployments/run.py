"""A template's resources written in one transaction, each after those it depends on or refers to. All or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from trunkline.api.access.permissions import forbidden
from trunkline.api.declaration import Registry
from trunkline.api.deployments.expression import Functions, InvalidTemplate, evaluate
from trunkline.api.deployments.functions import Words
from trunkline.api.deployments.template import Template, secure_output
from trunkline.api.engine import shape, target, write
from trunkline.api.engine.target import Item
from trunkline.api.engine.turn import Turn
from trunkline.api.engine.write import Written
from trunkline.errors import Fault, Refused
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader

#: Members of a template's resource that are not of the request for it.
_OF_TEMPLATE = frozenset({"type", "name", "apiVersion", "dependsOn", "condition", "comments", "metadata"})


class TemplateRefused(Refused):
    """One of the template's resources is wrong; nothing of the template was written (HTTP 400)."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.code, self.status, self.target = "InvalidTemplateDeployment", 400, ""
        self.args = (f"The template deployment '{name}' is not valid according to the validation procedure. The "
                     f"tracking id is '{uuid4()}'. See inner errors for details.",)


class Run:
    """One template in one group, inside one transaction."""

    def __init__(self, turn: Turn, group: Resource, template: Template, words: Words) -> None:
        self._turn, self._group, self._template = turn, group, template
        self._functions = words.beside(self._reference)
        self._items = {item.id.key: (item, one) for item, one in self._wanted()}
        self._keys = self._by_name()
        self._open: list[str] = []
        self._written: dict[str, Written] = {}

    def write(self) -> tuple[Written, ...]:
        for key in self._items:
            self._deploy(key)
        return tuple(self._written.values())

    def _wanted(self) -> Iterator[tuple[Item, Json]]:
        for one in self._template.resources:
            if evaluate(one.get("condition", True), self._functions) is not False:
                yield self._item(one), one

    def _item(self, one: Json) -> Item:
        names = str(evaluate(one["name"], self._functions)).split("/")
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
        item, one = self._items[key]
        for word in one.get("dependsOn") or ():
            self._deploy(self._named(str(evaluate(word, self._functions))))
        self._check_access(item)
        body = {name: value for name, value in one.items() if name not in _OF_TEMPLATE}
        self._written[key] = write.put(self._turn, item, _bare(evaluate(body, self._functions)))
        self._open.pop()

    def _check_access(self, item: Item) -> None:
        action = f"{item.kind.name}/write"
        if not self._turn.author.permits(action, item.id.key):
            raise forbidden(self._turn.author.account, action, str(item.id))

    def _named(self, word: str) -> str:
        """The key of the template's resource that ``word`` names: by id, by ``type/name`` or by name."""
        if word.lower() not in self._keys:
            raise InvalidTemplate(f"the resource '{word[:200]}' is not defined in the template.")
        return self._keys[word.lower()]

    def _by_name(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for key, (item, _) in self._items.items():
            names = "/".join(item.id.names).lower()
            for word in (key, names, f"{item.id.type.lower()}/{names}"):
                keys.setdefault(word, key)
        return keys

    def _reference(self, name: str, _api_version: str = "", full: str = "") -> Json:
        if not name.lower().startswith("/subscriptions/"):
            self._deploy(key := self._named(name))
            name = str(self._items[key][0].id)
        elif name.lower() in self._items:
            self._deploy(name.lower())
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


def outputs(registry: Registry, reader: Reader, group: Resource, tenant: str, stored: Json,
            sees: Callable[[ResourceId], bool]) -> Json:
    """What a deployment answers, from what was kept of its template; secure values are never told.

    Whoever asks first evaluates them, but they refer to what the template's author ``sees``.
    """
    def of_name(name: str, _api_version: str = "", full: str = "") -> Json:
        resource = _id_of(stored, name)
        if not sees(resource):
            raise InvalidTemplate(f"the author of the template may not read '{resource}'; refer to a resource of your "
                                  "own.")
        return reference(registry, reader, resource, full)

    known = Words(group, tenant, stored["values"], stored["variables"]).beside(of_name)
    return {name: {"type": str(one.get("type", "string")), **_told(one, known)}
            for name, one in stored["outputs"].items() if isinstance(one, dict)}


def _told(output: Json, known: Functions) -> Json:
    return {} if secure_output(output) else {"value": evaluate(output.get("value"), known)}


def _id_of(stored: Json, name: str) -> ResourceId:
    """By id, or by the name of one of the template's resources."""
    if name.lower().startswith("/subscriptions/"):
        return ResourceId.parse(name)
    for text in stored["resources"]:
        resource = ResourceId.parse(text)
        if "/".join(resource.names).lower() == name.lower():
            return resource
    raise InvalidTemplate(f"the resource '{name[:200]}' is not defined in the template.")

