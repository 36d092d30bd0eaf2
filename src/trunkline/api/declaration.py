"""How a resource type is declared. The engine (``api.engine``) gives a declaration all of ARM's manners.

A declaration holds what differs between types: the model of what clients write, what is generated, what must fit
beside other resources, what stands in the way of deletion, and what an answer shows beyond the wish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, Properties, Resource, ResourceId


class Ledger(Estate, Protocol):
    """The write side a declaration may use while a resource is created, inside the PUT's transaction."""

    def allocate(self, pool: str, owner: str) -> int:
        """The owner's number in a pool: the one it has, else the lowest free from 1."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A parsed PUT or PATCH, before it is stored. ``existing`` is what it replaces; ``model`` the validated body."""

    resource: Resource
    model: Properties
    existing: Resource | None


@dataclass(frozen=True, slots=True)
class Inline:
    """Children that also stand in the parent's properties under ``member``, both when read and when written."""

    member: str
    type: str


@dataclass(frozen=True, slots=True)
class Action:
    """An operation beside the five verbs, read from the live network by the reconciler.

    ``segments``: names of the path pieces behind the action's name (``arpTables/{devicePath}``), given to the
    reconciler as parameters. ``quick``: answered at once with 200 (``GET …/stats``), else 202 and polled.
    """

    name: str
    method: str = "POST"
    segments: tuple[str, ...] = ()
    quick: bool = False


def nothing(*_: object) -> Iterable[Fault]:
    return ()


def no_values(*_: object) -> Json:
    return {}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """``name``: canonical full type. ``model``: its writable properties. ``envelope``: top-level members kept besides
    location and tags. ``secrets``: members of properties that are stored apart and never shown. ``realised``: there is
    network behind it, so its operations are resolved by the reconciler; else they succeed when stored.

    ``defaults(body properties, id)``  fills what clients leave out, before validation.
    ``check(wish, estate)``            faults of a valid body beside other resources.
    ``generate(wish, ledger)``         ``system`` values, fixed at creation.
    ``in_use(resource, estate)``       faults that forbid deletion.
    ``show(resource, estate)``         read-only properties of an answer, over wish and status.
    ``companions(wish, ledger)``       other resources stored in the same transaction (a circuit's twin).
    """

    name: str
    model: type[Properties]
    inline: tuple[Inline, ...] = ()
    envelope: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    tracked: bool = True
    realised: bool = False
    defaults: Callable[[Json, ResourceId], Json] = lambda body, _id: body
    check: Callable[[Wish, Estate], Iterable[Fault]] = nothing
    generate: Callable[[Wish, Ledger], Json] = no_values
    in_use: Callable[[Resource, Estate], Iterable[Fault]] = nothing
    show: Callable[[Resource, Estate], Json] = no_values
    companions: Callable[[Wish, Ledger], Iterable[Resource]] = lambda _wish, _ledger: ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Registry:
    """All declared types, found without regard to case."""

    types: Mapping[str, ResourceType] = field(default_factory=dict)

    @classmethod
    def of(cls, *declared: ResourceType) -> Registry:
        return cls({t.name.lower(): t for t in declared})

    def find(self, name: str) -> ResourceType | None:
        return self.types.get(name.lower())
