"""HTTP of the data plane: ``https://NAME.vault.localhost:PORT/…``, or ``/vaults/NAME/…`` for clients that cannot
resolve that name.

A request without a token is answered with the challenge from which clients learn where and for what to get one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trunkline.api import body as content
from trunkline.api.accounts import Account
from trunkline.api.envelope import NotAllowed, refusal
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.front import authenticate, correlation_id, origin
from trunkline.api.keyvault import kept, secrets
from trunkline.api.keyvault.secrets import Asked
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound, StoreFailure
from trunkline.model.resource import Resource
from trunkline.model.vault import Permission, VaultProperties

log = logging.getLogger(__name__)

_ALWAYS = {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1", "x-content-type-options": "nosniff",
           "strict-transport-security": "max-age=31536000; includeSubDomains",
           "x-ms-keyvault-service-version": "1.9", "x-ms-keyvault-region": "local"}

_MOST_BYTES = 256 * 1024

#: What each permission of an access policy is as a data action of a role.
_DATA_ACTIONS = {
    Permission.GET: "getSecret/action", Permission.LIST: "readMetadata/action", Permission.SET: "setSecret/action",
    Permission.DELETE: "delete", Permission.RECOVER: "recover/action", Permission.PURGE: "purge/action",
}


class VaultFront:
    """One ASGI endpoint for all vaults; the route names the vault."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        correlation = correlation_id(request.headers)
        try:
            found = await self._answer(request, correlation)
        except ClientDisconnect:
            return
        log.info("vault", extra={"method": request.method, "vault": request.path_params["vault"],
                                 "status": found.status, "correlation": correlation})
        headers = {**_ALWAYS, "x-ms-request-id": correlation, **found.headers}
        if found.content:
            headers["content-type"] = "application/json; charset=utf-8"
        await Response(found.content, found.status, headers)(scope, receive, send)

    async def _answer(self, request: Request, correlation: str) -> Answer:
        try:
            account = await self._authenticated(request)
            body = await content.read(request.stream(), request.headers.get("content-length", ""), _MOST_BYTES)
            call = Call(request.method, request.scope["path"], origin(self._service, request), account,
                        {name.lower(): value for name, value in request.query_params.items()}, request.headers, body,
                        correlation)
            return await run_in_threadpool(self._operate, request.path_params, call)
        except Fault as fault:
            return self._refused(fault, request)
        except StoreFailure as failure:
            return refusal(Fault("ServiceUnavailable", str(failure), status=failure.status))
        except ClientDisconnect:
            raise
        except Exception as problem:  # noqa: BLE001  the top of the loop: its message may hold what a client sent
            log.error("bug", extra={"correlation": correlation, "exception_type": type(problem).__name__})
            return refusal(Fault("InternalServerError", "An unexpected error occurred; report correlation id "
                                 f"'{correlation}'.", status=500))

    async def _authenticated(self, request: Request) -> Account:
        if not request.headers.get("authorization"):
            raise Fault("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.", status=401)
        return await authenticate(self._service, request.headers, vault=True)

    def _operate(self, names: Mapping[str, str], call: Call) -> Answer:
        if not call.api_version:
            raise Fault("BadParameter", "api-version must be specified", "api-version")
        permission, operation, pieces = secrets.resolve(call.method, names.get("rest", call.path))
        with self._service.store.reading() as reader:
            vault = next(iter(reader.find(kept.VAULT, names["vault"])), None)
        if vault is None:
            raise NotFound(f"There is no vault '{names['vault'][:80]}'; create it, or recover it if it was deleted.",
                           "VaultNotFound")
        self._check_tenant(call.account, vault)
        if not self._allowed(call.account, vault, permission):
            raise _forbidden(call.account, vault, permission)
        base = f"https://{vault.id.name.lower()}.{kept.domain(self._service.settings.endpoint.port)}"
        return operation(Asked(self._service, replace(call, names=names), vault, base, pieces))

    def _check_tenant(self, account: Account, vault: Resource) -> None:
        home = self._service.accounts.subscription(vault.id.subscription)
        if home and account.tenant != home.tenant and not account.operator:
            raise Fault("Unauthorized", f"AKV10032: Invalid issuer. Expected one of {home.tenant}, found "
                        f"{account.tenant}.", status=401)

    def _allowed(self, account: Account, vault: Resource, permission: Permission) -> bool:
        """By access policy, or by role when the vault says so."""
        model = VaultProperties.model_validate(vault.properties)
        if model.enable_rbac_authorization:
            action = f"Microsoft.KeyVault/vaults/secrets/{_DATA_ACTIONS[permission]}"
            return self._service.permissions.permits(account, action, vault.id.key, data=True)
        return model.allows(account.object_id, permission)

    def _refused(self, fault: Fault, request: Request) -> Answer:
        found = answer({"error": {"code": fault.code, "message": str(fault)}}, fault.status)
        headers: dict[str, str] = {}
        if fault.status == 401:
            domain = kept.domain(self._service.settings.endpoint.port)
            at = f"https://{self._authority(request)}/{self._tenant(request.path_params['vault'])}"
            headers["www-authenticate"] = f'Bearer authorization="{at}", resource="https://{domain}"'
        if isinstance(fault, NotAllowed):
            headers["allow"] = ", ".join(fault.allowed)
        return replace(found, headers=headers)

    def _tenant(self, name: str) -> str:
        """The vault's, where to log in for it; the first one for a vault that is not there."""
        vault: Resource | None = None
        with suppress(StoreFailure), self._service.store.reading() as reader:
            vault = next(iter(reader.find(kept.VAULT, name)), None)
        home = self._service.accounts.subscription(vault.id.subscription) if vault else None
        return home.tenant if home else self._service.accounts.tenant

    def _authority(self, request: Request) -> str:
        """Where to log in: the client may not resolve the endpoint by the vault's name, so it is told the plain one."""
        if "rest" in request.path_params:
            return origin(self._service, request).partition("://")[2]
        return self._service.settings.endpoint.url.partition("://")[2]


def _forbidden(account: Account, vault: Resource, permission: Permission) -> Fault:
    model = VaultProperties.model_validate(vault.properties)
    if model.enable_rbac_authorization:
        return Fault("Forbidden", "Caller is not authorized to perform action on resource.\r\nIf role assignments, "
                     "deny assignments or role definitions were changed recently, please observe propagation time."
                     f"\r\nCaller: appid={account.client_id};oid={account.object_id}\r\nVault: {vault.id.name}",
                     status=403)
    return Fault("Forbidden", f"The user, group or application 'appid={account.client_id};oid={account.object_id}' "
                 f"does not have secrets {permission.value} permission on key vault '{vault.id.name};location="
                 f"{vault.location}'. Set an access policy (az keyvault set-policy).", status=403)
