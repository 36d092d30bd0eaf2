"""Desired against applied and realised: what one pass has to do. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from trunkline.intent.bgp import Router
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.drivers import Change
from trunkline.intent.network import Key
from trunkline.intent.scope import Scope


@dataclass(frozen=True, slots=True)
class Difference:
    """``stop``: nodes whose daemon goes for good. ``start``: routers to start, reload or (``down``) stop."""

    network: Change = field(default_factory=Change)
    stop: tuple[str, ...] = ()
    start: tuple[Router, ...] = ()
    released: frozenset[Scope] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.network or self.stop or self.start)


def differ(desired: Blueprint, applied: Blueprint, realised: Collection[Key]) -> Difference:
    """``realised`` holds the keys of desired items that were observed exactly as described."""
    wanted = desired.keys
    return Difference(
        Change(remove=tuple(p for p in applied.pieces if p.key not in wanted),
               ensure=tuple(p for p in desired.pieces if p.key not in realised)),
        stop=tuple(r.node for r in applied.routers if r.key not in wanted),
        start=tuple(r for r in desired.routers if r.key not in realised),
        released=frozenset(applied.requires) - frozenset(desired.requires))


def union(desired: Blueprint, applied: Blueprint) -> Blueprint:
    """What may exist while a pass runs: recorded before it starts, so that a crash leaves nothing unknown."""
    wanted = desired.keys
    return Blueprint(
        desired.scope,
        desired.pieces + tuple(p for p in applied.pieces if p.key not in wanted),
        desired.routers + tuple(r for r in applied.routers if r.key not in wanted),
        tuple(sorted({*desired.requires, *applied.requires})))
