"""What a session has been through: losses, limits, jumps, prefixes that come and go. Pure: each look gives the history
for the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

from trunkline.diagnosis.evidence import Finding, Heard, facts
from trunkline.intent.bgp import REJECT_ALL, Session, SessionState, SessionStatus
from trunkline.model.event import EventKind

_WARN_PERCENT, _CALM_PERCENT = 80, 75
#: BIRD's words (proto/bgp/bgp.c) and those of RFC 4486 for a NOTIFICATION of ours; never what the peer has said.
_CLOSED_BY_LIMIT = re.compile(
    r"(Automatic shutdown: )?(Route|Prefix) limit exceeded|(Sent: )?Cease: Maximum number of prefixes reached", re.I)
#: A daemon tells since when from its clock each time anew, and differs by milliseconds.
_SAME = timedelta(seconds=0.5)
#: So many numbers of prefixes of a session are remembered.
_MOST_NUMBERS = 64


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``jump_*``: more prefixes than this many times, and this many more than, the usual number; over again below
    ``calm_ratio``. Usual is the most there were in the last ``window_s``, but for the last ``usual_s``, once a first
    number has stayed for ``first_s``; a jump that lasts for ``adopted_s`` is usual. ``flap_losses`` of a session within
    ``flap_s``; ``changes`` of a prefix within ``change_s``. ``forget_s``: for so long a prefix that was withdrawn is
    still known as having been there first. ``own_s``: a loss so near a change of ours is our doing."""

    jump_ratio: float = 2.0
    jump_least: int = 50
    calm_ratio: float = 1.5
    first_s: float = 3.0
    usual_s: float = 10.0
    window_s: float = 3600.0
    adopted_s: float = 900.0
    flap_losses: int = 3
    flap_s: float = 300.0
    changes: int = 6
    change_s: float = 120.0
    forget_s: float = 300.0
    own_s: float = 15.0


@dataclass(frozen=True, slots=True)
class History:
    """Of one session; times are seconds of one monotonic clock. ``changed``: when its ``setup`` was last another.
    ``numbers``: of prefixes, each with the time since
    when, the oldest first; ``usual``: its usual number, once known. ``jumped``: when it was more than usual. ``near``:
    within the last fifth of its limit. ``changes``: when each prefix came or went. ``first_seen``: the look at which
    each prefix came, ``last_seen``: when it was there."""

    status: SessionStatus | None = None
    setup: object = None
    changed: float = float("-inf")
    losses: tuple[float, ...] = ()
    usual: int | None = None
    numbers: tuple[tuple[int, float], ...] = ()
    jumped: float | None = None
    near: bool = False
    present: frozenset[str] = frozenset()
    changes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    first_seen: Mapping[str, int] = field(default_factory=dict)
    last_seen: Mapping[str, float] = field(default_factory=dict)

    def settled_for(self, now: float) -> float:
        """Since its last loss that we know of; seconds."""
        return now - self.losses[-1] if self.losses else float("inf")


def after(history: History, heard: Heard, now: float, limits: Thresholds) -> History:
    """With one more look at its status."""
    was, status = history.status, heard.status
    losses = tuple(at for at in history.losses if now - at < limits.flap_s)
    changed = now if history.setup not in (None, set_up(heard.session)) else history.changed
    history = replace(history, setup=set_up(heard.session), changed=changed)
    if was and _was_lost(was, status) and heard.session.enabled:
        losses = (*losses, now)
    losses = tuple(at for at in losses if abs(at - changed) >= limits.own_s)
    if status.state is not SessionState.ESTABLISHED:
        return replace(history, status=status, losses=losses, jumped=None)
    count = status.prefixes_received
    numbers = _noted(history.numbers, count, now, limits)
    jumped, usual = _jumped(history, count, now, limits), history.usual
    if jumped is not None and now - jumped >= limits.adopted_s:
        jumped, usual, numbers = None, count, ((count, now),)
    elif jumped is None:
        usual = _usual(numbers, usual, now, limits)
    return replace(history, status=status, losses=losses, numbers=numbers, usual=usual, jumped=jumped,
                   near=_is_near(heard, history.near))


def set_up(session: Session) -> object:
    """What cannot change without closing it: all but what is let through."""
    return replace(session, import_policy=REJECT_ALL, export_policy=REJECT_ALL)


