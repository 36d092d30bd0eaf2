"""Access tokens: JSON Web Tokens (RFC 7519), RS256 with our own key, in the claims that Azure's clients read."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
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

from trunkline.api.accounts import Account, Accounts
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


class Tokens:
    """Issues and verifies. ``url``: the endpoint's; tokens are for it, by any of its names."""

    def __init__(self, key: rsa.RSAPrivateKey, accounts: Accounts, url: str, audiences: tuple[str, ...]) -> None:
        self._key, self._accounts = key, accounts
        self.issuer = f"{url}/{accounts.tenant}/v2.0"
        self.audiences = tuple(dict.fromkeys((url, *audiences, *AZURE_AUDIENCES)))
        self.key_id = _thumbprint(key.public_key())
        self._public = key.public_key()
        self._verified: dict[str, tuple[float, Account]] = {}

    def issue(self, account: Account, audience: str, life_s: int = LIFE_S) -> str:
        now = int(time.time())
        claims = {
            "aud": audience, "iss": self.issuer, "iat": now, "nbf": now, "exp": now + life_s,
            "appid": account.client_id, "appidacr": "1", "azp": account.client_id, "idp": self.issuer,
            "idtyp": "app", "oid": account.object_id, "sub": account.object_id, "tid": self._accounts.tenant,
            "uti": str(uuid4()), "ver": "2.0",
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self.key_id})

    def verify(self, token: str) -> Account:
        """Whose token it is; raises Fault 401 with ARM's code when it is nobody's."""
        known = self._verified.get(token)
        if known and known[0] > time.time():
            return known[1]
        claims = self._claims(token)
        account = self._accounts.by_client(str(claims.get("appid", "")))
        if account is None or claims.get("oid") != account.object_id:
            raise _unauthorized("InvalidAuthenticationToken", "The access token names no account of this service.")
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), account)
        return account

    def _claims(self, token: str) -> Json:
        try:
            claims: Json = jwt.decode(
                token, self._public, algorithms=[_ALGORITHM], audience=self.audiences, issuer=self.issuer,
                leeway=_LEEWAY_S, options={"require": ["exp", "nbf", "iss", "aud"]})
        except jwt.ExpiredSignatureError as expired:
            raise _unauthorized("ExpiredAuthenticationToken", _expiry_message(token)) from expired
        except jwt.InvalidAudienceError as wrong:
            raise _unauthorized("InvalidAuthenticationTokenAudience",
                                "The access token has been obtained for wrong audience or resource. It should exactly "
                                f"match with one of the allowed audiences '{','.join(self.audiences)}'.") from wrong
        except jwt.InvalidIssuerError as wrong:
            raise _unauthorized("InvalidAuthenticationTokenTenant",
                                "The access token is from the wrong issuer. It must match the tenant "
                                f"'{self.issuer}' of this service. Please log in again.") from wrong
        except jwt.PyJWTError as wrong:
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid. Log in again.") from wrong
        return claims

    def keys(self) -> Json:
        """The JSON Web Key Set (RFC 7517) with which anyone may verify our tokens."""
        numbers = self._public.public_numbers()
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": _ALGORITHM, "kid": self.key_id, "n": _base64(numbers.n),
                          "e": _base64(numbers.e), "issuer": self.issuer}]}


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
