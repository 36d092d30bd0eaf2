"""What the machine has after a demo that it had not before: namespaces, interfaces, mounts, bpffs, files, processes.

Things that carry the mark of another instance are not ours to report.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from trunkline.settings import Places

#: Directories whose entries are compared.
_WATCHED = ("/run/netns", "/etc/netns", "/run", "/run/frr", "/run/bird", "/var/tmp", "/var/lib/frr",  # noqa: S108
            "/etc/frr", "/etc/bird")
#: What all instances of a machine share, and the last one takes away (fabric.ground, routing.frr).
_SHARED = frozenset({"mount /run/netns", "mount /sys/fs/bpf", "file /run/netns", "file /run/trunkline-neighbors.json",
                     "file /run/frr", "file /var/tmp/frr"})
#: The kernel puts these into every bpffs.
_KERNELS_OWN = ("/maps.debug", "/progs.debug")
_MARK = re.compile(r"(?:tl-|tl:|trunkline-|drill-)([0-9a-f]{4})(?:\b|[-:/])")
#: The kernel ends a namespace some time after its last process.
_PATIENCE_S = 5.0


class Leftovers:
    """Made before; ``found`` tells afterwards."""

    def __init__(self) -> None:
        self._before = frozenset(_things())
        self._namespaces: set[int] = set()

    def note_namespaces(self, places: Places) -> None:
        """Remember which namespaces are ours while they exist, so that a process inside is known by them later."""
        for path in Path("/run/netns").glob(f"{places.namespace_prefix}*"):
            with suppress(OSError):
                self._namespaces.add(path.stat().st_ino)

    def found(self, places: Places) -> list[str]:
        end = time.monotonic() + _PATIENCE_S
        while True:
            left = sorted({*(set(_things()) - self._before - _of_others(places)), *self._processes(places)})
            if places.home.exists():
                left.append(f"file {places.home}")
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.1)

    def _processes(self, places: Places) -> Iterator[str]:
        """Those that name our home or run directory, or live in one of our namespaces."""
        names = (os.fsencode(places.home), os.fsencode(places.run), places.namespace_prefix.encode())
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if any(name in command for name in names) or (entry / "ns" / "net").stat().st_ino in self._namespaces:
                    yield f"process {entry.name} {command.replace(bytes(1), b' ').decode(errors='replace').strip()}"


def _things() -> Iterator[str]:
    yield from _interfaces()
    yield from _mounts()
    yield from (entry for entry in _entries("/sys/fs/bpf", "bpf") if not entry.endswith(_KERNELS_OWN))
    for directory in _WATCHED:
        yield from _entries(directory, "file")


def _of_others(places: Places) -> frozenset[str]:
    """What carries another instance's mark, and while there is such a one also what instances share."""
    marked = {thing: found[1] for thing in _things() if (found := _MARK.search(thing))}
    others = frozenset(thing for thing, instance in marked.items() if instance != places.instance)
    return others | _SHARED if others else others


def _entries(directory: str, word: str) -> Iterator[str]:
    with suppress(OSError):
        for name in os.listdir(directory):
            yield f"{word} {directory}/{name}"


def _interfaces() -> Iterator[str]:
    for path in Path("/sys/class/net").iterdir():
        alias = ""
        with suppress(OSError):
            alias = (path / "ifalias").read_text().strip()
        yield f"interface {path.name} {alias}".strip()


def _mounts() -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        yield f"mount {line.split()[4]}"
