"""Access tokens: JSON Web Tokens (RFC 7519), RS256 with our own key, in the claims that Azure's clients read."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from trunkline.api.access.principals import Principals
from trunkline.api.accounts import Account
from trunkline.api.private import write_private
from trunkline.errors import Fault
from trunkline.model.resource import Json

LIFE_S = 3600
_ALGORITHM = "RS256"
#: Verified tokens that are remembered; beyond this all are forgotten and verified again.
_REMEMBERED = 4096
#: How far clocks may differ.
_LEEWAY_S = 5

#: Resources that a token for Azure's own ARM would name; clients may be configured with them.
AZURE_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")


#: The same of the vaults' data plane.
AZURE_VAULT_AUDIENCES = ("https://vault.azure.net",)


@dataclass(frozen=True, slots=True)
class _Verified:
    """``audience``: for what the token is; empty for everything, as an external issuer's."""

    expiry: float
    object_id: str
    audience: str = ""


class Tokens:
    """Issues and verifies. ``url``: the endpoint's; tokens are for it, by any of its names, or for the ``vaults``."""

    def __init__(self, key: rsa.RSAPrivateKey, principals: Principals, url: str, audiences: tuple[str, ...],
                 vaults: tuple[str, ...] = ()) -> None:
        self._key, self._principals, self._url = key, principals, url
        self.audiences = tuple(dict.fromkeys((url, *audiences, *AZURE_AUDIENCES)))
        self.vaults = (*vaults, *AZURE_VAULT_AUDIENCES)
        self.known = (*self.audiences, *self.vaults)
        self.key_id = _thumbprint(key.public_key())
        self._public = key.public_key()
        self._refresh_audience = f"{url}/refresh"
        self._header_key = hashlib.sha256(b"managed identity" + key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).digest()
        self._verified: dict[str, _Verified] = {}

    def issuer(self, tenant: str) -> str:
        return f"{self._url}/{tenant}/v2.0"

    def issue(self, account: Account, audience: str, life_s: int = LIFE_S, client: str = "") -> str:
        """``client``: the public client through which a user came."""
        return self.sign({"aud": audience, **_identity(account, client)}, account.tenant, life_s)

    @property
    def header_key(self) -> bytes:
        """For the headers of managed identities; follows from the signing key."""
        return self._header_key

    def issue_refresh(self, account: Account, client: str, mark: str, life_s: int) -> str:
        """For the token endpoint alone, by its audience. ``mark``: changes with the password."""
        return self.sign({"aud": self._refresh_audience, "oid": account.object_id, "client": client, "mark": mark},
                         account.tenant, life_s)

    def read_refresh(self, token: str) -> Json:
        """Its claims; empty when it is not one of ours, or has ended."""
        try:
            claims: Json = jwt.decode(token, self._public, algorithms=[_ALGORITHM], audience=self._refresh_audience)
        except jwt.PyJWTError:
            return {}
        return claims

    def account(self, object_id: str) -> Account | None:
        return self._principals.by_object(object_id)

    def external(self, token: str) -> Account | None:
        """Whose token of a trusted external issuer it is."""
        return self._principals.external(token)

    def issue_identity(self, account: Account, issuer: str, client: str, nonce: str) -> str:
        """An ID token (OpenID Connect Core 1.0, section 2), for the client alone."""
        claims = {"aud": client, "oid": account.object_id, "sub": account.object_id, "tid": account.tenant,
                  "name": account.name, "preferred_username": account.client_id, "upn": account.client_id,
                  "unique_name": account.client_id, "ver": "2.0", **({"nonce": nonce} if nonce else {})}
        return self.sign(claims, account.tenant, LIFE_S, issuer)

    def sign(self, claims: Json, tenant: str, life_s: int, issuer: str = "") -> str:
        now, by = int(time.time()), issuer or self.issuer(tenant)
        every = {**claims, "iss": by, "iat": now, "nbf": now, "exp": now + life_s, "uti": str(uuid4())}
        return jwt.encode(every, self._key, algorithm=_ALGORITHM, headers={"kid": self.key_id})

    def verify(self, token: str, vault: bool = False) -> Account:
        """Whose token it is; raises Fault 401 with ARM's code when it is nobody's. ``vault``: for the vaults' data
        plane, which takes no token for ARM, as ARM takes none for vaults."""
        known = self._verified.get(token)
        if known is None or known.expiry <= time.time():
            known = self._read(token)
        if known.audience and known.audience not in (self.vaults if vault else self.audiences):
            raise self._wrong_vault(known) if vault else self._wrong_audience()
        account = self._principals.by_object(known.object_id)
        if account is None:
            raise _unauthorized("InvalidAuthenticationToken", "The access token names no account of this service.")
        return account

    def foreign(self, token: str) -> bool:
        """Whether verifying it may ask another identity provider, which takes time."""
        return token not in self._verified and self._principals.issuers.vouches(token)

    def verify_foreign(self, token: str) -> Account:
        """The same for a token of an external issuer."""
        account = self._principals.external(token)
        if account is None:
            raise _unauthorized("InvalidAuthenticationToken", "The access token names no account of this service.")
        expiry = jwt.decode(token, options={"verify_signature": False})["exp"]
        self._remember(token, _Verified(float(expiry), account.object_id))
        return account

    def _read(self, token: str) -> _Verified:
        claims = self._claims(token)
        audience = claims["aud"] if isinstance(claims["aud"], str) else claims["aud"][0]
        return self._remember(token, _Verified(float(claims["exp"]), str(claims.get("oid", "")), audience))

    def _remember(self, token: str, verified: _Verified) -> _Verified:
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = verified
        return verified

    def _wrong_audience(self) -> Fault:
        return _unauthorized("InvalidAuthenticationTokenAudience",
                             "The access token has been obtained for wrong audience or resource. It should exactly "
                             f"match with one of the allowed audiences '{','.join(self.audiences)}'.")

    def _wrong_vault(self, verified: _Verified) -> Fault:
        return _unauthorized("Unauthorized", f"AKV10022: Invalid audience. Expected {self.vaults[0]}, found: "
                             f"{verified.audience}.")

    def _claims(self, token: str) -> Json:
        try:
            claims: Json = jwt.decode(
                token, self._public, algorithms=[_ALGORITHM], audience=self.known, leeway=_LEEWAY_S,
                options={"require": ["exp", "nbf", "iss", "aud"]})
            if claims["iss"] != self.issuer(str(claims.get("tid", ""))):
                raise jwt.InvalidIssuerError(claims["iss"])
        except jwt.ExpiredSignatureError as expired:
            raise _unauthorized("ExpiredAuthenticationToken", _expiry_message(token)) from expired
        except jwt.InvalidAudienceError as wrong:
            raise self._wrong_audience() from wrong
        except jwt.InvalidIssuerError as wrong:
            raise _unauthorized("InvalidAuthenticationTokenTenant",
                                "The access token is from the wrong issuer. It must match the tenant "
                                f"'{self._url}' of this service. Please log in again.") from wrong
        except jwt.PyJWTError as wrong:
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid. Log in again.") from wrong
        return claims

    def keys(self) -> Json:
        """The JSON Web Key Set (RFC 7517) with which anyone may verify our tokens."""
        numbers = self._public.public_numbers()
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": _ALGORITHM, "kid": self.key_id, "n": _base64(numbers.n),
                          "e": _base64(numbers.e), "issuer": self.issuer("{tenantid}")}]}


