"""What needs no token: health, metadata, and logging in."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.api import body as content
from trunkline.api import login, metadata
from trunkline.api.envelope import refusal
from trunkline.api.exchange import Answer, answer
from trunkline.api.front import correlation_id, identity, origin
from trunkline.api.service import Service
from trunkline.api.version import check_version
from trunkline.errors import Fault, StoreFailure

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
        Route(f"{tenant}/oauth2/v2.0/token", _token(service), methods=["POST"]),
        Route(f"{tenant}/oauth2/token", _token(service), methods=["POST"]),
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


def _token(service: Service) -> Callable[[Request], object]:
    async def respond(request: Request) -> Response:
        try:
            form = await content.read(request.stream(), request.headers.get("content-length", ""), _FORM_BYTES)
        except Fault as fault:
            return _response(request, refusal(fault))
        return _response(request, login.token(service.accounts, service.tokens, request.path_params["tenant"],
                                              request.headers, form))
    return respond
