"""Every path that needs a token, as a table. Paths match in any case; ``{word}`` takes one piece, ``{rest:}``
all that is left. The first that fits is taken: special ones stand before general ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from trunkline.api import (
    activity,
    changes,
    events,
    features,
    groups,
    inventory,
    plant,
    polls,
    providers,
    subscriptions,
    tags,
    unoffered,
    ways,
)
from trunkline.api.access import assignments, definitions, own
from trunkline.api.access import endpoints as access
from trunkline.api.access.admission import admitted
from trunkline.api.access.scoped import Scoped, scoped
from trunkline.api.deployments import elsewhere
from trunkline.api.deployments import endpoints as deployments
from trunkline.api.engine import verbs
from trunkline.api.envelope import NotAllowed
from trunkline.api.exchange import Answer, Awaited, Call, Later
from trunkline.api.keyvault import recycling
from trunkline.api.service import Service
from trunkline.api.version import check_version
from trunkline.errors import Fault, NotFound

Endpoint = Callable[[Service, Call], Answer | Awaited | Later]

#: Whether an answer only reads a row or two: sooner given than handed to another thread.
Brief = Callable[[Service, Call], bool]


def _never(_service: Service, _call: Call) -> bool:
    return False


def _always(_service: Service, _call: Call) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Work:
    """An authorized request with what will answer it."""

    service: Service
    call: Call
    endpoint: Endpoint
    brief: bool

    def answer(self) -> Answer | Awaited | Later:
        return self.endpoint(self.service, self.call)


@dataclass(frozen=True, slots=True)
class Route:
    """``methods``: endpoint by HTTP method; ``*`` takes them all."""

    pieces: tuple[str, ...]
    methods: Mapping[str, Endpoint]
    words: tuple[tuple[int, str], ...]  #: the fixed pieces and where they stand
    open: bool  #: whether the last piece takes all that is left
    brief: Brief

    def match(self, pieces: list[str], lower: list[str]) -> dict[str, str] | None:
        """What stands in the variable pieces; ``lower`` are the pieces in lower case."""
        fixed = len(self.pieces) - self.open
        if len(pieces) < len(self.pieces) or (len(pieces) > fixed and not self.open):
            return None
        if any(lower[index] != word for index, word in self.words):
            return None
        names = {word[1:-1]: pieces[index] for index, word in enumerate(self.pieces[:fixed]) if word[0] == "{"}
        return {**names, "rest": "/".join(pieces[fixed:])} if self.open else names


def _route(path: str, brief: Brief = _never, **methods: Endpoint) -> Route:
    pieces = tuple(piece if piece.startswith("{") else piece.lower() for piece in path.strip("/").split("/"))
    words = tuple((index, piece) for index, piece in enumerate(pieces) if not piece.startswith("{"))
    return Route(pieces, methods, words, pieces[-1] == "{rest:}", brief)


_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourceGroups/{group}"
_DEPLOYMENTS = _GROUP + "/providers/Microsoft.Resources/deployments"
_KEYVAULT = _SUBSCRIPTION + "/providers/Microsoft.KeyVault"
_FEATURES = _SUBSCRIPTION + "/providers/Microsoft.Features"
_EVENTS = _SUBSCRIPTION + "/providers/Trunkline.Security/events"
_PROVIDER = _SUBSCRIPTION + "/providers/{namespace}"

ROUTES = (
    _route("/subscriptions", GET=subscriptions.list_all),
    _route("/tenants", GET=subscriptions.tenants),
    _route("/providers", GET=providers.list_all),
    _route("/providers/Trunkline.Access/accounts", GET=access.list_accounts),
    _route("/providers/Trunkline.Access/accounts/{name}", PUT=access.put_account, DELETE=access.delete_account),
    _route("/providers/Trunkline.Access/accounts/{name}/resetSecret", POST=access.reset_secret),
    _route("/providers/Trunkline.Access/subscriptions", GET=access.list_subscriptions),
    _route("/providers/Trunkline.Access/subscriptions/{name}", PUT=access.put_subscription),
    _route("/providers/Trunkline.Access/tenants", GET=access.list_tenants),
    _route("/providers/Trunkline.Access/tenants/{name}", PUT=access.put_tenant),
    _route("/providers/Trunkline.Access/connectivityProviders/{name}", PUT=access.put_provider),
    _route("/providers/Trunkline.Access/identityHeader", POST=access.identity_header),
    _route("/providers/Trunkline.Security/events", GET=events.list_all),
    _route("/providers/{namespace}", GET=providers.get),
    _route(_SUBSCRIPTION, GET=subscriptions.get),
    _route(_SUBSCRIPTION + "/locations", GET=subscriptions.locations),
    _route(_SUBSCRIPTION + "/resources", GET=inventory.list_all),
    _route(_SUBSCRIPTION + "/tagNames", GET=tags.list_names),
    _route(_SUBSCRIPTION + "/tagNames/{name}", PUT=tags.put_name, DELETE=tags.delete_name),
    _route(_SUBSCRIPTION + "/tagNames/{name}/tagValues/{value}", PUT=tags.put_name, DELETE=tags.delete_name),
    _route(_SUBSCRIPTION + "/resourceGroups", GET=groups.list_all),
    _route(_SUBSCRIPTION + "/operationResults/{operation}", GET=groups.delete_result),
    _route(_SUBSCRIPTION + "/providers", GET=providers.list_all),
    _route(_SUBSCRIPTION + "/providers/Microsoft.Insights/eventtypes/management/values", GET=activity.list_all),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/status", POST=plant.status),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/plan", POST=changes.plan),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/whatIf", POST=plant.what_if),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/resiliency", POST=plant.resiliency),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/path", POST=ways.path),
    _route(_SUBSCRIPTION + "/providers/Trunkline.Plant/nearest", POST=ways.nearest),
    _route(_EVENTS, GET=events.list_all),
    _route(_EVENTS + "/{event}", GET=events.get),
    _route(_EVENTS + "/{event}/acknowledge", POST=events.acknowledge),
    _route(_EVENTS + "/{event}/close", POST=events.close),
    _route(_FEATURES + "/features", GET=features.list_all),
    _route(_FEATURES + "/providers/{provider}/features", GET=features.list_all),
    _route(_FEATURES + "/providers/{provider}/features/{feature}", GET=features.get),
    _route(_FEATURES + "/providers/{provider}/features/{feature}/register", POST=features.register),
    _route(_FEATURES + "/providers/{provider}/features/{feature}/unregister", POST=features.unregister),
    _route(_SUBSCRIPTION + "/providers/Microsoft.Resources/deployments", GET=elsewhere.list_all),
    _route(_SUBSCRIPTION + "/providers/Microsoft.Resources/deployments/{name}", GET=elsewhere.get,
           PUT=unoffered.INTO_SUBSCRIPTION),
    _route(_SUBSCRIPTION + "/providers/Microsoft.Resources/deployments/{name}/{action}",
           POST=unoffered.INTO_SUBSCRIPTION),
    _route(_PROVIDER, GET=providers.get),
    _route(_PROVIDER + "/register", POST=providers.register),
    _route(_PROVIDER + "/unregister", POST=providers.unregister),
    _route(_PROVIDER + "/providerPermissions", GET=unoffered.PERMISSIONS),
    _route(_PROVIDER + "/resourceTypes", GET=providers.resource_types),
    _route(_PROVIDER + "/locations/{location}/operations/{operation}", _always, GET=polls.status),
    _route(_PROVIDER + "/locations/{location}/operationResults/{operation}", _always, GET=polls.result),
    _route(_GROUP, GET=groups.get, HEAD=groups.head, PUT=groups.put, PATCH=groups.patch, DELETE=groups.delete),
    _route(_GROUP + "/resources", GET=inventory.list_all),
    _route(_GROUP + "/exportTemplate", POST=unoffered.EXPORT),
    _route(_GROUP + "/moveResources", POST=unoffered.MOVE),
    _route(_GROUP + "/validateMoveResources", POST=unoffered.MOVE),
    _route(_DEPLOYMENTS, GET=deployments.list_all),
    _route(_DEPLOYMENTS + "/{name}", GET=deployments.get, HEAD=deployments.head, PUT=deployments.put,
           DELETE=deployments.delete),
    _route(_DEPLOYMENTS + "/{name}/validate", POST=deployments.validate),
    _route(_DEPLOYMENTS + "/{name}/cancel", POST=deployments.cancel),
    _route(_DEPLOYMENTS + "/{name}/whatIf", POST=deployments.what_if),
    _route(_DEPLOYMENTS + "/{name}/exportTemplate", POST=deployments.export),
    _route(_DEPLOYMENTS + "/{name}/operations", GET=deployments.steps),
    _route(_DEPLOYMENTS + "/{name}/operations/{operation}", GET=deployments.step),
    _route(_GROUP + "/deployments/{name}/operations", GET=deployments.steps),
    _route(_GROUP + "/deployments/{name}/operations/{operation}", GET=deployments.step),
    _route(_DEPLOYMENTS + "/{name}/operationStatuses/{operation}", GET=deployments.status),
    _route(_KEYVAULT + "/deletedVaults", GET=recycling.list_all),
    _route(_KEYVAULT + "/locations/{location}/deletedVaults/{vault}", GET=recycling.get),
    _route(_KEYVAULT + "/locations/{location}/deletedVaults/{vault}/purge", POST=recycling.purge),
    _route(_KEYVAULT + "/checkNameAvailability", POST=recycling.check_name),
    _route(_GROUP + "/providers/Microsoft.KeyVault/vaults/{vault}", _never, **{"*": recycling.answer_to_vault}),
    _route(_GROUP + "/providers/Microsoft.KeyVault/vaults/{vault}/accessPolicies/{kind}",
           PUT=recycling.change_policies),
    _route(_GROUP + "/providers/Trunkline.Plant/plan", POST=changes.plan),
    _route(_GROUP + "/providers/{namespace}/{rest:}", verbs.reads_one, **{"*": verbs.answer_to}),
    _route(_PROVIDER + "/{rest:}", verbs.reads_one, **{"*": verbs.answer_to}),
)


#: Tags stand behind any scope.
_TAGS = _route("/{scope}", GET=tags.get, PUT=tags.put, PATCH=tags.patch, DELETE=tags.delete)
_TAGS_TAIL = ("providers", "microsoft.resources", "tags", "default")

#: The versions with which paths of Microsoft Graph begin.
_GRAPH = ("v1.0", "beta")

_ROLES: Mapping[str, Callable[[Scoped, Service, Call], Answer]] = {
    "roleassignments": assignments.answer_to, "roledefinitions": definitions.answer_to,
    "permissions": own.permissions, "denyassignments": own.denials}


def resolve(service: Service, call: Call) -> Work:
    """What answers an authenticated request, if it is authorized. Touches nothing."""
    route, names = find(call.path)
    call = replace(call, names=names)
    check_version(call.api_version)
    if "subscription" in names:
        call = admitted(service, call)
    endpoint = route.methods.get(call.method) or route.methods.get("*")
    if endpoint is None:
        raise NotAllowed(call.method, *route.methods)
    return Work(service, call, endpoint, route.brief(service, call))


def find(path: str) -> tuple[Route, dict[str, str]]:
    """What answers a path, and what stands in its variable pieces; raises NotFound."""
    return _authorization(path) or _listed(path)


def _authorization(path: str) -> tuple[Route, dict[str, str]] | None:
    """Roles stand behind any scope, so their paths begin with anything."""
    at = scoped(path)
    if at is None:
        return None
    subscription = subscription_in(path)
    if (at.scope and not subscription) or (not at.scope and at.kind != "roledefinitions"):
        return None
    methods: Mapping[str, Endpoint] = {"*": partial(_ROLES[at.kind], at)}
    return Route((), methods, (), False, _never), {"subscription": subscription} if subscription else {}


def _listed(path: str) -> tuple[Route, dict[str, str]]:
    pieces = path.strip("/").split("/")
    lower = [piece.lower() for piece in pieces]
    if tuple(lower[-len(_TAGS_TAIL):]) == _TAGS_TAIL and lower[0] == "subscriptions" and len(lower) > 5:
        scope = "/".join(pieces[:-len(_TAGS_TAIL)])
        return _TAGS, {"subscription": pieces[1], "scope": scope}
    for route in ROUTES if all(pieces) else ():
        names = route.match(pieces, lower)
        if names is not None:
            return route, names
    if lower[0] in _GRAPH:
        raise Fault("GraphNotSupported", "There is no Microsoft Graph, for there is no directory behind it. Name "
                    "principals by the object ids that 'trunkline accounts' shows (az role assignment create "
                    "--assignee-object-id … --assignee-principal-type …); 'trunkline accounts' makes and deletes them.",
                    status=501)
    raise NotFound(f"There is nothing at the path '{path[:200]}'; it should begin with /subscriptions/{{subscription}}/"
                   "resourceGroups/{group}/providers/.", "NotFound")


def subscription_in(path: str) -> str:
    """The subscription a path names, in lower case; empty when it names none."""
    pieces = path.lower().strip("/").split("/", 2)
    return pieces[1] if len(pieces) > 1 and pieces[0] == "subscriptions" else ""
