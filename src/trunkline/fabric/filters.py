"""Filters: a table of nftables in the node's namespace, replaced as a whole.

    forward ─ source-<interface> ─ flows that are known pass ─ from-<interface> ─ lists … ─ to-<interface> ─ lists …
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.errors import DriverFailure
from trunkline.fabric import ruleset
from trunkline.fabric.ruleset import collapsed
from trunkline.fabric.visit import Visit
from trunkline.intent.network import ANYWHERE, Counter, Filter, FilterRule, Guard, PortRange, RuleList, Whereabouts

#: All that filters own in a namespace.
TABLE = "inet trunkline"

_FORWARD = "forward"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,119}")
_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "{ icmp, ipv6-icmp }", "esp": "esp", "ah": "ah"}
_WITH_PORTS = "{ tcp, udp }"


def is_settled(visit: Visit, wish: Filter) -> bool:
    return ruleset.is_settled(visit, wish.node, TABLE, list(rules(wish)))


def ensure(visit: Visit, wish: Filter) -> None:
    ruleset.ensure(visit, wish.node, TABLE, list(rules(wish)))


def remove(visit: Visit, wish: Filter) -> None:
    ruleset.remove(visit, wish.node, TABLE)


def read_counters(visit: Visit, node: str) -> dict[str, Counter]:
    return ruleset.read_counters(visit, node, TABLE)


# ── how a filter is written ────────────────────────────────────────────────────────────────────────────────────────


def rules(wish: Filter) -> Iterator[str]:
    """Counters, then chains, each before it is jumped to, then rules."""
    yield from (f"add counter {TABLE} {_name(name)}" for name in sorted({r.counter for one in wish.lists
                                                                       for r in one.rules}))
    yield f"add chain {TABLE} {_FORWARD} {{ type filter hook forward priority 0; policy accept; }}"
    for one in wish.lists:
        yield from _list(one)
    for guard in wish.guards:
        yield from _guard(guard)
    yield from _jumps("iifname", "source", (guard.interface for guard in wish.guards if guard.sources != ANYWHERE))
    yield f"add rule {TABLE} {_FORWARD} ct state established,related accept"
    yield from _jumps("iifname", "from", (guard.interface for guard in wish.guards if guard.from_here))
    yield from _jumps("oifname", "to", (guard.interface for guard in wish.guards if guard.to_here))


def _jumps(key: str, side: str, interfaces: Iterable[str]) -> Iterator[str]:
    if ways := _set(f'"{_name(name)}" : jump {side}-{name}' for name in interfaces):
        yield f"add rule {TABLE} {_FORWARD} {key} vmap {ways}"


def _guard(guard: Guard) -> Iterator[str]:
    if guard.sources != ANYWHERE:
        chain = f"source-{_name(guard.interface)}"
        yield f"add chain {TABLE} {chain}"
        yield from (f"add rule {TABLE} {chain} {match.text} drop"
                    for match in _addresses("saddr", replace(guard.sources, others=True)))
    for side, names in (("from", guard.from_here), ("to", guard.to_here)):
        if names:
            chain = f"{side}-{_name(guard.interface)}"
            yield f"add chain {TABLE} {chain}"
            yield from (f"add rule {TABLE} {chain} jump list-{_name(name)}" for name in names)


def _list(one: RuleList) -> Iterator[str]:
    chain = f"list-{_name(one.name)}"
    yield f"add chain {TABLE} {chain}"
    for rule in one.rules:
        verdict = "return" if rule.allow else "drop"
        for match in _matches(rule):
            yield " ".join(f"add rule {TABLE} {chain} {match} counter name {_name(rule.counter)} {verdict}".split())


def _matches(rule: FilterRule) -> Iterator[str]:
    """What cannot be said in one breath (in a set, or behind an interface) is said in several rules. A source of one
    family and a destination of the other never meet, and nft refuses to be told so."""
    for source in _addresses("saddr", rule.source):
        for destination in _addresses("daddr", rule.destination):
            if {source.family, destination.family} != {4, 6}:
                yield f"{source.text} {destination.text} {_protocol(rule)}"


@dataclass(frozen=True, slots=True)
class _Match:
    """``family``: the only one that it matches; 0 for both."""

    text: str
    family: int = 0


def _addresses(side: str, where: Whereabouts) -> Iterator[_Match]:
    """Each is enough."""
    sign = "!= " if where.others else ""
    names = _set(f'"{_name(name)}"' for name in where.behind)
    behind = f"fib {side} oifname {sign}{names}" if names else ""
    sets = [(version, text) for version in (4, 6) if (text := _set(collapsed(where.prefixes, version)))]
    if where.others:
        yield from (_Match(f"{_within(side, version, text, sign)} {behind}".rstrip(), version) for version, text in sets
                    if not text.endswith("/0 }"))
    else:
        yield from (_Match(_within(side, version, text, sign), version) for version, text in sets)
    if (behind and not (where.others and sets)) or where == ANYWHERE:
        yield _Match(behind)


def _within(side: str, version: int, text: str, sign: str) -> str:
    if text.endswith("/0 }"):
        return f"meta nfproto ipv{version}"
    return f"ip{'' if version == 4 else '6'} {side} {sign}{text}"


def _set(members: Iterable[str]) -> str:
    text = ", ".join(members)
    return f"{{ {text} }}" if text else ""


def _protocol(rule: FilterRule) -> str:
    ports = [f"th {side} {_set(_ranges(ranges))}" for side, ranges in (
        ("sport", rule.source_ports), ("dport", rule.destination_ports)) if ranges]
    protocol = _PROTOCOLS[rule.protocol] if rule.protocol else _WITH_PORTS if ports else ""
    return " ".join([f"meta l4proto {protocol}" if protocol else "", *ports])


def _ranges(ranges: Iterable[PortRange]) -> Iterator[str]:
    """Merged where they touch."""
    merged: list[PortRange] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return (f"{first}-{last}" if first < last else str(first) for first, last in merged)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise DriverFailure(f"'{name}' can be no name in nftables")
    return name
