"""How a resource type is declared. The engine (``api.engine``) gives a declaration all of ARM's manners.

A declaration holds what differs between types: the model of what clients write, what is generated, what must fit
beside other resources, what stands in the way of deletion, and what an answer shows beyond the wish.

A model's validator may raise pydantic's ``PydanticCustomError(code, message)``: an error type that begins with a
capital letter is ARM's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, Properties, Resource, ResourceId


class Register(Estate, Protocol):
    """An estate that can also be searched."""

    def list(self, kind: str, subscription: str = "", group: str = "") -> tuple[Resource, ...]:
        """All resources of a type, by id; of one subscription, or one of its groups."""

    def count(self, kind: str, subscription: str) -> int:
        """How many there are of a type in a subscription."""

    def by_alias(self, alias: str) -> Resource | None:
        """The resource that carries ``system["alias"]`` (a circuit its service key)."""


class Ledger(Register, Protocol):
    """The write side a declaration may use while a resource is created, inside the PUT's transaction."""

    def allocate(self, pool: str, owner: str) -> int:
        """The owner's number in a pool: the one it has, else the lowest free from 1."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A parsed PUT or PATCH, before it is stored. ``existing`` is what it replaces; ``model`` the validated body.

    ``children``: the inline children that the body names, by member; a member the body leaves out is absent. Each is
    then checked by its own type, beside the parent as it will be. ``query``: of the request, names in lower case.
    """

    resource: Resource
    model: Properties
    existing: Resource | None
    children: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """Children that also stand in the parent's properties under ``member``, both when read and when written."""

    member: str
    type: str


