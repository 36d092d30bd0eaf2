"""What a router makes of a prefix or an address, in one word and one sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from trunkline.diagnosis.explaining import Finding
from trunkline.intent.bgp import LOCAL, RibEntry
from trunkline.model.bgp import within

#: Of what arrives: not refusals.
_NOT_REFUSED = ("accepted", "absent", "down")


@dataclass(frozen=True, slots=True)
class Judgement:
    """``verdict``: present, covered, refused, down or absent."""

    verdict: str
    sentence: str

    @property
    def matters(self) -> bool:
        """Whether this router has anything to say of the prefix."""
        return self.verdict in ("present", "covered", "refused")


def covering(known: Iterable[RibEntry], prefix: str) -> str:
    """The longest best route that covers a prefix and is not the prefix itself; empty without one."""
    found = {entry.prefix for entry in known if entry.best and entry.prefix != prefix and within(prefix, entry.prefix)}
    return max(found, key=lambda one: ip_network(one).prefixlen, default="")


def judge(asked: str, known: Iterable[RibEntry], findings: Sequence[Finding]) -> Judgement:
    """``known``: the Loc-RIB. ``findings``: of the prefix that was asked, or of the one that covers it."""
    entries = tuple(known)
    refused = next((one for one in findings if one.step == "in" and one.verdict not in _NOT_REFUSED), None)
    best = next((entry for entry in entries if entry.best and entry.prefix == asked), None)
    if best:
        return Judgement("present", f"has it, {_origin(best)}{_told(findings)}")
    beyond = f"; on {refused.session} {refused.sentence}" if refused else ""
    if wider := covering(entries, asked):
        best = next(entry for entry in entries if entry.best and entry.prefix == wider)
        return Judgement("covered", f"covered by {wider}, {_origin(best)}{_told(findings)}{beyond}")
    if refused:
        return Judgement("refused", f"does not have it: on {refused.session} {refused.sentence}")
    return _nowhere(findings)


def of_member(findings: Sequence[Finding]) -> Judgement:
    """Of one member's sessions with a route server alone; what others have told the server is not the member's."""
    for one in findings:
        if one.step == "in" and one.verdict == "accepted":
            return Judgement("present", one.sentence)
        if one.step == "in" and one.verdict not in _NOT_REFUSED:
            return Judgement("refused", one.sentence)
    if told := next((one for one in findings if one.verdict == "told"), None):
        return Judgement("present", f"told to the member: {told.sentence}")
    down = _nowhere(findings)
    return down if down.verdict == "down" else Judgement("absent", "neither told by the member nor told to it")


def _nowhere(findings: Sequence[Finding]) -> Judgement:
    down = [one for one in findings if one.step == "in" and one.verdict == "down"]
    if down:
        return Judgement("down", f"does not have it; {down[0].session}: {down[0].sentence}")
    return Judgement("absent", "does not have it: no peer tells it")


def _origin(best: RibEntry) -> str:
    if best.session == LOCAL:
        return "originated here"
    path = " ".join(map(str, best.as_path))
    return f"learned over {best.session}" + (f" with AS path {path}" if path else "")


def _told(findings: Sequence[Finding]) -> str:
    told = [one.session for one in findings if one.verdict == "told"]
    return f", told to {', '.join(told)}" if told else ", told to nobody"
