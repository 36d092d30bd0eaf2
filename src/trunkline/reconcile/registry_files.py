"""Files of route objects and as-sets (``*.rpsl``, ``*.db``) in the home's ``registries``: read when they change,
believed if whole.

What a file last said well is kept beside it (``.last-good``). It counts on while the file is broken, has become much
smaller (half a dump reads well), or is gone, then for a day; who takes the copy away too wants no more of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from trunkline.errors import Fault
from trunkline.model.registry import RouteObject, SetObject, parse
from trunkline.model.resource import Json, now

log = logging.getLogger(__name__)

KEPT = ".last-good"
_SUFFIXES = (".rpsl", ".db")
#: For how long a file that is gone counts on.
_GRACE = timedelta(hours=24)
#: How many percent of its objects a file may lose in one change; smaller ones are written by hand.
_LOST_PERCENT, _FEW = 20, 50


class _Mark(NamedTuple):
    """Another one: another file, or one to be judged anew, for somebody took its copy away."""

    size: int
    changed_ns: int
    kept: bool


@dataclass(frozen=True, slots=True)
class _File:
    """``content``: of the last good state; ``problem``: why the present one is not it, empty if it is."""

    mark: _Mark | None
    content: tuple[RouteObject | SetObject, ...]
    read: datetime | None
    problem: str = ""


class RegistryFiles:
    """Thread-safe."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._lock = directory, Lock()
        self._files: dict[str, _File] = {}

    @property
    def content(self) -> Iterator[RouteObject | SetObject]:
        with self._lock:
            found = list(self._files.values())
        return (one for file in found for one in file.content)

    def told(self) -> list[Json]:
        """Each file: how many objects, since when, and why its present state is not believed."""
        with self._lock:
            known = sorted(self._files.items())
        return [{"file": name, "objects": len(one.content), "read": one.read.isoformat() if one.read else None,
                 "problem": one.problem} for name, one in known]

    def read(self) -> bool:
        """Whether anything is known now that was not, or the other way round."""
        with self._lock:
            return any([self._look(name) for name in sorted({*self._files, *self._present()})])

    def _present(self) -> Iterator[str]:
        for directory in (self._directory, self._directory / KEPT):
            yield from (path.name for path in directory.glob("*") if path.suffix in _SUFFIXES and path.is_file())

    def _look(self, name: str) -> bool:
        before, mark = self._files.get(name), self._mark(name)
        if mark and before and before.mark == mark:
            return False
        if mark:
            self._gone(name).unlink(missing_ok=True)
            after: _File | None = self._read_one(name, mark)
        else:
            after = self._without(name, before or self._remembered(name))
        if after:
            self._files[name] = after
        else:
            self._files.pop(name, None)
        return (before.content if before else ()) != (after.content if after else ())

    def _mark(self, name: str) -> _Mark | None:
        try:
            found = (self._directory / name).stat()
        except FileNotFoundError:
            return None
        return _Mark(found.st_size, found.st_mtime_ns, self._kept(name).exists())

    def _read_one(self, name: str, mark: _Mark) -> _File:
        before = self._files.get(name)
        kept = before if before and before.read else self._remembered(name)
        try:
            text = (self._directory / name).read_text(encoding="utf-8")
            content = parse(text)
            if kept and mark.kept:
                _refuse_loss(self._kept(name), len(kept.content), len(content))
            self._remember(name, text)
            return _File(mark._replace(kept=True), content, now())
        except (Fault, OSError, UnicodeError) as problem:
            if not before or before.problem != str(problem):
                log.warning("registry file is not believed", extra={"file": name, "problem": str(problem)})
            # What could not be read, or kept, is tried again.
            judged = None if isinstance(problem, OSError) else mark
            return replace(kept or _File(None, (), None), mark=judged, problem=str(problem))

    def _without(self, name: str, kept: _File | None) -> _File | None:
        """Of a file that is gone; None once nobody may count on it any more."""
        marker = self._gone(name)
        if not kept or not self._kept(name).exists():
            marker.unlink(missing_ok=True)
            return None
        if not marker.exists():
            log.warning("registry file is gone", extra={"file": name})
            marker.touch()
        ends = datetime.fromtimestamp(marker.stat().st_mtime, UTC) + _GRACE
        if now() >= ends:
            self._kept(name).unlink(missing_ok=True)
            marker.unlink(missing_ok=True)
            return None
        return replace(kept, mark=None, problem=(
            f"it is gone; what it said counts until {ends:%Y-%m-%d %H:%M} UTC. Bring it back, or take "
            f"{self._kept(name)} away too"))

    def _remember(self, name: str, text: str) -> None:
        """In one step, so that a crash leaves no half."""
        kept = self._kept(name)
        kept.parent.mkdir(exist_ok=True)
        half = kept.with_name(f"{name}.new")
        half.write_text(text, encoding="utf-8")
        half.replace(kept)

    def _remembered(self, name: str) -> _File | None:
        kept = self._kept(name)
        try:
            return _File(None, parse(kept.read_text(encoding="utf-8")),
                         datetime.fromtimestamp(kept.stat().st_mtime, UTC))
        except (Fault, OSError, UnicodeError):
            return None

    def _kept(self, name: str) -> Path:
        return self._directory / KEPT / name

    def _gone(self, name: str) -> Path:
        """Its time of change says since when."""
        return self._directory / KEPT / f"{name}.gone"


def _refuse_loss(kept: Path, before: int, after: int) -> None:
    lost = 100 * max(0, before - after) / before
    if before >= _FEW and lost > _LOST_PERCENT:
        raise Fault("RegistryFileIsBroken", f"It has {after} objects where there were {before}: {lost:.0f} % less, and "
                    f"{_LOST_PERCENT} % is the bound; half a dump looks like that. If it is right, take {kept} away.")