@dataclass(frozen=True, slots=True)
class Part:
    """Named objects in a list that ARM shows as resources, though they have no life of their own (ipConfigurations).

    ``member``: dotted path of the list in properties. Each entry is answered with id, etag, type and provisioningState.
    """

    member: str
    type: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an operation that Azure has is not offered here: a code, and a message with the way out."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class Question:
    """One call of an action: pieces of the path, the query and what is ``fixed``, by name; the body, empty without."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """An operation beside the five verbs, read from the live network by the reconciler, unless it says otherwise.

    ``name``: one piece of the path or several (``sharedkey/reset``); the same name may stand once for each method.
    ``segments``: names of the path pieces behind the action's name (``arpTables/{devicePath}``), given to the
    reconciler as parameters; so are the query parameters named in ``query`` (empty when left out) and ``fixed``.
    ``body``: the model of what is sent; a body that does not fit is refused. ``told``: texts of it that the reconciler
    is given too. ``quick``: answered at once with 200
    (``GET …/stats``), else 202 and polled, even if the answer is known.
    ``check(resource, estate, question)``   faults of the call.
    ``answer(resource, estate, question)``  the body, from the store alone: never reaches the reconciler. Some of
                                            Azure's are a bare string.
    ``lists(resource, estate)``             resources to answer as a list; always quick.
    ``change(resource, ledger, question)``  the resource as the call leaves it, stored like a PUT; polled until
                                            realised, then ``answer`` tells the result, without the question's body.
                                            A PUT shows the answer at once, beside where to poll.
    ``absent(id, estate)``                  what is told instead of a 404 when there is no such resource.
    ``refused``                             not offered here, and why.
    An action of a catalogue's row gets a bare resource with the row's id (``Microsoft.Network/locations``: anything
    asked of a subscription's location, which is no resource).
    """

    name: str
    method: str = "POST"
    segments: tuple[str, ...] = ()
    quick: bool = False
    query: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    body: type[Properties] | None = None
    told: tuple[str, ...] = ()
    check: Callable[[Resource, Estate, Question], Iterable[Fault]] = lambda _resource, _estate, _question: ()
    answer: Callable[[Resource, Register, Question], Json | str] | None = None
    lists: Callable[[Resource, Estate], Iterable[Resource]] | None = None
    change: Callable[[Resource, Ledger, Question], Resource] | None = None
    absent: Callable[[ResourceId, Estate], Fault | None] = lambda _id, _estate: None
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """Resources of this type are another type's, seen from elsewhere (a circuit's peerings, by the provider).

    ``parent(the parent's id here, estate)``: the parent of what is stored, None when there is none. Every verb and
    action then works on the stored child of the same name by ``type``'s declaration; an answer bears the id and type
    of this view and its ``show``, and only the members of ``model``.
    """

    type: str
    parent: Callable[[ResourceId, Estate], ResourceId | None]


def nothing(*_: object) -> Iterable[Fault]:
    return ()


def no_values(*_: object) -> Json:
    return {}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """``name``: canonical full type. ``model``: its writable properties. ``envelope``: top-level members kept besides
    location and tags. ``secrets``: members of properties that are stored apart and never shown; a dot leads into an
    object (``primary.sharedKey``, stored under that name). ``realised``: there is network behind it (for a function:
    behind this one), so its operations are resolved by the reconciler; else it is recorded, they succeed when stored.
    ``kept``: members of properties (a dot leads into an object) that an update keeps when its body leaves them out.
    ``updated_only``: clients cannot create it, it comes as another's companion.
    ``shape``: the model in ``model.shape`` that knows all of Azure's members; writable ones that ``model`` has no word
    for are checked by it and kept. ``parts``: see Part.
    ``extension``: stands behind any scope (``{id}/providers/Microsoft.Authorization/locks/{name}``); it is ``at_once``,
    has no location and shows no provisioningState. ``refused``: HTTP methods that Azure offers here and we do not.
    ``read_only``: neither PUT, PATCH nor DELETE exist (a port's links).
    ``at_once``: Azure answers writes with their end and no operation to poll: PUT the resource, DELETE 200.

    ``defaults(body properties, id)``  fills what clients leave out, before validation.
    ``envelope_defaults(given, kept)`` the same for the envelope's members (a SKU's name); ``kept``: those stored.
    ``check(wish, register)``          faults of a valid body beside other resources.
    ``generate(wish, ledger)``         ``system`` values, fixed at creation.
    ``amend(wish, ledger)``            ``system`` values that follow each write, creation too (a NIC's addresses).
    ``in_use(resource, estate)``       faults that forbid deletion.
    ``before_parent(resource)``        faults that forbid the deletion of its parent alone: it has to go first.
    ``show(resource, estate)``         read-only properties of an answer, over wish and status.
    ``companions(wish, ledger)``       other resources stored in the same transaction (a circuit's twin).
    ``remains(resource, estate)``      what is stored in its place when it is deleted (a vault can be recovered).
    ``dependents(resource, estate)``   other resources whose deletion begins with its own (links by a revoked key).
    ``catalogue(parent)``              rows of a read-only list, as they are answered; no other verb exists then.
                                       ``parent``: the subscription, or ``…/locations/{location}`` below it.
    ``view(parent, register)``         the same, computed from what is stored (a port's links). ``parent``: the stored
                                       parent, or the subscription.
    ``heading(resource)``              read-only top-level members of an answer (a hub's kind).
    ``filters``                        what ``$filter`` may compare (``name eq '…'``): dotted paths in a row, by name.
    ``obstacle(resource, estate)``     why the operation on a recorded resource fails after it was accepted; the
                                       resource is then Failed, and so is its parent if it ``fails_parent``.
    ``needs(resource)``                further actions that whoever writes or deletes it must be permitted there.
    ``opened_by_key``                  the member of properties whose link an ``authorizationKey`` allows.
    ``mirror``                         see Mirror.
    """

    name: str
    model: type[Properties]
    inline: tuple[Inline, ...] = ()
    envelope: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    tracked: bool = True
    realised: bool | Callable[[Resource], bool] = False
    defaults: Callable[[Json, ResourceId], Json] = lambda body, _id: body
    check: Callable[[Wish, Register], Iterable[Fault]] = nothing
    generate: Callable[[Wish, Ledger], Json] = no_values
    in_use: Callable[[Resource, Estate], Iterable[Fault]] = nothing
    before_parent: Callable[[Resource], Iterable[Fault]] = nothing
    show: Callable[[Resource, Estate], Json] = no_values
    companions: Callable[[Wish, Ledger], Iterable[Resource]] = lambda _wish, _ledger: ()
    actions: tuple[Action, ...] = ()
    kept: tuple[str, ...] = ()
    updated_only: bool = False
    envelope_defaults: Callable[[Json, Json], Json] = lambda given, _kept: given
    amend: Callable[[Wish, Ledger], Json] = no_values
    dependents: Callable[[Resource, Estate], Iterable[Resource]] = lambda _resource, _estate: ()
    remains: Callable[[Resource, Estate], Iterable[Resource]] = lambda _resource, _estate: ()
    catalogue: Callable[[ResourceId], Iterable[Json]] | None = None
    view: Callable[[ResourceId, Register], Iterable[Json]] | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    obstacle: Callable[[Resource, Estate], Fault | None] = lambda _resource, _estate: None
    fails_parent: bool = True
    heading: Callable[[Resource], Json] = no_values
    needs: Callable[[Resource], Iterable[str]] = lambda _resource: ()
    opened_by_key: str = ""
    mirror: Mirror | None = None
    shape: str = ""
    parts: tuple[Part, ...] = ()
    extension: bool = False
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    read_only: bool = False
    at_once: bool = False

    @property
    def ends_at_once(self) -> bool:
        return self.at_once or self.extension

    def is_realised(self, resource: Resource) -> bool:
        return self.realised(resource) if callable(self.realised) else self.realised


@dataclass(frozen=True, slots=True)
class Registry:
    """All declared types, found without regard to case."""

    types: Mapping[str, ResourceType] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)  #: canonical spelling by lower case

    @classmethod
    def of(cls, *declared: ResourceType) -> Registry:
        names = sorted({t.name.partition("/")[0] for t in declared})
        return cls({t.name.lower(): t for t in declared}, {name.lower(): name for name in names})

    def find(self, name: str) -> ResourceType | None:
        return self.types.get(name.lower())
