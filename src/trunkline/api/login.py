"""Logging in: the parts of Microsoft's identity platform that az, MSAL and azure-identity ask for. No token needed.

Here is what clients read before, and the token endpoint, which leaves each kind of grant to ``access.grants``. Errors
have the identity platform's own shape (RFC 6749 section 5.2 with AADSTS codes), not ARM's.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_plus
from uuid import uuid4

from trunkline.api.access.device import DEVICE_GRANT
from trunkline.api.access.grants import Denied, Desk, Form
from trunkline.api.exchange import Answer, answer
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
        "grant_types_supported": ["client_credentials", "password", "refresh_token", DEVICE_GRANT],
        "response_types_supported": ["code", "token"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid", "profile", "offline_access"],
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


def realm(origin: str, user: str) -> Json:
    """Where a user's password is checked: here, by no federation server."""
    return {"ver": "1.0", "account_type": "Managed", "domain_name": user.rpartition("@")[2],
            "cloud_instance_name": origin.partition("://")[2], "cloud_audience_urn": "urn:trunkline"}


@dataclass(frozen=True, slots=True)
class Asker:
    """``origin``: ours, as the client wrote it; ``tenant``: as its path says; ``address``: the client's."""

    origin: str
    tenant: str
    address: str = ""


def token(desk: Desk, asker: Asker, headers: Mapping[str, str], body: bytes) -> Answer:
    """The token endpoint, for every grant."""
    return _told(lambda: desk.token(_form(asker, headers, body)))


def device_code(desk: Desk, asker: Asker, headers: Mapping[str, str], body: bytes) -> Answer:
    """The device authorization endpoint (RFC 8628 section 3.1)."""
    return _told(lambda: desk.begin_device(_form(asker, headers, body)))


def _told(work: Callable[[], Json]) -> Answer:
    try:
        return answer(work(), headers=_UNCACHED)
    except Denied as denied:
        return _error(denied)


def _form(asker: Asker, headers: Mapping[str, str], body: bytes) -> Form:
    """Fields of an HTML form, of repeated ones the first; nothing of one with absurdly many."""
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=100)
    except ValueError:
        found = {}
    fields = {name: values[0] for name, values in found.items()}
    client, secret = _credentials(headers, fields)
    return Form(asker.origin, asker.tenant, {**fields, "client_id": client, "client_secret": secret}, asker.address)


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


def _error(denied: Denied) -> Answer:
    now, trace = datetime.now(UTC), str(uuid4())
    body: Json = {
        "error": denied.error, "error_description": f"AADSTS{denied.number}: {denied} Trace ID: {trace} "
        f"Timestamp: {now:%Y-%m-%d %H:%M:%SZ}", "error_codes": [denied.number],
        "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}", "trace_id": trace, "correlation_id": trace,
    }
    return answer(body, denied.status, _UNCACHED)
