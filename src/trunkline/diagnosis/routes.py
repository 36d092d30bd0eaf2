"""Routes that ought not to be where they are: leaks, hijacks, paths that cannot be right, foreign next hops. Pure.

What an import policy has refused is told under its reason. What it took, or what containment holds back, is compared
with who has what. All routes of one session with the same fault and the same victim are one finding, however many, and
whatever the peer writes into them: numbers and addresses of its choice are evidence, and make no finding of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from trunkline.diagnosis.catalogue import KINDS
from trunkline.diagnosis.claims import Claim, Claims, numbered, subscription_of
from trunkline.diagnosis.evidence import Finding, Heard, facts
from trunkline.intent.bgp import Refusal, RibEntry
from trunkline.intent.exchange import INFO_FORGED
from trunkline.model.event import EventKind, Severity
from trunkline.model.resource import Json

#: So many of a finding's routes are told one by one.
_TOLD = 20
#: And of each of them as much of the path, and as many communities.
_LONG = 80
#: So many findings about one session are told one by one; what is beyond is one finding of each kind.
_MOST = 24
#: Longer AS paths than this are no accident: the longest of the Internet have some 60 numbers, mostly prepended.
LONGEST_PATH = 64
#: Never in a path (RFC 7607, 6793, 7300). Private numbers are welcome on private peering.
RESERVED = frozenset({0, 23456, 65535, 4294967295})

_REFUSED: Mapping[Refusal, EventKind] = {
    Refusal.MARTIAN: EventKind.BOGON, Refusal.DEFAULT_ROUTE: EventKind.BOGON, Refusal.PRIVATE_SPACE: EventKind.BOGON,
    Refusal.NOT_REGISTERED: EventKind.UNAUTHORISED_PREFIX, Refusal.TOO_SPECIFIC: EventKind.UNAUTHORISED_PREFIX,
    Refusal.TOO_COARSE: EventKind.UNAUTHORISED_PREFIX, Refusal.WRONG_ORIGIN: EventKind.ORIGIN_INVALID,
    Refusal.RPKI_INVALID: EventKind.ORIGIN_INVALID, Refusal.BOGON_ASN: EventKind.PATH_ANOMALY,
    Refusal.AS_SET: EventKind.PATH_ANOMALY, Refusal.PATH_TOO_LONG: EventKind.PATH_ANOMALY,
    Refusal.PATH_LOOP: EventKind.PATH_ANOMALY, Refusal.WRONG_FIRST_AS: EventKind.PATH_ANOMALY,
    Refusal.TRANSIT_LEAK: EventKind.ROUTE_LEAK, Refusal.ROLE_LEAK: EventKind.ROUTE_LEAK,
    Refusal.OWN_SPACE: EventKind.ROUTE_LEAK, Refusal.FOREIGN_NEXT_HOP: EventKind.NEXT_HOP_THEFT,
    Refusal.BLACKHOLE_NOT_OWN: EventKind.COMMUNITY_ABUSE, Refusal.FORGED_COMMUNITY: EventKind.COMMUNITY_ABUSE,
}
#: A refused route harms nobody any more.
_MILDER: Mapping[EventKind, Severity] = {
    EventKind.ROUTE_LEAK: Severity.MEDIUM, EventKind.NEXT_HOP_THEFT: Severity.MEDIUM,
    EventKind.PREFIX_HIJACK: Severity.HIGH, EventKind.SUBPREFIX_HIJACK: Severity.HIGH}

_WORDS: Mapping[EventKind, str] = {
    EventKind.ROUTE_LEAK: "leaks", EventKind.PREFIX_HIJACK: "announces as its own",
    EventKind.SUBPREFIX_HIJACK: "announces a part of", EventKind.ORIGIN_INVALID: "announces with an invalid origin",
    EventKind.UNAUTHORISED_PREFIX: "is not authorised for", EventKind.BOGON: "announces bogons:",
    EventKind.PATH_ANOMALY: "sends impossible paths for", EventKind.NEXT_HOP_THEFT: "points at a third party with",
    EventKind.COMMUNITY_ABUSE: "sets communities that it may not on",
    EventKind.CONTESTED_PREFIX: "announces what another subscription declares too:"}


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with one route. ``seen``: the peer's own words for it. ``stopped``: the policy refused it."""

    kind: EventKind
    why: str
    claim: Claim | None = None
    stopped: bool = False
    seen: str = ""

    @property
    def group(self) -> _Group:
        return _Group(self.kind, self.claim.told if self.claim else "", self.why, self.stopped)


