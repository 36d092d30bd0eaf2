"""A policy in BIRD's filter language. Pure.

Beside ``tl_group`` a route may carry ``tl_validity`` (what origin validation says of it, in routers that ask) and, when
it was refused, ``tl_refusal``: BIRD keeps filtered routes as their filter left them. A filtered route without
``tl_group`` met the check of its first AS, one without ``tl_refusal`` no rule, or one that gives no reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network

from trunkline.intent.bgp import Action, Community, CommunityMatch, PrefixMatch, Refusal, Rule, Session, Validity
from trunkline.intent.bgp.reasons import number_of
from trunkline.model.bgp import family_of
from trunkline.model.vrp import SENTINELS
from trunkline.routing.naming import group_number
from trunkline.routing.policy import Clause, export_clauses, import_clauses

#: Without communities of any kind (RFC 1997, 4360, 8092).
_BARE = ("unset(bgp_community)", "unset(bgp_ext_community)", "unset(bgp_large_community)")
_NO_PATH = "bgp_path = +empty+"
#: As many tree nodes may a set of pairs have: BIRD makes one for each value of the first part.
_MOST_PAIRS = 64
_WIDEST = {2: (1 << 16) - 1, 3: (1 << 32) - 1}
#: By the number of a community's parts: its attribute, BIRD's type, and how the parts of one are called.
_ATTRIBUTE = {2: "bgp_community", 3: "bgp_large_community"}
_TYPE = {2: "pair", 3: "lc"}
_PARTS = {2: ("asn", "data"), 3: ("asn", "data1", "data2")}
VALIDITIES = tuple(Validity)
#: A path that ends with a set has no last number; one with a set elsewhere ends with another number than its part
#: before the set, or does once equal numbers are taken off its end.
_AS_SET = ("function tl_as_set() bgppath rest; { rest = bgp_path; for int one in bgp_path do { "
           "if rest.len = 0 then return false; "
           "if rest.last = 0 || rest.last != rest.last_nonaggregated then return true; "
           "rest = delete(rest, rest.last); } return false; }")


def imports(session: Session, *, validated: bool) -> tuple[str, ...]:
    """Statements of the import filter; what they do not accept is rejected."""
    first = f"if bgp_path.first != {session.peer_asn} then reject;"
    external = session.local_asn != session.peer_asn
    return (
        *((first,) if external and session.enforce_first_as else ()),
        f"tl_group = {group_number(session.group)};",
        *(_validate(family_of(session.peer_address)) if validated else ()),
        *(line for clause in import_clauses(session, validated=validated) for line in _statements(clause, validated)))


def exports(session: Session, *, validated: bool) -> tuple[str, ...]:
    clauses = export_clauses(session, validated=validated)
    return tuple(line for clause in clauses for line in _statements(clause, validated))


def _validate(family: int) -> Iterator[str]:
    """Every route is looked up once. Without the sentinel the table is empty, or not ours: nobody knows anything."""
    table, sentinel = f"'tl.roa{family}'", SENTINELS[0 if family == 4 else 1]
    yield f"tl_validity = {VALIDITIES.index(Validity.BLIND)};"
    yield f"if roa_check({table}, {sentinel.prefix}, {sentinel.asn}) = ROA_VALID then"
    yield f"  case roa_check({table}, net, bgp_path.last) {{"
    yield f"    ROA_VALID: tl_validity = {VALIDITIES.index(Validity.VALID)};"
    yield f"    ROA_INVALID: tl_validity = {VALIDITIES.index(Validity.INVALID)};"
    yield f"    else: tl_validity = {VALIDITIES.index(Validity.NOT_FOUND)};"
    yield "  }"


def _statements(clause: Clause, validated: bool) -> Iterator[str]:
    ends = {Action.PERMIT: ("accept",), Action.DENY: ("reject",), Action.NEXT: ()}[clause.action]
    body = "".join(f"{action}; " for action in (*_actions(clause), *ends))
    conditions = tuple(_conditions(clause, validated))
    yield f"if {' && '.join(conditions)} then {{ {body}}}" if conditions else body.rstrip()


def _conditions(clause: Clause, validated: bool) -> Iterator[str]:
    rule = clause.rule
    if clause.prefixes:
        yield f"net ~ [{', '.join(map(_prefix, clause.prefixes))}]"
    if clause.groups:
        yield f"tl_group ~ [{', '.join(map(str, clause.groups))}]"
    yield from _path_conditions(rule)
    if rule.communities:
        yield _either(rule.communities)
    if rule.validity and validated:
        yield f"tl_validity ~ [{', '.join(str(VALIDITIES.index(one)) for one in sorted(rule.validity))}]"
    if rule.foreign_next_hop:
        yield "bgp_next_hop != from"


def _path_conditions(rule: Rule) -> Iterator[str]:
    if rule.contains_asn:
        yield f"bgp_path ~ [{_ranges(rule.contains_asn)}]"
    if rule.origin_asn:
        yield f"bgp_path.last ~ [{_ranges(rule.origin_asn)}]"
    if rule.whole_path is not None:
        yield f"bgp_path ~ [= {' '.join(map(str, rule.whole_path))} =]" if rule.whole_path else "bgp_path.len = 0"
    if rule.longer_than is not None:
        yield f"bgp_path.len > {rule.longer_than}"
    if rule.as_set:
        yield "tl_as_set()"


def _actions(clause: Clause) -> tuple[str, ...]:
    rule = clause.rule
    marks = (*(_BARE if rule.strip_communities else ()), *_removals(rule.remove_communities),
             *map(adding, rule.add_communities))
    if clause.action is Action.DENY:
        why = () if rule.refusal is Refusal.NO_RULE else (f"tl_refusal = {number_of(rule.refusal)}",)
        return (*marks, *why)
    return (
        *((f"bgp_local_pref = {rule.local_pref}",) if rule.local_pref is not None else ()),
        *((f"bgp_med = {rule.med}",) if rule.med is not None else ()),
        *((_NO_PATH, *_prepended(reversed(rule.new_path))) if rule.new_path is not None else ()),
        *((f"bgp_path.delete([{', '.join(_stripped(rule))}])",) if rule.strip_asns or rule.strip_ranges else ()),
        *marks,
        *(("if bgp_path.first > 0 then bgp_path.prepend(bgp_path.first)",) * rule.repeat_first),
        *_prepended(rule.prepend),
        *((f"bgp_next_hop = {ip_address(rule.next_hop)}",) if rule.next_hop else ()),
    )


def _stripped(rule: Rule) -> Iterator[str]:
    yield from map(str, rule.strip_asns)
    yield from (f"{first}..{last}" for first, last in rule.strip_ranges)


def _prepended(asns: Iterable[int]) -> Iterator[str]:
    return (f"bgp_path.prepend({asn})" for asn in asns)


def _either(wanted: Iterable[CommunityMatch]) -> str:
    """A community of any of these; those that a set can hold are asked in one."""
    texts = [f"{_ATTRIBUTE[parts]} ~ [{', '.join(sets)}]" for parts, sets in _sets(wanted)]
    texts += [f"{_function_name(match)}()" for match in _unset(wanted)]
    return texts[0] if len(texts) == 1 else f"({' || '.join(texts)})"


def _removals(unwanted: tuple[CommunityMatch, ...]) -> Iterator[str]:
    for parts, sets in _sets(unwanted):
        yield f"{_ATTRIBUTE[parts]}.delete([{', '.join(sets)}])"
    for match in _unset(unwanted):
        parts = len(match.parts)
        yield (f"for {_TYPE[parts]} one in {_ATTRIBUTE[parts]} do "
               f"if {_test(match)} then {_ATTRIBUTE[parts]}.delete(one)")


def _sets(matches: Iterable[CommunityMatch]) -> Iterator[tuple[int, list[str]]]:
    known = list(matches)
    for parts in (2, 3):
        texts = [text for match in known if len(match.parts) == parts and (text := _as_set_item(match))]
        if texts:
            yield parts, texts


def _unset(matches: Iterable[CommunityMatch]) -> list[CommunityMatch]:
    return [match for match in matches if not _as_set_item(match)]


def _as_set_item(match: CommunityMatch) -> str:
    """BIRD's sets hold what is one stretch in order: exact parts, a range, and all that may follow; and any pairs, as
    one stretch for each value of the first. Empty for what they do not hold."""
    parts = len(match.parts)
    first_wide = next((place for place, (first, last) in enumerate(match.parts) if last > first), parts)
    stretch = all(part == (0, _WIDEST[parts]) for part in match.parts[first_wide + 1:])
    few = parts == 2 and match.parts[0][1] - match.parts[0][0] < _MOST_PAIRS
    if not stretch and not few:
        return ""
    return f"({', '.join(_part(first, last, parts) for first, last in match.parts)})"


def _part(first: int, last: int, parts: int) -> str:
    if (first, last) == (0, _WIDEST[parts]):
        return "*"
    return str(first) if first == last else f"{first}..{last}"


def adding(community: Community) -> str:
    return f"{_ATTRIBUTE[len(community)]}.add(({', '.join(map(str, community))}))"


def functions(sessions: Iterable[Session]) -> tuple[str, ...]:
    """What the filters call, each once."""
    rules = [rule for one in sessions for policy in (one.import_policy, one.export_policy) for rule in policy.rules]
    asked = dict.fromkeys(match for rule in rules for match in _unset(rule.communities))
    return (*((_AS_SET,) if any(rule.as_set for rule in rules) else ()), *(_function(match) for match in asked))


def _function(match: CommunityMatch) -> str:
    parts = len(match.parts)
    return (f"function {_function_name(match)}() {{ for {_TYPE[parts]} one in {_ATTRIBUTE[parts]} do "
            f"if {_test(match)} then return true; return false; }}")


def _function_name(match: CommunityMatch) -> str:
    return "tl_has_" + "_".join(f"{first}_{last}" for first, last in match.parts)


def refuses(sessions: Iterable[Session]) -> bool:
    """Whether some filter tells why it refuses."""
    return any(rule.action is Action.DENY and rule.refusal is not Refusal.NO_RULE
               for one in sessions for policy in (one.import_policy, one.export_policy) for rule in policy.rules)


def refuses_loops(session: Session) -> bool:
    """Whether a rule refuses our own number in a path, with its reason."""
    return any(rule.action is Action.DENY and rule.refusal is Refusal.PATH_LOOP for rule in session.import_policy.rules)


def _test(match: CommunityMatch) -> str:
    named = zip(_PARTS[len(match.parts)], match.parts, strict=True)
    return " && ".join(f"one.{name} ~ [{first}..{last}]" for name, (first, last) in named)


def _ranges(ranges: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"{first}..{last}" for first, last in ranges)


def _prefix(match: PrefixMatch) -> str:
    return f"{ip_network(match.prefix)}{{{match.at_least},{match.at_most}}}"
