"""Policies as one session sees them: only its direction, its address family, with groups as numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.bgp import Action, PrefixMatch, Rule, Session
from trunkline.routing.naming import family_of, group_number


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule that can match here. Empty ``prefixes``, ``groups`` or ``asns`` match everything."""

    permit: bool
    prefixes: tuple[PrefixMatch, ...] = ()
    groups: tuple[int, ...] = ()
    asns: tuple[tuple[int, int], ...] = ()
    local_pref: int | None = None
    strip: tuple[int, ...] = ()
    strip_communities: bool = False


def import_clauses(session: Session) -> tuple[Clause, ...]:
    """A session's group is known while rendering, so rules of other groups vanish."""
    rules = (rule for rule in session.import_policy.rules if not rule.groups or session.group in rule.groups)
    return _clauses(tuple(rules), session, grouped=False)


def export_clauses(session: Session) -> tuple[Clause, ...]:
    return _clauses(session.export_policy.rules, session, grouped=True)


def _clauses(rules: tuple[Rule, ...], session: Session, *, grouped: bool) -> tuple[Clause, ...]:
    family = family_of(session.peer_address)
    clauses = []
    for rule in rules:
        prefixes = tuple(match for match in rule.prefixes if family_of(match.prefix) == family)
        if rule.prefixes and not prefixes:
            continue  # speaks of the other family only
        groups = tuple(sorted(group_number(group) for group in rule.groups)) if grouped else ()
        clauses.append(Clause(rule.action is Action.PERMIT, prefixes, groups, rule.contains_asn,
                              rule.local_pref, rule.strip_asns, rule.strip_communities))
    return tuple(clauses)
