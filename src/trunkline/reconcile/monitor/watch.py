"""The thread that goes on looking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from threading import Event as Signal
from threading import Lock

from trunkline.diagnosis.evidence import Place
from trunkline.diagnosis.validation import Validation, check_validation
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Remembered
from trunkline.intent.scope import Scope
from trunkline.model.event import Event
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId, now
from trunkline.reconcile.monitor.authority import seats
from trunkline.reconcile.monitor.look import Looker
from trunkline.reconcile.monitor.notices import Notices
from trunkline.reconcile.monitor.places import WATCHED, places
from trunkline.reconcile.monitor.response import Response
from trunkline.reconcile.origins import Origins
from trunkline.reconcile.rhythm import Rhythm
from trunkline.store import Store

log = logging.getLogger(__name__)

#: How often it looks, as long as that takes no more than a third of the time, and how often at least; seconds. A look
#: at 2,000 legs takes 0.75 s, and at most ``turns.BUDGET_S`` and one session more for routes: news within 5 s.
EVERY_S, _RAREST_S = 1.0, 2.5
_SHARE = 0.3
#: How often it sees whether it is to look or to stop; seconds.
_GLANCE_S = 0.25
#: After a start it leaves the machine to those who mend what broke: for each second of work so many of rest.
_REST = 2.0


class Monitor:
    """``know`` may be called from any thread; ``run`` blocks until ``stopped``. ``wake``: told of its writes."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile,
                 wake: Callable[[list[str]], None], origins: Origins | None = None) -> None:
        self._store, self._profile, self._origins = store, profile, origins
        self._looker = Looker(store, plane, speaker)
        self._notices = Notices(store)
        self._response = Response(store, self._notices, wake)
        self._places: dict[Scope, tuple[Place, ...]] = {}
        self._lock = Lock()
        self.looks = 0  #: that are over

    def report_to(self, tell: Callable[[Event], None]) -> None:
        """Where news of events goes besides the store; it never waits. Before ``run``."""
        self._notices.tell = tell

    def run(self, stopped: Signal, every_s: float = EVERY_S) -> None:
        self._recall(stopped)
        rhythm = Rhythm(every_s, self.look, _SHARE, _RAREST_S)
        while not stopped.wait(min(_GLANCE_S, every_s)):
            try:
                rhythm.beat()
            except Exception:
                log.exception("monitor")

    def know(self, blueprint: Blueprint) -> None:
        """What a pass has just realised."""
        if blueprint.scope.kind not in WATCHED:
            return
        with self._store.reading() as reader:
            found = reader.get(ResourceId.parse(blueprint.scope.key))
            members = seats(reader, blueprint.scope)
        told = tuple(places(blueprint, str(found.id), members)) if found else ()
        with self._lock:
            self._places.pop(blueprint.scope, None)
            if told:
                self._places[blueprint.scope] = told

    def look(self) -> None:
        with self._lock:
            known = [place for _, found in sorted(self._places.items()) for place in found]
        findings = (*self._looker.look(known, time.monotonic()), *check_validation(self._validations()))
        news = self._notices.note(findings, now())
        due = (*news.begun, *(one for one in news.changed if one.prefixes), *self._response.review())
        if due and (limited := self._response.respond(due, known, self._looker.brought)):
            self._notices.note((*findings, *limited), now())
        self.looks += 1

    def _validations(self) -> Iterator[Validation]:
        for one in self._origins.reports if self._origins else ():
            yield Validation(one.leg, one.source, one.standing, one.vrps, one.reason)

    def _recall(self, stopped: Signal) -> None:
        """After a start: what earlier passes have realised."""
        with self._store.reading() as reader:
            scopes = [scope for scope in map(Scope.parse, reader.applied_scopes()) if scope.kind in WATCHED]
        for scope in scopes:
            began = time.monotonic()
            with self._lock:
                known = scope in self._places
            if not known:
                with self._store.reading() as reader:
                    blueprint = compile(scope, Remembered(reader), self._profile)
                self.know(blueprint)
            if stopped.wait((time.monotonic() - began) * _REST):
                return
