"""What every resource has: an id, an envelope, a provisioning state with its legal moves, secrets kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from trunkline.errors import Fault

#: Properties as ARM writes them in JSON.
Json = dict[str, Any]

#: A value that never shows itself: ``str()`` and ``repr()`` give asterisks.
Secret = SecretStr


class Properties(BaseModel):
    """Base of all ARM property models: camelCase in JSON, frozen, unknown members ignored (other api-versions)."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Reference(Properties):
    """ARM's SubResource: a link to another resource."""

    id: str

    @property
    def target(self) -> ResourceId:
        return ResourceId.parse(self.id)


class ProvisioningState(StrEnum):
    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True, slots=True)
class ResourceId:
    """``/subscriptions/S/resourceGroups/G/providers/NS/type/name[/type/name …]``; compared without regard to case.

    A resource group is an id without namespace; a subscription one without group. An extension (a lock, a role
    assignment) stands behind the id of another resource, which it is ``of`` and whose subscription and group it has:
    ``{of}/providers/Microsoft.Authorization/locks/L``. Behind a group or subscription it looks like any other id.
    """

    subscription: str
    group: str = ""
    namespace: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    of: ResourceId | None = None

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        pieces = text.removesuffix("/").split("/")
        found = _parsed(pieces[1:]) if pieces[0] == "" and all(pieces[1:]) else None
        if found is None:
            raise Fault("LinkedInvalidPropertyId", f"Property id '{text}' is not a valid resource id; write "
                        "/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}.")
        return found

    def __str__(self) -> str:
        text = str(self.of) if self.of else f"/subscriptions/{self.subscription}"
        if self.group and not self.of:
            text += f"/resourceGroups/{self.group}"
        if self.namespace:
            text += f"/providers/{self.namespace}"
            text += "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return text

    @property
    def key(self) -> str:
        """The id for comparing and storing: lower case."""
        return str(self).lower()

    @property
    def type(self) -> str:
        """``Microsoft.Network/expressRouteCircuits/peerings``; a group is ``Microsoft.Resources/resourceGroups``."""
        if not self.namespace:
            return "Microsoft.Resources/resourceGroups" if self.group else "Microsoft.Resources/subscriptions"
        return "/".join((self.namespace, *self.types))

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else self.group or self.subscription

    @property
    def parent(self) -> ResourceId | None:
        """The containing resource of a child, or what an extension is of; ``None`` for a top-level one."""
        if len(self.types) < 2:
            return self.of
        return replace(self, types=self.types[:-1], names=self.names[:-1])

    @property
    def scope(self) -> ResourceId:
        """What the id stands behind: the resource it is of, its group, or its subscription."""
        return self.of or ResourceId(self.subscription, self.group)

    def child(self, kind: str, name: str) -> ResourceId:
        return replace(self, types=(*self.types, kind), names=(*self.names, name))

    def extension(self, kind: str, name: str) -> ResourceId:
        """``kind``: the full name of an extension type that stands behind this resource, group or subscription."""
        namespace, _, last = kind.partition("/")
        return ResourceId(self.subscription, self.group, namespace, (last,), (name,), self if self.namespace else None)


def _parsed(pieces: list[str]) -> ResourceId | None:
    """``None`` when the pieces of a path are no id."""
    if len(pieces) < 2 or pieces[0].lower() != "subscriptions":
        return None
    found, rest = ResourceId(pieces[1]), pieces[2:]
    if len(rest) > 1 and rest[0].lower() == "resourcegroups":
        found, rest = ResourceId(pieces[1], rest[1]), rest[2:]
    while rest:
        end = next((index for index in range(2, len(rest), 2) if rest[index].lower() == "providers"), len(rest))
        if rest[0].lower() != "providers" or end < 4 or end % 2:
            return None
        found = ResourceId(found.subscription, found.group, rest[1], tuple(rest[2:end:2]), tuple(rest[3:end:2]),
                           found if found.namespace else None)
        rest = rest[end:]
    return found


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Resource:
    """One stored resource.

    ``properties`` is the customer's wish as validated; ``system`` what was fixed at creation (service key, numbers);
    ``status`` what the reconciler observed, in ARM's words; ``secrets`` never leave through the API.
    An answer shows ``properties``, overlaid by ``system["shown"]`` and ``observed``.
    """

    id: ResourceId
    location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    envelope: Json = field(default_factory=dict)  #: other top-level members: sku, zones, identity …
    properties: Json = field(default_factory=dict)
    system: Json = field(default_factory=dict)
    status: Json = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: ProvisioningState = ProvisioningState.UPDATING
    etag: str = ""
    generation: int = 0  #: grows with each write of the wish
    created: datetime = field(default_factory=now)
    changed: datetime = field(default_factory=now)

    @property
    def observed(self) -> Json:
        """``status`` without the reconciler's own notes, whose names begin with an underscore."""
        return {name: value for name, value in self.status.items() if not name.startswith("_")}

    @property
    def deleting(self) -> bool:
        return self.state is ProvisioningState.DELETING

    @property
    def number(self) -> int:
        """The small number allocated at creation (``system["number"]``), unique among resources of its type."""
        return int(self.system["number"])
