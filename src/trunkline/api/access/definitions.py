"""Microsoft.Authorization/roleDefinitions: the built-in roles, and custom ones of a subscription."""

from __future__ import annotations

import re
from uuid import UUID

from trunkline.api import body as content
from trunkline.api.access.permissions import DEFINITION, forbidden, role
from trunkline.api.access.roles import BUILT_IN, Role
from trunkline.api.access.scoped import Scoped
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.envelope import NotAllowed
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault, NotFound
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

_FILTER = re.compile(r"\s*(roleName|type)\s+eq\s+'((?:[^']|'')*)'\s*|\s*atScopeAndBelow\(\)\s*|\s*atScope\(\)\s*",
                     re.IGNORECASE)
_WRITE, _DELETE = f"{DEFINITION}/write", f"{DEFINITION}/delete"
_GRANTED = ("actions", "notActions", "dataActions", "notDataActions")


def answer_to(at: Scoped, service: Service, call: Call) -> Answer:
    if not (at.name and at.scope) and call.method != "GET":
        raise NotAllowed(call.method, "GET")
    if not at.name:
        return _list(service, call, at)
    verb = {"GET": _get, "PUT": _put, "DELETE": _delete}.get(call.method)
    if verb is None:
        raise NotAllowed(call.method, "GET", "PUT", "DELETE")
    return verb(service, call, at)


def show(one: Role, subscription: str) -> Json:
    """As a subscription sees it; of the whole cloud when it is empty."""
    base = f"/subscriptions/{subscription}" if subscription else ""
    return {"id": f"{base}/providers/{DEFINITION}/{one.id}", "type": DEFINITION, "name": one.id, "properties": {
        "roleName": one.name, "type": "CustomRole" if one.custom else "BuiltInRole", "description": one.description,
        "assignableScopes": list(one.assignable), "permissions": [{
            "actions": list(one.actions), "notActions": list(one.not_actions),
            "dataActions": list(one.data_actions), "notDataActions": list(one.not_data_actions)}]}}


def _list(service: Service, call: Call, at: Scoped) -> Answer:
    wanted = _wanted(call.query.get("$filter", ""))
    found = [show(one, call.names.get("subscription", "")) for one in service.permissions.roles(at.scope)]
    return answer({"value": [one for one in found if all(
        str(one["properties"][name]).lower() == value for name, value in wanted.items())]})


def _wanted(text: str) -> dict[str, str]:
    found = {}
    for part in re.split(r"\s+and\s+", text) if text.strip() else ():
        one = _FILTER.fullmatch(part)
        if one is None:
            raise Fault("InvalidFilter", f"The filter '{text[:200]}' is not supported; use roleName eq '{{name}}' or "
                        "type eq 'BuiltInRole'.", "$filter")
        if one[1]:
            found["roleName" if one[1].lower() == "rolename" else "type"] = one[2].replace("''", "'").lower()
    return found


def _get(service: Service, call: Call, at: Scoped) -> Answer:
    found = service.permissions.role(at.name)
    if found is None or found not in service.permissions.roles(at.scope):
        raise NotFound(f"The specified role definition with ID '{at.name[:80]}' does not exist.",
                       "RoleDefinitionDoesNotExist")
    return answer(show(found, call.names.get("subscription", "")))


def _put(service: Service, call: Call, at: Scoped) -> Answer:
    given = content.object_in(call.headers, call.body).get("properties")
    properties = _wished(given if isinstance(given, dict) else {}, call.names["subscription"])
    with writing(service, call) as turn:
        existing = turn.writer.get(_id(call, at))
        _check_reach(turn, _WRITE, (*properties["assignableScopes"], *_reach(existing)))
        _check_free(turn, _id(call, at))
        others = [one for one in map(role, turn.writer.list(DEFINITION, call.names["subscription"]))
                  if one.id != at.name.lower()]
        if any(one.name.lower() == properties["roleName"].lower() for one in (*BUILT_IN.values(), *others)):
            raise Conflict("RoleDefinitionWithSameNameExists", "A role definition cannot be updated with a name that "
                           f"already exists: '{properties['roleName']}'; choose another.", "properties.roleName")
        row = turn.writer.put(Resource(_id(call, at), properties=properties, state=ProvisioningState.SUCCEEDED))
        turn.log(row, "write", "Succeeded")
    service.permissions.forget()
    return answer(show(role(row), call.names["subscription"]), 200 if existing else 201)


