"""What a customer's policy makes of sessions: at the edge, at gateways, and on the customer's own routers.

    customer ── accept ──► VRF ── preference and GRACEFUL_SHUTDOWN as communities ──► gateway: local preference
    customer ◄─ advertise ─ VRF ◄──────────────────────────────────────────────────── gateway

Local preference does not leave an AS, so the edge writes it into a large community of its own (12076:100:preference),
which gateways read, add the connection's routing weight to, and take off. Customers cannot write it: what they send is
stripped of communities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.intent.bgp import (
    Action,
    BfdKey,
    Community,
    CommunityMatch,
    Policy,
    PrefixMatch,
    Refusal,
    Rule,
    Session,
)
from trunkline.model.bgp import AZURE_ASN, family_of, within
from trunkline.model.profile import Profile
from trunkline.model.resource import Secret
from trunkline.model.session_policy import (
    DRAIN_PREPENDS,
    GRACEFUL_SHUTDOWN,
    PrefixLists,
    PrefixRange,
    RoutePolicy,
    SessionPolicy,
    community_of,
)

#: RFC 8326, 4.2.
SHUTTING_DOWN: Community = community_of(GRACEFUL_SHUTDOWN)
#: First two parts of the community that tells gateways a local preference, and the highest one.
_PREFERENCE, _MOST = (AZURE_ASN, 100), 0xFFFFFFFF



def at_edge(session: Session, policy: SessionPolicy | None, profile: Profile) -> Session:
    """A VRF's session with its customer."""
    if policy is None:
        return session
    return replace(
        _set_up(session, policy, profile).unless(not policy.is_enabled, "a session policy"),
        import_policy=_accepted_at_edge(session, policy),
        export_policy=_advertised(session, policy, DRAIN_PREPENDS))


def at_customer(session: Session, own: RoutePolicy | None, clouds: SessionPolicy | None, profile: Profile) -> Session:
    """A site's router: it does what its owner says of routes, sets up the session as the edge's end is, and prefers
    everything to what is being shut down."""
    own = own or RoutePolicy()
    drained = bool(own.graceful_shutdown)
    preferred = ((SHUTTING_DOWN, 0), *(() if drained else own.taken.preferences))
    given = tuple(_Given(value, match=community) for community, value in preferred)
    last = _Given(0 if drained else own.taken.local_preference)
    return replace(
        _set_up(session, clouds, profile) if clouds else session,
        import_policy=_accepted(session, own.taken, (*given, last)), export_policy=_advertised(session, own))


def drained(session: Session) -> Session:
    """A VRF's session with its customer, of which traffic is to leave while it still carries."""
    gone = RoutePolicy(graceful_shutdown=True)
    return replace(session, import_policy=_accepted_at_edge(session, gone),
                   export_policy=_advertised(session, gone, DRAIN_PREPENDS))


def inwards(base: Policy, policy: SessionPolicy | None) -> Policy:
    """What an edge tells the cloud of a customer's routes. Azure drains by AS path as well (azure-facts 2.3)."""
    return prepended(base) if policy and policy.graceful_shutdown else base


def prepended(base: Policy) -> Policy:
    """With the path that maintenance of a leg gives it (azure-facts 2.3)."""
    return Policy(tuple(longer(rule, AZURE_ASN, DRAIN_PREPENDS) for rule in base.rules))


def heeded(policy: SessionPolicy | None, base: int, weight: int) -> tuple[Rule, ...]:
    """What a gateway takes from an edge. ``base``: the local preference of a route whose customer gave none."""
    used = policy.taken.used if policy and not policy.graceful_shutdown else ()
    drained = Rule(Action.PERMIT, communities=(CommunityMatch.exactly(SHUTTING_DOWN),), local_pref=0)
    return (drained, *(_preferred(preference, weight) for preference in used),
            Rule(Action.PERMIT, local_pref=base + weight))


def _preferred(preference: int, weight: int) -> Rule:
    told = (CommunityMatch.exactly((*_PREFERENCE, preference)),)
    return Rule(Action.PERMIT, communities=told, local_pref=min(preference + weight, _MOST), remove_communities=told)


def _set_up(session: Session, policy: SessionPolicy, profile: Profile) -> Session:
    """What both ends have to agree on."""
    timers = policy.timers
    return replace(
        session, bfd=policy.bfd.wanted if policy.bfd else session.bfd, bfd_key=_bfd_key(policy),
        ttl_security=session.ttl_security if policy.gtsm is None else policy.gtsm,
        hold_time_s=min(timers.hold_time_in_seconds, profile.hold_time_s) if timers else session.hold_time_s,
        keepalive_time_s=min(timers.keepalive_time_in_seconds, profile.keepalive_time_s) if timers
        else session.keepalive_time_s)


