"""Attachments whose tags change and nobody feels it: planes take a new tag in before they send it, and an old one until
they do not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.network import CrossConnect, Direction, Piece


def retagged(old: Blueprint, new: Blueprint) -> frozenset[str]:
    """By name. Both ends are ours, and what each sends the next one takes in."""
    was, now = _by_attachment(old.pieces), _by_attachment(new.pieces)
    return frozenset(name for name in was.keys() & now.keys()
                     if _wiring(was[name]) == _wiring(now[name]) and all(_fits(now[name], way) for way in Direction))


def _by_attachment(pieces: Iterable[Piece]) -> dict[str, list[CrossConnect]]:
    found: dict[str, list[CrossConnect]] = defaultdict(list)
    for piece in pieces:
        if isinstance(piece, CrossConnect):
            found[piece.attachment].append(piece)
    return found


def _wiring(entries: Iterable[CrossConnect]) -> Counter[tuple[str, ...]]:
    """From where to where, whatever the tags."""
    return Counter((one.node, one.ingress, one.egress, one.direction, one.owner) for one in entries)


def _fits(entries: Iterable[CrossConnect], way: Direction) -> bool:
    mine = [one for one in entries if one.direction is way]
    return Counter(one.match for one in mine if one.match) == Counter(one.push for one in mine if one.push)