def _noted(numbers: tuple[tuple[int, float], ...], count: int, now: float,
           limits: Thresholds) -> tuple[tuple[int, float], ...]:
    """With the present one; what ended before the window is forgotten, and of very many the oldest."""
    known = numbers if numbers and numbers[-1][0] == count else (*numbers, (count, now))
    ended = [one for one, after in pairwise(known) if now - after[1] > limits.window_s]
    return known[len(ended):][-_MOST_NUMBERS:]


def _usual(numbers: tuple[tuple[int, float], ...], usual: int | None, now: float, limits: Thresholds) -> int | None:
    last, since = numbers[-1]
    if usual is None:
        return last if now - since >= limits.first_s else None
    return max((count for count, since in numbers if now - since >= limits.usual_s), default=usual)


def _was_lost(was: SessionStatus, status: SessionStatus) -> bool:
    """Also when it came up again between two looks."""
    up = SessionState.ESTABLISHED
    return was.state is up and (status.state is not up or (
        was.since is not None and status.since is not None and status.since - was.since > _SAME))


def _jumped(history: History, count: int, now: float, limits: Thresholds) -> float | None:
    if history.usual is None:
        return None
    if history.jumped is not None:
        return history.jumped if count > history.usual * limits.calm_ratio else None
    far = count > history.usual * limits.jump_ratio and count - history.usual >= limits.jump_least
    return now if far else None


def _is_near(heard: Heard, was_near: bool) -> bool:
    limit = heard.session.prefix_limit
    percent = _CALM_PERCENT if was_near else _WARN_PERCENT
    return limit is not None and heard.status.prefixes_received * 100 >= limit * percent


def with_routes(history: History, heard: Heard, look: int, now: float, limits: Thresholds) -> History:
    """With the prefixes of one more look. While the session is down nothing is known of them."""
    present = frozenset(entry.prefix for entry in heard.routes)
    known = {prefix: at for prefix, at in history.last_seen.items() if now - at < limits.forget_s}
    first = {prefix: history.first_seen[prefix] if prefix in known else look for prefix in (*known, *present)}
    changes = history.changes
    if history.present and present and not history.losses:
        changes = {prefix: recent for prefix, times in changes.items()
                   if (recent := tuple(at for at in times if now - at < limits.change_s))}
        for prefix in history.present ^ present:
            changes[prefix] = (*changes.get(prefix, ()), now)
    return replace(history, present=present, changes=changes, first_seen=first,
                   last_seen={**known, **dict.fromkeys(present, now)})


def check_session(heard: Heard, history: History, now: float, limits: Thresholds) -> Iterator[Finding]:
    yield from _limit(heard, history)
    if history.jumped is not None:
        yield _of(heard, EventKind.PREFIX_JUMP, f"announces {heard.status.prefixes_received} prefixes, usually "
                  f"{history.usual}", usual=history.usual, received=heard.status.prefixes_received)
    recent = [at for at in history.losses if now - at < limits.flap_s]
    if len(recent) >= limits.flap_losses and recent[-1] == now:
        yield _of(heard, EventKind.SESSION_FLAP, f"was lost {len(recent)} times within {limits.flap_s:.0f} s",
                  losses=len(recent), lastError=heard.status.last_error)
    restless = {prefix: len(times) for prefix, times in sorted(history.changes.items())
                if len(times) >= limits.changes and times[-1] == now}
    if restless:
        yield _of(heard, EventKind.PREFIX_FLAP, f"announces and withdraws {len(restless)} prefixes again and again",
                  tuple(restless), changes=dict(list(restless.items())[:20]))


def _limit(heard: Heard, history: History) -> Iterator[Finding]:
    limit, status = heard.session.prefix_limit, heard.status
    if limit is None:
        return
    if status.state is not SessionState.ESTABLISHED and _CLOSED_BY_LIMIT.match(status.last_error):
        yield _of(heard, EventKind.PREFIX_LIMIT_EXCEEDED, f"sent more than {limit} prefixes and was closed",
                  limit=limit, lastError=status.last_error)
    elif history.near and status.state is SessionState.ESTABLISHED:
        percent = status.prefixes_received * 100 // limit
        yield _of(heard, EventKind.PREFIX_LIMIT_NEAR, f"announces {status.prefixes_received} of {limit} prefixes "
                  f"({percent} %)", received=status.prefixes_received, limit=limit, percent=percent)


def _of(heard: Heard, kind: EventKind, what: str, prefixes: tuple[str, ...] = (), **evidence: object) -> Finding:
    return Finding(kind, f"{kind}|{heard.name}", f"{heard.session.name} (AS {heard.session.peer_asn}) {what}",
                   heard.place, heard.session.name, prefixes=prefixes, evidence={**facts(heard), **evidence})
