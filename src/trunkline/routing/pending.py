"""New passwords that daemons have yet to be told of: their sessions are up, and have them without the daemon's knowing
(``rekey``). A node's ``pending`` file is the configuration with them; what its ``active`` file says is what the daemon
was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trunkline.intent.bgp import Router, SessionState, SessionStatus
from trunkline.routing import keys, rekey
from trunkline.routing.files import NodeFiles


@dataclass(frozen=True, slots=True)
class Printed:
    """What a kind of daemon is told, and in which of a node's files that stands."""

    render: Callable[[Router], str]
    active: str
    pending: str


class Pending:
    """Of all routers of one kind of daemon."""

    def __init__(self, printed: Printed, files: Callable[[str], NodeFiles],
                 sessions: Callable[[Router], tuple[SessionStatus, ...]]) -> None:
        self._printed, self._files, self._sessions = printed, files, sessions
        self._waiting: dict[str, Router] = {}  #: whose daemon is to be told when it can be

    def told(self, router: Router) -> bool:
        """Whether the daemon has its configuration, or would have it as soon as a session with a new password is
        down."""
        files, text = self._files(router.node), self._printed.render(router)
        active = files.read(self._printed.active)
        if active == text:
            self.forget(router.node)
            return True
        if files.read(self._printed.pending) != text:
            return False
        self._waiting[router.node] = router
        return keys.rotation(active, text, router, self._up(router)).text == active

    def waiting(self) -> frozenset[str]:
        return frozenset(node for node, router in list(self._waiting.items()) if not self.told(router))

    def held_back(self, router: Router, text: str, daemon: int) -> str:
        """What the daemon with this pid is told instead of ``text``, which is itself if no password changes past it."""
        files = self._files(router.node)
        active = files.read(self._printed.active)
        turn = keys.rotation(active, text, router, self._up(router) if keys.any_other(active, router) else ())
        if not turn.keys or not rekey.attempt(daemon, turn.keys):
            return text
        files.write(self._printed.pending, text)
        self._waiting[router.node] = router
        return turn.text

    def forget(self, node: str) -> None:
        self._waiting.pop(node, None)

    def _up(self, router: Router) -> frozenset[str]:
        return frozenset(one.name for one in self._sessions(router) if one.state is SessionState.ESTABLISHED)
