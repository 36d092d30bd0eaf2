"""What a daemon has written about its peers. Pure: remarks become findings.

The words are BIRD's (proto/bgp/attrs.c and packets.c): an attribute for which RFC 7606 asks treat-as-withdraw or
discard, a route that is a leak or has an impossible next hop and is taken as withdrawn before any policy sees it, a
NOTIFICATION that it sends, a connection that it does not expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trunkline.diagnosis.evidence import Finding, Place
from trunkline.intent.bgp import Remark, Session
from trunkline.model.event import EventKind, Severity

_UNEXPECTED = re.compile(
    r"BGP: Unexpected connect from unknown address (?P<address>[0-9a-fA-F.:]+)(%\S+)? \(port \d+\)")
#: Behind it stands what the peer's operator wrote (RFC 8203): no word of the daemon's.
_QUOTED = "Received: "
#: An UPDATE that breaks RFC 4271 or RFC 7606.
_MALFORMED = re.compile(
    r"(Malformed|Discarding|Missing|Duplicate|Invalid (NEXT_HOP|ORIGIN|next hop|network|route)) |"
    r".* - withdrawing |Error: (Malformed|Missing|Invalid|Unrecognized|Attribute|Optional|Duplicate|Bad message|"
    r"Unknown well-known)")
_TOLD, _STRANGERS = 5, 20


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Of remarks about a session's peer: the first whose words fit says what it is."""

    words: re.Pattern[str]
    kind: EventKind
    what: str
    severity: Severity | None = None


_MEANINGS = (
    _Meaning(re.compile(r"Route leak detected - OTC"), EventKind.ROUTE_LEAK,
             "tells a route that is marked as told to customers only (RFC 9234); refused", Severity.MEDIUM),
    _Meaning(re.compile(r"Invalid NEXT_HOP attribute - address \S+ (is local|not directly reachable)"),
             EventKind.NEXT_HOP_THEFT, "points at a third party; refused", Severity.MEDIUM),
    _Meaning(re.compile(r"Error: Bad peer AS"), EventKind.WRONG_AS, "opened a session as another AS; refused"),
    _Meaning(_MALFORMED, EventKind.MALFORMED_UPDATE, "sent an UPDATE that breaks the rules"),
)


def check_remarks(place: Place, remarks: Sequence[Remark]) -> Iterator[Finding]:
    """``remarks``: those since the last look."""
    found = (_UNEXPECTED.fullmatch(one.text) for one in remarks if not one.session)
    strangers = list(dict.fromkeys(one["address"] for one in found if one))
    if strangers:
        told = ", ".join(strangers[:3]) + (f" and {len(strangers) - 3} more" if len(strangers) > 3 else "")
        yield Finding(
            EventKind.STRANGER, f"{EventKind.STRANGER}|{place.node}|unexpected", f"{told} tried to open a session, as "
            "no peer does", place, evidence={"node": place.node, "leg": place.leg, "from": strangers[:_STRANGERS]})
    for session in place.sessions:
        said: dict[_Meaning, list[str]] = {}
        for remark in remarks:
            if remark.session == session.name and (meaning := _meaning(remark.text)):
                said.setdefault(meaning, []).append(remark.text)
        yield from (_about(place, session, meaning, texts) for meaning, texts in said.items())


def _meaning(text: str) -> _Meaning | None:
    if text.startswith(_QUOTED):
        return None
    return next((one for one in _MEANINGS if one.words.match(text)), None)


def _about(place: Place, session: Session, meaning: _Meaning, texts: list[str]) -> Finding:
    return Finding(
        meaning.kind, f"{meaning.kind}|{place.node}/{session.name}|daemon",
        f"{session.name} (AS {session.peer_asn}) {meaning.what}: {texts[-1]}", place, session.name,
        evidence={"session": session.name, "node": place.node, "leg": place.leg, "peer": session.peer_address,
                  "peerAsn": session.peer_asn, "daemon": texts[-_TOLD:], "times": len(texts)},
        severity=meaning.severity)
