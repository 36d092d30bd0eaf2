"""What the monitor notices of the drill's estate, and how soon: looked at all the time, beside the attacks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from urllib.parse import quote

from trunkline.cli.client import TRUNKLINE_VERSION, Client, Json, RequestFailed
from trunkline.cli.failure import Failed

_EVENTS = f"/providers/Trunkline.Security/events?api-version={TRUNKLINE_VERSION}"
_EVERY_S = 0.25
#: Whose sources are no tenant's: validation data, which the drill is alone with.
_VALIDATORS = "/trunkline.plant/validators/"


@dataclass(frozen=True, slots=True)
class Mark:
    """By what an attack's own event is known: it was seen since ``moment``, at the resource whose id holds ``where``,
    and it is about one of ``prefixes``, if it and the attack are about any."""

    moment: datetime
    where: str = ""
    prefixes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event as the service showed it to us, at ``told`` for the first time; ``last_seen``: when it happened last."""

    kind: str
    source: str
    prefixes: frozenset[str]
    last_seen: datetime
    told: datetime

    def is_of(self, mark: Mark) -> bool:
        return (self.last_seen >= mark.moment
                and (mark.where.lower() in self.source or _VALIDATORS in self.source)
                and (not self.prefixes or not mark.prefixes or bool(self.prefixes & mark.prefixes)))


class Alarms:
    """``group``: events at resources in it are the drill's. Used as a context: it looks until the end of it."""

    def __init__(self, client: Client, group: str) -> None:
        self._client, self._ours = client, f"/resourcegroups/{group}/".lower()
        self._began = datetime.now(UTC)
        self._sightings: dict[tuple[str, str], Sighting] = {}
        self._over, self._lock = Event(), Lock()
        self._thread = Thread(target=self._look, daemon=True)
        self.present = self._is_present()

    def __enter__(self) -> Alarms:
        if self.present:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self.present:
            self._thread.join()

    def of(self, mark: Mark) -> dict[str, float]:
        """Kinds of the attack's own events, with the milliseconds from its begin until each was told first."""
        with self._lock:
            seen = sorted(self._sightings.values(), key=lambda one: one.told, reverse=True)
        return {one.kind: round((one.told - mark.moment).total_seconds() * 1_000, 1) for one in seen if one.is_of(mark)}

    def _is_present(self) -> bool:
        try:
            self._client.get(f"{_EVENTS}&$top=1")
        except RequestFailed as failure:
            if failure.status in (400, 404):
                return False
            raise
        return True

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            with suppress(Failed):
                self._note(list(self._client.list(f"{_EVENTS}&$filter={quote(self._wanted)}")))

    @property
    def _wanted(self) -> str:
        return f"lastSeen ge '{self._began.isoformat()}'"

    def _note(self, rows: list[Json]) -> None:
        told = datetime.now(UTC)
        for row in rows:
            properties = row["properties"]
            source = str(properties["source"]).lower()
            if self._ours in source or _VALIDATORS in source:
                sighting = Sighting(properties["kind"], source, frozenset(properties["prefixes"]),
                                    datetime.fromisoformat(properties["lastSeen"]), told)
                version = f"{properties['lastSeen']} {properties['count']} {' '.join(properties['prefixes'])}"
                with self._lock:
                    self._sightings.setdefault((str(row["name"]), version), sighting)
