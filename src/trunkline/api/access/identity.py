"""Managed identities for programs on this machine, as App Service offers them: ``IDENTITY_ENDPOINT`` and
``IDENTITY_HEADER``. The header names one identity and its principal (another of the same name is another), and
proves, by a keyed hash, that this service gave it out.

Whoever may assign an identity (``assign/action``) may ask for its header, as in Azure for attaching it to a machine.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import uuid4

from trunkline.api.access.principals import IDENTITY, identity_account
from trunkline.api.accounts import Account
from trunkline.api.exchange import Answer, answer
from trunkline.api.service import Service
from trunkline.api.token import LIFE_S
from trunkline.model.resource import Json, ResourceId

PATH = "/msi/token"


def header(key: bytes, account: Account) -> str:
    """``key``: secret, of this service."""
    who = f"{account.object_id} {account.identity}"
    return f"{urlsafe_b64encode(who.encode()).decode()}.{_proof(key, who)}"


def _proof(key: bytes, who: str) -> str:
    return hmac.digest(key, f"managed identity\0{who}".encode(), "sha256").hex()


def named(key: bytes, given: str) -> tuple[str, ResourceId] | None:
    """Whose header it is, principal and identity; None when it was not made by ``header``."""
    coded, _, proof = given.partition(".")
    try:
        who = urlsafe_b64decode(coded).decode()
    except ValueError:
        return None
    if not hmac.compare_digest(_proof(key, who).encode(), proof.encode()):
        return None
    principal, _, identity = who.partition(" ")
    return principal, ResourceId.parse(identity)


def token(service: Service, given: str, query: dict[str, str]) -> Answer:
    """``GET ?resource=&api-version=`` with ``X-IDENTITY-HEADER``; faults in the shape that azure-identity reads."""
    found = named(service.tokens.header_key, given)
    if found is None:
        return _refused(401, "Unauthorized", "X-IDENTITY-HEADER is missing or not of this service.")
    principal, identity = found
    account = account_of(service, identity)
    if account is None or account.object_id != principal:
        return _refused(400, "ManagedIdentityNotFound", f"The managed identity '{identity}' is not there any more.")
    if not _same(account, query):
        return _refused(400, "ManagedIdentityNotFound", "No User Assigned or Delegated Managed Identity found for "
                        f"specified ClientId/ResourceId/PrincipalId; the header is that of '{account.identity}'.")
    audience = query.get("resource", "").rstrip("/").removesuffix("/.default").rstrip("/")
    if audience not in service.tokens.known:
        return _refused(400, "InvalidResource", f"The resource '{audience[:200]}' is not known; ask for "
                        f"{service.tokens.audiences[0]}.")
    end = int(datetime.now(UTC).timestamp()) + LIFE_S
    return answer({"access_token": service.tokens.issue(account, audience), "expires_on": str(end),
                   "expires_in": str(LIFE_S), "resource": audience, "token_type": "Bearer",
                   "client_id": account.client_id}, headers={"cache-control": "no-store"})


def account_of(service: Service, identity: ResourceId) -> Account | None:
    with service.store.reading() as reader:
        found = reader.get(identity)
    if found is None or found.id.type.lower() != IDENTITY.lower():
        return None
    return identity_account(found, service.accounts)


def _same(account: Account, query: dict[str, str]) -> bool:
    """App Service takes client_id, principal_id or object_id, and mi_res_id; none of them means the header's own."""
    wanted = {"client_id": account.client_id, "principal_id": account.object_id, "object_id": account.object_id,
              "mi_res_id": account.identity.lower(), "msi_res_id": account.identity.lower()}
    return all(query[name].lower() == value for name, value in wanted.items() if query.get(name))


def _refused(status: int, code: str, message: str) -> Answer:
    body: Json = {"error": {"code": code, "message": message}, "statusCode": status, "message": message,
                  "correlationId": str(uuid4())}
    return answer(body, status)
