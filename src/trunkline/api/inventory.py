"""Lists over all types, ``…/resources``: without properties, narrowed by ``$filter``, told more by ``$expand``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.api import odata
from trunkline.api.declaration import ResourceType
from trunkline.api.engine import identity, listing
from trunkline.api.exchange import Answer, Call
from trunkline.api.service import Service
from trunkline.errors import Fault
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader

_FIELDS = ("resourceType", "name", "resourceGroup", "location")
_EXPANDED = ("createdtime", "changedtime", "provisioningstate")


def list_all(service: Service, call: Call) -> Answer:
    """Everything of a subscription or group."""
    text, expanded = call.query.get("$filter", ""), _expanded(call)
    test = odata.parse(text, _FIELDS) if text.strip() else None
    with service.store.reading() as reader:
        name = odata.required(text, "name")
        found = [one for kind in _kinds(service, odata.required(text, "resourceType"))
                 for one in (_named(reader, call, kind, name) if name else
                             _of_kind(reader, call, kind, everything=test is not None))]
        rows = sorted((one for one in found if test is None or test(_row(one))), key=lambda one: one.id.key)
        return listing.page(call, rows, lambda one: one.id.key, lambda one: _show(service, reader, one, expanded),
                            lambda one: call.sees(one.id))


def _kinds(service: Service, wanted: str) -> Iterator[ResourceType]:
    for kind in service.registry.types.values():
        if kind.catalogue or kind.view or kind.mirror or kind.extension or not kind.tracked:
            continue
        if kind.name.count("/") == 1 and wanted.lower() in ("", kind.name.lower()):
            yield kind


def _of_kind(reader: Reader, call: Call, kind: ResourceType, everything: bool) -> Sequence[Resource]:
    """All of them, or as many as a page of all types could need."""
    holder = ResourceId(call.names["subscription"], call.names.get("group", ""))
    if everything:
        return reader.list(kind.name, holder.subscription, holder.group)
    last, most = listing.bounds(call)
    return reader.page(kind.name, holder, last, most + 1)


def _named(reader: Reader, call: Call, kind: ResourceType, name: str) -> Iterator[Resource]:
    subscription, group = call.names["subscription"].lower(), call.names.get("group", "").lower()
    for one in reader.find(kind.name, name):
        if one.id.subscription.lower() == subscription and group in ("", one.id.group.lower()):
            yield one


def _row(one: Resource) -> odata.Row:
    return odata.Row({"resourcetype": one.id.type, "name": one.id.name, "resourcegroup": one.id.group,
                      "location": one.location.replace(" ", "")}, one.tags)


def _expanded(call: Call) -> frozenset[str]:
    words = {word.strip().lower() for word in call.query.get("$expand", "").split(",")} - {""}
    if unknown := words - set(_EXPANDED):
        raise Fault("InvalidExpandInQueryString", f"$expand '{', '.join(sorted(unknown))[:80]}' is not offered; use "
                    "createdTime, changedTime or provisioningState.", "$expand")
    return frozenset(words)


def _show(service: Service, reader: Reader, one: Resource, expanded: frozenset[str]) -> Json:
    kind = service.registry.types[one.id.type.lower()]
    row: Json = {"id": str(one.id), "name": one.id.name, "type": kind.name, "location": one.location,
                 **identity.shown(one.envelope, reader)}
    if one.tags:
        row["tags"] = dict(one.tags)
    told = {"createdtime": ("createdTime", one.created.isoformat()),
            "changedtime": ("changedTime", one.changed.isoformat()),
            "provisioningstate": ("provisioningState", one.state.value)}
    return {**row, **dict(told[word] for word in _EXPANDED if word in expanded)}