def _delete(service: Service, call: Call, at: Scoped) -> Answer:
    with writing(service, call) as turn:
        found = turn.writer.get(_id(call, at))
        if found is None:
            return Answer(204)
        _check_reach(turn, _DELETE, _reach(found))
        if any(one.rpartition("/")[2].lower() == at.name.lower() for one in _assigned(turn.writer.list(
                "Microsoft.Authorization/roleAssignments"))):
            raise Conflict("RoleDefinitionHasAssignments", "There are existing role assignments referencing role "
                           "(code: RoleDefinitionHasAssignments); delete them first.", status=400)
        turn.writer.delete(found.id)
        turn.log(found, "delete", "Succeeded")
    service.permissions.forget()
    return answer(show(role(found), call.names["subscription"]))


def _reach(row: Resource | None) -> tuple[str, ...]:
    """Where a custom role may be assigned."""
    return tuple(row.properties["assignableScopes"]) if row else ()


def _check_reach(turn: Turn, action: str, scopes: tuple[str, ...]) -> None:
    """Whoever changes a role changes what it permits wherever it is assigned, so must be allowed to in all of it."""
    for scope in scopes:
        where = ResourceId.parse(scope)
        if not turn.author.permits(action, where.key):
            raise forbidden(turn.author.account, action, str(where))


def _check_free(turn: Turn, wanted: ResourceId) -> None:
    """Assignments name a role by its GUID, which is therefore one in the whole directory."""
    if any(one.id.name.lower() == wanted.name and one.id.subscription.lower() != wanted.subscription.lower()
           for one in turn.writer.list(DEFINITION)):
        raise Conflict("RoleDefinitionAlreadyExists", f"There is a role definition '{wanted.name}' elsewhere; choose "
                       "another GUID, or change it where it is.")


def _assigned(rows: tuple[Resource, ...]) -> list[str]:
    return [str(row.properties["roleDefinitionId"]) for row in rows]


def _id(call: Call, at: Scoped) -> ResourceId:
    """Custom roles belong to the subscription, whatever the scope they are asked at."""
    try:
        name = str(UUID(at.name))
    except ValueError:
        raise Fault("InvalidRoleDefinitionId", f"The role definition ID '{at.name[:80]}' is not valid. It must be a "
                    "GUID.") from None
    if name in BUILT_IN:
        raise Fault("CannotUpdateOrDeleteBuiltInRoles", "Built-in roles can be neither changed nor deleted.",
                    status=403)
    return ResourceId(call.names["subscription"], "", "Microsoft.Authorization", ("roleDefinitions",), (name,))


def _wished(given: Json, subscription: str) -> Json:
    granted = given.get("permissions")
    first = granted[0] if isinstance(granted, list) and len(granted) == 1 and isinstance(granted[0], dict) else None
    if first is None or not isinstance(given.get("roleName"), str) or not given["roleName"]:
        raise Fault("InvalidRoleDefinition", "A role definition needs a roleName and exactly one entry in permissions, "
                    "with actions and notActions.", "properties")
    patterns = {name: first.get(name) or [] for name in _GRANTED}
    if not all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in patterns.values()):
        raise Fault("InvalidRoleDefinition", "Actions are lists of texts such as 'Microsoft.Network/*/read'.",
                    "properties.permissions")
    scopes = given.get("assignableScopes") or [f"/subscriptions/{subscription}"]
    return {"roleName": given["roleName"], "description": str(given.get("description") or ""),
            "permissions": [patterns], "assignableScopes": [str(one) for one in scopes]}
