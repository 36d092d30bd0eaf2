"""PUT and PATCH inside one transaction: the wish, its inline children, its companions, its operation, its log row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.api import naming, placement
from trunkline.api.access.linked import joining
from trunkline.api.declaration import Inline, Wish
from trunkline.api.engine import identity, lock, whereabouts
from trunkline.api.engine.beside import Beside
from trunkline.api.engine.conditions import ANY, Conditions
from trunkline.api.engine.draft import Base, Draft, draft, located, stored
from trunkline.api.engine.remove import check_removal, remove
from trunkline.api.engine.target import Item
from trunkline.api.engine.turn import Turn
from trunkline.api.engine.whereabouts import Place
from trunkline.api.envelope import collecting, refuse
from trunkline.api.shaping import named
from trunkline.errors import Fault
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.references import references
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

#: Members of a body beside those of the envelope that a type declares.
_AROUND = ("location", "tags", "properties")


@dataclass(frozen=True, slots=True)
class Written:
    """``operation``: none when nothing but tags changed. ``settled``: it was so before, and nothing has to be done."""

    place: Place
    resource: Resource
    operation: Operation | None
    settled: bool = False

    @property
    def created(self) -> bool:
        return self.place.existing is None


def put(turn: Turn, item: Item, body: Json, conditions: Conditions = ANY) -> Written:
    place = _place(turn, item, conditions)
    return _store(turn, place, named(body, _AROUND))


def patch(turn: Turn, item: Item, body: Json, conditions: Conditions = ANY) -> Written:
    """Tags are replaced, everything else is merged (RFC 7396)."""
    place = _place(turn, item, conditions)
    existing, body = place.resource, named(body, (*_AROUND, *place.item.kind.envelope))
    if set(body) <= {"tags"}:
        changed = turn.writer.put(replace(existing, tags=placement.tags(body) if "tags" in body else existing.tags))
        turn.log(changed, "write", before=existing)
        return Written(place, changed, None)
    wish: Json = {"location": existing.location, "tags": dict(existing.tags), "properties": existing.properties,
                  **existing.envelope}
    return _store(turn, place, merge(wish, body))


def merge(target: Json, change: Json) -> Json:
    """RFC 7396: members of objects are merged, ``null`` removes, anything else replaces."""
    merged = dict(target)
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _place(turn: Turn, item: Item, conditions: Conditions) -> Place:
    naming.check_resource(item.id.name)
    place = whereabouts.site(turn.registry, turn.writer, item)
    lock.check_write(turn.writer, place.item.id)
    refuse(list(turn.unpermitted(place.existing)) if place.existing else [])
    whereabouts.check_holders(turn.writer, place)
    if place.existing and place.existing.deleting:
        raise turn.busy(place.existing)
    conditions.check(place.item.id, place.existing)
    if place.existing is None and place.item.kind.updated_only:
        raise whereabouts.absent(place.view.id)
    return place


def _store(turn: Turn, place: Place, body: Json) -> Written:
    kind = place.item.kind
    drafted = _drafted(turn, place, body)
    refuse([*turn.unpermitted(drafted.resource), *_foreign(turn, drafted)])
    refuse([*identity.faults(drafted.resource, turn.writer),
            *located(kind.check(drafted.wish, turn.writer), drafted)])
    resource = _keep(turn, drafted)
    obstacle = kind.obstacle(resource, turn.writer)
    operation = turn.begin(OperationKind.PUT, resource, whereabouts.region(turn.writer, resource),
                           at_once=obstacle is not None or not kind.is_realised(resource), obstacle=obstacle)
    refuse(list(_keep_children(turn, drafted, operation)))
    if obstacle:
        _fail(turn, resource, place.parent if kind.fails_parent else None)
    turn.log(resource, "write", before=place.existing)
    return Written(place, resource, operation, obstacle is None and drafted.settled)


def _drafted(turn: Turn, place: Place, body: Json) -> Draft:
    """All that is wrong with a body by itself is told together, wherever in it."""
    kind, existing = place.item.kind, place.existing
    fresh = Resource(place.item.id)
    faults: list[Fault] = []
    if kind.tracked and place.item.id.parent is None:
        with collecting(faults):
            fresh = replace(fresh, location=placement.location(body, kind.name, existing))
        with collecting(faults):
            fresh = replace(fresh, tags=placement.tags(body))
    with collecting(faults):
        drafted = draft(turn, Base(kind, fresh, existing), body)
    refuse(faults)
    return drafted


def _fail(turn: Turn, *resources: Resource | None) -> None:
    """As Azure does, when what it accepted turns out to be impossible: the parent fails with its child."""
    for resource in filter(None, resources):
        for state in (ProvisioningState.UPDATING, ProvisioningState.FAILED):
            turn.writer.set_status(resource.id, state=state)


def _foreign(turn: Turn, drafted: Draft) -> Iterator[Fault]:
    """Links to what the client may not join; with an authorization key the owner has allowed it."""
    before = _links(drafted.wish.existing) if drafted.wish.existing else frozenset()
    for key in sorted(_links(drafted.resource) - before):
        action = joining(_spelled(turn, ResourceId.parse(key)))
        if turn.author.permits(action, key):
            continue
        if key in _presented(drafted) and (found := turn.writer.get(ResourceId.parse(key))):
            yield from _unopened(turn, drafted, found.id)
        else:
            account = turn.author.account
            yield Fault("LinkedAuthorizationFailed", f"The client '{account.client_id}' with object id "
                        f"'{account.object_id}' has permission to perform action '{drafted.kind.name}/write' on scope "
                        f"'{drafted.resource.id}'; however, it does not have permission to perform action(s) "
                        f"'{action}' on the linked scope(s) '{key}' or the linked scope(s) are invalid. Link a "
                        "resource of your own, or ask its owner for a role or an authorization key.", status=403)


def _links(resource: Resource) -> frozenset[str]:
    return references(resource) | identity.links(resource)


def _spelled(turn: Turn, target: ResourceId) -> str:
    known = turn.registry.find(target.type)
    return known.name if known else target.type


def _unopened(turn: Turn, drafted: Draft, wanted: ResourceId) -> Iterator[Fault]:
    """Whatever a declaration checks of a key, a stranger links with one that fits: the link alone blocks deletion."""
    key = drafted.resource.secrets["authorizationKey"].lower()
    owners = (wanted, wanted.parent) if wanted.parent else (wanted,)
    if not any(one.system.get("authorizationKey") == key and not one.deleting
               for owner in owners for one in turn.writer.children(owner)):
        yield Fault("AuthorizationKeyInvalid", f"{wanted} of subscription {wanted.subscription} can be linked only "
                    "with a valid authorizationKey. Ask its owner for an authorization and give its key.",
                    f"{drafted.prefix}.authorizationKey")


def _presented(drafted: Draft) -> frozenset[str]:
    """What the client's authorization key is for."""
    member = drafted.kind.opened_by_key
    if "authorizationKey" not in drafted.resource.secrets or member not in drafted.resource.properties:
        return frozenset()
    return references(Resource(drafted.resource.id, properties={member: drafted.resource.properties[member]}))


