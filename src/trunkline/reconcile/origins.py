"""Where routers' knowledge of valid origins comes from: a file or somebody's cache, looked at again and again; believed
only if it can be true; kept on disk as the last good VRPs of each leg, which the leg's caches serve.

    file ─┐
          ├─► parse ─► local exceptions ─► can it be true? ─► home/rpki/LEG.json ─► StayRTR ─► routers
    RTR ──┘              (SLURM)             no: the last good stays, and is told

Stale data stay in force: routes that they make invalid are refused whatever their age. A leg that was told a source and
never got data serves none, and its routers refuse what they have to validate.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from trunkline.errors import DriverFailure, Fault
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json
from trunkline.model.validator import RtrCache, Validator
from trunkline.model.vrp import (
    SENTINELS,
    Bounds,
    Slurm,
    Vrp,
    VrpSet,
    parse,
    parse_slurm,
    render,
    suspicion,
    with_sentinels,
)
from trunkline.reconcile.rtr import Learned, fetch
from trunkline.reconcile.yesterday import Yesterday
from trunkline.settings import Places

log = logging.getLogger(__name__)

#: How often a file is looked at, and a cache asked; seconds.
LOOK_S, _ASK_S = 0.5, 5.0
_LARGEST = 1 << 30  #: bytes of a file; half a million VRPs take some 50 MB
#: Source of a leg for which none was ever named.
NOTHING = ""


class Standing(StrEnum):
    GOOD = "Good"
    STALE = "Stale"  #: in force, but older than it may be
    REJECTED = "Rejected"  #: what the source has now is not believed; the last good is in force
    UNREACHABLE = "Unreachable"  #: the source cannot be read; the last good is in force
    NO_DATA = "NoData"  #: there never were any: what has to be validated is refused
    NOT_CONFIGURED = "NotConfigured"  #: no source: no origin is known, none is invalid


#: In which data, or what keeps newer ones away, need somebody's care.
ALARMING = frozenset({Standing.STALE, Standing.REJECTED, Standing.UNREACHABLE, Standing.NO_DATA})


@dataclass(frozen=True, slots=True)
class Report:
    """What a leg's routers have. ``obtained``: when the source was last read whole and believed; ``generated``: when
    the validator made these data, else when the file was written, or a cache told something new. ``reason``: what is
    wrong, and the way out."""

    leg: Leg
    source: str
    standing: Standing
    vrps: int = 0
    obtained: datetime | None = None
    generated: datetime | None = None
    reason: str = ""

    @property
    def alarming(self) -> bool:
        return self.standing in ALARMING


@dataclass(frozen=True, slots=True)
class Source:
    """``named``: an operator said so; the file in the home need not be there."""

    file: Path | None
    cache: RtrCache | None = None
    slurm: Path | None = None
    stale_after: timedelta = timedelta(hours=24)
    bounds: Bounds = field(default_factory=Bounds)
    named: bool = True

    @property
    def identity(self) -> str:
        return f"{self} {self.bounds}"

    def __str__(self) -> str:
        return f"rtr://{self.cache.address}:{self.cache.port}" if self.cache else str(self.file)


def source_of(leg: Leg, validators: Iterable[Validator], places: Places) -> Source:
    """A validator of this leg alone goes before one of both."""
    fitting = sorted((one for one in validators if one.leg in (leg, None)), key=lambda one: one.leg is None)
    if not fitting:
        return Source(places.vrps, named=False)
    model = fitting[0]
    return Source(
        Path(model.file) if model.file else None, model.cache, Path(model.slurm_file) if model.slurm_file else None,
        timedelta(hours=model.stale_after_in_hours),
        Bounds(model.lost_bound_in_percent, model.invalidated_bound_in_percent))


@dataclass(frozen=True, slots=True)
class Problem:
    standing: Standing = Standing.GOOD
    reason: str = ""

    def __bool__(self) -> bool:
        return self.standing is not Standing.GOOD


@dataclass(frozen=True, slots=True)
class Served:
    """What stands in a leg's file. ``told``: a source has given data, be it only once."""

    source: str = NOTHING
    count: int = 0
    obtained: datetime | None = None
    generated: datetime | None = None

    @property
    def told(self) -> bool:
        return bool(self.source)


