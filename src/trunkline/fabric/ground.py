"""What is changed on the machine itself: a bpffs and a /run/netns if there are none, and room in the neighbour tables.

All instances share it, so the last to leave takes it back. What we mounted is known by its source, ``trunkline``; what
the thresholds were stands in a file in /run. Whoever makes something that rests on this ground stays ``on`` it
meanwhile; it is only laid or taken up while nobody is.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.errors import Unsupported
from trunkline.fabric import namespace, system

BPFFS = Path("/sys/fs/bpf")
_SOURCE = "trunkline"
_LOCK = "/sys/fs"  #: a directory that every Linux has and nobody else locks
_ANY_INSTANCE = "tl-"
#: How often, and how many seconds apart, it is tried to unmount what is busy; then the next to leave does it.
_ATTEMPTS, _AGAIN_S = 25, 0.02
_THRESHOLDS_BEFORE = Path("/run/trunkline-neighbors.json")

#: Entries of *all* namespaces count against these; the default of 1024 ends at some fifty circuits.
_THRESHOLDS = {"gc_thresh3": 131_072, "gc_thresh2": 65_536, "gc_thresh1": 16_384}
_TABLES = (Path("/proc/sys/net/ipv4/neigh/default"), Path("/proc/sys/net/ipv6/neigh/default"))


@contextmanager
def _locked(kind: int) -> Iterator[None]:
    lock = os.open(_LOCK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, kind)
        yield
    finally:
        os.close(lock)


@contextmanager
def _on(is_laid: Callable[[], bool], lay: Callable[[], None]) -> Iterator[None]:
    """Looked at under the lock: between a look and the lock another instance may leave and take the ground with it."""
    while True:
        with _locked(fcntl.LOCK_SH):
            if is_laid():
                yield
                return
        with _locked(fcntl.LOCK_EX):
            lay()


@contextmanager
def on_namespaces() -> Iterator[None]:
    """Here namespaces can be made."""
    with _on(_has_namespaces, _lay_namespaces):
        yield


@contextmanager
def on_bpffs() -> Iterator[None]:
    """Here programs and maps can be pinned."""
    with _on(lambda: os.path.ismount(BPFFS), _mount_bpffs):
        yield


def leave() -> None:
    """Take back whatever nobody rests on any more."""
    with _locked(fcntl.LOCK_EX):
        if not namespace.names(_ANY_INSTANCE):
            _restore_thresholds()
        _unmount(BPFFS)
        if _unmount(namespace.DIRECTORY):
            with suppress(OSError):
                namespace.DIRECTORY.rmdir()


def _has_namespaces() -> bool:
    return _THRESHOLDS_BEFORE.exists() and _is_in_use(namespace.DIRECTORY)


def _lay_namespaces() -> None:
    _mount_namespaces()
    _raise_thresholds()


def _is_in_use(directory: Path) -> bool:
    """``ismount`` does not see ``ip netns``'s mount, a directory bound on itself; its content will do."""
    return directory.exists() and (os.path.ismount(directory) or any(directory.iterdir()))


def _mount_namespaces() -> None:
    """Shared, as ``ip netns`` does it: a namespace deleted here is then deleted in every mount namespace."""
    directory = namespace.DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    if not _is_in_use(directory):
        system.mount(_SOURCE, str(directory), "tmpfs", options="mode=755")
        system.mount("", str(directory), "none", system.MS_SHARED)


def _mount_bpffs() -> None:
    if not BPFFS.exists():
        raise Unsupported("this kernel has no BPF file system (CONFIG_BPF_SYSCALL): no cross-connects")
    if os.path.ismount(BPFFS):
        return
    try:
        system.mount(_SOURCE, str(BPFFS), "bpf", options="mode=700")
    except OSError as problem:
        raise Unsupported(f"a BPF file system cannot be mounted at {BPFFS} ({problem.strerror}): no cross-connects; "
                          f"mount one there (mount -t bpf bpf {BPFFS}), or give this process the right to") from None


def _unmount(directory: Path) -> bool:
    """Only ours, and only when nothing is left in it but what the kernel puts there itself (``maps.debug`` …)."""
    if not _is_our_mount(directory) or any(entry.suffix != ".debug" for entry in directory.iterdir()):
        return False
    return _let_go(directory)


def _let_go(directory: Path) -> bool:
    """Whoever lists it at this moment keeps it busy for an instant."""
    for _ in range(_ATTEMPTS):
        try:
            system.unmount(str(directory))
            return True
        except OSError as problem:
            if problem.errno != errno.EBUSY:
                raise
            time.sleep(_AGAIN_S)
    return False


def _is_our_mount(directory: Path) -> bool:
    mounts = (line.split(" ", 2) for line in Path("/proc/self/mounts").read_text().splitlines())
    return any(fields[:2] == [_SOURCE, str(directory)] for fields in mounts)


def _raise_thresholds() -> None:
    """The files are in the first namespace alone; in a container this is its host's business."""
    if _THRESHOLDS_BEFORE.exists():
        return
    files = [table / name for table in _TABLES if table.exists() for name in _THRESHOLDS if (table / name).exists()]
    before = {str(file): int(file.read_text()) for file in files}
    _THRESHOLDS_BEFORE.write_text(json.dumps(before))
    for file in files:
        file.write_text(str(max(before[str(file)], _THRESHOLDS[file.name])))


def _restore_thresholds() -> None:
    with suppress(FileNotFoundError):
        for name, value in json.loads(_THRESHOLDS_BEFORE.read_text()).items():
            Path(name).write_text(str(value))
        _THRESHOLDS_BEFORE.unlink()