def load_key(directory: Path) -> rsa.RSAPrivateKey:
    """The signing key, created on first start; a damaged one is replaced, and everyone logs in again."""
    path = directory / "token.key"
    try:
        # Our own file, which nobody else may write: proving its numbers prime again takes 40 ms and shows nothing.
        found = load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
        if isinstance(found, rsa.RSAPrivateKey):
            return found
    except (OSError, ValueError):
        pass
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _identity(account: Account, client: str) -> Json:
    """The claims that say who it is. An application's own, or those of a user who came through a client."""
    claims: Json = {"oid": account.object_id, "sub": account.object_id, "tid": account.tenant, "ver": "2.0"}
    if account.user:
        name = account.client_id
        return {**claims, "idtyp": "user", "appid": client, "azp": client, "name": account.name, "upn": name,
                "preferred_username": name, "unique_name": name, "scp": "user_impersonation"}
    mirid = {"xms_mirid": account.identity} if account.identity else {}
    return {**claims, "idtyp": "app", "appid": account.client_id, "azp": account.client_id, "appidacr": "1", **mirid}


def _unauthorized(code: str, message: str) -> Fault:
    return Fault(code, message, status=401)


def _expiry_message(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    expiry = datetime.fromtimestamp(int(claims["exp"]), UTC)
    return (f"The access token expiry UTC time '{expiry:%m/%d/%Y %H:%M:%S}' is earlier than current UTC time "
            f"'{datetime.now(UTC):%m/%d/%Y %H:%M:%S}'. Log in again.")


def _thumbprint(key: rsa.RSAPublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:40]


def _base64(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