def judged(leg: Leg, source: Source, served: Served, problem: Problem, now: datetime) -> Report:
    """The state of a leg's data. Pure."""
    report = Report(leg, str(source), Standing.GOOD, served.count, served.obtained, served.generated)
    if not served.told:
        standing = Standing.NO_DATA if source.named or problem else Standing.NOT_CONFIGURED
        reason = problem.reason or (
            "nothing has come from it yet" if source.named else f"there is no {source}, so no origin is invalid")
        return replace(report, standing=standing, reason=reason)
    if problem:
        kept = f"; the {served.count} VRPs of {served.obtained:%Y-%m-%d %H:%M:%S} UTC stay in force"
        return replace(report, standing=problem.standing, reason=problem.reason + kept)
    age = now - (served.generated or served.obtained or now)
    if age > source.stale_after:
        hours, most = (int(one.total_seconds() // 3600) for one in (age, source.stale_after))
        found = "it has told nothing new for {} hours" if source.cache else "its data are {} hours old"
        return replace(report, standing=Standing.STALE, reason=(
            f"{found.format(hours)}, and {most} are allowed; they stay in force. See to the validator that makes "
            "them, or raise staleAfterInHours if they change that seldom"))
    return report


class Origins:
    """The feeds of both legs, each with a life of its own.

    ``validators``: those that operators have written, whenever asked."""

    def __init__(self, places: Places, validators: Callable[[], tuple[Validator, ...]]) -> None:
        self.feeds = tuple(Feed(leg, places, validators) for leg in Leg)

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(feed.report for feed in self.feeds)


class Feed:
    """One leg's source, and its last good data. One thread beats; ``report`` may be read by all."""

    def __init__(self, leg: Leg, places: Places, validators: Callable[[], tuple[Validator, ...]]) -> None:
        self._leg, self._places, self._validators = leg, places, validators
        self._path = places.served_vrps / f"{leg}.json"
        self._served, self._past = _read_served(self._path), Yesterday(self._path)
        self._problem, self._seen = Problem(), ""
        self._learned: Learned | None = None
        self._judged: frozenset[Vrp] | None = None  #: what a cache said that the verdict is on
        self._verdict, self._next = Problem(), 0.0
        self.report = Report(leg, "", Standing.NOT_CONFIGURED)

    def beat(self) -> bool:
        """Look at the source; whether what is served is another than before."""
        source, before = source_of(self._leg, self._validators(), self._places), _signature(self._path)
        if self._served.told and not source.named and self._served.source != str(source):
            self._forget()
        try:
            self._look(source)
        except (Fault, ValueError) as problem:
            self._problem = Problem(Standing.REJECTED, str(problem))
        except (DriverFailure, OSError) as problem:
            self._problem = Problem(Standing.UNREACHABLE, str(problem))
        if not self._served.told:
            self._stand_in(source)
        self._tell(judged(self._leg, source, self._served, self._problem, datetime.now(UTC)))
        return _signature(self._path) != before

    def _tell(self, report: Report) -> None:
        before, self.report = self.report, report
        if (before.standing, before.reason) != (report.standing, report.reason):
            log.log(logging.WARNING if report.alarming else logging.INFO, "VRPs", extra=told(report))

    def _look(self, source: Source) -> None:
        if source.cache:
            self._ask(source, source.cache)
        else:
            self._read(source, source.file or Path())

    def _ask(self, source: Source, cache: RtrCache) -> None:
        key = f"{source.identity} {_signature(source.slurm)}"
        if key == self._seen and time.monotonic() < self._next:
            return
        if key != self._seen:
            self._learned = self._judged = None
        self._next, self._seen = time.monotonic() + _ASK_S, key
        known, self._learned = self._learned, None
        self._learned = fetch(cache.address, cache.port, known)
        if self._learned.vrps == self._judged:
            self._problem = self._verdict
            if not self._verdict:
                self._still_there(moved=(known.session, known.serial) != (self._learned.session, self._learned.serial)
                                  if known else False)
            return
        self._judge(source, self._learned.vrps)

    def _still_there(self, *, moved: bool) -> None:
        """A cache has the same VRPs as before. RPKI-to-Router knows no age of data: what moves its serial is alive."""
        now = datetime.now(UTC)
        self._served = replace(self._served, obtained=now, generated=now if moved else self._served.generated)

    def _judge(self, source: Source, vrps: frozenset[Vrp]) -> None:
        """What could not be read or written is no verdict: the next answer is judged anew."""
        try:
            self._believe(source, VrpSet(vrps))
            self._verdict, self._judged = Problem(), vrps
        except (Fault, ValueError) as problem:
            self._verdict, self._judged = Problem(Standing.REJECTED, str(problem)), vrps
            raise

    def _read(self, source: Source, path: Path) -> None:
        """A state of the file is judged once; one that could not be read, such as for want of permission or room, is
        tried again."""
        signature = _signature(path)
        if not signature:
            self._seen, self._problem = "", Problem()
            if source.named or self._served.told:
                raise DriverFailure(f"there is no {path}: bring it back, or name another source")
            return
        key = f"{source.identity} {signature} {_signature(source.slurm)}"
        if key == self._seen:
            return
        try:
            found, written = parse(_text(path)), datetime.fromtimestamp(path.stat().st_mtime, UTC)
            self._believe(source, replace(found, generated=found.generated or written))
            self._seen = key
        except (Fault, ValueError):
            self._seen = key
            raise

    def _believe(self, source: Source, found: VrpSet) -> None:
        """What another source says is not compared: whoever names another has looked at it."""
        slurm = parse_slurm(_text(source.slurm)) if source.slurm else Slurm()
        new = slurm.applied(found.vrps) if found.vrps else found.vrps
        last, now = self._last(source), datetime.now(UTC)
        if reason := self._suspicion(last, new, source, now):
            raise Fault("VrpFileIsBroken", f"the VRPs of {source} are not believed: {reason}. Mend the validator; if "
                        "they are right, raise the bound until they are taken")
        self._past.begin(source.identity, new, now, anew=last is None)
        known = self._served.generated if last == new else None
        served = Served(str(source), len(new), now, found.generated or known or now)
        self._write(with_sentinels(new), served)
        self._served, self._problem = served, Problem()

    def _suspicion(self, last: frozenset[Vrp] | None, new: frozenset[Vrp], source: Source, now: datetime) -> str:
        """Whoever changes a bound has looked at what is told: there is nothing to compare with from before."""
        if last is None:
            return suspicion(None, new, source.bounds)
        self._past.turn(source.identity, last, now)
        if reason := suspicion(last, new, source.bounds):
            return reason
        late = suspicion(self._past.of(source.identity), new, source.bounds)
        return f"compared with a day ago, {late}" if late else ""

    def _last(self, source: Source) -> frozenset[Vrp] | None:
        """What is in force from the same source; none if somebody took our file away."""
        try:
            return parse(_text(self._path)).vrps - set(SENTINELS) if self._served.source == str(source) else None
        except (Fault, FileNotFoundError):
            return None

    def _forget(self) -> None:
        """A validator that was taken away has no more to say. The file in the home counts again from what it is now;
        if it is broken, routers have no data."""
        self._served, self._problem, self._verdict = Served(), Problem(), Problem()
        self._seen, self._learned, self._judged = "", None, None

    def _stand_in(self, source: Source) -> None:
        """There never were data. Where a source was named, or a file was brought, routers are to know that they have
        none; where nobody wants to validate, no origin is known."""
        wanted = frozenset() if source.named or _signature(source.file) else with_sentinels(frozenset())
        if not self._path.exists() or parse(_text(self._path)).vrps != wanted:
            self._write(wanted, Served())

    def _write(self, vrps: frozenset[Vrp], served: Served) -> None:
        metadata = {"source": served.source, "count": served.count,
                    "obtained": served.obtained.isoformat() if served.obtained else "",
                    "made": served.generated.isoformat() if served.generated else ""}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.parent.chmod(0o711)  # the cache, which is nobody, is given the directory and reads the file in it
        fresh = self._path.with_suffix(".new")
        with open(fresh, "w") as file:
            file.write(render(VrpSet(vrps), metadata))
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o644)
        fresh.replace(self._path)


def _signature(path: Path | None) -> str:
    """Which state of a file this is; empty without it."""
    try:
        found = path.stat() if path else None
    except FileNotFoundError:
        return ""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}" if found else ""


def _text(path: Path) -> str:
    """Of a regular file of bearable size; a pipe would keep us waiting for ever."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Fault("VrpFileIsBroken", f"{path} is no regular file.")
        if found.st_size > _LARGEST:
            raise Fault("VrpFileIsBroken", f"{path} has {found.st_size} bytes; more than {_LARGEST} are not read.")
        return file.read()


def _read_served(path: Path) -> Served:
    """From an earlier life."""
    try:
        metadata: Mapping[str, Any] = json.loads(_text(path))["metadata"]
        obtained, made = (datetime.fromisoformat(metadata[name]) if metadata[name] else None
                          for name in ("obtained", "made"))
        return Served(str(metadata["source"]), int(metadata["count"]), obtained, made)
    except (OSError, ValueError, KeyError, TypeError):
        return Served()


def told(report: Report) -> Json:
    """A report as ``status`` and a validator's resource show it."""
    return {"leg": report.leg.value, "source": report.source, "state": report.standing.value, "vrps": report.vrps,
            "obtained": report.obtained.isoformat() if report.obtained else None,
            "generated": report.generated.isoformat() if report.generated else None,
            "alarm": report.alarming, "reason": report.reason}
