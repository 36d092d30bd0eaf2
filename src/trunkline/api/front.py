"""The front door for everything that needs a token: one ASGI endpoint around ``routes``.

It is the top of a loop: whatever goes wrong behind it becomes ARM's error envelope. Bodies are read here, up to the
limit and after the client is known. Writes and lists run in Starlette's threads, for the store is synchronous; a read
of one resource is answered at once, which costs a third less than handing it to a thread.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Mapping
from uuid import UUID, uuid4

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from trunkline.api import body as content
from trunkline.api import routes
from trunkline.api.accounts import Account
from trunkline.api.engine import operations
from trunkline.api.envelope import NotAllowed, refusal
from trunkline.api.exchange import Answer, Awaited, Call, Later
from trunkline.api.service import Service
from trunkline.api.throttle import Throttle, Throttled
from trunkline.errors import Fault, StoreFailure
from trunkline.model.operation import Operation

log = logging.getLogger(__name__)

#: How long a quick action may take, and the pauses between two looks at its row; seconds.
_PATIENCE_S, _FIRST_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 0.005, 0.05
#: How often news is looked for on behalf of who waits for some; seconds.
_NEWS_PAUSE_S = 0.25

#: A body that is too large is read to this many times the limit, and no longer than this.
_HEARD_LIMITS, _HEARING_S = 8, 5.0
#: az writes two where a resource has no parent.
_SLASHES = re.compile("//+")

_HOST = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}", re.ASCII)

_ALWAYS = {
    "cache-control": "no-cache", "pragma": "no-cache", "expires": "-1", "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


class _Inbox:
    """The request's body as the server hands it over, and whether it has ended."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self.ended = receive, False

    async def take(self) -> Message:
        message = await self._receive()
        self.ended = not message.get("more_body", False)
        return message

    async def empty(self, most_bytes: int) -> None:
        """Read and forget."""
        heard = 0
        while not self.ended and heard < most_bytes:
            heard += len((await self.take()).get("body", b""))


class Front:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._throttle = Throttle(service.settings.limits.requests_per_second)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbox = _Inbox(receive)
        request = Request(scope, inbox.take)
        correlation, began = correlation_id(request.headers), time.monotonic()
        remaining: dict[str, str] = {}
        try:
            answer = await self._answer(request, correlation, remaining)
            await self._hear_out(request, inbox)
        except ClientDisconnect:
            return
        response = _response(request, answer, {**identity(correlation, scope["path"]), **remaining})
        noteworthy = request.method not in ("GET", "HEAD") or answer.status >= 400
        log.log(logging.INFO if noteworthy else logging.DEBUG, "request", extra={
            "method": request.method, "path": scope["path"], "status": answer.status, "correlation": correlation,
            "duration_ms": round((time.monotonic() - began) * 1000, 1)})
        await response(scope, receive, send)

    async def _answer(self, request: Request, correlation: str, remaining: dict[str, str]) -> Answer:
        try:
            account = await authenticate(self._service, request.headers)
            remaining.update(self._take(request, account))
            call = await self._call(request, account, correlation)
            work = routes.resolve(self._service, call)
            found = work.answer() if work.brief else await run_in_threadpool(work.answer)
            if isinstance(found, Later):
                return await _in_time(found)
            return await self._awaited(found) if isinstance(found, Awaited) else found
        except Fault as fault:
            return refused(fault, origin(self._service, request), self._service.accounts.tenant)
        except StoreFailure as failure:
            log.error("store", extra={"correlation": correlation, "why": str(failure)})
            return refusal(Fault("ServiceUnavailable", str(failure), status=failure.status))
        except ClientDisconnect:
            raise
        except Exception as problem:  # noqa: BLE001  the top of the loop: a bug must answer, and answer without a trace
            _log_bug(problem, correlation)
            return refusal(Fault("InternalServerError", "The server encountered an internal error. Please retry the "
                                 f"request; if it fails again, report correlation id '{correlation}'.", status=500))

    async def _hear_out(self, request: Request, inbox: _Inbox) -> None:
        """What is left of a body, up to a bound: a connection that is closed on a client in full speech is reset, and
        the answer lost."""
        if inbox.ended or "expect" in request.headers:
            return
        with anyio.move_on_after(_HEARING_S):
            await inbox.empty(_HEARD_LIMITS * self._service.settings.limits.body_bytes)

    def _take(self, request: Request, account: Account) -> dict[str, str]:
        """Throttling, and what is left of it for the client to know. As in ARM each principal has its own share of a
        subscription, so that nobody uses up another's."""
        subscription = routes.subscription_in(request.scope["path"])
        if self._service.accounts.subscription(subscription) is None:
            return {}
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(request.method, "writes")
        return {f"x-ms-ratelimit-remaining-subscription-{kind}": str(
            self._throttle.take(subscription, f"{kind} {account.object_id}"))}

    async def _call(self, request: Request, account: Account, correlation: str) -> Call:
        headers = request.headers
        body = await content.read(request.stream(), headers.get("content-length", ""),
                                  self._service.settings.limits.body_bytes)
        return Call(
            method=request.method, path=_SLASHES.sub("/", request.scope["path"]),
            origin=origin(self._service, request), account=account,
            query={name.lower(): value for name, value in request.query_params.items()}, headers=headers, body=body,
            correlation_id=correlation)

    async def _awaited(self, awaited: Awaited) -> Answer:
        """A quick action's result, as soon as the reconciler has it."""
        end, pause = time.monotonic() + _PATIENCE_S, _FIRST_PAUSE_S
        while time.monotonic() < end:
            found = await run_in_threadpool(self._operation, awaited.operation)
            if found is None or found.status.final:
                await run_in_threadpool(self._forget, awaited.operation)
                return operations.outcome(found) if found else Answer(204)
            await anyio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
        raise operations.late(awaited.operation)

    def _operation(self, operation: str) -> Operation | None:
        with self._service.store.reading() as reader:
            return reader.operation(operation)

    def _forget(self, operation: str) -> None:
        with self._service.store.writing() as writer:
            writer.forget(operation)


