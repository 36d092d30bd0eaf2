"""Why a prefix is or is not in a router, and to whom the router tells it on: one sentence for each finding. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trunkline.diagnosis.best_path import contests
from trunkline.intent.bgp import LOCAL, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.intent.bgp.evaluate import evaluate
from trunkline.intent.bgp.reasons import words
from trunkline.intent.bgp.sent import withheld
from trunkline.model.bgp import family_of


@dataclass(frozen=True, slots=True)
class Seen:
    """What a router says of one prefix. ``received`` and ``advertised`` by session; ``known``: all paths of the
    Loc-RIB."""

    router: Router
    statuses: tuple[SessionStatus, ...]
    received: Mapping[str, tuple[RibEntry, ...]]
    known: tuple[RibEntry, ...]
    advertised: Mapping[str, tuple[RibEntry, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """``step``: in, best or out. ``verdict``: a word for programs."""

    step: str
    session: str
    verdict: str
    sentence: str


def explain(seen: Seen, prefix: str) -> tuple[Finding, ...]:
    sessions = [one for one in seen.router.sessions if family_of(one.peer_address) == family_of(prefix)]
    arriving = [_incoming(seen, session, prefix) for session in sessions]
    best = next((entry for entry in seen.known if entry.best), None)
    return (*arriving, *_chosen(seen, best, prefix), *(_outgoing(seen, session, best, prefix) for session in sessions))


def _incoming(seen: Seen, session: Session, prefix: str) -> Finding:
    status = next((one for one in seen.statuses if one.name == session.name), None)
    if status is None or status.state is not SessionState.ESTABLISHED:
        return Finding("in", session.name, "down", _down(session, status))
    told = seen.received.get(session.name, ())
    if not told:
        return Finding("in", session.name, "absent", f"the peer does not tell {prefix}")
    refused = next((entry.refusal for entry in told if entry.refusal), None)
    if refused is None:
        return Finding("in", session.name, "accepted", f"told by the peer with AS path {_path(told[0])} and accepted")
    return Finding("in", session.name, refused.value,
                   f"told by the peer with AS path {_path(told[0])} and refused: {words(refused)}")


def _down(session: Session, status: SessionStatus | None) -> str:
    if not session.enabled:
        return f"the session is closed by {session.closed_by or 'its router'}"
    error = f", last error: {status.last_error}" if status and status.last_error else ""
    return f"the session is {status.state if status else SessionState.IDLE}, not Established{error}"


def _path(entry: RibEntry) -> str:
    return " ".join(map(str, entry.as_path)) or "(empty)"


def _chosen(seen: Seen, best: RibEntry | None, prefix: str) -> Iterator[Finding]:
    if best is None:
        yield Finding("best", "", "absent", f"this router has no route to {prefix}")
        return
    origin = "originated here" if best.session == LOCAL else f"learned over {best.session}"
    lost = contests(seen.router, seen.known, seen.statuses)
    why = "; ".join(one.sentence for one in lost) if lost else "the only path"
    yield Finding("best", best.session, "present", f"{origin}, next hop {best.next_hop or 'none'}: {why}")


def _outgoing(seen: Seen, session: Session, best: RibEntry | None, prefix: str) -> Finding:
    told = seen.advertised.get(session.name, ())
    if told:
        return Finding("out", session.name, "told", f"told on with AS path {_path(told[0])}, next hop "
                       f"{told[0].next_hop}")
    return Finding("out", session.name, *_why_untold(seen, session, best, prefix))


def _why_untold(seen: Seen, session: Session, best: RibEntry | None, prefix: str) -> tuple[str, str]:
    status = next((one for one in seen.statuses if one.name == session.name), None)
    if best is None:
        return "absent", f"nothing to tell: no route to {prefix}"
    if status is None or status.state is not SessionState.ESTABLISHED:
        return "down", _down(session, status)
    if best.session == session.name:
        return "own", "not told back to the peer that told it"
    if withheld(best, session):
        return "withheld", "its well-known communities (RFC 1997) keep it from this peer"
    verdict = evaluate(session.export_policy, best, _group(seen.router, best))
    if verdict.refusal:
        return verdict.refusal.value, f"not told on: {verdict.sentence}"
    return "not-sent", "the policy would permit it; the session does not send it (iBGP, or not yet)"


def _group(router: Router, entry: RibEntry) -> str:
    session = router.session(entry.session)
    return session.group if session else LOCAL
