"""One call's open sockets and descriptors in the namespaces that it needs; closed at its end. Nothing is kept from one
call to the next, so nothing can be stale. Not shared between threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from trunkline.fabric import namespace
from trunkline.fabric.netlink import Channel
from trunkline.intent.network import OUTSIDE
from trunkline.settings import Places

Remembered = TypeVar("Remembered")


class Visit:
    def __init__(self, places: Places) -> None:
        self.places = places
        self._channels: dict[str, Channel] = {}
        self._descriptors: dict[str, int] = {}
        self._memory: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Visit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in list(self._descriptors):
            self.leave(node)

    def name(self, node: str) -> str:
        """The node's namespace."""
        return node if node == OUTSIDE else self.places.namespace_prefix + node

    def has(self, node: str) -> bool:
        return node == OUTSIDE or node in self._descriptors or namespace.exists(self.name(node))

    def descriptor(self, node: str) -> int:
        if node not in self._descriptors:
            self._descriptors[node] = namespace.descriptor(self.name(node))
        return self._descriptors[node]

    def channel(self, node: str) -> Channel:
        """Raises DriverFailure if there is no such node."""
        if node not in self._channels:
            with namespace.entered(self.descriptor(node)):
                self._channels[node] = Channel()
        return self._channels[node]

    def leave(self, node: str) -> None:
        """An open socket or descriptor keeps a namespace alive."""
        if node in self._channels:
            self._channels.pop(node).close()
        if node in self._descriptors:
            os.close(self._descriptors.pop(node))

    def remember(self, what: tuple[str, str], read: Callable[[], Remembered]) -> Remembered:
        """``read`` something that many pieces of one node ask for, once; for observing only."""
        if what not in self._memory:
            self._memory[what] = read()
        found: Remembered = self._memory[what]
        return found
