"""What is held down on purpose, as files: one for each outage that takes carrier, which the keeper works off.

    run/carrier/NODE/NAME.json    times by CLOCK_BOOTTIME, the interfaces, the routes that went with them
    run/carrier/keeper.pid        of the one process that lifts them when their time is over

Whoever makes interfaces asks here first, so that nobody mends what fails on purpose.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trunkline.fabric.bpf.impair_records import boottime_ns
from trunkline.settings import Places

_WHOLE = "node"


@dataclass(frozen=True, slots=True)
class Hold:
    """``routes``: bodies of netlink messages, in hex: the kernel forgets the routes over an interface that goes down,
    of ours nobody else would write them again. ``period_ns`` 0: down all the time."""

    begun_ns: int
    until_ns: int
    period_ns: int = 0
    down_ns: int = 0
    interfaces: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()

    def is_over(self, now_ns: int) -> bool:
        return now_ns >= self.until_ns

    def is_down(self, now_ns: int) -> bool:
        if self.is_over(now_ns):
            return False
        return not self.period_ns or now_ns < self.begun_ns or self._phase_ns(now_ns) < self.down_ns

    def next_ns(self, now_ns: int) -> int:
        """When it changes next."""
        if not self.period_ns or now_ns < self.begun_ns:
            return self.until_ns
        phase_ns = self._phase_ns(now_ns)
        edge_ns = self.down_ns if phase_ns < self.down_ns else self.period_ns
        return min(self.until_ns, now_ns - phase_ns + edge_ns)

    def _phase_ns(self, now_ns: int) -> int:
        return (now_ns - self.begun_ns) % self.period_ns

    def with_more(self, interfaces: Iterator[str], routes: Iterator[str]) -> Hold:
        return replace(self, interfaces=tuple(dict.fromkeys((*self.interfaces, *interfaces))),
                       routes=tuple(dict.fromkeys((*self.routes, *routes))))


def directory(places: Places) -> Path:
    return places.run / "carrier"


def file_of(places: Places, node: str, interface: str) -> Path:
    """``interface`` empty: of the whole node."""
    return directory(places) / node / f"{interface or _WHOLE}.json"


def read(file: Path) -> Hold | None:
    """What cannot be read holds nothing: whoever wants it writes it anew, and the keeper lifts it by its name."""
    try:
        return _sound(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _sound(found: dict[str, Any]) -> Hold:
    """A full disk or a reset leaves half a file, or one of zeros."""
    begun_ns, until_ns, period_ns, down_ns = (int(found[name]) for name in (
        "begun_ns", "until_ns", "period_ns", "down_ns"))
    for body in found["routes"]:
        bytes.fromhex(body)
    return Hold(begun_ns, until_ns, period_ns, down_ns, tuple(map(str, found["interfaces"])), tuple(found["routes"]))


def named(file: Path) -> str:
    """The interface that a file is of; empty: the whole node."""
    return "" if file.stem == _WHOLE else file.stem


def write(file: Path, hold: Hold) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(hold)))
    fresh.replace(file)


def forget(file: Path) -> None:
    file.unlink(missing_ok=True)
    with suppress(OSError):  # others are held on the node
        file.parent.rmdir()


def files(home: Path) -> list[Path]:
    return sorted(home.glob("*/*.json"))


def is_held(places: Places, node: str, interface: str) -> bool:
    """Whether an interface's being down is nobody's business but the keeper's."""
    return any(interface in hold.interfaces for hold in _on(places, node))


def is_anything_held(places: Places, node: str) -> bool:
    return any(True for _ in _on(places, node))


def _on(places: Places, node: str) -> Iterator[Hold]:
    home = directory(places) / node
    if not home.exists():
        return
    now_ns = boottime_ns()
    for file in home.glob("*.json"):
        hold = read(file)
        if hold and not hold.is_over(now_ns):
            yield hold


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Nobody else changes what is held, and the keeper neither lifts anything nor leaves."""
    home.mkdir(parents=True, exist_ok=True)
    lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