@dataclass(frozen=True, slots=True)
class _Group:
    """Routes that are told together."""

    kind: EventKind
    victim: str
    why: str
    stopped: bool

    @property
    def rank(self) -> tuple[int, str, str]:
        """The gravest first, and the same ones in each look."""
        return -KINDS[self.kind].severity.rank, self.victim, self.why


_Found = list[tuple[RibEntry, _Fault]]


def check_routes(heard: Heard, claims: Claims, first_seen: Mapping[str, int]) -> Iterator[Finding]:
    """``claims``: of all who share routing with this session, its owner too. ``first_seen``: at which look each of its
    prefixes came."""
    grouped: dict[_Group, _Found] = {}
    for entry in heard.routes:
        for fault in _faults(heard, entry, claims, first_seen.get(entry.prefix, 0)):
            grouped.setdefault(fault.group, []).append((entry, fault))
    ranked = sorted(grouped, key=lambda group: group.rank)
    for group in ranked[:_MOST]:
        yield _finding(heard, group, grouped[group], (group.victim,) if group.victim else ())
    yield from _others(heard, [(group, grouped[group]) for group in ranked[_MOST:]])


def _others(heard: Heard, beyond: Sequence[tuple[_Group, _Found]]) -> Iterator[Finding]:
    kinds = dict.fromkeys((group.kind, group.stopped) for group, _ in beyond)
    for kind, stopped in kinds:
        mine = [one for one in beyond if (one[0].kind, one[0].stopped) == (kind, stopped)]
        group = _Group(kind, "", "like many others of this session", stopped)
        victims = tuple(dict.fromkeys(one.victim for one, _ in mine if one.victim))
        yield _finding(heard, group, [pair for _, found in mine for pair in found], victims)


def _faults(heard: Heard, entry: RibEntry, claims: Claims, since: int) -> Iterator[_Fault]:
    kind = _REFUSED.get(entry.refusal) if entry.refusal else None
    stranger = _strangers(heard, entry, claims, since)
    if stranger:
        yield stranger
    elif kind and entry.refusal:
        yield _Fault(kind, entry.refusal.value, stopped=True)
    if entry.refusal in (None, Refusal.CONTAINED):
        yield from _oddities(heard, entry)
    if heard.session.route_server and (heard.session.local_asn, INFO_FORGED, 1) in entry.communities:
        yield _Fault(EventKind.COMMUNITY_ABUSE, Refusal.FORGED_COMMUNITY.value)


def _strangers(heard: Heard, entry: RibEntry, claims: Claims, since: int) -> _Fault | None:
    """Somebody else's prefix: with its own origin it is a leak, with another a hijack. What somebody declares beats who
    was there first, and the longest that is declared counts; but nobody's word alone makes another subscription's
    declared prefix its own."""
    known = [claim for claim in claims.over(entry.prefix) if claim.since == 0 or claim.since < since]
    lasting = [claim for claim in known if not claim.only] or known
    nearest = [claim for claim in lasting if numbered(claim.prefix) == numbered(lasting[0].prefix)]
    stopped = entry.refusal not in (None, Refusal.CONTAINED)
    if any(_is_owner(heard, claim) for claim in lasting):
        rival = next((claim for claim in lasting if _contests(heard, claim)), None)
        if rival:
            return _Fault(EventKind.CONTESTED_PREFIX, f"{rival.prefix} is declared by another subscription",
                          rival, stopped)
    if not nearest or any(_is_owner(heard, claim) for claim in nearest):
        return None
    return _theft(heard, entry, nearest[0], stopped)


