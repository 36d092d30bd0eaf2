"""What a policy makes of a route: the same answer that the daemons' compiled filters give. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trunkline.intent.bgp.observed import RibEntry
from trunkline.intent.bgp.policy import Action, Community, CommunityMatch, Policy, PrefixMatch, Refusal, Rule, Validity
from trunkline.intent.bgp.reasons import words
from trunkline.intent.bgp.router import Session
from trunkline.model.bgp import network, within


@dataclass(frozen=True, slots=True)
class Verdict:
    """``entry``: the route as the rules left it, also where they refused it in the end. ``rule``: the index of the rule
    that decided; None if none did. ``next_hop``: told to the peer instead of what the session would tell."""

    entry: RibEntry
    refusal: Refusal | None = None
    rule: int | None = None
    next_hop: str = ""

    @property
    def permitted(self) -> bool:
        return self.refusal is None

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        by = "" if self.rule is None else f"rule {self.rule + 1}: "
        return f"{by}permitted" if self.refusal is None else f"{by}refused, {words(self.refusal)}"


def received(session: Session, heard: RibEntry) -> Verdict:
    """A route that the peer of a session has sent: what the protocol refuses, then the import policy. A path with our
    own number is gone before any policy sees it (RFC 4271, 9.1.2)."""
    external = session.local_asn != session.peer_asn
    if session.local_asn in heard.as_path:
        return Verdict(heard, Refusal.PATH_LOOP)
    if external and session.enforce_first_as and first_asn(heard) != session.peer_asn:
        return Verdict(heard, Refusal.WRONG_FIRST_AS)
    return evaluate(session.import_policy, heard, session.group, session.peer_address)


def evaluate(policy: Policy, entry: RibEntry, group: str, peer: str = "") -> Verdict:
    """``group`` is what the route was learned from, ``peer`` the address of the speaker that told it."""
    hop = ""
    for index, rule in enumerate(policy.rules):
        if not matches(rule, entry, group, peer):
            continue
        if rule.action is Action.DENY:
            marked = replace(entry, communities=tuple(_communities(rule, entry)), refusal=rule.refusal)
            return Verdict(marked, rule.refusal, index)
        entry, hop = applied(rule, entry), rule.next_hop or hop
        if rule.action is Action.PERMIT:
            return Verdict(entry, None, index, hop)
    return Verdict(replace(entry, refusal=Refusal.NO_RULE), Refusal.NO_RULE)


def applied(rule: Rule, entry: RibEntry) -> RibEntry:
    """What a rule that does not deny makes of a route."""
    if rule.new_path is not None:
        entry = replace(entry, as_path=rule.new_path, as_sets=0)
    path = tuple(asn for asn in entry.as_path if not _is_stripped(rule, asn))
    in_set = sum(not _is_stripped(rule, asn) for asn in entry.as_path[len(entry.as_path) - entry.as_sets:])
    repeated = path[:1] * rule.repeat_first if len(path) > in_set else ()
    return replace(
        entry, local_pref=entry.local_pref if rule.local_pref is None else rule.local_pref,
        med=entry.med if rule.med is None else rule.med,
        as_path=(*reversed(rule.prepend), *repeated, *path), as_sets=in_set,
        communities=tuple(_communities(rule, entry)), next_hop=rule.next_hop or entry.next_hop)


def _is_stripped(rule: Rule, asn: int) -> bool:
    return asn in rule.strip_asns or any(first <= asn <= last for first, last in rule.strip_ranges)


def _communities(rule: Rule, entry: RibEntry) -> Iterator[Community]:
    kept = () if rule.strip_communities else tuple(
        one for one in entry.communities if not any(_is_of(match, one) for match in rule.remove_communities))
    yield from dict.fromkeys((*kept, *rule.add_communities))


def matches(rule: Rule, entry: RibEntry, group: str, peer: str = "") -> bool:
    return (
        (not rule.prefixes or any(_covers(match, entry.prefix) for match in rule.prefixes))
        and (not rule.groups or group in rule.groups)
        and _path_matches(rule, entry)
        and (not rule.communities or any(
            _is_of(match, one) for match in rule.communities for one in entry.communities))
        and (not rule.validity or (entry.validity or Validity.BLIND) in rule.validity)
        and (not rule.foreign_next_hop or entry.next_hop != peer))


def _path_matches(rule: Rule, entry: RibEntry) -> bool:
    return (
        (not rule.contains_asn or any(_in(rule.contains_asn, asn) for asn in entry.as_path))
        and (not rule.origin_asn or _in(rule.origin_asn, origin_asn(entry)))
        and (rule.whole_path is None or (entry.as_path == rule.whole_path and not entry.as_sets))
        and (rule.longer_than is None or path_length(entry) > rule.longer_than)
        and (not rule.as_set or bool(entry.as_sets)))


def path_length(entry: RibEntry) -> int:
    """RFC 4271, 9.1.2.2: an AS_SET counts as one."""
    return len(entry.as_path) - max(entry.as_sets - 1, 0)


def origin_asn(entry: RibEntry) -> int:
    """RFC 6811, section 2: zero (nobody's number, RFC 7607) where the path is empty or ends with an AS_SET."""
    return entry.as_path[-1] if entry.as_path and not entry.as_sets else 0


def first_asn(entry: RibEntry) -> int:
    """Zero where the path is empty or begins with an AS_SET."""
    return entry.as_path[0] if len(entry.as_path) > entry.as_sets else 0


def _in(ranges: tuple[tuple[int, int], ...], asn: int) -> bool:
    return any(first <= asn <= last for first, last in ranges)


def _is_of(match: CommunityMatch, community: Community) -> bool:
    return len(match.parts) == len(community) and all(
        first <= part <= last for (first, last), part in zip(match.parts, community, strict=True))


def _covers(match: PrefixMatch, prefix: str) -> bool:
    return match.at_least <= network(prefix).prefixlen <= match.at_most and within(prefix, match.prefix)
