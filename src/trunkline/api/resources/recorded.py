"""What types without a model of their own share: their members are checked by their shape alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, Wish
from trunkline.api.resources.linked import linked, missing, same_region
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import referrers
from trunkline.model.resource import Json, Properties, Resource, ResourceId


class ByShape(Properties):
    """Has no word for any member: the shape has."""


def filled(**values: object) -> Callable[[Json, ResourceId], Json]:
    """``defaults`` of a declaration: what the body leaves out, or says ``null`` to."""
    def defaults(body: Json, _id: ResourceId) -> Json:
        return {**values, **{name: value for name, value in body.items() if value is not None}}
    return defaults


def with_guid(_wish: Wish, _ledger: Ledger) -> Json:
    return {"shown": {"resourceGuid": str(uuid4())}}


def required(resource: Resource, *members: str) -> Iterator[Fault]:
    for member in members:
        if member not in resource.properties:
            yield Fault("MissingRequiredProperty", f"Property '{member}' of resource '{resource.id.name}' is required "
                        "but was not given; add it.", member)


def ids(resources: Iterable[Resource]) -> list[Json]:
    return [{"id": str(one.id)} for one in resources]


def users(estate: Estate, target: ResourceId, *kinds: str) -> tuple[Resource, ...]:
    """The living resources of these types that point at one."""
    return tuple(one for kind in kinds for one in referrers(estate, target, kind))


def links(wish: Wish, estate: Register, member: str, kind: str, location: str = "") -> Iterator[Fault]:
    """Faults of the link, or the list of links, at the path ``member``: each must lead to a resource of ``kind``, in
    that ``location`` if one is given."""
    given: Any = wish.resource.properties
    for piece in member.split("."):
        given = given.get(piece) if given else None
    for link in given if isinstance(given, list) else [given] if given else []:
        found = linked(estate, wish.resource.id, link.get("id", ""), kind)
        if found is None or (location and not same_region(found.location, location)):
            yield missing(wish.resource.id, link.get("id", ""), kind, member)