def _theft(heard: Heard, entry: RibEntry, claim: Claim, stopped: bool) -> _Fault:
    """Whoever begins the path with the owner's number takes the number too, which is no leak."""
    origin = entry.as_path[-1] if entry.as_path else 0
    if origin in claim.asns and origin != heard.session.peer_asn:
        return _Fault(EventKind.ROUTE_LEAK, f"its origin is AS {origin}, and it comes over AS "
                      f"{heard.session.peer_asn}", claim, stopped)
    whole = claim.prefix == entry.prefix
    return _Fault(EventKind.PREFIX_HIJACK if whole else EventKind.SUBPREFIX_HIJACK,
                  f"expected origin {_asns(claim.asns)}", claim, stopped, f"AS {origin}")


def _is_owner(heard: Heard, claim: Claim) -> bool:
    """At one of the owner's circuits, or at another of its subscription with its number. The number alone says nothing:
    whoever orders a peering chooses it."""
    owner = heard.place.owner.lower()
    return owner in claim.owners or (
        heard.session.peer_asn in claim.asns and subscription_of(owner) in claim.parties)


def _contests(heard: Heard, claim: Claim) -> bool:
    return claim.declared and not _is_owner(heard, claim) and (
        subscription_of(heard.place.owner.lower()) not in claim.parties)


def _oddities(heard: Heard, entry: RibEntry) -> Iterator[_Fault]:
    """What no policy has to refuse on private peering, and is odd all the same."""
    if entry.as_sets:
        yield _Fault(EventKind.PATH_ANOMALY, Refusal.AS_SET.value)
    if len(entry.as_path) > LONGEST_PATH:
        yield _Fault(EventKind.PATH_ANOMALY, Refusal.PATH_TOO_LONG.value)
    if RESERVED.intersection(entry.as_path):
        yield _Fault(EventKind.PATH_ANOMALY, Refusal.BOGON_ASN.value)
    if heard.session.interface and entry.next_hop and not _is_peer(entry.next_hop, heard.session.peer_address):
        yield _Fault(EventKind.NEXT_HOP_THEFT, f"expected next hop {heard.session.peer_address}",
                     seen=entry.next_hop)


def _is_peer(next_hop: str, peer: str) -> bool:
    """Link-local next hops of IPv6 are the neighbour's by nature (RFC 2545)."""
    hop = ip_address(next_hop)
    return hop == ip_address(peer) or hop.is_link_local


def _finding(heard: Heard, group: _Group, found: _Found, victims: tuple[str, ...]) -> Finding:
    kind, stopped = group.kind, group.stopped
    prefixes = tuple(sorted({entry.prefix for entry, _ in found}))
    seen = tuple(dict.fromkeys(fault.seen for _, fault in found if fault.seen))
    why = f"{group.why}, seen {_some(seen)}" if seen else group.why
    claim = found[0][1].claim
    expected: Json = {"expected": {"prefix": claim.prefix, "owner": claim.told, "origins": sorted(claim.asns)}} \
        if claim else {}
    return Finding(
        kind, f"{kind}|{heard.name}|{group.victim.lower()}|{group.why}",
        f"{heard.session.name} (AS {heard.session.peer_asn}) {_WORDS[kind]} {_some(prefixes)}: {why}"
        f"{'; refused' if stopped else ''}", heard.place, heard.session.name,
        victims=victims, prefixes=prefixes,
        evidence={**facts(heard), "why": why, "refused": stopped, "prefixCount": len(prefixes), **expected,
                  **({"seen": list(seen[:_TOLD])} if seen else {}),
                  "routes": [_shown(entry) for entry, _ in found[:_TOLD]]},
        severity=_MILDER.get(kind) if stopped else None)


def _shown(entry: RibEntry) -> Json:
    return {"prefix": entry.prefix, "asPath": list(entry.as_path[:_LONG]), "nextHop": entry.next_hop,
            "communities": [":".join(map(str, one)) for one in entry.communities[:_LONG]],
            "refusal": entry.refusal.value if entry.refusal else None}


def _some(words: tuple[str, ...]) -> str:
    told = ", ".join(words[:3])
    return told if len(words) <= 3 else f"{told} and {len(words) - 3} more"


def _asns(asns: frozenset[int]) -> str:
    return " or ".join(f"AS {asn}" for asn in sorted(asns)) or "another"
