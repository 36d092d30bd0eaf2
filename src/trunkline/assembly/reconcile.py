"""Making it so: the only process that touches the network."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial

from trunkline.assembly.drivers import drivers
from trunkline.assembly.outlets import outlets
from trunkline.assembly.parent import die_with_parent
from trunkline.assembly.plant import choose
from trunkline.model.profile import LinkBounds, Profile, profile_named
from trunkline.reconcile.authorities import Authorities
from trunkline.reconcile.loop import Reconciler
from trunkline.reconcile.origins import Origins
from trunkline.reconcile.registrar import Registrar
from trunkline.reconcile.validators import validators
from trunkline.settings import Settings
from trunkline.store import Store
from trunkline.telemetry.journal import open_journal


def _as_set(profile: Profile, settings: Settings) -> Profile:
    paths = settings.paths
    return replace(
        profile, refuses_unknown_origins=settings.refuses_unknown_origins, felt_latency=paths.felt_latency,
        link_bounds=LinkBounds(paths.loss_percent, paths.latency_ms, paths.leave_s, paths.return_s))


def run(settings: Settings, profile: Profile | None = None) -> int:
    die_with_parent()
    open_journal(settings.places.log, "reconcile")
    choose(settings)
    plane, speaker = drivers(settings)
    store = Store(settings.database_url, durable=False, keys=settings.places.store_key)
    numbers, places = profile or profile_named(settings.profile), settings.places
    reconciler = Reconciler(
        store, plane, speaker, _as_set(numbers, settings),
        settings.timing, Authorities(Origins(places, partial(validators, store)), Registrar(store, places)))
    reconciler.monitor.report_to(outlets(settings.siem))
    signal.signal(signal.SIGTERM, lambda *_: reconciler.stop())
    reconciler.run(settings.places.wake_socket, settings.workers)
    return 0