def _keep(turn: Turn, drafted: Draft) -> Resource:
    kind, wish = drafted.kind, drafted.wish
    system = wish.existing.system if wish.existing else dict(kind.generate(wish, turn.writer))
    wish = _with(wish, replace(wish.resource, system=system))
    state = ProvisioningState.UPDATING if kind.is_realised(wish.resource) else ProvisioningState.SUCCEEDED
    wish = _with(wish, replace(wish.resource, state=state))
    wish = _with(wish, replace(wish.resource, system={**system, **kind.amend(wish, turn.writer)}))
    resource = turn.writer.put(wish.resource)
    for companion in kind.companions(_with(wish, resource), turn.writer):
        turn.writer.put(companion)
    return resource


def _with(wish: Wish, resource: Resource) -> Wish:
    return replace(wish, resource=resource)


def _keep_children(turn: Turn, drafted: Draft, operation: Operation) -> Iterator[Fault]:
    """Those that the body does not name go first, so that their prefixes and names are free for the others."""
    for inline, drafts in drafted.children:
        yield from _drop_others(turn, drafted, inline, drafts)
    for _, drafts in drafted.children:
        for child in drafts:
            yield from _keep_child(turn, drafted, child, operation)


def _drop_others(turn: Turn, parent: Draft, inline: Inline, named: Iterable[Draft]) -> Iterator[Fault]:
    kind, holder = stored(turn, inline, parent.resource.id)
    keep = {one.resource.id.key for one in named}
    for child in turn.writer.children(holder, kind.name):
        if child.id.key not in keep and not child.deleting:
            faults = check_removal(turn, child)
            yield from faults
            if not faults:
                remove(turn, child, parent.resource.location)


def _keep_child(turn: Turn, parent: Draft, child: Draft, operation: Operation) -> Iterator[Fault]:
    if child.wish.existing and child.wish.existing.deleting:
        yield turn.busy(child.wish.existing)
        return
    siblings = Beside(turn.writer, (one.resource for _, drafts in parent.children for one in drafts))
    faults = [*_foreign(turn, child), *located(child.kind.check(child.wish, siblings), child)]
    yield from faults
    if faults or child.unchanged:
        return
    resource = _keep(turn, child)
    turn.touched.append(resource.id.key)
    if child.kind.obstacle(resource, turn.writer):
        _fail(turn, resource)
    if child.kind.is_realised(resource) and not parent.kind.is_realised(parent.resource):
        turn.begin(OperationKind.PUT, resource, operation.location)
    yield from _keep_children(turn, child, operation)

