"""What needs no token: health, metadata, logging in, and a managed identity's own endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.api import body as content
from trunkline.api import login, metadata
from trunkline.api.access import identity as managed
from trunkline.api.access import page
from trunkline.api.access.grants import Desk
from trunkline.api.envelope import refusal
from trunkline.api.exchange import Answer, answer
from trunkline.api.front import correlation_id, identity, origin
from trunkline.api.login import Asker
from trunkline.api.service import Service
from trunkline.api.version import check_version
from trunkline.errors import Fault, StoreFailure

Endpoint = Callable[[Desk, Asker, Mapping[str, str], bytes], Answer]

#: A login form is small.
_FORM_BYTES = 64 * 1024


def routes(service: Service) -> list[Route]:
    """Paths of both versions of the identity platform, and of ours."""
    tenant = "/{tenant}"
    return [
        Route("/healthz", _plain(lambda _request: _health(service))),
        Route("/metadata/endpoints", _plain(lambda request: _metadata(service, request))),
        Route("/common/discovery/instance", _plain(
            lambda request: answer(login.discovery(origin(service, request), service.accounts.tenant)))),
        Route(f"{tenant}/v2.0/.well-known/openid-configuration", _configuration(service)),
        Route(f"{tenant}/.well-known/openid-configuration", _configuration(service)),
        Route(f"{tenant}/discovery/v2.0/keys", _plain(lambda _request: answer(service.tokens.keys()))),
        Route(f"{tenant}/discovery/keys", _plain(lambda _request: answer(service.tokens.keys()))),
        *(Route(f"{tenant}/oauth2{version}/{name}", _form(service, endpoint), methods=["POST"])
          for version in ("", "/v2.0")
          for name, endpoint in (("token", login.token), ("devicecode", login.device_code))),
        Route("/common/userrealm/{user}", _plain(
            lambda request: answer(login.realm(origin(service, request), request.path_params["user"])))),
        Route("/devicelogin", _plain(lambda request: page.show(request.query_params.get("user_code", "")))),
        Route("/devicelogin", _posted(lambda request, body: page.submit(service.desk, body, _address(request))),
              methods=["POST"]),
        Route(managed.PATH, _plain(lambda request: managed.token(
            service, request.headers.get("x-identity-header", ""), dict(request.query_params)))),
    ]


def _plain(endpoint: Callable[[Request], Answer]) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        try:
            return _response(request, endpoint(request))
        except Fault as fault:
            return _response(request, refusal(fault))
    return respond


def _response(request: Request, found: Answer) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", "x-content-type-options": "nosniff",
               **identity(correlation_id(request.headers), request.scope["path"]), **found.headers}
    return Response(found.content, found.status, headers)


def _health(service: Service) -> Answer:
    try:
        with service.store.reading() as reader:
            reader.journal("health")
    except StoreFailure as failure:
        return answer({"status": "unhealthy", "store": str(failure)}, 503)
    return answer({"status": "healthy"})


def _metadata(service: Service, request: Request) -> Answer:
    version = request.query_params.get("api-version", "")
    check_version(version)
    return answer(metadata.endpoints(origin(service, request), service.settings.endpoint.url, service.accounts.tenant,
                                     version))


def _configuration(service: Service) -> Callable[[Request], Response]:
    return _plain(lambda request: answer(login.configuration(origin(service, request), request.path_params["tenant"])))


def _form(service: Service, endpoint: Endpoint) -> Callable[[Request], object]:
    return _posted(lambda request, body: endpoint(
        service.desk, Asker(origin(service, request), request.path_params["tenant"], _address(request)),
        request.headers, body))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _posted(work: Callable[[Request, bytes], Answer]) -> Callable[[Request], object]:
    """In a thread: proving a password takes a while, and is meant to."""
    async def respond(request: Request) -> Response:
        try:
            body = await content.read(request.stream(), request.headers.get("content-length", ""), _FORM_BYTES)
            return _response(request, await run_in_threadpool(work, request, body))
        except Fault as fault:
            return _response(request, refusal(fault))
    return respond
