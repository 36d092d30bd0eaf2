"""The broom: everything that bears this instance's mark goes, whoever made it; nothing else is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from trunkline.fabric import ground, interface, namespace, node, ownership, port
from trunkline.fabric.visit import Visit
from trunkline.intent.network import OUTSIDE


def sweep(visit: Visit) -> tuple[str, ...]:
    """Names of what was removed or given back. Daemons are the speakers' to stop, and before this: a process keeps
    its namespace alive, nameless."""
    removed = [*_interfaces_outside(visit), *_nodes(visit), *_pins(visit), *_empty_directories(visit.places.run)]
    visit.leave(OUTSIDE)
    ground.leave()
    return tuple(removed)


def _interfaces_outside(visit: Visit) -> Iterator[str]:
    """Ends of ours, and interfaces that a crash marked and never moved, which stay."""
    channel = visit.channel(OUTSIDE)
    for state in interface.find_all(channel):
        mark = ownership.parse(state.alias)
        if mark is None or mark.instance != visit.places.instance:
            continue
        if mark.name:
            port.release(channel, state)
        else:
            interface.delete(channel, state.index)
        yield f"interface {state.name}"


def _nodes(visit: Visit) -> Iterator[str]:
    prefix = visit.places.namespace_prefix
    for name in namespace.names(prefix):
        node.delete(visit, name.removeprefix(prefix))
        yield f"namespace {name}"


def _pins(visit: Visit) -> Iterator[str]:
    if visit.places.bpf.exists():
        shutil.rmtree(visit.places.bpf)
        yield f"pins {visit.places.bpf}"


def _empty_directories(directory: Path) -> Iterator[str]:
    """From the leaves up; a file is somebody's, and keeps its directories."""
    for place, _, _ in os.walk(directory, topdown=False):
        with suppress(OSError):
            os.rmdir(place)
            yield f"directory {place}"
