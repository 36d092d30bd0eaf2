"""Evidence for tests: a leg's customer session, and what it says."""

from __future__ import annotations

from dataclasses import replace

import estates
from trunkline.diagnosis.evidence import Heard, Place
from trunkline.intent.bgp import PERMIT_ALL, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.intent.view import CIRCUIT
from trunkline.model.site import Daemon

ER1, ER2 = (str(estates.rid(CIRCUIT, name)) for name in ("er1", "er2"))
SESSION = Session("customer", "customer", "customer", "172.16.0.2", "172.16.0.1", 12076, 65020, PERMIT_ALL, PERMIT_ALL,
                  prefix_limit=100)
PLACE = Place(Router("vrf-er2-p", Daemon.BIRD, 12076, "100.64.0.1", (SESSION,)), ER2, "primary", (SESSION,))


def route(prefix: str, *path: int, **changed: object) -> RibEntry:
    return replace(RibEntry(prefix, "172.16.0.1", "customer", path or (65020,)), **changed)  # type: ignore[arg-type]


def heard(*routes: RibEntry, **status: object) -> Heard:
    up = SessionStatus("customer", SessionState.ESTABLISHED, prefixes_received=len(routes))
    return Heard(PLACE, SESSION, replace(up, **status), routes)  # type: ignore[arg-type]
