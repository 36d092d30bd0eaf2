"""``/providers/Trunkline.Access``: tenants, subscriptions and accounts, for operators; and headers of managed
identities for who may assign them. Azure keeps these in its directory and billing, which have no place in ARM.
"""

from __future__ import annotations

import re

from trunkline.api import body as content
from trunkline.api.access import identity
from trunkline.api.access.permissions import ASSIGNMENT
from trunkline.api.accounts import Account, PrincipalType, Subscription, Tenant
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault
from trunkline.model.provider import offers
from trunkline.model.resource import Json, ResourceId

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LABEL = re.compile(r"[^\x00-\x1f/\\<>]{1,64}")
_SHORTEST_PASSWORD = 8


def list_accounts(service: Service, call: Call) -> Answer:
    _operator(call, "read")
    return answer({"value": [_show(one) for one in service.accounts.accounts]})


def put_account(service: Service, call: Call) -> Answer:
    """Created, never changed; the answer holds the secret if we made one, and no later answer does. With ``keep`` it is
    written into the local operator's file too."""
    _operator(call, "write")
    given, name = content.object_in(call.headers, call.body), _name(call).lower()
    kind, password = _kind(given), _password(given)
    account, secret = service.directory.create(name, kind, str(given.get("tenant") or ""), password)
    return _told(service, account, secret or password, given, 201)


def delete_account(service: Service, call: Call) -> Answer:
    """With its role assignments."""
    _operator(call, "delete")
    gone = service.directory.delete(_name(call))
    with service.store.writing() as writer:
        for row in writer.list(ASSIGNMENT):
            if row.properties["principalId"] == gone.object_id:
                writer.delete(row.id)
    service.permissions.forget()
    return answer(_show(gone))


def reset_secret(service: Service, call: Call) -> Answer:
    _operator(call, "write")
    given = content.object_in(call.headers, call.body or b"{}")
    password = _password(given)
    account, secret = service.directory.reset(_name(call), password)
    return _told(service, account, secret or password, given, 200)


def list_subscriptions(service: Service, call: Call) -> Answer:
    _operator(call, "read")
    return answer({"value": [_show_subscription(one) for one in service.accounts.subscriptions]})


def put_subscription(service: Service, call: Call) -> Answer:
    _operator(call, "write")
    given = content.object_in(call.headers, call.body)
    made = service.directory.add_subscription(_label(call), str(given.get("tenant") or ""))
    return answer(_show_subscription(made), 201)


def list_tenants(service: Service, call: Call) -> Answer:
    _operator(call, "read")
    return answer({"value": [_show_tenant(one) for one in service.accounts.tenants]})


def put_tenant(service: Service, call: Call) -> Answer:
    _operator(call, "write")
    given, name = content.object_in(call.headers, call.body), _label(call)
    domain = str(given.get("domain") or f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.localhost")
    return answer(_show_tenant(service.directory.add_tenant(name, domain)), 201)


def put_provider(service: Service, call: Call) -> Answer:
    """Gives a connectivity provider of the catalogue a subscription of its own."""
    _operator(call, "write")
    given, offer = content.object_in(call.headers, call.body), offers().get(call.names["name"])
    if offer is None:
        raise Fault("ProviderNotFound", f"There is no connectivity provider '{call.names['name'][:80]}'; 'az network "
                    "express-route list-service-providers' shows them.", "name", 404)
    own = service.directory.assign_provider(offer.name, str(given.get("subscription") or ""))
    return answer({"name": offer.name, **_show_subscription(own)})


def identity_header(service: Service, call: Call) -> Answer:
    """For ``{"resourceId": …}``: what a local program needs to be that managed identity."""
    wanted = ResourceId.parse(str(content.object_in(call.headers, call.body).get("resourceId") or ""))
    service.permissions.check(call.account, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
                              str(wanted))
    account = identity.account_of(service, wanted)
    if account is None:
        raise Fault("ManagedIdentityNotFound", f"There is no user-assigned identity '{wanted}'; create it first.",
                    "resourceId", 404)
    return answer({"endpoint": f"{call.origin}{identity.PATH}", "clientId": account.client_id,
                   "header": identity.header(service.tokens.header_key, account)})


def _operator(call: Call, verb: str) -> None:
    account = call.account
    if not account.operator:
        raise Fault("AuthorizationFailed", f"The client '{account.client_id}' with object id '{account.object_id}' "
                    f"does not have authorization to perform action 'Trunkline.Access/{verb}' over scope '/': "
                    "accounts are for operators.", status=403)


def _name(call: Call) -> str:
    if not _NAME.fullmatch(call.names["name"]):
        raise Fault("InvalidAccountName", f"The name '{call.names['name'][:80]}' must have 1 to 64 letters, digits, "
                    "'.', '_' or '-', and begin with a letter or digit.", "name")
    return call.names["name"]


def _label(call: Call) -> str:
    if not _LABEL.fullmatch(call.names["name"]):
        raise Fault("InvalidName", f"The name '{call.names['name'][:80]}' must have 1 to 64 characters, none of them "
                    "a slash or an angle bracket.", "name")
    return call.names["name"]


def _kind(given: Json) -> PrincipalType:
    text = given.get("kind", PrincipalType.SERVICE_PRINCIPAL.value)
    found = next((one for one in PrincipalType if one.value.lower() == str(text).lower()), None)
    if found is None:
        raise Fault("InvalidAccountKind", f"The kind '{str(text)[:40]}' is none; write User or ServicePrincipal.",
                    "kind")
    return found


def _password(given: Json) -> str:
    text = given.get("password") or ""
    if not isinstance(text, str) or (text and len(text) < _SHORTEST_PASSWORD):
        raise Fault("InvalidPassword", f"The password must be a text of {_SHORTEST_PASSWORD} characters or more; give "
                    "a longer one, or none and one is made.", "password")
    return text


def _told(service: Service, account: Account, secret: str, given: Json, status: int) -> Answer:
    service.directory.keep(account.name, secret if given.get("keep") is True else "")
    told = {} if given.get("password") else {"secret": secret}
    return answer({**_show(account), **told}, status, {"cache-control": "no-store"})


def _show(account: Account) -> Json:
    return {"name": account.name, "kind": account.kind.value, "clientId": account.client_id,
            "objectId": account.object_id, "tenantId": account.tenant, "operator": account.operator}


def _show_subscription(one: Subscription) -> Json:
    return {"subscriptionId": one.id, "displayName": one.name, "tenantId": one.tenant}


def _show_tenant(one: Tenant) -> Json:
    return {"tenantId": one.id, "displayName": one.name, "defaultDomain": one.domain}
