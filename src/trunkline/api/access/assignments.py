"""Microsoft.Authorization/roleAssignments at any scope: who has which role there, above it, and below it."""

from __future__ import annotations

import re
from uuid import UUID

from trunkline.api import body as content
from trunkline.api.access.evaluate import covers
from trunkline.api.access.permissions import ASSIGNMENT, definition_id
from trunkline.api.access.scoped import Scoped
from trunkline.api.engine import lock, whereabouts
from trunkline.api.engine.turn import writing
from trunkline.api.envelope import NotAllowed
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault, NotFound
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader

_FILTER = re.compile(r"(atScope\(\))|principalId\s+eq\s+'([^']*)'|assignedTo\('([^']*)'\)", re.IGNORECASE)


def answer_to(at: Scoped, service: Service, call: Call) -> Answer:
    if not at.name:
        if call.method != "GET":
            raise NotAllowed(call.method, "GET")
        return _list(service, call, at)
    verb = {"GET": _get, "PUT": _put, "DELETE": _delete}.get(call.method)
    if verb is None:
        raise NotAllowed(call.method, "GET", "PUT", "DELETE")
    return verb(service, call, at)


def show(row: Resource) -> Json:
    given = row.properties
    moment = row.created.isoformat()
    by = row.system.get("createdBy", "")
    return {"id": str(row.id), "type": ASSIGNMENT, "name": row.id.name, "properties": {
        "roleDefinitionId": given["roleDefinitionId"], "principalId": given["principalId"],
        "principalType": given["principalType"], "scope": given["scope"], "description": given.get("description"),
        "condition": None, "conditionVersion": None, "createdOn": moment, "updatedOn": moment, "createdBy": by,
        "updatedBy": by, "delegatedManagedIdentityResourceId": None}}


def _list(service: Service, call: Call, at: Scoped) -> Answer:
    """At the scope, above it (inherited) and below it; ``atScope()`` leaves out what is below."""
    text = call.query.get("$filter", "")
    parts = _parts(text)
    here, principals = any(part[0] for part in parts), {(part[1] or part[2]).lower() for part in parts if not part[0]}
    with service.store.reading() as reader:
        rows = reader.list(ASSIGNMENT, call.names.get("subscription", ""))
    found = [row for row in rows if _concerns(row, at.scope.lower(), here) and call.sees(row.id)
             and (not principals or row.properties["principalId"].lower() in principals)]
    return answer({"value": [show(row) for row in found]})


def _parts(text: str) -> list[tuple[str, str, str]]:
    """Of ``$filter``; raises Fault when something is left."""
    rest = re.sub(r"\band\b|\s", "", _FILTER.sub("", text), flags=re.IGNORECASE)
    if rest:
        raise Fault("InvalidFilter", f"The filter '{text[:200]}' is not supported; use atScope(), principalId eq "
                    "'{id}' or assignedTo('{id}').", "$filter")
    return _FILTER.findall(text)


def _concerns(row: Resource, scope: str, here: bool) -> bool:
    own = str(row.properties["scope"]).lower()
    return covers(own, scope) or (not here and covers(scope, own))


def _get(service: Service, _call: Call, at: Scoped) -> Answer:
    with service.store.reading() as reader:
        found = reader.get(at.id)
    if found is None:
        raise NotFound(f"The role assignment '{at.name[:80]}' is not found.", "RoleAssignmentNotFound")
    return answer(show(found))


def _put(service: Service, call: Call, at: Scoped) -> Answer:
    """An assignment never changes: the same again is a conflict, as in Azure."""
    _check_name(at.name)
    given = content.object_in(call.headers, call.body).get("properties")
    properties = _wished(service, given if isinstance(given, dict) else {}, at)
    with writing(service, call) as turn:
        lock.check_write(turn.writer, at.id)
        _check_scope(turn.writer, at)
        _check_new(turn.writer, at, properties)
        row = turn.writer.put(Resource(at.id, properties=properties, system={"createdBy": call.account.object_id},
                                       state=ProvisioningState.SUCCEEDED))
        turn.log(row, "write", "Succeeded")
    service.permissions.forget()
    return answer(show(row), 201)


def _delete(service: Service, call: Call, at: Scoped) -> Answer:
    with writing(service, call) as turn:
        found = turn.writer.get(at.id)
        if found is None:
            return Answer(204)
        lock.check_delete(turn.writer, found.id)
        turn.writer.delete(found.id)
        turn.log(found, "delete", "Succeeded")
    service.permissions.forget()
    return answer(show(found))


def _check_name(name: str) -> None:
    try:
        UUID(name)
    except ValueError:
        raise Fault("InvalidRoleAssignmentId", f"The role assignment ID '{name[:80]}' is not valid. The role "
                    "assignment ID must be a GUID.") from None


def _wished(service: Service, given: Json, at: Scoped) -> Json:
    guid = str(given.get("roleDefinitionId", "")).rpartition("/")[2].lower()
    _check_role(service, guid, at)
    subscription = ResourceId.parse(at.scope).subscription
    principal, kind = str(given.get("principalId", "")).lower(), given.get("principalType") or ""
    known = service.tokens.account(principal)
    home = service.accounts.subscription(subscription)
    if known is None or home is None or known.tenant != home.tenant:
        raise Fault("PrincipalNotFound", f"Principal {principal[:80]} does not exist in the directory; give the object "
                    "id that 'trunkline accounts' shows.", "properties.principalId")
    if kind and kind != known.kind.value:
        raise Fault("UnmatchedPrincipalType", f"The PrincipalId '{principal}' has type '{known.kind.value}', which is "
                    f"different from specified PrincipalType '{kind}'; leave it out, or give its own.",
                    "properties.principalType")
    described = {"description": str(given["description"])} if given.get("description") else {}
    return {"roleDefinitionId": definition_id(subscription, guid), "principalId": principal,
            "principalType": known.kind.value, "scope": at.scope, **described}


def _check_role(service: Service, guid: str, at: Scoped) -> None:
    found = service.permissions.role(guid)
    if found is None:
        raise Fault("RoleDefinitionDoesNotExist", f"The specified role definition with ID '{guid[:80]}' does not "
                    "exist; 'az role definition list' shows them.", "properties.roleDefinitionId")
    if not any(covers(one.lower(), at.scope.lower()) for one in found.assignable):
        raise Fault("RoleAssignmentScopeNotAssignableToRoleDefinition", f"The role '{found.name}' may be assigned in "
                    f"{', '.join(found.assignable)} only, not at scope '{at.scope}'; change its assignableScopes, or "
                    "assign another role.", "properties.roleDefinitionId")


def _check_scope(reader: Reader, at: Scoped) -> None:
    scope = ResourceId.parse(at.scope)
    if not scope.group or reader.get(scope):
        return
    raise whereabouts.absent(scope) if scope.types else whereabouts.group_absent(scope.group)


def _check_new(reader: Reader, at: Scoped, properties: Json) -> None:
    if reader.get(at.id):
        raise Conflict("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not "
                       "allowed to be updated; delete the assignment and create another.")
    for row in reader.list(ASSIGNMENT, at.id.subscription):
        if all(str(row.properties[name]).lower() == str(properties[name]).lower()
               for name in ("scope", "principalId", "roleDefinitionId")):
            raise Conflict("RoleAssignmentExists", "The role assignment already exists. The ID of the conflicting role "
                           f"assignment is {row.id.name}.")
