"""Route maps as policies: sequences of rules that mark a route while it is judged, and act on what is marked.

The language of policies knows no "not" and asks for one of several communities, so a map is written as a machine whose
memory is marks, large communities of the hub's own that are gone before anybody else sees the route:

    for each criterion   FAILS is added, and taken off where it holds; of a negative one the other way round
    for each rule        MATCHED is added, and taken off where a criterion FAILS or an earlier rule has ENDED the map
    for each action      done to what has MATCHED
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.bgp import Action, Community, CommunityMatch, Policy, PrefixMatch, Refusal, Rule
from trunkline.model.bgp import GATEWAY_ASN
from trunkline.model.route_map import (
    ActionType,
    Attributes,
    Criterion,
    NextStep,
    RouteAction,
    RouteMap,
    RouteMapRule,
)

#: First two parts of all marks.
_OWN = ((GATEWAY_ASN, GATEWAY_ASN), (200, 200))
_LAST = 0xFFFFFFFF
#: Third parts. Of a rule's criteria, and of what one criterion misses, there are many.
_MATCHED, _ENDED, _FAILS, _MISSES = 1, 2, 1_000, 1_000_000
_ROOM = 1_000


def mapped(base: Policy, route_map: RouteMap | None) -> Policy:
    """``base`` behind a map: what the map has made of a route is judged as any other."""
    if route_map is None or not route_map.rules:
        return base
    clean = Rule(Action.NEXT, remove_communities=(_marks(0, _LAST),))
    return Policy((clean, *(one for rule in route_map.rules for one in _judged(rule)), clean, *base.rules))


def _judged(rule: RouteMapRule) -> Iterator[Rule]:
    for number, criterion in enumerate(rule.match_criteria):
        yield from _criterion(criterion, number)
    yield _added(_MATCHED)
    yield _removed(_MATCHED, Rule(Action.NEXT, communities=(_marks(_FAILS, _MISSES - 1), _marks(_ENDED))))
    for action in rule.actions:
        for parameter in action.parameters or (Attributes(),):
            yield from _done(action, parameter)
    if rule.next_step_if_matched is NextStep.TERMINATE:
        yield _added(_ENDED, _IF_MATCHED)
    yield Rule(Action.NEXT, remove_communities=(_marks(_MATCHED), _marks(_FAILS, _LAST)))


def _mark(number: int) -> Community:
    return (_OWN[0][0], _OWN[1][0], number)


def _marks(first: int, last: int = 0) -> CommunityMatch:
    return CommunityMatch((*_OWN, (first, max(first, last))))


def _added(mark: int, to: Rule = Rule(Action.NEXT)) -> Rule:  # noqa: B008 — a frozen value
    return replace(to, add_communities=(_mark(mark),))


def _removed(mark: int, of: Rule) -> Rule:
    return replace(of, remove_communities=(_marks(mark),))


# ── criteria ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _criterion(criterion: Criterion, number: int) -> Iterator[Rule]:
    if criterion.communities and criterion.match_condition.whole:
        yield from _all_of(criterion, number)
    elif criterion.match_condition.negative:
        yield _added(_FAILS + number, _holding(criterion))
    else:
        yield _added(_FAILS + number)
        yield _removed(_FAILS + number, _holding(criterion))


def _holding(criterion: Criterion) -> Rule:
    """Matches where one of the values does."""
    whole, asns = criterion.match_condition.whole, criterion.asns
    if criterion.prefixes:
        match = PrefixMatch.exactly if whole else PrefixMatch.orlonger
        return Rule(Action.NEXT, tuple(map(match, criterion.prefixes)))
    if asns:
        return Rule(Action.NEXT, whole_path=asns) if whole else Rule(
            Action.NEXT, contains_asn=tuple((asn, asn) for asn in asns))
    return Rule(Action.NEXT, communities=tuple(map(CommunityMatch.exactly, criterion.communities)))


def _all_of(criterion: Criterion, number: int) -> Iterator[Rule]:
    """A route has these communities where it misses none; each one that is missing leaves a mark."""
    first = _MISSES + _ROOM * number
    for place, community in enumerate(criterion.communities):
        yield _added(first + place)
        yield _removed(first + place, Rule(Action.NEXT, communities=(CommunityMatch.exactly(community),)))
    missing = Rule(Action.NEXT, communities=(_marks(first, first + _ROOM - 1),))
    if criterion.match_condition.negative:
        yield _added(_FAILS + number)
        yield _removed(_FAILS + number, missing)
    else:
        yield _added(_FAILS + number, missing)


# ── actions ────────────────────────────────────────────────────────────────────────────────────────────────────────

_IF_MATCHED = Rule(Action.NEXT, communities=(_marks(_MATCHED),))


def _done(action: RouteAction, what: Attributes) -> Iterator[Rule]:
    """Prefixes are not replaced: a router that summarises would have to originate (api.resources.virtual_wan)."""
    if action.type is ActionType.DROP:
        yield replace(_IF_MATCHED, action=Action.DENY, prefixes=tuple(map(PrefixMatch.exactly, what.prefixes)),
                      remove_communities=(_marks(0, _LAST),), refusal=Refusal.ROUTE_MAP)
    elif action.type is ActionType.ADD:
        yield replace(_IF_MATCHED, add_communities=what.communities, prepend=tuple(reversed(what.asns)))
    elif action.type is ActionType.REMOVE:
        yield replace(_IF_MATCHED, remove_communities=tuple(map(CommunityMatch.exactly, what.communities)),
                      strip_asns=what.asns)
    else:
        yield from _replaced(what)


def _replaced(what: Attributes) -> Iterator[Rule]:
    """An empty list beside others that are not says nothing."""
    if what.asns or (what.empty and what.as_path is not None):
        yield replace(_IF_MATCHED, new_path=what.asns)
    if what.communities or (what.empty and what.community is not None):
        yield replace(_IF_MATCHED, strip_communities=True, add_communities=(*what.communities, _mark(_MATCHED)))
