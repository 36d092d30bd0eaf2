"""Static routes and the rules by which tables are asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkline.intent.network.node import Key


class RouteKind(StrEnum):
    """``throw``: this table has no answer, so the next rule is asked. ``local``: all its addresses are the node's."""

    UNICAST = "unicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    THROW = "throw"
    LOCAL = "local"


#: The table that is asked where no rule says otherwise.
MAIN = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A static route; several next hops share the load. Without ``next_hops`` it leads to the link ``interface``; with
    both, the next hop is taken to be on that link. ``table``: MAIN, or one that a Lookup leads to. ``metric``: of
    several to one prefix the lowest is taken; IPv4 alone."""

    node: str
    prefix: str
    next_hops: tuple[str, ...] = ()
    interface: str = ""
    table: int = MAIN
    kind: RouteKind = RouteKind.UNICAST
    metric: int = 0

    @property
    def key(self) -> Key:
        where = f"@{self.table}" if self.table else ""
        where += f"#{self.metric}" if self.metric else ""
        return ("route", f"{self.node}:{self.prefix}{where}")


class Verdict(StrEnum):
    """What a Lookup does with a packet: ask its table, go on at the rule of its target priority, or turn it away."""

    TABLE = "table"
    GOTO = "goto"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A routing rule of a family. They are asked by ascending priority (at most 2^32 - 1); Linux's own are 0, 32766 and
    32767.

    ``interface``: only for packets that came in there. ``to``: only to these destinations. ``target``: a table, or the
    priority to go on at. ``longer_than``: a route of the table counts only if its prefix is longer; -1 for any.
    """

    node: str
    priority: int
    verdict: Verdict
    target: int = MAIN
    interface: str = ""
    to: str = ""
    longer_than: int = -1
    family: int = 4

    @property
    def key(self) -> Key:
        six = "@6" if self.family == 6 else ""
        return ("rule", f"{self.node}:{self.priority}:{self.interface or self.to}{six}")
