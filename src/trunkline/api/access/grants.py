"""The grants of the token endpoint: client secret, federated token, password, device code, refresh token."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from trunkline.api.access.device import DEVICE_GRANT, INTERVAL_S, Code, Codes
from trunkline.api.access.device import LIFE_S as DEVICE_LIFE_S
from trunkline.api.access.directory import Directory
from trunkline.api.accounts import Account
from trunkline.api.token import LIFE_S, Tokens
from trunkline.errors import Fault, TrunklineError
from trunkline.model.resource import Json

#: Names that stand for any tenant: the account's own is taken. ``adfs`` is how az speaks to a server with a port.
_ANY_TENANT = ("common", "organizations", "adfs")
#: Scopes of OpenID Connect, which name no resource.
_OF_IDENTITY = ("openid", "profile", "email", "offline_access")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

REFRESH_LIFE_S = 90 * 86_400

_DEVICE_SAYS = {
    "authorization_pending": (70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    "slow_down": (70016, "OAuth 2.0 device flow error. You are polling too often; wait five seconds longer."),
    "authorization_declined": (70017, "The end user declined the request."),
    "expired_token": (70020, "The device code has expired; begin again."),
    "bad_verification_code": (70018, "The device code is not one that this service gave to this client; begin again."),
}


class Denied(TrunklineError):
    """No token. ``error``: OAuth's word; ``number``: of the identity platform (AADSTS…)."""

    def __init__(self, error: str, number: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error, self.number, self.status = error, number, status


@dataclass(frozen=True, slots=True)
class Form:
    """What a client sent. ``tenant``: as its path says. ``address``: where the client is."""

    origin: str
    tenant: str
    fields: Mapping[str, str] = field(repr=False)
    address: str = ""

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


class Desk:
    """Where tokens are given out."""

    def __init__(self, directory: Directory, tokens: Tokens, codes: Codes | None = None) -> None:
        self._directory, self._tokens, self.codes = directory, tokens, codes or Codes()
        self._grants: dict[str, Callable[[Form], Json]] = {
            "client_credentials": self._client_credentials, "password": self._password,
            "refresh_token": self._refresh, DEVICE_GRANT: self._device}

    def token(self, form: Form) -> Json:
        grant = self._grants.get(form.get("grant_type"))
        self._check_tenant(form)
        if grant is None:
            raise Denied("unsupported_grant_type", 70003, f"The app requested an unsupported grant type "
                         f"'{form.get('grant_type')[:80]}'. Supported are {', '.join(self._grants)}.")
        return grant(form)

    def begin_device(self, form: Form) -> Json:
        self._check_tenant(form)
        self._audience(form)
        code = self.codes.begin(self._public_client(form), form.get("scope") or form.get("resource"),
                                form.address)
        where = f"{form.origin}/devicelogin"
        return {"device_code": code.device_code, "user_code": code.user_code, "verification_uri": where,
                "verification_url": where, "verification_uri_complete": f"{where}?user_code={code.user_code}",
                "expires_in": DEVICE_LIFE_S, "interval": INTERVAL_S,
                "message": f"To sign in, use a web browser to open the page {where} and enter the code "
                           f"{code.user_code} to authenticate."}

    def approve(self, code: Code, username: str, password: str, address: str) -> None:
        """As a user, whose password is checked; raises Denied."""
        code.account = self._user(username, password, address).object_id

    def _client_credentials(self, form: Form) -> Json:
        audience, client = self._audience(form), form.get("client_id")
        account = self._directory.accounts.by_client(client)
        if account is None or account.user or not self._at_home(account, form):
            raise Denied("unauthorized_client", 700016, f"Application with identifier '{client[:80]}' was not found in "
                         "the directory.")
        if form.get("client_assertion"):
            self._check_assertion(form, account)
        elif not self._login(client, form.get("client_secret"), form.address):
            raise Denied("invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in "
                         "the request is the client secret value, not the client secret ID.", 401)
        return self._issued(account, audience)

    def _check_assertion(self, form: Form, account: Account) -> None:
        """Workload identity federation: an external issuer vouches for the application."""
        try:
            found = self._tokens.external(form.get("client_assertion"))
        except Fault as fault:
            raise Denied("invalid_client", 70021, str(fault), 401) from fault
        if form.get("client_assertion_type") != _ASSERTION or found != account:
            raise Denied("invalid_client", 70021, "No matching federated identity record found for presented "
                         "assertion; an operator adds it to issuers.json.", 401)

    def _password(self, form: Form) -> Json:
        audience, client = self._audience(form), self._public_client(form)
        account = self._user(form.get("username"), form.get("password"), form.address)
        if not self._at_home(account, form):
            raise _wrong_password()
        return self._for_user(account, form, audience, client)

    def _device(self, form: Form) -> Json:
        client = self._public_client(form)
        said = self.codes.ask(form.get("device_code") or form.get("code"), client)
        if isinstance(said, str):
            raise Denied(said, *_DEVICE_SAYS[said])
        account = self._directory.accounts.by_object(said.account)
        if account is None:
            raise Denied("invalid_grant", 50034, "The account that approved the code is gone.")
        asked = replace(form, fields={"scope": said.scope, **form.fields})
        return self._for_user(account, asked, self._audience(asked), client)

    def _refresh(self, form: Form) -> Json:
        claims = self._tokens.read_refresh(form.get("refresh_token"))
        account = self._directory.accounts.by_object(str(claims.get("oid", "")))
        if account is None or claims.get("mark") != _mark(account):
            raise Denied("invalid_grant", 70043, "The refresh token has expired or is invalid, or the password was "
                         "changed. Log in again.")
        return self._for_user(account, form, self._audience(form), str(claims["client"]))

    def _user(self, username: str, password: str, address: str) -> Account:
        account = self._login(username, password, address)
        if account is None or not account.user:
            raise _wrong_password()
        return account

    def _login(self, client: str, secret: str, address: str) -> Account | None:
        try:
            return self._directory.login(client, secret, address)
        except Fault as locked:
            raise Denied("invalid_grant", 50053, str(locked), 400) from locked

    def _check_tenant(self, form: Form) -> None:
        if form.tenant.lower() not in _ANY_TENANT and self._directory.accounts.tenant_named(form.tenant) is None:
            raise Denied("invalid_request", 90002, f"Tenant '{form.tenant[:80]}' not found. Use "
                         f"{self._directory.accounts.tenant}.")

    def _at_home(self, account: Account, form: Form) -> bool:
        found = self._directory.accounts.tenant_named(form.tenant)
        return found is None or found.id == account.tenant

    def _audience(self, form: Form) -> str:
        """Version 2 names it in the scope, version 1 as the resource; without any it is ARM."""
        scopes = [one for one in form.get("scope").split() if one not in _OF_IDENTITY]
        asked = form.get("resource") or (scopes[0].removesuffix("/.default").removesuffix("/user_impersonation")
                                         if scopes else "")
        audience = asked.rstrip("/") or ("" if form.get("grant_type") == "client_credentials"
                                         else self._tokens.audiences[0])
        if audience not in self._tokens.known:
            raise Denied("invalid_resource", 500011, f"The resource principal named {audience[:200]} was not found. "
                         f"Ask for {self._tokens.audiences[0]}/.default.")
        return audience

    def _public_client(self, form: Form) -> str:
        """Through which program a user comes: az and the SDKs have ids of Microsoft's, and any other will do."""
        try:
            return str(UUID(form.get("client_id")))
        except ValueError:
            raise Denied("unauthorized_client", 700016, f"Application with identifier '{form.get('client_id')[:80]}' "
                         "was not found in the directory; a public client's id is a GUID.") from None

    def _for_user(self, account: Account, form: Form, audience: str, client: str) -> Json:
        mark = {"uid": account.object_id, "utid": account.tenant}
        return {
            **self._issued(account, audience, client), "scope": form.get("scope") or f"{audience}/.default",
            "refresh_token": self._tokens.issue_refresh(account, client, _mark(account), REFRESH_LIFE_S),
            "id_token": self._tokens.issue_identity(account, f"{form.origin}/{account.tenant}/v2.0", client,
                                                    form.get("nonce")),
            "client_info": urlsafe_b64encode(json.dumps(mark).encode()).rstrip(b"=").decode(), "foci": "1"}

    def _issued(self, account: Account, audience: str, client: str = "") -> Json:
        now = int(time.time())
        return {"token_type": "Bearer", "expires_in": LIFE_S, "ext_expires_in": LIFE_S, "expires_on": now + LIFE_S,
                "not_before": now, "resource": audience,
                "access_token": self._tokens.issue(account, audience, client=client)}


def _mark(account: Account) -> str:
    """Another for each password."""
    return hashlib.sha256(account.secret.encode()).hexdigest()[:16]


def _wrong_password() -> Denied:
    return Denied("invalid_grant", 50126, "Error validating credentials due to invalid username or password.")
