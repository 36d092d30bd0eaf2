"""Logging in: the parts of Microsoft's identity platform that az, MSAL and azure-identity ask for. No token needed.

Errors have the identity platform's own shape (RFC 6749 section 5.2 with AADSTS codes), not ARM's.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_plus
from uuid import uuid4

from trunkline.api.accounts import Accounts
from trunkline.api.exchange import Answer, answer
from trunkline.api.token import LIFE_S, Tokens
from trunkline.model.resource import Json

_UNCACHED = {"cache-control": "no-store, no-cache", "pragma": "no-cache"}


def configuration(origin: str, tenant: str) -> Json:
    """OpenID Connect Discovery 1.0; both versions of the platform at once."""
    base = f"{origin}/{tenant}"
    return {
        "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token", "jwks_uri": f"{base}/discovery/v2.0/keys",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "response_types_supported": ["code", "token"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid"],
        "cloud_instance_name": origin.partition("://")[2],
    }


def discovery(origin: str, tenant: str) -> Json:
    """Instance discovery: this endpoint is an authority, and the only one."""
    host = origin.partition("://")[2]
    return {
        "tenant_discovery_endpoint": f"{origin}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def token(accounts: Accounts, tokens: Tokens, tenant: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """The token endpoint, for ``grant_type=client_credentials``."""
    form = _form(body)
    client, secret = _credentials(headers, form)
    if tenant.lower() not in (accounts.tenant, "common", "organizations"):
        return _error("invalid_request", 90002, f"Tenant '{tenant[:80]}' not found. Use {accounts.tenant}.", 400)
    if form.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", 70003, f"The app requested an unsupported grant type "
                      f"'{form.get('grant_type', '')[:80]}'. Only client_credentials is supported.", 400)
    audience = _audience(form)
    if audience not in tokens.audiences:
        return _error("invalid_resource", 500011, f"The resource principal named {audience[:200]} was not found. Ask "
                      f"for {tokens.audiences[0]}/.default.", 400)
    if accounts.by_client(client) is None:
        return _error("unauthorized_client", 700016, f"Application with identifier '{client[:80]}' was not found in "
                      "the directory.", 400)
    account = accounts.login(client, secret)
    if account is None:
        return _error("invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the "
                      "request is the client secret value, not the client secret ID.", 401)
    now = int(datetime.now(UTC).timestamp())
    issued = {"token_type": "Bearer", "expires_in": LIFE_S, "ext_expires_in": LIFE_S, "expires_on": now + LIFE_S,
              "not_before": now, "resource": audience, "access_token": tokens.issue(account, audience)}
    return answer(issued, headers=_UNCACHED)


def _form(body: bytes) -> dict[str, str]:
    """Fields of an HTML form, of repeated ones the first; nothing of one with absurdly many."""
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=100)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _credentials(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str]:
    """From the form, or by HTTP Basic (RFC 6749 section 2.3.1)."""
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _audience(form: Mapping[str, str]) -> str:
    """Version 2 names it in the scope, version 1 as the resource."""
    asked = form.get("resource") or form.get("scope", "").split(" ")[0].removesuffix("/.default")
    return asked.rstrip("/")


def _error(error: str, number: int, message: str, status: int) -> Answer:
    now, trace = datetime.now(UTC), str(uuid4())
    body: Json = {
        "error": error, "error_description": f"AADSTS{number}: {message} Trace ID: {trace} "
        f"Timestamp: {now:%Y-%m-%d %H:%M:%SZ}", "error_codes": [number], "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        "trace_id": trace, "correlation_id": trace,
    }
    return answer(body, status, _UNCACHED)
