"""What the route servers of an exchange take from a member, and what they tell it (RFC 7947, 7948, 7454).

A route server is in no path: AS path, next hop and MED stay as the member told them. Every client has an export policy
of its own, and what is not for it hides no other path from it (RFC 7947, 2.3.2). Why a route was refused stands on it
as a large community, ``asn:1101:number``, beside the daemon's own mark; docs/exchange.md has the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.bgp import (
    Action,
    Community,
    CommunityMatch,
    PeerRole,
    Policy,
    PrefixMatch,
    Refusal,
    Rule,
    Session,
    Validity,
)
from trunkline.intent.compile.draft import MEMBER, in_family, inside, session_name
from trunkline.intent.compile.public_paths import path_rules
from trunkline.intent.compile.validation import origin_rules
from trunkline.intent.exchange import INFO_FORGED, INFO_IRR, INFO_REFUSED, INFO_RPKI, ExchangeView, MemberView
from trunkline.model.bgp import family_of, of_family
from trunkline.model.bogons import BOGON_ASNS, BOGON_PREFIXES
from trunkline.model.profile import Profile
from trunkline.model.resource import Secret

#: Well-known communities (RFC 8326, RFC 7999, RFC 1997).
GRACEFUL_SHUTDOWN, BLACKHOLE, NO_EXPORT = (65535, 0), (65535, 666), (65535, 65281)
#: Function numbers of the route servers' large communities, as exchanges use them.
DENY, ALLOW, PREPEND = 0, 1, 100
#: What a community says of a route that was accepted.
RPKI_VALID, RPKI_NOT_FOUND, RPKI_UNCHECKED, IRR_VALID, IRR_UNCHECKED = 1, 2, 3, 1, 2
#: Why a route was refused, by number. Refusals without one are told by the daemon's mark alone.
REASONS = {
    Refusal.TOO_SPECIFIC: 1, Refusal.TOO_COARSE: 2, Refusal.MARTIAN: 3, Refusal.BOGON_ASN: 4, Refusal.PATH_TOO_LONG: 5,
    Refusal.FOREIGN_NEXT_HOP: 8, Refusal.NOT_REGISTERED: 9, Refusal.WRONG_ORIGIN: 10, Refusal.RPKI_NOT_FOUND: 12,
    Refusal.RPKI_INVALID: 13, Refusal.TRANSIT_LEAK: 14, Refusal.BLACKHOLE_NOT_OWN: 20, Refusal.DEFAULT_ROUTE: 21,
    Refusal.OWN_SPACE: 22, Refusal.AS_SET: 23, Refusal.RPKI_BLIND: 24}

_ANY, _ANY16, _MOST = (0, 4294967295), (0, 65535), 65535
_LONGEST = {4: 32, 6: 128}


def towards_member(view: ExchangeView, member: MemberView, own: str, profile: Profile, *,
                   validated: bool) -> Iterator[Session]:
    """A route server's session over the family of its address ``own``; none with a member without that family.
    ``validated``: it learns which origins are valid."""
    family = family_of(own)
    peer, key = member.address(family), member.resource.secrets.get("sharedKey")
    if not peer:
        return
    yield Session(
        name=in_family(session_name(MEMBER, member.number), own), group=MEMBER, interface="lan", local_address=own,
        peer_address=peer, local_asn=view.model.asn, peer_asn=member.asn,
        import_policy=Policy(tuple(_imports(view, member, family, profile, validated=validated))),
        export_policy=Policy(tuple(_exports(view, member, family))),
        password=Secret(key) if key else None, hold_time_s=profile.hold_time_s,
        keepalive_time_s=profile.keepalive_time_s,
        prefix_limit=view.prefix_limit(member, family),
        heeds_communities=False, route_server=True, role=PeerRole.ROUTE_SERVER)


# ── from a member ──────────────────────────────────────────────────────────────────────────────────────────────────


def _imports(view: ExchangeView, member: MemberView, family: int, profile: Profile, *,
             validated: bool) -> Iterator[Rule]:
    """Ours alone are informational communities; what a member writes into them is taken off first, and that told."""
    asn, policy = view.model.asn, view.model.policy
    ours = tuple(_large(asn, function) for function in (INFO_RPKI, INFO_IRR, INFO_FORGED, INFO_REFUSED))
    yield Rule(Action.NEXT, communities=ours, remove_communities=ours, add_communities=((asn, INFO_FORGED, 1),))
    yield from _hygiene(view, member, family)
    yield from _blackholes(view, member, family)
    lengths = policy.lengths if family == 4 else policy.lengths6
    whole = "0.0.0.0/0" if family == 4 else "::/0"
    if lengths.longest < _LONGEST[family]:
        yield _refused(asn, Refusal.TOO_SPECIFIC, (PrefixMatch(whole, lengths.longest + 1, _LONGEST[family]),))
    if lengths.shortest:
        yield _refused(asn, Refusal.TOO_COARSE, (PrefixMatch(whole, 0, lengths.shortest - 1),))
    yield Rule(Action.NEXT, communities=(CommunityMatch.exactly(GRACEFUL_SHUTDOWN),), local_pref=0)
    yield from _origins(asn, profile, validated=validated)
    yield from _registered(view, member, family, lengths.longest)


def _hygiene(view: ExchangeView, member: MemberView, family: int) -> Iterator[Rule]:
    """What no member may say, whatever the prefix."""
    asn, policy = view.model.asn, view.model.policy
    yield _refused(asn, Refusal.DEFAULT_ROUTE, (PrefixMatch("0.0.0.0/0" if family == 4 else "::/0", 0, 0),))
    yield _refused(asn, Refusal.OWN_SPACE, inside(of_family(family, view.model.lans)))
    if policy.bogon_prefixes:
        yield _refused(asn, Refusal.MARTIAN, inside(of_family(family, BOGON_PREFIXES)))
    yield Rule(Action.DENY, foreign_next_hop=True, add_communities=_reason(asn, Refusal.FOREIGN_NEXT_HOP),
               refusal=Refusal.FOREIGN_NEXT_HOP)
    for rule in path_rules(member.asn, longest=policy.longest_path, carriers=policy.transit_asns,
                           unroutable=BOGON_ASNS if policy.bogon_asns else ()):
        yield replace(rule, add_communities=_reason(asn, rule.refusal))


def _blackholes(view: ExchangeView, member: MemberView, family: int) -> Iterator[Rule]:
    """A single address, inside what the member may announce, with an origin that it may announce (RFC 7999, 3.3)."""
    asn, longest = view.model.asn, _LONGEST[family]
    marked = (CommunityMatch.exactly(BLACKHOLE),)
    own = tuple(PrefixMatch(prefix, longest, longest) for prefix in of_family(family, member.prefixes))
    if view.model.policy.blackholing and own:
        yield Rule(Action.PERMIT, own, origin_asn=_numbers(member), communities=marked, add_communities=(NO_EXPORT,))
    yield Rule(Action.DENY, communities=marked, add_communities=_reason(asn, Refusal.BLACKHOLE_NOT_OWN),
               refusal=Refusal.BLACKHOLE_NOT_OWN)


def _origins(asn: int, profile: Profile, *, validated: bool) -> Iterator[Rule]:
    if not validated:
        yield Rule(Action.NEXT, add_communities=((asn, INFO_RPKI, RPKI_UNCHECKED),))
        return
    for rule in origin_rules(profile):
        yield replace(rule, add_communities=_reason(asn, rule.refusal))
    for validity, number in ((Validity.VALID, RPKI_VALID), (Validity.NOT_FOUND, RPKI_NOT_FOUND)):
        yield Rule(Action.NEXT, validity=(validity,), add_communities=((asn, INFO_RPKI, number),))


def _registered(view: ExchangeView, member: MemberView, family: int, longest: int) -> Iterator[Rule]:
    asn = view.model.asn
    if not view.model.policy.registered:
        yield Rule(Action.PERMIT, add_communities=((asn, INFO_IRR, IRR_UNCHECKED),))
        return
    own = tuple(PrefixMatch(prefix, int(prefix.partition("/")[2]), longest)
                for prefix in of_family(family, member.prefixes) if int(prefix.partition("/")[2]) <= longest)
    if own:
        yield Rule(Action.PERMIT, own, origin_asn=_numbers(member), add_communities=((asn, INFO_IRR, IRR_VALID),))
        yield _refused(asn, Refusal.WRONG_ORIGIN, own)
    yield Rule(Action.DENY, add_communities=_reason(asn, Refusal.NOT_REGISTERED), refusal=Refusal.NOT_REGISTERED)


# ── to a member ────────────────────────────────────────────────────────────────────────────────────────────────────


def _exports(view: ExchangeView, member: MemberView, family: int) -> Iterator[Rule]:
    """First what keeps it from this peer, then what is told to it expressly, then what is told to nobody else."""
    asn, peer = view.model.asn, member.asn
    yield Rule(Action.DENY, communities=_named(asn, DENY, peer, plain=(0, peer)), refusal=Refusal.NOT_FOR_PEER)
    yield from _changes(view, peer, family)
    scrub = (CommunityMatch((_exact(0), _ANY16)), *((CommunityMatch((_exact(asn), _ANY16)),) if asn <= _MOST else ()),
             *(_large(asn, function) for function in (DENY, ALLOW, *(PREPEND + times for times in (1, 2, 3)))))
    yield Rule(Action.PERMIT, groups=(MEMBER,), communities=_named(asn, ALLOW, peer, plain=(asn, peer)),
               remove_communities=scrub)
    yield Rule(Action.DENY, communities=_named(asn, DENY, 0, plain=(0, asn)), refusal=Refusal.NOT_FOR_PEER)
    yield Rule(Action.PERMIT, groups=(MEMBER,), remove_communities=scrub)


def _changes(view: ExchangeView, peer: int, family: int) -> Iterator[Rule]:
    """Whom to prepend to, and where packets to a blackholed address go."""
    asn = view.model.asn
    for times in (1, 2, 3):
        yield Rule(Action.NEXT, communities=(CommunityMatch.exactly((asn, PREPEND + times, peer)),
                                             CommunityMatch.exactly((asn, PREPEND + times, 0))), repeat_first=times)
    if view.model.policy.blackholing:
        discard = of_family(family, view.model.discards)
        yield Rule(Action.NEXT, communities=(CommunityMatch.exactly(BLACKHOLE),), next_hop=discard[0])


def _named(asn: int, function: int, peer: int, plain: Community) -> tuple[CommunityMatch, ...]:
    """As a large community, and as a plain one where both numbers fit."""
    both = all(number <= _MOST for number in plain)
    return (CommunityMatch.exactly((asn, function, peer)), *((CommunityMatch.exactly(plain),) if both else ()))


def _large(asn: int, function: int) -> CommunityMatch:
    return CommunityMatch((_exact(asn), _exact(function), _ANY))


def _exact(number: int) -> tuple[int, int]:
    return (number, number)


def _numbers(member: MemberView) -> tuple[tuple[int, int], ...]:
    return tuple(_exact(asn) for asn in member.origins)


def _refused(asn: int, refusal: Refusal, prefixes: tuple[PrefixMatch, ...]) -> Rule:
    return Rule(Action.DENY, prefixes, add_communities=_reason(asn, refusal), refusal=refusal)


def _reason(asn: int, refusal: Refusal) -> tuple[Community, ...]:
    return ((asn, INFO_REFUSED, REASONS[refusal]),)
