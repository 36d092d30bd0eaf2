"""A policy as FRR's route maps and the lists that they match. Pure.

Each route carries the number of the group it was learned from as its tag; bgpd never sends tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import product

from trunkline.errors import Unsupported
from trunkline.intent.bgp import Action, Community, CommunityMatch, PrefixMatch, Rule, Session
from trunkline.model.bgp import family_of
from trunkline.routing.frr.ranges import patterns
from trunkline.routing.naming import group_number, identifier
from trunkline.routing.policy import Clause, export_clauses, import_clauses

_WORD = {2: "community", 3: "large-community"}
_REMOVE = {2: "comm-list", 3: "large-comm-list"}
_WIDEST = {2: (1 << 16) - 1, 3: (1 << 32) - 1}
#: FRR compares communities as text, and writes these by name.
NAMED = {
    (65535, 0): "graceful-shutdown", (65535, 1): "accept-own", (65535, 2): "route-filter-translated-v4",
    (65535, 3): "route-filter-v4", (65535, 4): "route-filter-translated-v6", (65535, 5): "route-filter-v6",
    (65535, 6): "llgr-stale", (65535, 7): "no-llgr", (65535, 8): "accept-own-nexthop", (65535, 666): "blackhole",
    (65535, 65281): "no-export", (65535, 65282): "no-advertise", (65535, 65283): "local-AS", (65535, 65284): "no-peer",
}


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of a route map."""

    name: str
    action: str
    sequence: int
    lines: tuple[str, ...]


Part = tuple[tuple[str, ...], EntryView]
#: Lists, and the ``match`` and ``set`` lines that use them.
_Lines = tuple[tuple[str, ...], tuple[str, ...]]


def maps(session: Session) -> Iterator[Part]:
    """Route maps of a session, each entry with the lists it matches. Entries without match permit nothing alone: a
    map that ends rejects, as RFC 8212 wants."""
    for rule in (*session.import_policy.rules, *session.export_policy.rules):
        if rule.new_path is not None:
            raise Unsupported(f"session {session.name}: FRR 8 cannot replace a whole AS path; run BIRD")
        if rule.validity:
            raise Unsupported(f"session {session.name}: this machine's FRR has no module for origin validation; run "
                              "BIRD")
    name, tag = identifier(session.name), f"set tag {group_number(session.group)}"
    yield from _map(f"{name}-import", import_clauses(session), session, tag)
    yield from _map(f"{name}-export", export_clauses(session), session, "")


def _map(name: str, clauses: tuple[Clause, ...], session: Session, tag: str) -> Iterator[Part]:
    """``match tag`` takes one tag: a clause for several groups becomes as many entries. Where a route may go on past
    an entry that permits, the end must say that it is refused."""
    sequence = 0
    for clause in clauses:
        for group in clause.groups or (0,):
            sequence += 10
            own = f"{name}-{sequence}"
            lists, matches = _matches(own, clause, session)
            grouped = (f"match tag {group}",) if group else ()
            more, sets = _does(own, clause, tag)
            yield (*lists, *more), EntryView(
                name, "deny" if clause.action is Action.DENY else "permit", sequence, (*matches, *grouped, *sets))
    if not clauses:  # a map that does not exist would be an error to FRR, not a refusal
        yield (), EntryView(name, "deny", 10, ())
    elif any(clause.action is Action.NEXT for clause in clauses):
        yield (), EntryView(name, "deny", sequence + 10, ())


def _matches(name: str, clause: Clause, session: Session) -> _Lines:
    rule, family = clause.rule, family_of(session.peer_address)
    word = "ip" if family == 4 else "ipv6"
    prefixes = tuple(f"{word} prefix-list {name} seq {5 * number} permit {prefix}"
                     for number, prefix in enumerate(dict.fromkeys(map(_prefix, clause.prefixes)), 1))
    parts = [(prefixes, (f"match {word} address prefix-list {name}",) if prefixes else ()),
             *_path_lists(name, rule), *_community_matches(name, rule)]
    if rule.foreign_next_hop:
        parts.append(_foreign(f"{name}-hop", word, session))
    return tuple(line for lists, _ in parts for line in lists), tuple(line for _, some in parts for line in some)


def _foreign(name: str, word: str, session: Session) -> _Lines:
    peer, everything = ip_address(session.peer_address), "0.0.0.0/0 le 32" if word == "ip" else "::/0 le 128"
    return ((f"{word} prefix-list {name} seq 5 deny {ip_network(peer)}",
             f"{word} prefix-list {name} seq 10 permit {everything}"),
            (f"match {word} next-hop prefix-list {name}",))


def _path_lists(name: str, rule: Rule) -> Iterator[_Lines]:
    """FRR matches one list of expressions on an AS path, so one question only. Paths are text: numbers in order, an
    AS_SET in braces as one word. A line that says again what another says is no line to FRR, of lists of all kinds."""
    asked = [regexes for regexes in (
        [f"_{one}_" for one in _numbers(rule.contains_asn)],
        [f"_{one}$" for one in _numbers(rule.origin_asn)] + _nobody(rule.origin_asn),
        [f"^{' '.join(map(str, rule.whole_path))}$"] if rule.whole_path is not None else [],
        [f"^[^ ]+( [^ ]+){{{rule.longer_than}}}"] if rule.longer_than else [],
        ["."] if rule.longer_than == 0 else [],
        ["[{]"] if rule.as_set else [],
    ) if regexes]
    if len(asked) > 1:
        raise Unsupported("FRR asks one question about an AS path; give a rule one of contains_asn, origin_asn, "
                          "whole_path, longer_than and as_set, or run BIRD")
    for regexes in asked:
        yield tuple(f"bgp as-path access-list {name} seq {5 * number} permit {regex}"
                    for number, regex in enumerate(dict.fromkeys(regexes), 1)), (f"match as-path {name}",)