async def _in_time(later: Later) -> Answer:
    end = time.monotonic() + later.patience_s
    while (found := await run_in_threadpool(later.look)) is None and time.monotonic() < end:
        await anyio.sleep(_NEWS_PAUSE_S)
    return found or later.otherwise


async def authenticate(service: Service, headers: Mapping[str, str], vault: bool = False) -> Account:
    given = headers.get("authorization")
    if not given:
        raise Fault("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", status=401)
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Fault("AuthenticationFailed", "Authentication failed. The 'Authorization' header is provided in an "
                    "invalid format; write 'Bearer' and a token.", status=401)
    if service.tokens.foreign(token.strip()):
        return await run_in_threadpool(service.tokens.verify_foreign, token.strip())
    return service.tokens.verify(token.strip(), vault)


def origin(service: Service, request: Request) -> str:
    """Scheme, host and port as the client wrote them, so that it can follow our links; ours if that is nonsense."""
    host = request.headers.get("host", "")
    return f"https://{host}" if _HOST.fullmatch(host) else service.settings.endpoint.url


def correlation_id(headers: Mapping[str, str]) -> str:
    """The client's own, if it is a GUID."""
    try:
        return str(UUID(headers.get("x-ms-correlation-request-id", "")))
    except ValueError:
        return str(uuid4())


def identity(correlation: str, path: str) -> dict[str, str]:
    """``x-ms-arm-service-request-id`` is the network provider's own; ARM itself and others do without."""
    request = str(uuid4())
    own = {"x-ms-arm-service-request-id": str(uuid4())} if "/providers/microsoft.network/" in path.lower() else {}
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return {"x-ms-request-id": request, "x-ms-correlation-request-id": correlation,
            "x-ms-routing-request-id": f"TRUNKLINE:{now}:{request}", **own}


def refused(fault: Fault, at: str, tenant: str) -> Answer:
    """The envelope, with the headers that some refusals carry."""
    answer = refusal(fault)
    headers: dict[str, str] = {}
    if fault.status == 401:
        headers["www-authenticate"] = (f'Bearer authorization_uri="{at}/{tenant}", error="invalid_token", '
                                       f'error_description="{_quotable(str(fault))}"')
    if isinstance(fault, Throttled):
        headers["retry-after"] = str(fault.retry_after_s)
    if isinstance(fault, NotAllowed):
        headers["allow"] = ", ".join(fault.allowed)
    if isinstance(fault, content.TooLarge):
        headers["connection"] = "close"
    if fault.status == 404 and fault.code.startswith(("Resource", "InvalidResource", "Subscription")):
        headers["x-ms-failure-cause"] = "gateway"
    return Answer(answer.status, answer.content, headers)


def _quotable(text: str) -> str:
    return text.replace('"', "'").encode("ascii", "replace").decode()


def _response(request: Request, answer: Answer, extra: Mapping[str, str]) -> Response:
    headers = {**_ALWAYS, **extra, **answer.headers}
    client = request.headers.get("x-ms-client-request-id", "")
    if request.headers.get("x-ms-return-client-request-id", "").lower() == "true" and client.isascii():
        headers["x-ms-client-request-id"] = client
    if answer.content:
        headers["content-type"] = "application/json; charset=utf-8"
    return Response(answer.content, answer.status, headers)


def _log_bug(problem: Exception, correlation: str) -> None:
    """Where it happened, not with which values: messages of exceptions may hold what a client sent."""
    frames = traceback.extract_tb(problem.__traceback__)
    log.error("bug", extra={"correlation": correlation, "exception_type": type(problem).__name__,
                            "frames": [f"{one.filename}:{one.lineno} {one.name}" for one in frames[-8:]]})
