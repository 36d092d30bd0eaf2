"""Making it so: the only process that touches the network."""

from __future__ import annotations

import signal

from trunkline.assembly.drivers import drivers
from trunkline.assembly.parent import die_with_parent
from trunkline.model.profile import AZURE
from trunkline.reconcile.loop import Reconciler
from trunkline.settings import Settings
from trunkline.store import Store
from trunkline.telemetry.journal import open_journal


def run(settings: Settings) -> int:
    die_with_parent()
    open_journal(settings.places.log, "reconcile")
    plane, speaker = drivers(settings)
    store = Store(settings.database_url, durable=False, keys=settings.places.store_key)
    reconciler = Reconciler(store, plane, speaker, AZURE, settings.timing)
    signal.signal(signal.SIGTERM, lambda *_: reconciler.stop())
    reconciler.run(settings.places.wake_socket, settings.workers)
    return 0
