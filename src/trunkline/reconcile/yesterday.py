"""What a source of VRPs said a day ago: a set that is poisoned in small steps is compared with that too.

Two states are kept on disk, a day apart; what is compared with is the older one, so it is one to two days old, or the
first that there was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from trunkline.model.vrp import Vrp

_PERIOD = timedelta(hours=24)


class _Head(NamedTuple):
    """``source``: whose, and under which bounds; another one has no past."""

    source: str
    at: datetime


class Yesterday:
    """In two files beside what a leg serves. ``now``: in UTC."""

    def __init__(self, served: Path) -> None:
        self._older, self._newer = served.with_suffix(".older"), served.with_suffix(".newer")

    def of(self, source: str) -> frozenset[Vrp] | None:
        head, vrps = _read(self._older)
        return vrps if head and head.source == source else None

    def turn(self, source: str, in_force: frozenset[Vrp], now: datetime) -> None:
        """Before a set is judged that may replace what is in force."""
        head, _ = _read(self._newer, whole=False)
        if not head or head.source != source or timedelta() <= now - head.at < _PERIOD:
            return
        if timedelta() < now - head.at < 2 * _PERIOD:
            self._newer.replace(self._older)
        else:
            _write(self._older, _Head(source, now), in_force)
        _write(self._newer, _Head(source, now), in_force)

    def begin(self, source: str, vrps: frozenset[Vrp], now: datetime, anew: bool) -> None:
        """With the first set that is believed; ``anew``: whatever there was."""
        for path in (self._older, self._newer):
            head, _ = _read(path, whole=False)
            if anew or not head or head.source != source:
                _write(path, _Head(source, now), vrps)


def _write(path: Path, head: _Head, vrps: Iterable[Vrp]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(json.dumps([head.source, head.at.isoformat()]) + "\n")
        json.dump(sorted(vrps), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _read(path: Path, whole: bool = True) -> tuple[_Head | None, frozenset[Vrp]]:
    """Nothing of a file that is not ours."""
    try:
        with open(path, encoding="utf-8") as file:
            source, at = json.loads(file.readline())
            vrps = frozenset(Vrp(*one) for one in json.load(file)) if whole else frozenset()
        return _Head(source, datetime.fromisoformat(at).astimezone(UTC)), vrps
    except (FileNotFoundError, ValueError, TypeError):
        return None, frozenset()
