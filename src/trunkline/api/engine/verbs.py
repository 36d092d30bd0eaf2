"""HTTP on declared types: GET, PUT, PATCH and DELETE, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from trunkline.api import body as content
from trunkline.api.declaration import ResourceType
from trunkline.api.engine import asking, links, listing, operations, shape, target, whereabouts, write
from trunkline.api.engine.conditions import Conditions
from trunkline.api.engine.remove import check_removal, remove
from trunkline.api.engine.target import Ask, Collection, Item, Target
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.envelope import NotAllowed, refuse
from trunkline.api.exchange import Answer, Awaited, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader

Verb = Callable[[Service, Call, Item], Answer]


def _target(service: Service, call: Call) -> Target:
    base = ResourceId(call.names["subscription"], call.names.get("group", ""))
    pieces = (call.names["namespace"], *call.names["rest"].strip("/").split("/"))
    return target.parse(service.registry, base, pieces, call.api_version)


def reads_one(service: Service, call: Call) -> bool:
    """Whether it is a GET of one resource."""
    return call.method == "GET" and isinstance(_target(service, call), Item)


def answer_to(service: Service, call: Call) -> Answer | Awaited:
    """Anything under ``/providers/{namespace}/…`` that a declaration describes."""
    found = _target(service, call)
    if isinstance(found, Ask):
        return asking.ask(service, call, found)
    if isinstance(found, Collection):
        return _collection(service, call, found)
    _check_offered(call, found.kind)
    if found.kind.catalogue or found.kind.view:
        return _entry(service, found)
    allowed = ("GET",) if found.kind.read_only else tuple(_VERBS)
    if call.method not in allowed or not (found.id.group or found.kind.extension):
        raise NotAllowed(call.method, *allowed)
    return _VERBS[call.method](service, call, found)


def _check_offered(call: Call, kind: ResourceType) -> None:
    if refused := kind.refused.get(call.method):
        raise Fault(refused.code, refused.message, status=refused.status)
    if (kind.catalogue or kind.view) and call.method != "GET":
        raise NotAllowed(call.method, "GET")


def _collection(service: Service, call: Call, found: Collection) -> Answer:
    _check_offered(call, found.kind)
    if call.method != "GET":
        raise NotAllowed(call.method, "GET")
    if found.kind.catalogue:
        return listing.fixed(call, found.kind.catalogue(found.parent), found.kind.filters)
    with service.store.reading() as reader:
        if found.kind.view:
            return listing.fixed(call, _rows(service, reader, found), found.kind.filters, listing.COMPUTED)
        if found.kind.extension:
            return listing.extensions(service.registry, reader, call, found)
        return listing.children(service.registry, reader, call, found)


def _rows(service: Service, reader: Reader, found: Collection) -> Iterable[Json]:
    """Of a catalogue or a view."""
    kind, parent = found.kind, found.parent
    if kind.view:
        _, parent = whereabouts.holder(service.registry, reader, kind, parent)
        return kind.view(parent, reader)
    return kind.catalogue(parent) if kind.catalogue else ()


def _entry(service: Service, item: Item) -> Answer:
    """One row of a catalogue or a view."""
    with service.store.reading() as reader:
        rows = tuple(_rows(service, reader, Collection(item.kind, item.id.parent or item.id.scope)))
    for row in rows:
        if str(row.get("name", "")).lower() == item.id.name.lower():
            return answer(row)
    raise whereabouts.absent(item.id)


def get(service: Service, call: Call, item: Item) -> Answer:
    with service.store.reading() as reader:
        place = whereabouts.find(service.registry, reader, item)
        shown = shape.body(service.registry, reader, place.view, place.resource)
        if expand := call.query.get("$expand"):
            sees = partial(service.permissions.sees, call.account)
            shown = links.Expansion(service.registry, reader, call.names["subscription"], sees).of(shown, expand)
    return answer(shown, headers=_tagged(place.view, place.resource))


def head(service: Service, _call: Call, item: Item) -> Answer:
    """Whether there is one."""
    with service.store.reading() as reader:
        try:
            whereabouts.find(service.registry, reader, item)
        except NotFound:
            return Answer(404)
    return Answer(204)


def _tagged(view: Item, resource: Resource) -> dict[str, str]:
    """Extensions show no etag."""
    return {} if view.kind.extension else {"etag": resource.etag}


def put(service: Service, call: Call, item: Item) -> Answer:
    given = content.object_in(call.headers, call.body)
    with writing(service, call) as turn:
        written = write.put(turn, item, given, Conditions.of(call.headers))
        return _written(call, turn, written)


def patch(service: Service, call: Call, item: Item) -> Answer:
    given = content.object_in(call.headers, call.body)
    with writing(service, call) as turn:
        if turn.writer.get(item.id) is None:
            whereabouts.find(service.registry, turn.writer, item)
        written = write.patch(turn, item, given, Conditions.of(call.headers))
        return _written(call, turn, written)


def _written(call: Call, turn: Turn, written: write.Written) -> Answer:
    """A PUT is answered before it is realised: the body says Updating, the header where to ask. One that changes
    nothing is Succeeded already [REC]."""
    view = written.place.view
    polled = None if view.kind.ends_at_once else written.operation
    state = ProvisioningState.UPDATING if polled and not written.settled else None
    resource = written.resource if state is None else replace(written.resource, state=state)
    shown = shape.body(turn.registry, turn.writer, view, resource)
    headers = _tagged(view, resource)
    if polled:
        headers |= operations.asynchronous(call, view.id.namespace, polled) | _notified(view)
    return answer(shown, 201 if written.created else 200, headers)


def _notified(item: Item) -> dict[str, str]:
    """Azure says this of top-level resources only."""
    return {} if item.id.parent else {"azure-asyncnotification": "Enabled"}


def delete(service: Service, call: Call, item: Item) -> Answer:
    with writing(service, call) as turn:
        try:
            place = whereabouts.site(service.registry, turn.writer, item)
        except Fault as fault:
            if fault.code == "ParentResourceNotFound":
                return Answer(204)
            raise
        if place.existing is None:
            return Answer(204)
        shown = shape.body(service.registry, turn.writer, place.view, place.existing)
        Conditions.of(call.headers).check(place.item.id, place.existing)
        refuse(check_removal(turn, place.existing))
        operation = remove(turn, place.existing, whereabouts.region(turn.writer, place.existing))
    if place.item.kind.extension:
        return answer(shown)
    if place.item.kind.at_once:
        return Answer(200)
    namespace = place.view.id.namespace
    return Answer(202, headers={**operations.asynchronous(call, namespace, operation),
                                **operations.located(call, namespace, operation), **_notified(place.view)})


_VERBS: dict[str, Verb] = {"GET": get, "HEAD": head, "PUT": put, "PATCH": patch, "DELETE": delete}
