"""The broom: everything that bears this instance's mark goes, whoever made it; nothing else is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from trunkline.errors import DriverFailure, TrunklineError
from trunkline.fabric import (
    cache,
    carrier,
    ground,
    held,
    interface,
    namespace,
    node,
    ownership,
    port,
    relays,
    responder,
)
from trunkline.fabric.visit import Visit
from trunkline.intent.network import OUTSIDE

#: What is to go, and how.
Errand = tuple[str, Callable[[], None]]


def sweep(visit: Visit) -> tuple[str, ...]:
    """Names of what was removed or given back. What cannot go does not keep the rest.

    Daemons are the speakers' to stop, and before this: a process keeps its namespace alive, nameless.
    """
    removed, failures = [], []
    kinds = (_relays, _carriers, _caches, _responders, _interfaces_outside, _nodes, _pins, _empty_directories)
    for name, errand in (errand for kind in kinds for errand in kind(visit)):
        try:
            errand()
            removed.append(name)
        except (TrunklineError, OSError) as failure:
            failures.append(f"{name}: {failure}")
    visit.leave(OUTSIDE)
    ground.leave()
    if failures:
        raise DriverFailure("; ".join(failures))
    return tuple(removed)


def _relays(visit: Visit) -> Iterator[Errand]:
    """Before the nodes in which they have their TAPs."""
    if relays.directory(visit.places).exists():
        yield "relays", partial(relays.sweep, visit.places)


def _carriers(visit: Visit) -> Iterator[Errand]:
    """Before the nodes: nothing is lifted in what goes."""
    if held.directory(visit.places).exists():
        yield "what was held down", partial(carrier.sweep, visit.places)


def _caches(visit: Visit) -> Iterator[Errand]:
    if cache.directory(visit.places).exists():
        yield "caches of VRPs", partial(cache.sweep, visit.places)


def _responders(visit: Visit) -> Iterator[Errand]:
    if responder.directory(visit.places).exists():
        yield "responders", partial(responder.sweep, visit.places)


def _interfaces_outside(visit: Visit) -> Iterator[Errand]:
    """Ends of ours, and interfaces that a crash marked and never moved, which stay."""
    channel = visit.channel(OUTSIDE)
    for state in interface.find_all(channel):
        mark = ownership.parse(state.alias)
        if mark is None or mark.instance != visit.places.instance:
            continue
        if mark.name:
            yield f"interface {state.name}", partial(port.release, channel, state, mark)
        else:
            yield f"interface {state.name}", partial(interface.delete, channel, state.index)


def _nodes(visit: Visit) -> Iterator[Errand]:
    prefix = visit.places.namespace_prefix
    for name in namespace.names(prefix):
        yield f"namespace {name}", partial(node.delete, visit, name.removeprefix(prefix))


def _pins(visit: Visit) -> Iterator[Errand]:
    if visit.places.bpf.exists():
        yield f"pins {visit.places.bpf}", partial(shutil.rmtree, visit.places.bpf)


def _empty_directories(visit: Visit) -> Iterator[Errand]:
    """The run directory, from its leaves up; a file is somebody's, and keeps its directories."""
    for place, _, files in os.walk(visit.places.run, topdown=False):
        if not files:
            yield f"directory {place}", partial(_remove_empty, place)


def _remove_empty(directory: str) -> None:
    with suppress(OSError):
        os.rmdir(directory)
