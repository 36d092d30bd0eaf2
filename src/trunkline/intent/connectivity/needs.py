"""What may be missing, as bits of a number: an intersection of two sets of a thousand is one operation."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Kind(StrEnum):
    NODE = "node"  #: by name
    ATTACHMENT = "attachment"  #: by the name of its counters
    WAY = "way"  #: between two backbone routers, over whatever path there is: both names in the alphabet's order
    LINK = "link"  #: between two backbone routers: the same


#: What is needed, and its name.
Need = tuple[Kind, str]


def node(name: str) -> Need:
    return Kind.NODE, name


def attachment(name: str) -> Need:
    return Kind.ATTACHMENT, name


def way(one: str, other: str) -> Need:
    return Kind.WAY, " ".join(sorted((one, other)))


def link(one: str, other: str) -> Need:
    return Kind.LINK, " ".join(sorted((one, other)))


class Numbering:
    """Gives each need a bit when it is first met."""

    def __init__(self) -> None:
        self._bits: dict[Need, int] = {}

    def mask(self, needs: Iterable[Need]) -> int:
        found = 0
        for need in needs:
            found |= 1 << self._bits.setdefault(need, len(self._bits))
        return found

    def known(self, needs: Iterable[Need]) -> int:
        """Of those that somebody needs."""
        return self.mask(need for need in needs if need in self._bits)

    def of(self, kind: Kind) -> tuple[str, ...]:
        """The names of all known needs of a kind."""
        return tuple(name for found, name in self._bits if found is kind)
