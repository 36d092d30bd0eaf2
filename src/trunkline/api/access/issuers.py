"""External OpenID Connect issuers whose tokens are taken, by configuration.

``issuers.json`` in the home: ``[{"issuer": URL, "audience": TEXT, "claim": NAME, "accounts": {VALUE: ACCOUNT}}]``. A
token is taken if its issuer signed it for that audience, and is its account's whose name (or object id) stands beside
the value of its claim; ``claim`` is ``sub`` unless told. The keys come from ``jwks_uri``, or from where the issuer's
discovery document says, and are fetched again when they are old or a token names one that is not among them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt

from trunkline.errors import Fault, TrunklineError
from trunkline.model.resource import Json

#: How long keys are used, and how soon they are asked for again at the earliest, seconds.
_FRESH_S, _PAUSE_S, _TIMEOUT_S = 3600.0, 10.0, 5.0
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
_LEEWAY_S = 60

Fetch = Callable[[str], Json]


class IssuersUnreadable(TrunklineError):
    """issuers.json is not as it must be; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Issuer:
    issuer: str
    audience: str
    accounts: Mapping[str, str]
    claim: str = "sub"
    jwks_uri: str = ""


@dataclass(slots=True)
class _Keys:
    found: dict[str, jwt.PyJWK] = field(default_factory=dict)
    asked_at: float = float("-inf")


def fetch(url: str) -> Json:
    found: Json = httpx.get(url, timeout=_TIMEOUT_S).raise_for_status().json()
    return found


class Issuers:
    def __init__(self, trusted: tuple[Issuer, ...], fetch: Fetch = fetch) -> None:
        self._trusted = {one.issuer: one for one in trusted}
        self._keys = {one.issuer: _Keys() for one in trusted}
        self._fetch, self._guard = fetch, threading.Lock()

    def vouches(self, token: str) -> bool:
        """Whether the token says it is of a trusted issuer; nothing is verified."""
        return self._issuer(token) is not None

    def account_of(self, token: str) -> str:
        """The account's name or object id; empty for tokens of others. Raises Fault 401 for a bad or unknown one."""
        issuer = self._issuer(token)
        if issuer is None:
            return ""
        try:
            claims: Json = jwt.decode(
                token, self._key(issuer, token), algorithms=_ALGORITHMS, audience=issuer.audience, issuer=issuer.issuer,
                leeway=_LEEWAY_S, options={"require": ["exp", "iss", "aud"]})
        except jwt.ExpiredSignatureError as expired:
            raise _refused("ExpiredAuthenticationToken", "The access token has expired. Log in again.") from expired
        except jwt.PyJWTError as wrong:
            raise _refused("InvalidAuthenticationToken", f"The access token of '{issuer.issuer}' is invalid "
                           f"({type(wrong).__name__}). Log in again.") from wrong
        named = issuer.accounts.get(str(claims.get(issuer.claim, "")))
        if not named:
            raise _refused("InvalidAuthenticationToken", f"The access token of '{issuer.issuer}' is good, but its "
                           f"claim '{issuer.claim}' belongs to no account here; an operator adds it to issuers.json.")
        return named

    def _issuer(self, token: str) -> Issuer | None:
        if not self._trusted:
            return None
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        return self._trusted.get(str(claims.get("iss", "")))

    def _key(self, issuer: Issuer, token: str) -> jwt.PyJWK:
        wanted, keys = str(jwt.get_unverified_header(token).get("kid", "")), self._keys[issuer.issuer]
        with self._guard:
            age_s = time.monotonic() - keys.asked_at
            if age_s > _FRESH_S or (wanted not in keys.found and age_s > _PAUSE_S):
                keys.found, keys.asked_at = self._fetched(issuer), time.monotonic()
        if wanted not in keys.found:
            raise _refused("InvalidAuthenticationToken", f"The access token names a key that '{issuer.issuer}' does "
                           "not publish. Log in again.")
        return keys.found[wanted]

    def _fetched(self, issuer: Issuer) -> dict[str, jwt.PyJWK]:
        try:
            where = issuer.jwks_uri or str(self._fetch(
                f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration")["jwks_uri"])
            return {str(key.key_id or ""): key for key in jwt.PyJWKSet.from_dict(self._fetch(where)).keys}
        except (httpx.HTTPError, KeyError, ValueError, jwt.PyJWTError) as problem:
            raise Fault("ServiceUnavailable", f"The keys of '{issuer.issuer}' cannot be read "
                        f"({type(problem).__name__}); ask again.", status=503) from problem


def load_issuers(path: Path) -> Issuers:
    """None when the file is not there."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return Issuers(tuple(Issuer(**row) for row in rows))
    except (ValueError, TypeError) as problem:
        raise IssuersUnreadable(f"{path}: {problem}; write a list of objects with issuer, audience and accounts, and "
                                "claim and jwks_uri if needed.") from problem


def _refused(code: str, message: str) -> Fault:
    return Fault(code, message, status=401)