def _bfd_key(policy: SessionPolicy) -> BfdKey | None:
    said = policy.bfd_authentication
    return BfdKey(said.type, Secret(said.shared_key)) if said and said.shared_key else None


# ── routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Given:
    """What a route gets, if it has the community ``match``: its own preference remains without one."""

    local_pref: int | None
    match: Community = ()
    marks: tuple[Community, ...] = ()

    def to(self, rule: Rule) -> Rule:
        communities = (CommunityMatch.exactly(self.match),) if self.match else rule.communities
        return replace(rule, communities=communities, add_communities=(*rule.add_communities, *self.marks),
                       local_pref=rule.local_pref if self.local_pref is None else self.local_pref)


def _accepted_at_edge(session: Session, policy: RoutePolicy) -> Policy:
    taken = policy.taken
    if policy.graceful_shutdown:
        return _accepted(session, taken, (_Given(0, marks=(SHUTTING_DOWN,)),))
    named = (_Given(value, community, ((*_PREFERENCE, value),)) for community, value in taken.preferences)
    default = taken.local_preference
    return _accepted(session, taken, (
        *named, _Given(default, marks=() if default is None else ((*_PREFERENCE, default),))))


def _accepted(session: Session, lists: PrefixLists, given: tuple[_Given, ...]) -> Policy:
    """A rule that looks at communities already is not divided further."""
    def taken(rule: Rule) -> Iterator[Rule]:
        return (one.to(rule) for one in given if not (one.match and rule.communities))

    return _listed(session.import_policy, lists, family_of(session.peer_address), taken)


def _advertised(session: Session, policy: RoutePolicy, drain_prepends: int = 0) -> Policy:
    told, drained = policy.told, bool(policy.graceful_shutdown)
    prepends = max(told.prepend or 0, drain_prepends if drained else 0)
    marks = (*map(community_of, told.communities or ()), *((SHUTTING_DOWN,) if drained else ()))

    def sent(rule: Rule) -> Iterator[Rule]:
        marked = replace(rule, med=rule.med if told.med is None else told.med,
                         add_communities=(*rule.add_communities, *marks))
        yield longer(marked, session.local_asn, prepends)

    return _listed(session.export_policy, told, family_of(session.peer_address), sent)


def longer(rule: Rule, asn: int, times: int) -> Rule:
    return replace(rule, prepend=(*rule.prepend, *(asn,) * times)) if rule.action is Action.PERMIT else rule


def _listed(base: Policy, lists: PrefixLists, family: int, permitted: Callable[[Rule], Iterable[Rule]]) -> Policy:
    """``base`` between a customer's lists: what they deny is gone first, what they do not permit in the end. A list
    says nothing of a family that it does not name."""
    denied, allowed = _of_family(lists.deny, family), _of_family(lists.permit, family)
    first = (Rule(Action.DENY, denied, refusal=Refusal.CUSTOMER_RULE),) if denied else ()
    last = (Rule(Action.DENY, refusal=Refusal.CUSTOMER_RULE),) if allowed else ()
    return Policy((*first, *(one for rule in base.rules for one in _within(rule, allowed, permitted)), *last))


def _within(rule: Rule, allowed: tuple[PrefixMatch, ...],
            permitted: Callable[[Rule], Iterable[Rule]]) -> Iterator[Rule]:
    if rule.action is not Action.PERMIT:
        yield rule
        return
    both = met(rule.prefixes, allowed)
    if both or not (rule.prefixes and allowed):
        yield from permitted(replace(rule, prefixes=both))


def _of_family(ranges: tuple[PrefixRange, ...] | None, family: int) -> tuple[PrefixMatch, ...]:
    return tuple(PrefixMatch(one.prefix, *one.lengths) for one in ranges or () if family_of(one.prefix) == family)


def met(some: tuple[PrefixMatch, ...], others: tuple[PrefixMatch, ...]) -> tuple[PrefixMatch, ...]:
    """What both match; no list matches everything."""
    if not some or not others:
        return some or others
    return tuple(match for one in some for other in others for match in _both(one, other))


def _both(one: PrefixMatch, other: PrefixMatch) -> Iterator[PrefixMatch]:
    first, last = max(one.at_least, other.at_least), min(one.at_most, other.at_most)
    inner = one.prefix if within(one.prefix, other.prefix) else other.prefix
    if first <= last and (inner == one.prefix or within(inner, one.prefix)):
        yield PrefixMatch(inner, max(first, int(inner.partition("/")[2])), last)
