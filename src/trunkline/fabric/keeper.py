"""The keeper: a process that lifts what is held down when its time is over, and takes and lifts what comes and goes.
``python -m trunkline.fabric.keeper MARK PREFIX``.

It knows no control plane: all that it needs stands in files (held). It looks again when it is told to (SIGHUP), and
leaves when nothing is held, or when it is told to (SIGTERM), which lifts nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline.fabric import carrier, held, interface, namespace
from trunkline.fabric.bpf.impair_records import boottime_ns
from trunkline.fabric.held import Hold
from trunkline.fabric.netlink import Channel

_SIGNALS = frozenset({signal.SIGHUP, signal.SIGTERM})
_LONGEST_S = 60.0  #: the machine may sleep, so it looks now and then
_RETRY_S = 1.0


class Keeper:
    def __init__(self, mark: Path, prefix: str) -> None:
        self._mark, self._home, self._prefix = mark, mark.parent, prefix

    def run(self) -> None:
        while (pause_s := self._look()) is not None:
            told = signal.sigtimedwait(_SIGNALS, pause_s)
            if told and told.si_signo == signal.SIGTERM:
                return

    def _look(self) -> float | None:
        """How long there is nothing to do; None when nothing is held."""
        with held.locked(self._home):
            found = held.files(self._home)
            if not found:
                self._mark.unlink(missing_ok=True)
                return None
            return min(self._keep(file, held.read(file)) for file in found)

    def _keep(self, file: Path, hold: Hold | None) -> float:
        """How long it stays as it is now, in seconds. What cannot be read would never end, so it ends now."""
        now_ns = boottime_ns()
        try:
            self._turn(file, hold, now_ns)
        except (TrunklineError, OSError):
            if namespace.exists(self._prefix + file.parent.name):
                return _RETRY_S
            hold = None
        if hold is None or hold.is_over(now_ns):
            held.forget(file)
            return 0.0
        return min(_LONGEST_S, max(0, hold.next_ns(now_ns) - boottime_ns()) / 1e9)

    def _turn(self, file: Path, hold: Hold | None, now_ns: int) -> None:
        descriptor = namespace.descriptor(self._prefix + file.parent.name)
        try:
            with namespace.entered(descriptor), closing(Channel()) as channel:
                if hold and hold.is_down(now_ns):
                    states = (interface.find(channel, name) for name in hold.interfaces)
                    carrier.lower(channel, [state for state in states if state])
                else:
                    carrier.lift(channel, file, hold)
        finally:
            os.close(descriptor)


def main(words: list[str]) -> None:
    """The process that is started ends when the keeper is there."""
    mark, prefix = words
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    daemon = os.fork()
    if daemon:
        Path(mark).write_text(str(daemon), "ascii")
        return
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    Keeper(Path(mark), prefix).run()


if __name__ == "__main__":
    main(sys.argv[1:])
