"""The failure, for as long as somebody renews it: the edge ends it by itself when nobody does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event, Thread

from trunkline.cli.client import Client, Json
from trunkline.cli.failure import Failed
from trunkline.cli.rehearsal.targets import Target
from trunkline.model.resource import Json as Properties

#: How long a failure lasts that nobody renews, and how often it is renewed; seconds.
LEASE_S, RENEW_S = 15, 5.0
#: No drill holds a failure for longer; one that hangs renews it no more.
LONGEST_S = 660.0


@dataclass(slots=True)
class Lease:
    """``lapsed``: why it could not be renewed, or ended, the last time; it then ends by itself at ``ends``, of the
    monotonic clock."""

    client: Client
    target: Target
    path: str
    seconds: int = LEASE_S
    lapsed: str = ""
    ends: float = 0.0
    _last: float = 0.0
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    @property
    def begun(self) -> bool:
        """Also one that was asked for and not answered: it may have begun."""
        return self.ends > 0

    @property
    def fault(self) -> Properties:
        told: Properties = self.target.fault.model_dump(by_alias=True, mode="json", exclude_none=True)
        return {**told, "expiresInSeconds": self.seconds}

    def begin(self) -> Json:
        """Raises Failed where it is refused; then nothing has failed."""
        self.ends = time.monotonic() + self.seconds
        self._last = time.monotonic() + LONGEST_S
        made = self.client.put(self.path, {"properties": self.fault})
        self._thread = Thread(target=self._renew, daemon=True)
        self._thread.start()
        return made

    def _renew(self) -> None:
        while not self._over.wait(RENEW_S):
            asked = time.monotonic()
            if asked > min(self.ends, self._last):
                return
            try:
                self.client.put(self.path, {"properties": self.fault})
                self.lapsed, self.ends = "", asked + self.seconds
            except Failed as refused:
                self.lapsed = refused.message

    def end(self) -> bool:
        """Whether the service did it; else it ends by itself."""
        self._over.set()
        if self._thread:
            self._thread.join()
        try:
            self.client.delete(self.path)
        except Failed as refused:
            self.lapsed = refused.message
            return False
        return True
