"""Names of nodes as people write them, and the way into a node's network namespace.

Read from /run/netns, not from the service: one wants to look into the network most when the control plane is down.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from trunkline.cli.failure import Failed
from trunkline.model.closest import closest
from trunkline.settings import Places

NAMESPACES = Path("/run/netns")
_HASH = re.compile(r"-[0-9a-f]{10}(?=-|$)")


def present(places: Places, directory: Path = NAMESPACES) -> tuple[str, ...]:
    """Nodes of this instance that exist on this machine."""
    prefix = places.namespace_prefix
    names = os.listdir(directory) if directory.is_dir() else []
    return tuple(sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix)))


def readable(name: str) -> str:
    """Without the hash that makes it unique: ``ce-paris-3fa2c1d40e-ce1`` → ``ce-paris-ce1``."""
    return _HASH.sub("", name, count=1)


def matches(names: Sequence[str], wanted: str) -> tuple[str, ...]:
    """The best kind of match that there is: the name itself, a prefix of it, the same without hash, its last words."""
    readings = (
        [name for name in names if name == wanted],
        [name for name in names if readable(name) == wanted],
        [name for name in names if name.startswith(wanted) or readable(name).startswith(wanted)],
        [name for name in names if f"-{readable(name)}".endswith(f"-{wanted}")],
    )
    return tuple(next((found for found in readings if found), ()))


def pick(names: Sequence[str], wanted: str) -> str:
    """The one node that is meant."""
    found = matches(names, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise Failed(f"'{wanted}' may mean {', '.join(found)}; write more of the name.")
    if not names:
        raise Failed("this instance has no nodes; 'trunkline status' shows what exists.")
    near = closest(wanted, [*names, *(readable(n) for n in names)], alike=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "'trunkline nodes' lists them."
    raise Failed(f"there is no node '{wanted}'; {hint}")


def inside(places: Places, node: str, command: Sequence[str]) -> list[str]:
    """The argument list that runs ``command`` in a node."""
    if os.geteuid():
        raise Failed("entering a node needs root.")
    return ["nsenter", f"--net={NAMESPACES / (places.namespace_prefix + node)}", "--", *command]
