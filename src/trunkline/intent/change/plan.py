"""A plan: resources before and after, and what each change, field by field, does to what runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from trunkline.errors import TrunklineError
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.change.classes import LONGEST_OUTAGE_S, ChangeClass, worst
from trunkline.intent.change.effects import Effect, Fate, Pair, effects
from trunkline.intent.change.fields import TAGS, Field, differing, with_field
from trunkline.intent.compile import compile
from trunkline.intent.dependency import touched
from trunkline.intent.estate import Edited, Estate, Remembered
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource

#: What a resource with one field changed may make of a compiler that knows only whole wishes.
_HALF_A_WISH = (TrunklineError, ValueError, KeyError, TypeError, AttributeError)


class Deed(StrEnum):
    """ARM's words of a what-if."""

    CREATE = "Create"
    MODIFY = "Modify"
    DELETE = "Delete"
    NONE = "NoChange"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a change is felt by. ``effects`` without those that feel nothing."""

    cost: ChangeClass
    effects: tuple[Effect, ...] = ()

    @property
    def interrupted(self) -> tuple[Scope, ...]:
        """Legs on which a session closes, or an interface goes."""
        return tuple(sorted({one.leg for one in self.effects if one.leg and one.cost.interrupts}))

    @property
    def legs(self) -> tuple[Scope, ...]:
        return tuple(sorted({one.leg for one in self.effects if one.leg}))

    @property
    def other_leg_carries(self) -> bool:
        """Whether every circuit that is interrupted keeps a leg that is not. Hosts know no other router than those of
        their site: while the daemon of one is replaced it forwards nothing."""
        hit = self.interrupted
        if any(one.is_router and one.scope.kind is ScopeKind.SITE and one.cost.interrupts for one in self.effects):
            return False
        return bool(hit) and all(len({leg.leg for leg in hit if leg.key == one.key}) < len(Leg) for one in hit)

    @property
    def outage_s(self) -> float:
        """The longest to be expected, in seconds."""
        return 0 if not self.cost.interrupts or self.other_leg_carries else LONGEST_OUTAGE_S[self.cost]

    def sessions(self, leg: Scope) -> tuple[str, ...]:
        return tuple(sorted({one.session for one in self.effects if one.session and one.leg == leg}))


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: Field
    touch: Touch


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """``touch``: of all its fields together."""

    resource: Resource
    deed: Deed
    touch: Touch
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """``old``: none of what is new; ``new`` may be deleting."""

    old: Resource | None
    new: Resource


def plan(before: Estate, edits: Sequence[Edit], profile: Profile) -> tuple[ResourceChange, ...]:
    """In the order in which they are made; each is seen with those before it made."""
    made: list[Resource] = []
    rows = []
    running = _Compiled(Remembered(before), profile)
    for edit in edits:
        rows.append(_Judge(_Compiled(Remembered(Edited(before, made)), profile), running).judge(edit))
        made.append(edit.new)
    return tuple(rows)


class _Compiled:
    """Blueprints of one estate, each made once."""

    def __init__(self, estate: Estate, profile: Profile) -> None:
        self.estate, self.profile = estate, profile
        self._known: dict[Scope, Blueprint] = {}

    def __getitem__(self, scope: Scope) -> Blueprint:
        if scope not in self._known:
            self._known[scope] = compile(scope, self.estate, self.profile)
        return self._known[scope]


class _Judge:
    """``running``: what there is before anything of the plan is made; what only the plan makes feels nothing."""

    def __init__(self, before: _Compiled, running: _Compiled) -> None:
        self._before, self._running = before, running

    def judge(self, edit: Edit) -> ResourceChange:
        if edit.old is None:
            return ResourceChange(edit.new, Deed.CREATE, self._touch(edit, edit.new))
        if edit.new.deleting:
            return ResourceChange(edit.new, Deed.DELETE, self._touch(edit, edit.new))
        found = differing(edit.old, edit.new)
        if not found:
            return ResourceChange(edit.new, Deed.NONE, Touch(ChangeClass.NONE))
        whole = self._touch(edit, edit.new)
        rows = tuple(FieldChange(field, self._alone(edit, field, whole, only=len(found) == 1)) for field in found)
        return ResourceChange(edit.new, Deed.MODIFY, whole, rows)

    def _alone(self, edit: Edit, field: Field, whole: Touch, only: bool) -> Touch:
        """What a field costs by itself; where half of a wish means nothing, as much as all of it."""
        if field.path[0] == TAGS or edit.old is None:
            return Touch(ChangeClass.NONE)
        if only:
            return whole
        try:
            return self._touch(edit, replace(with_field(edit.old, field), system=edit.new.system))
        except _HALF_A_WISH:
            return whole

    def _touch(self, edit: Edit, new: Resource) -> Touch:
        before = self._before
        after = Remembered(Edited(before.estate, (new,)))
        scopes = touched(new, after) | (touched(edit.old, before.estate) if edit.old else frozenset())
        pairs = [Pair(before[scope], compile(scope, after, before.profile)) for scope in sorted(scopes)]
        found = tuple(map(self._felt, effects(pairs)))
        return Touch(worst(one.cost for one in found), found)

    def _felt(self, effect: Effect) -> Effect:
        there = effect.harm or effect.node in self._running[effect.scope].leans_on
        return effect if there else replace(effect, fate=Fate.ADDED, cost=ChangeClass.HITLESS)


def worst_of(rows: Iterable[ResourceChange]) -> ChangeClass:
    return worst(row.touch.cost for row in rows)
