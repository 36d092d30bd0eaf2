"""Programs and maps pinned in the BPF file system: one directory holds one loaded program and all of its maps.

The pins are the memory: a restarted control plane finds program, entries and counters there. A set's name holds a
digest of the object it came from: what another build pinned may have other maps and values, so it counts as not there.
It works on where it is attached until this build's takes its place.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import ground, system
from trunkline.fabric.bpf import build, libbpf
from trunkline.settings import Places

#: Two threads that load the same set at once would pin two over each other.
_loading = threading.Lock()

#: A node's directory goes when it is empty, but not between its making and its first set's.
_naming = threading.Lock()


def directory(places: Places, node: str, program: str) -> Path:
    """A node's set of this build; it may have one of each program."""
    return _of_node(places, node) / f"{program}@{build.digest(program)}"


def _of_node(places: Places, node: str) -> Path:
    """bpffs refuses dots in names, and no node's name has a tilde."""
    return places.bpf / node.replace(".", "~")


def load(home: Path, program: str, *parts: str) -> None:
    """Nothing, if it is there. ``parts``: what the programs in the object are called, if it has several."""
    if home.exists():
        return
    with _loading:
        if not home.exists():
            settle(beside(home, program, *parts), home)


def settle(half: Path, home: Path) -> None:
    """Pinned beside, a set takes its place in one step, with all pins or none. What stood there goes, and what other
    builds and crashes left."""
    if home.exists():
        system.exchange(half, home)
    else:
        half.rename(home)
    for other in _sets(home.parent, home.name.partition("@")[0]):
        if other != home:
            shutil.rmtree(other, ignore_errors=True)


def _sets(node: Path, program: str) -> list[Path]:
    """Whatever build they are of, those half made too."""
    return [*node.glob(f"{program}@*"), *node.glob(f"~{program}@*")]


def beside(home: Path, program: str, *parts: str, room: int = 0, only: str = "") -> Path:
    """A new set to be renamed. ``room``: most rows of each map, or of the ``only`` one, instead of what the program's
    object says."""
    half = home.with_name(f"~{home.name}")
    with ground.on_bpffs(), libbpf.loaded(build.required(program), room, only) as handle:
        shutil.rmtree(half, ignore_errors=True)
        try:
            with _naming:
                half.mkdir(parents=True)
        except OSError as problem:
            raise DriverFailure(f"{home.parent} takes no pins: {problem.strerror}; is a BPF file system mounted at "
                                f"{ground.BPFFS}, and writable?") from None
        for part in parts or (program,):
            libbpf.pin(handle, part, half)
    return half


@contextmanager
def opened(home: Path, *names: str) -> Iterator[list[int]]:
    """Descriptors of pins."""
    with ExitStack() as stack:
        descriptors = []
        for name in names:
            descriptors.append(libbpf.get(home / name))
            stack.callback(os.close, descriptors[-1])
        yield descriptors


def forget(places: Places, node: str, program: str) -> None:
    """Unpin, whatever build it is of; the kernel frees program and maps when the last filter has gone with its
    interface."""
    own = _of_node(places, node)
    for home in _sets(own, program):
        shutil.rmtree(home, ignore_errors=True)
    with _naming, suppress(OSError):  # it has sets of other programs, or never had any
        own.rmdir()
