"""Policies as one session sees them: only its direction, its address family, with groups as numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trunkline.errors import Unsupported
from trunkline.intent.bgp import Action, PrefixMatch, Rule, Session, Validity
from trunkline.model.bgp import family_of
from trunkline.routing.naming import group_number


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule that can match here. Empty ``prefixes`` and ``groups`` match everything; all else stands in ``rule``."""

    action: Action
    prefixes: tuple[PrefixMatch, ...] = ()
    groups: tuple[int, ...] = ()
    rule: Rule = field(default_factory=lambda: Rule(Action.DENY))


def import_clauses(session: Session, *, validated: bool = False) -> tuple[Clause, ...]:
    """A session's group is known while rendering, so rules of other groups vanish; so do rules of validity where the
    router has no source of it, unless they speak of just that."""
    rules = (rule for rule in session.import_policy.rules if not rule.groups or session.group in rule.groups)
    return tuple(_clauses(rules, session, grouped=False, validated=validated))


def export_clauses(session: Session, *, validated: bool = False) -> tuple[Clause, ...]:
    for rule in session.export_policy.rules:
        if rule.foreign_next_hop:
            raise Unsupported(f"session {session.name}: a next hop is foreign where a route comes in; ask in the "
                              "import policy")
    return tuple(_clauses(session.export_policy.rules, session, grouped=True, validated=validated))


def _clauses(rules: Iterable[Rule], session: Session, *, grouped: bool, validated: bool) -> Iterator[Clause]:
    family = family_of(session.peer_address)
    for rule in rules:
        prefixes = tuple(match for match in rule.prefixes if family_of(match.prefix) == family)
        if rule.prefixes and not prefixes:
            continue  # speaks of the other family only
        if rule.validity and not validated and Validity.BLIND not in rule.validity:
            continue
        groups = tuple(sorted(group_number(group) for group in rule.groups)) if grouped else ()
        yield Clause(rule.action, prefixes, groups, rule)
