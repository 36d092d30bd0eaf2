"""The HTTPS API as one account sees it: tokens, ARM's errors, and operations polled to their end."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from trunkline.cli.accounts import Account, Accounts, read_accounts
from trunkline.cli.failure import Failed, NotRunning
from trunkline.cli.instance import Instance

Json = dict[str, Any]
#: Called while an operation runs, with what it waits for in the service's words.
Watch = Callable[[str], None]

NETWORK_VERSION = "2024-05-01"
RESOURCES_VERSION = "2022-09-01"
TRUNKLINE_VERSION = "2026-01-01"

#: First pause between two looks at an operation and the longest one; seconds.
_POLL_FIRST_S, _POLL_MOST_S = 0.05, 1.0
OPERATION_DEADLINE_S = 180.0


class RequestFailed(Failed):
    """ARM's error envelope. ``code`` is the machine's word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code = status, code


def unwatched(_waiting_for: str) -> None:
    """For operations nobody looks at."""


def api_version(path: str) -> str:
    """What our own commands ask a path with."""
    lowered = path.lower()
    if "/providers/trunkline." in lowered:
        return TRUNKLINE_VERSION
    return NETWORK_VERSION if "/providers/microsoft.network/" in lowered else RESOURCES_VERSION


class Client:
    """Logs in at the first request and again when the token has ended."""

    def __init__(self, http: httpx.Client, account: Account) -> None:
        self.account = account
        self._http, self._url = http, str(http.base_url).rstrip("/")
        self._tenant, self._token, self._token_end = account.tenant, "", 0.0

    def get(self, path: str) -> Json:
        answer: Json = self._send("GET", path).json()
        return answer

    def find(self, path: str) -> Json | None:
        """``None`` where there is nothing."""
        try:
            return self.get(path)
        except RequestFailed as failure:
            if failure.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def list(self, path: str) -> Iterator[Json]:
        page = self.get(path)
        yield from page["value"]
        while page.get("nextLink"):
            page = self._send("GET", page["nextLink"]).json()
            yield from page["value"]

    def put(self, path: str, body: Json, watch: Watch = unwatched) -> Json:
        """The resource as it is when its operation has ended."""
        return self._write("PUT", path, body, watch)

    def patch(self, path: str, body: Json, watch: Watch = unwatched) -> Json:
        """The same; what the body does not name stays, ``None`` takes a member away."""
        return self._write("PATCH", path, body, watch)

    def _write(self, method: str, path: str, body: Json, watch: Watch) -> Json:
        answer = self._send(method, path, body)
        if self._settled(answer, watch):
            return self.get(path)
        first: Json = answer.json()
        return first

    def delete(self, path: str, watch: Watch = unwatched) -> bool:
        """``False`` when there was nothing."""
        try:
            answer = self._send("DELETE", path)
        except RequestFailed as failure:
            if failure.status == httpx.codes.NOT_FOUND:
                return False
            raise
        if answer.status_code == httpx.codes.NO_CONTENT:
            return False
        if not self._settled(answer, watch):
            self._result(answer, watch)
        return True

    def post(self, path: str, body: Json | None = None, watch: Watch = unwatched) -> Any:
        """The answer's body, waited for when the service needs time."""
        return self._result(self._send("POST", path, body), watch)

    def _settled(self, answer: httpx.Response, watch: Watch) -> bool:
        """Follow ``Azure-AsyncOperation`` to its end; ``False`` when the answer has none."""
        where = answer.headers.get("Azure-AsyncOperation")
        for _ in self._looks(answer) if where else ():
            told = self._send("GET", where)
            found = told.json()
            if found["status"] == "Succeeded":
                return True
            if found["status"] in ("Failed", "Canceled"):
                error = found.get("error") or {}
                raise RequestFailed(200, error.get("code", found["status"]), error.get("message", "it failed"))
            watch(told.headers.get("x-trunkline-waiting-for", "the operation"))
        return False

    def _result(self, answer: httpx.Response, watch: Watch) -> Any:
        """Follow ``Location`` until it answers with other than 202."""
        where = answer.headers.get("Location")
        if answer.status_code == httpx.codes.ACCEPTED and where:
            for _ in self._looks(answer):
                answer = self._send("GET", where)
                if answer.status_code != httpx.codes.ACCEPTED:
                    break
                watch("the answer")
        return answer.json() if answer.content else None

    def _looks(self, answer: httpx.Response) -> Iterator[None]:
        """Once for each look, with growing pauses; fails at the deadline."""
        began, pause = time.monotonic(), _POLL_FIRST_S
        while True:
            elapsed = time.monotonic() - began
            if elapsed > OPERATION_DEADLINE_S:
                raise Failed(f"{answer.request.method} {answer.request.url.path}: not done after {elapsed:.0f} s;"
                             " 'trunkline status' shows what it waits for.")
            yield
            time.sleep(pause)
            pause = min(_POLL_MOST_S, pause * 1.5)

    def _send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        parameters = None if "api-version=" in path else {"api-version": api_version(path)}
        headers = {"Authorization": f"Bearer {self.access_token()}"}
        with _reaching(self._url):
            answer = self._http.request(method, path, params=parameters, json=body, headers=headers)
        if answer.is_error:
            raise _refusal(answer)
        return answer

    def access_token(self) -> str:
        if time.monotonic() >= self._token_end:
            form = {"grant_type": "client_credentials", "client_id": self.account.client_id,
                    "client_secret": self.account.secret, "scope": f"{self._url}/.default"}
            with _reaching(self._url):
                answer = self._http.post(f"/{self._tenant}/oauth2/v2.0/token", data=form)
            if answer.is_error:
                raise Failed(f"login of account '{self.account.name}' was refused; is {self._url} of another home?")
            found = answer.json()
            self._token = found["access_token"]
            self._token_end = time.monotonic() + float(found["expires_in"]) - 60
        return self._token


