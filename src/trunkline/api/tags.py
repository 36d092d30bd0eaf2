"""Microsoft.Resources/tags: the tags of a subscription, group or resource by themselves, and the names in use."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from trunkline.api import body as content
from trunkline.api import placement
from trunkline.api.codec import members
from trunkline.api.engine import listing, lock, whereabouts
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader

KIND = "Microsoft.Resources/tags"
GROUPS = "Microsoft.Resources/resourceGroups"

#: Names declared beforehand, with their values.
_DECLARED = "Microsoft.Resources/tagNames"


def get(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = _scope(reader, call)
    return answer(_show(found.id, found.tags))


def put(service: Service, call: Call) -> Answer:
    given = _given(call)
    return _change(service, call, lambda _before: given)


def patch(service: Service, call: Call) -> Answer:
    given = _given(call)
    operation = str(content.object_in(call.headers, call.body).get("operation", ""))
    change = _OPERATIONS.get(operation.lower())
    if change is None:
        raise Fault("InvalidTagPatchOperation", f"operation '{operation[:40]}' is none of Merge, Replace and Delete; "
                    "write one of these.", "operation")
    return _change(service, call, lambda before: change(before, given))


def delete(service: Service, call: Call) -> Answer:
    _change(service, call, lambda _before: {})
    return Answer(200)


_Tags = Mapping[str, str]


def _replaced(_before: _Tags, given: _Tags) -> _Tags:
    return given


def _merged(before: _Tags, given: _Tags) -> _Tags:
    """Names are one whatever their case; the newer spelling of the value counts."""
    named = {name.lower(): name for name in before}
    return {**before, **{named.get(name.lower(), name): value for name, value in given.items()}}


def _without(before: _Tags, given: _Tags) -> _Tags:
    """Only tags that have the given value go."""
    gone = {(name.lower(), value) for name, value in given.items()}
    return {name: value for name, value in before.items() if (name.lower(), value) not in gone}


_OPERATIONS = {"merge": _merged, "replace": _replaced, "delete": _without}


def _change(service: Service, call: Call, change: Callable[[_Tags], _Tags]) -> Answer:
    with writing(service, call) as turn:
        found = _scope(turn.writer, call)
        lock.check_write(turn.writer, found.id)
        tags = placement.tags({"tags": dict(change(found.tags))})
        stored = turn.writer.put(replace(found, tags=tags))
        turn.log(stored, "write", "Succeeded")
    return answer(_show(stored.id, stored.tags))


def _given(call: Call) -> dict[str, str]:
    properties = members(content.object_in(call.headers, call.body), "properties", "properties")
    return placement.tags(properties)


def _scope(reader: Reader, call: Call) -> Resource:
    """What bears the tags. A subscription has a row only once it has some."""
    wanted = ResourceId.parse(f"/{call.names['scope']}")
    found = reader.get(wanted)
    if found is None and not wanted.group and not wanted.namespace:
        return Resource(ResourceId(call.names["subscription"]), state=ProvisioningState.SUCCEEDED)
    if found is None and not wanted.namespace:
        raise whereabouts.group_absent(wanted.group)
    if found is None:
        raise whereabouts.absent(wanted)
    return found


def _show(scope: ResourceId, tags: _Tags) -> Json:
    return {"id": f"{scope}/providers/{KIND}/default", "name": "default", "type": KIND,
            "properties": {"tags": dict(tags)}}


# ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────

def list_names(service: Service, call: Call) -> Answer:
    """Names and values that are in use in a subscription, and those declared beforehand, each counted."""
    with service.store.reading() as reader:
        counts = _counted(service, reader, call.names["subscription"])
    rows = [_name(call, name, counts[name]) for name in sorted(counts, key=str.lower)]
    return listing.page(call, rows, lambda row: str(row["tagName"]).lower(), lambda row: row)


def put_name(service: Service, call: Call) -> Answer:
    name, value = call.names["name"], call.names.get("value", "")
    placement.tags({"tags": {name: value}})
    with writing(service, call) as turn:
        found = turn.writer.get(_declared(call)) or Resource(_declared(call), state=ProvisioningState.SUCCEEDED)
        before = found.properties.get("values", [])
        values = [*before, value] if value and value not in before else before
        turn.writer.put(replace(found, properties={"values": values}))
        counts = _counted(service, turn.writer, call.names["subscription"])
    return answer(_value(call, name, value, 0) if value else _name(call, name, counts[name]))


def delete_name(service: Service, call: Call) -> Answer:
    with writing(service, call) as turn:
        _forget(service, turn, call)
    return Answer(200)


def _forget(service: Service, turn: Turn, call: Call) -> None:
    name, value = call.names["name"], call.names.get("value", "")
    found = turn.writer.get(_declared(call))
    if found is None or (value and value not in found.properties["values"]):
        raise NotFound(f"The tag '{name[:80]}' was not declared in the subscription.", "TagNotFound")
    if value:
        turn.writer.put(replace(found, properties={
            "values": [one for one in found.properties["values"] if one != value]}))
        return
    counts = _counted(service, turn.writer, call.names["subscription"])[found.id.name]
    if any(counts.values()) or found.properties["values"]:
        raise Fault("TagNameInUse", f"The tag '{name[:80]}' has values, or resources bear it; remove these first.",
                    status=409)
    turn.writer.delete(found.id)


def _declared(call: Call) -> ResourceId:
    namespace, kind = _DECLARED.split("/")
    return ResourceId(call.names["subscription"], "", namespace, (kind,), (call.names["name"],))


def _counted(service: Service, reader: Reader, subscription: str) -> dict[str, Counter[str]]:
    """By name, how often which value is borne."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in reader.list(_DECLARED, subscription):
        counts[one.id.name].update({value: 0 for value in one.properties["values"]})
    tracked = [kind.name for kind in service.registry.types.values()
               if kind.tracked and not (kind.catalogue or kind.view or kind.mirror)]
    for kind in (GROUPS, *tracked):
        for one in reader.list(kind, subscription):
            for name, value in one.tags.items():
                counts[name][value] += 1
    return counts


def _name(call: Call, name: str, counts: Counter[str]) -> Json:
    return {"id": _url(call, name), "tagName": name, "count": {"type": "Total", "value": counts.total()},
            "values": [_value(call, name, value, count) for value, count in sorted(counts.items())]}


def _value(call: Call, name: str, value: str, count: int) -> Json:
    return {"id": f"{_url(call, name)}/tagValues/{value}", "tagValue": value,
            "count": {"type": "Total", "value": count}}


def _url(call: Call, name: str) -> str:
    return f"/subscriptions/{call.names['subscription']}/tagNames/{name}"
