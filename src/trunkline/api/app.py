"""The ASGI application: ARM over HTTPS. Wired by ``assembly``, served by uvicorn."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Host, Route

from trunkline.api import public
from trunkline.api.access.directory import Directory
from trunkline.api.access.grants import Desk
from trunkline.api.access.issuers import load_issuers
from trunkline.api.access.permissions import Permissions, seed
from trunkline.api.access.principals import Principals
from trunkline.api.declaration import Registry
from trunkline.api.front import Front
from trunkline.api.keyvault import kept
from trunkline.api.keyvault.front import VaultFront
from trunkline.api.service import Service
from trunkline.api.token import Tokens, load_key
from trunkline.settings import Settings
from trunkline.store import Store


class _Anything(StringConvertor):
    """Starlette's own ``path`` stops at a line's end."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())


def create_app(settings: Settings, store: Store, registry: Registry, directory: Directory,
               wake: Callable[[Iterable[str]], None]) -> Starlette:
    """``wake`` tells the reconciler which resources changed; it must not block."""
    endpoint = settings.endpoint
    vaults = kept.domain(endpoint.port)
    names = ("127.0.0.1", "localhost", "[::1]", socket.gethostname())
    principals = Principals(directory, store, load_issuers(settings.places.issuers))
    tokens = Tokens(load_key(settings.places.ca.parent), principals, endpoint.url,
                    tuple(f"https://{name}:{endpoint.port}" for name in names), (f"https://{vaults}",))
    permissions = Permissions(store, lambda: directory.accounts)
    with store.writing() as writer:
        seed(writer, directory.accounts)
    service = Service(settings, store, registry, directory, permissions, tokens, Desk(directory, tokens), wake)
    vault = VaultFront(service)
    app = Starlette(routes=[Host("{vault}.vault.localhost", vault), Route("/vaults/{vault}/{rest:anything}", vault),
                            *public.routes(service), Route("/{path:anything}", Front(service))])
    app.router.redirect_slashes = False
    return app