class Clients:
    """A client for each account of a service, made when first asked for."""

    def __init__(self, http: httpx.Client, accounts: Accounts) -> None:
        self._http, self.accounts = http, accounts
        self._made: dict[str, Client] = {}

    def named(self, name: str) -> Client:
        if name not in self._made:
            self._made[name] = Client(self._http, self.accounts.able(name))
        return self._made[name]


@contextmanager
def connected(instance: Instance) -> Iterator[Clients]:
    """To a running instance, which is the only thing that its CA vouches for."""
    url, places = instance.url(), instance.settings.places
    with httpx.Client(base_url=url, verify=_trusting(places.ca), timeout=60.0, trust_env=False) as http:
        yield Clients(http, read_accounts(places))


def answers(url: str, ca: Path) -> bool:
    """Whether the service says it is healthy."""
    try:
        return httpx.get(f"{url}/healthz", verify=_trusting(ca), timeout=5.0, trust_env=False).is_success
    except (httpx.TransportError, OSError, Failed):
        return False


def _trusting(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except FileNotFoundError:
        raise NotRunning(f"there is no CA certificate yet ({ca}); 'trunkline up' creates it.") from None
    except ssl.SSLError:
        raise Failed(f"{ca} is no certificate in PEM; stop the service, move it away, and 'trunkline up' makes "
                     "another.") from None
    except OSError as problem:
        raise Failed(f"{ca} cannot be read: {problem.strerror}.") from None


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.ConnectError as problem:
        raise _unreached(url, problem) from problem
    except httpx.TransportError as problem:
        raise Failed(f"{url} broke off: {problem or type(problem).__name__}") from problem


def _unreached(url: str, problem: BaseException) -> Failed:
    """httpx hides what the machine said behind errors of its own, and shows OpenSSL's words."""
    cause: BaseException | None = problem
    while cause and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Failed(f"{url} shows a certificate that the CA of this home did not sign: another instance answers "
                      "there, or the CA was made anew. Name its home with --home, or start the service again.")
    if isinstance(cause, ssl.SSLError):
        return Failed(f"{url} does not speak TLS as Trunkline does: another program listens there.")
    return NotRunning(f"no answer at {url}: {cause.strerror if isinstance(cause, OSError) else problem}.")


def _refusal(answer: httpx.Response) -> RequestFailed:
    try:
        error = answer.json()["error"]
        details = error.get("details") or []
        text = "; ".join(str(one["message"]) for one in details) if len(details) > 1 else str(error["message"])
        return RequestFailed(answer.status_code, str(error["code"]), text)
    except (ValueError, KeyError, TypeError):
        return RequestFailed(answer.status_code, f"HTTP {answer.status_code}", answer.text[:200] or "no explanation")
