"""Who is told when a daemon ends that ought to run: one thread waits on the pidfds of all of them."""

from __future__ import annotations

import logging
import os
import resource
import select
import threading
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)


class DeathWatch:
    """Daemons by node. A node with several daemons is dead when one of them is; each death is told once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoll = select.epoll()
        self._nodes: dict[int, str] = {}
        self._pidfds: dict[str, dict[int, int]] = {}

    def keep(self, node: str, pids: Iterable[int]) -> None:
        """From now on exactly these daemons of ``node`` ought to run."""
        wanted = set(pids)
        with self._lock:
            if self._pidfds.get(node, {}).keys() == wanted:
                return
            self._forget(node)
            self._pidfds[node] = {pid: self._open(node, pid) for pid in wanted}

    def forget(self, node: str) -> None:
        """The end of this node's daemons is intended."""
        with self._lock:
            self._forget(node)

    def watch(self, died: Callable[[str], None]) -> None:
        """One descriptor per daemon: make room for thousands."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        threading.Thread(target=self._tell, args=(died,), name="routing-deaths", daemon=True).start()

    def _open(self, node: str, pid: int) -> int:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            fd = os.eventfd(1)  # ended a moment ago: readable at once, like the pidfd of a dead process
        self._nodes[fd] = node
        self._epoll.register(fd, select.EPOLLIN)
        return fd

    def _forget(self, node: str) -> None:
        for fd in self._pidfds.pop(node, {}).values():
            self._epoll.unregister(fd)
            del self._nodes[fd]
            os.close(fd)

    def _tell(self, died: Callable[[str], None]) -> None:
        while True:
            for fd, _ in self._epoll.poll():
                node = self._dead(fd)
                if node is None:
                    continue
                try:
                    died(node)
                except Exception:
                    log.exception("telling of the death of %s failed", node)

    def _dead(self, fd: int) -> str | None:
        """The node behind a readable pidfd, asked again because the number may meanwhile be another daemon's."""
        with self._lock:
            node = self._nodes.get(fd)
            if node is None or not _readable(fd):
                return None
            self._forget(node)
            return node


def _readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
