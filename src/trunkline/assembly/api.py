"""The front door: HTTPS."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable

import uvicorn

from trunkline.api.access.directory import Directory
from trunkline.api.app import create_app
from trunkline.api.pki import server_certificate
from trunkline.api.resources import registry
from trunkline.api.resources.machine import Machine
from trunkline.assembly.ability import lacks_tcp_ao
from trunkline.assembly.parent import die_with_parent
from trunkline.assembly.plant import choose
from trunkline.model.profile import profile_named
from trunkline.settings import Settings
from trunkline.store import Store
from trunkline.telemetry.journal import open_journal

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    die_with_parent()
    open_journal(settings.places.log, "api")
    choose(settings)
    directory = Directory(settings.places)
    certificate, key = server_certificate(settings.places)
    accounts = directory.accounts
    machine = Machine(settings.limits.handoff_interfaces, lacks_tcp_ao,
                      profile_named(settings.profile).maintenance_notice_days)
    types = registry(accounts.provider_subscription, settings.limits.circuits_per_subscription,
                     machine, settings.endpoint.port, accounts.tenant,
                     directory.subscription_of)
    store = Store(settings.database_url, keys=settings.places.store_key)
    app = create_app(settings, store, types, directory, waker(settings))
    uvicorn.run(app, host=settings.endpoint.host, port=settings.endpoint.port, ssl_certfile=str(certificate),
                ssl_keyfile=str(key), log_config=None, access_log=False, timeout_graceful_shutdown=2,
                proxy_headers=False, server_header=False)
    return 0


def waker(settings: Settings) -> Callable[[Iterable[str]], None]:
    """Tells the reconciler which resources changed; it also looks by itself, so a lost word costs half a second."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)

    def wake(words: Iterable[str]) -> None:
        try:
            sender.sendto("\n".join(words).encode(), str(settings.places.wake_socket))
        except OSError:
            log.info("reconciler not listening")

    return wake
