"""Every error that crosses a room's border, ordered by what the caller can still do.

    TrunklineError
    ├── Fault             the wish is wrong: say which field, value, rule and way out, and ask again
    │   └── Refused       several faults of one request, reported together
    ├── NotFound          there is no such thing: create it, or look elsewhere
    ├── Conflict          right wish, wrong moment: change the other thing first, then ask again
    │   └── Stale         somebody else wrote in between: read again, then ask again
    ├── Unsupported       this machine or daemon cannot do it: no retry helps
    ├── Unsettled         not there yet: wait and look again
    ├── Unsound           files that an operator wrote are wrong: mend them as the message says, then start again
    ├── StoreFailure      the database said no and kept nothing: free space or wait, then ask again
    └── DriverFailure     the kernel or a daemon said no: the reconciler retries, the operator reads the message
        ├── Degraded      what a customer or operator brings is not there: all else stands, it is taken when it comes
        └── ConfigurationRejected   the daemon's own parser refused what we rendered; the last good one still runs
"""

from __future__ import annotations

from collections.abc import Sequence


class TrunklineError(Exception):
    """The root: catch this at the top of a loop and nowhere else."""


class Fault(TrunklineError):
    """One thing wrong with a wish, in ARM's shape: ``code``, ``message`` and the ``target`` field."""

    def __init__(self, code: str, message: str, target: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.target, self.status = code, message, target, status


class Refused(Fault):
    """All faults of one request; the first gives code and status, all stand in ``details``."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        super().__init__(first.code, " ".join(f.message for f in faults), first.target, first.status)
        self.faults = tuple(faults)


class NotFound(Fault):
    """There is no such resource (HTTP 404)."""

    def __init__(self, message: str, code: str = "ResourceNotFound", target: str = "") -> None:
        super().__init__(code, message, target, 404)


class Conflict(Fault):
    """The wish is sound but something that exists stands against it (HTTP 409 unless told)."""

    def __init__(self, code: str, message: str, target: str = "", status: int = 409) -> None:
        super().__init__(code, message, target, status)


class Stale(Conflict):
    """An etag precondition failed (HTTP 412)."""

    def __init__(self, message: str) -> None:
        super().__init__("PreconditionFailed", message, "If-Match", 412)


class Unsupported(TrunklineError):
    """This machine, kernel or daemon lacks what the wish needs; the message says what and what would help."""


class Unsettled(TrunklineError):
    """What was applied is not yet observed; ``waiting_for`` says what, in a user's words."""

    def __init__(self, waiting_for: str) -> None:
        super().__init__(waiting_for)
        self.waiting_for = waiting_for


class Unsound(TrunklineError):
    """What an operator's files say cannot be; each fault names file, line, field, value, rule and way out."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class StoreFailure(TrunklineError):
    """Nothing was written; the message says why. ``status``: HTTP 507 when the disk is full, else 503."""

    def __init__(self, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.status = status


class DriverFailure(TrunklineError):
    """The kernel or a daemon refused; the reconciler retries for ever with backoff."""


class Degraded(DriverFailure):
    """Nothing of ours failed: an interface of the machine is missing, or not free. Operations do not wait for it."""


class ConfigurationRejected(DriverFailure):
    """A daemon's own parser refused a rendered configuration; the running one was left alone."""
