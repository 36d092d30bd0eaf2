"""Filters: what a node lets through between its interfaces."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Key


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Addresses in one of ``prefixes``, or routed (in the main table) to one of the interfaces ``behind``; with
    ``others``, all but these."""

    prefixes: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    others: bool = False

    def __bool__(self) -> bool:
        """Whether there are any such addresses."""
        return bool(self.prefixes or self.behind or self.others)


NOWHERE, ANYWHERE = Whereabouts(), Whereabouts(others=True)


#: First and last.
PortRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FilterRule:
    """``counter`` names what counts its matches, unique in the node. ``protocol``: ``tcp``, ``udp``, ``icmp``, ``esp``,
    ``ah``, or empty for all. No ports: all of them. With ports and no protocol, TCP and UDP are meant."""

    counter: str
    allow: bool
    protocol: str = ""
    source: Whereabouts = ANYWHERE
    destination: Whereabouts = ANYWHERE
    source_ports: tuple[PortRange, ...] = ()
    destination_ports: tuple[PortRange, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleList:
    """The first rule that matches decides; a packet that matches none passes."""

    name: str
    rules: tuple[FilterRule, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rule lists that a new flow must pass, in this order, when it comes ``from_here`` or goes ``to_here``.
    ``sources``: the only addresses that packets may come from, also those of a flow."""

    interface: str
    from_here: tuple[str, ...] = ()
    to_here: tuple[str, ...] = ()
    sources: Whereabouts = ANYWHERE


@dataclass(frozen=True, slots=True)
class Filter:
    """What a node forwards between its interfaces. Only the first packet of a flow is judged: what belongs to a flow
    that was let through passes, both ways, also after the rules have changed."""

    node: str
    lists: tuple[RuleList, ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def key(self) -> Key:
        return ("filter", self.node)