def _numbers(ranges: Iterable[tuple[int, int]]) -> list[str]:
    return [text for first, last in ranges for text in patterns(first, last)]


def _nobody(ranges: Iterable[tuple[int, int]]) -> list[str]:
    """Zero is the origin of a path that is empty or ends with an AS_SET."""
    return ["^$", "[}]$"] if any(first == 0 for first, _ in ranges) else []


def _community_matches(name: str, rule: Rule) -> Iterator[_Lines]:
    sizes = {len(match.parts) for match in rule.communities}
    if len(sizes) > 1:
        raise Unsupported("FRR asks for communities or for large communities; give a rule those of one kind, or run "
                          "BIRD")
    for parts in sizes:
        yield _community_list(name, parts, rule.communities), (f"match {_WORD[parts]} {name}",)


def _community_list(name: str, parts: int, matches: Iterable[CommunityMatch]) -> tuple[str, ...]:
    regexes = [text for match in matches for text in _community_regexes(match)]
    return tuple(f"bgp {_WORD[parts]}-list expanded {name} seq {5 * number} permit {regex}"
                 for number, regex in enumerate(dict.fromkeys(regexes), 1))


def _community_regexes(match: CommunityMatch) -> Iterator[str]:
    widest = _WIDEST[len(match.parts)]
    choices = [("[0-9]+",) if part == (0, widest) else patterns(*part) for part in match.parts]
    yield from (f"_{':'.join(parts)}_" for parts in product(*choices))
    yield from (f"_{name}_" for community, name in NAMED.items() if len(match.parts) == 2 and all(
        first <= part <= last for (first, last), part in zip(match.parts, community, strict=True)))


def _does(name: str, clause: Clause, tag: str) -> _Lines:
    """FRR does what an entry sets in the order in which it was told. A route that it refuses stays as it was heard, so
    an entry that denies sets nothing."""
    if clause.action is Action.DENY:
        return (), ()
    rule, removed = clause.rule, f"{name}-removed"
    if rule.strip_ranges:
        raise Unsupported("FRR takes no ranges of AS numbers out of a path; name each in strip_asns, or run BIRD")
    if rule.repeat_first and rule.prepend:
        raise Unsupported("FRR prepends given AS numbers or repeats the first; give a rule one of prepend and "
                          "repeat_first, or run BIRD")
    sizes = () if rule.strip_communities else sorted({len(match.parts) for match in rule.remove_communities})
    lists = tuple(line for parts in sizes for line in _community_list(
        removed, parts, [match for match in rule.remove_communities if len(match.parts) == parts]))
    sets = (
        *((f"set local-preference {rule.local_pref}",) if rule.local_pref is not None else ()),
        *((f"set metric {rule.med}",) if rule.med is not None else ()),
        *((f"set as-path exclude {' '.join(map(str, rule.strip_asns))}",) if rule.strip_asns else ()),
        *(f"set {_REMOVE[parts]} {removed} delete" for parts in sizes),
        *(_instead(rule.add_communities) if rule.strip_communities else adding(rule.add_communities)),
        *((f"set as-path prepend last-as {rule.repeat_first}",) if rule.repeat_first else ()),
        *((f"set as-path prepend {' '.join(map(str, reversed(rule.prepend)))}",) if rule.prepend else ()),
        *((_next_hop(rule.next_hop),) if rule.next_hop else ()),
    )
    goes_on = ("on-match next",) if clause.action is Action.NEXT else ()
    return lists, (*sets, *((tag,) if tag else ()), *goes_on)


def adding(communities: Iterable[Community]) -> Iterator[str]:
    known = list(communities)
    yield from (f"set {_WORD[parts]} {texts} additive" for parts in (2, 3) if (texts := _texts(known, parts)))


def _instead(communities: Iterable[Community]) -> Iterator[str]:
    """These and none else of any kind (RFC 1997, 8092, 4360); a second line of a kind would take the first one's
    place."""
    known = list(communities)
    yield from (f"set {_WORD[parts]} {_texts(known, parts) or 'none'}" for parts in (2, 3))
    yield "set extcommunity none"


def _texts(communities: Iterable[Community], parts: int) -> str:
    return " ".join(":".join(map(str, one)) for one in communities if len(one) == parts)


def _next_hop(address: str) -> str:
    return f"set ipv6 next-hop global {address}" if ":" in address else f"set ip next-hop {address}"


def _prefix(match: PrefixMatch) -> str:
    """FRR takes bounds only beyond the prefix's own length."""
    network = ip_network(match.prefix)
    lower = f" ge {match.at_least}" if match.at_least > network.prefixlen else ""
    upper = f" le {match.at_most}" if match.at_most > network.prefixlen else ""
    return f"{network}{lower}{upper}"
