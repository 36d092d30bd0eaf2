"""Two sets of blueprints compared: what is touched, how much it feels, and on which leg of which circuit that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trunkline.intent.bgp import Session
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.change.classes import ChangeClass, worst
from trunkline.intent.change.retagging import retagged
from trunkline.intent.change.rules import HARM, Item, cost, cost_of_coming, cost_of_going, differing
from trunkline.intent.network import CrossConnect, Link, Piece, Port, Sentry, Tunnel
from trunkline.intent.scope import Scope, ScopeKind

#: What a daemon is called as a whole.
_ROUTER = "router"
#: An interface: node and name.
End = tuple[str, str]


class Fate(StrEnum):
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"  #: it goes, and another comes in its place


@dataclass(frozen=True, slots=True)
class Effect:
    """``leg``: the scope of the leg that it lies on, if it does. ``session``: of a session, its name. ``harm``: it is
    made to be felt."""

    scope: Scope
    node: str
    what: str
    fate: Fate
    cost: ChangeClass
    members: tuple[str, ...] = ()
    session: str = ""
    leg: Scope | None = None
    harm: bool = False

    @property
    def is_router(self) -> bool:
        return self.what == _ROUTER


@dataclass(frozen=True, slots=True)
class Pair:
    """One scope before and after."""

    old: Blueprint
    new: Blueprint


def effects(pairs: Iterable[Pair]) -> tuple[Effect, ...]:
    """Of a change that may reach over many scopes at once."""
    known = tuple(pairs)
    places = _Places.of(known)
    pieces = [effect for pair in known for effect in _of_pieces(pair, places)]
    anew = frozenset(end for found in pieces for end in found.ends if found.effect.fate is not Fate.ADDED
                     and found.effect.cost is ChangeClass.RECREATE)
    sessions = [effect for pair in known for effect in _of_routers(pair, places, anew)]
    return (*(found.effect for found in pieces), *_at_both_ends(sessions, known, places))


@dataclass(frozen=True, slots=True)
class _Speaks:
    """One end of a session."""

    scope: Scope
    node: str
    session: str

    def touched(self, other: Effect) -> Effect:
        return Effect(self.scope, self.node, f"session {self.session}", Fate.CHANGED, other.cost, (), self.session,
                      other.leg)


def _at_both_ends(found: Iterable[Effect], pairs: tuple[Pair, ...], places: _Places) -> tuple[Effect, ...]:
    """What closes a session at one end closes it at the other, if that is ours."""
    ends = {(places.leg(half.scope, ((router.node, one.interface),)) or half.scope, one.local_address,
             one.peer_address): _Speaks(half.scope, router.node, one.name)
            for pair in pairs for half in (pair.old, pair.new) for router in half.routers for one in router.sessions}
    known = {(effect.node, effect.session): effect for effect in found}
    for (where, local, peer), near in ends.items():
        effect, far = known.get((near.node, near.session)), ends.get((where, peer, local))
        if far and effect and effect.cost.interrupts:
            held = known.get((far.node, far.session))
            if not held or not held.cost.interrupts:
                known[far.node, far.session] = far.touched(effect)
    return tuple(known.values())


# ── where things are ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Places:
    """``legs``: of an interface, the leg whose traffic it carries. ``attached``: the VRF's interface, by attachment."""

    legs: Mapping[End, Scope] = field(default_factory=dict)
    attached: Mapping[str, End] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: tuple[Pair, ...]) -> _Places:
        legs: dict[End, Scope] = {}
        attached: dict[str, End] = {}
        tunnels: dict[int, Scope] = {}
        pieces = [(half.scope, piece) for pair in pairs for half in (pair.old, pair.new) for piece in half.pieces]
        for scope, piece in pieces:
            if scope.kind is ScopeKind.LEG:
                legs |= dict.fromkeys(ends_of(piece), scope)
                tunnels |= {piece.vni: scope} if isinstance(piece, Tunnel) else {}
                attached |= {piece.attachment: (piece.node, piece.interface)} if isinstance(piece, Sentry) else {}
        for _, piece in pieces:
            if isinstance(piece, Tunnel) and piece.vni in tunnels:
                legs.setdefault((piece.end.node, piece.end.name), tunnels[piece.vni])
        return cls(legs, attached)

    def leg(self, scope: Scope, ends: Iterable[End]) -> Scope | None:
        if scope.kind is ScopeKind.LEG:
            return scope
        return next((self.legs[end] for end in ends if end in self.legs), None)


def ends_of(piece: Piece) -> tuple[End, ...]:
    match piece:
        case Link():
            return (piece.a.node, piece.a.name), (piece.b.node, piece.b.name)
        case Tunnel():
            return ((piece.end.node, piece.end.name),)
        case Port():
            return ((piece.node, piece.interface),)
        case CrossConnect():
            return (piece.node, piece.ingress), (piece.node, piece.egress)
    return ()


# ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Found:
    effect: Effect
    ends: tuple[End, ...]


def _of_pieces(pair: Pair, places: _Places) -> Iterator[_Found]:
    old, new = ({piece.key: piece for piece in half.pieces} for half in (pair.old, pair.new))
    gone = [piece for key, piece in old.items() if key not in new]
    come = [piece for key, piece in new.items() if key not in old]
    heirs = {slot for piece in come for slot in _slots(piece)}
    left = {slot for piece in gone for slot in _slots(piece)}
    quiet = retagged(pair.old, pair.new)
    for key in old.keys() & new.keys():
        members = tuple(differing(old[key], new[key]))
        if members:
            yield _found(pair, places, old[key], Fate.CHANGED, worst(
                ChangeClass.HITLESS if member == "push" and _is_of(old[key], quiet) else
                cost(old[key], member, new[key]) for member in members), members)
    for piece in gone:
        replaced = heirs & set(_slots(piece))
        felt = ChangeClass.HITLESS if _is_of(piece, quiet) else ChangeClass.RECREATE
        yield _found(pair, places, piece, Fate.REPLACED if replaced else Fate.REMOVED,
                     felt if replaced else cost_of_going(piece))
    for piece in come:
        if not left & set(_slots(piece)):
            yield _found(pair, places, piece, Fate.ADDED, cost_of_coming(piece))


def _is_of(piece: Piece, attachments: frozenset[str]) -> bool:
    return isinstance(piece, CrossConnect) and piece.attachment in attachments


def _slots(piece: Piece) -> Iterator[tuple[str, ...]]:
    """What a piece takes that no other may have at the same time: what takes it after it is its successor."""
    match piece:
        case CrossConnect():
            yield ("attachment", piece.node, piece.attachment, piece.direction)
        case Link():
            yield from (("interface", *end) for end in ends_of(piece))
        case Tunnel():
            yield ("vni", str(piece.vni))
        case Port():
            yield ("interface", piece.node, piece.interface)


def _found(pair: Pair, places: _Places, piece: Piece, fate: Fate, felt: ChangeClass,
           members: tuple[str, ...] = ()) -> _Found:
    ends = ends_of(piece)
    if isinstance(piece, CrossConnect) and piece.attachment in places.attached:
        ends = (*ends, places.attached[piece.attachment])
    kind, name = piece.key
    node, _, rest = name.partition(":")
    return _Found(Effect(pair.new.scope, node, f"{kind} {rest}".strip(), fate, felt, members,
                         leg=places.leg(pair.new.scope, ends), harm=isinstance(piece, HARM)), ends)


# ── routers and their sessions ─────────────────────────────────────────────────────────────────────────────────────


def _of_routers(pair: Pair, places: _Places, anew: frozenset[End]) -> Iterator[Effect]:
    old, new = ({router.node: router for router in half.routers} for half in (pair.old, pair.new))
    for node in sorted(old.keys() | new.keys()):
        was, now = old.get(node), new.get(node)
        members = tuple(differing(was, now)) if was and now else ()
        whole = max((cost(was, member, now) for member in members), key=lambda one: one.rank) \
            if was and now and members else ChangeClass.NONE
        if members:
            yield Effect(pair.new.scope, node, _ROUTER, Fate.CHANGED, whole, members)
        before, after = ({one.name: one for one in router.sessions} if router else {} for router in (was, now))
        floor = whole if whole.interrupts else ChangeClass.NONE
        for name in sorted(before.keys() | after.keys()):
            found = _session(before.get(name), after.get(name), floor, anew, node)
            if found:
                fate, felt, differs, one = found
                yield Effect(pair.new.scope, node, f"session {name}", fate, felt, differs, name,
                             places.leg(pair.new.scope, ((node, one.interface),)))


def _session(was: Session | None, now: Session | None, floor: ChangeClass, anew: frozenset[End],
             node: str) -> tuple[Fate, ChangeClass, tuple[str, ...], Session] | None:
    """``floor``: what its router feels as a whole. A session that is closed on both sides feels nothing."""
    one = now or was
    if one is None or not any(half and half.enabled for half in (was, now)):
        return None
    if was is None or now is None:
        known: Item = one
        return (Fate.ADDED, cost_of_coming(known), (), one) if was is None else (
            Fate.REMOVED, cost_of_going(known), (), one)
    members = tuple(differing(was, now))
    if not was.enabled:
        return Fate.ADDED, ChangeClass.HITLESS, members, one
    rebuilt = ChangeClass.RECREATE if (node, one.interface) in anew else ChangeClass.NONE
    felt = max((floor, rebuilt, *(cost(was, member, now) for member in members)), key=lambda each: each.rank)
    return (Fate.CHANGED, felt, members, one) if felt is not ChangeClass.NONE else None
