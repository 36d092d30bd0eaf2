"""Filters: a table of nftables in the node's namespace, replaced as a whole.

    forward ─ source-<interface> ─ flows that are known pass ─ from-<interface> ─ lists … ─ to-<interface> ─ lists …

A chain without rules, ``mark-<wish>-<listing>``, tells what was wished and what nft listed when it was done: so a
change made by hand is seen, whatever nft makes of our words. Counters outlive a change of the rules around them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from trunkline.errors import DriverFailure
from trunkline.fabric import nftables
from trunkline.fabric.nftables import TABLE
from trunkline.fabric.visit import Visit
from trunkline.intent.network import ANYWHERE, Counter, Filter, FilterRule, Guard, PortRange, RuleList, Whereabouts

_FORWARD = "forward"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,119}")
_MARK = re.compile(r"\tchain (mark-[0-9a-f]+-[0-9a-f]+) \{\n\t\}\n")
_CHAIN, _COUNTER = re.compile(r"^\tchain (\S+) \{", re.MULTILINE), re.compile(r"^\tcounter (\S+) \{", re.MULTILINE)
_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "{ icmp, ipv6-icmp }", "esp": "esp", "ah": "ah"}
_WITH_PORTS = "{ tcp, udp }"


def is_settled(visit: Visit, wish: Filter) -> bool:
    if not visit.has(wish.node):
        return False
    listed = nftables.listing(visit, wish.node)
    return _MARK.findall(listed) == [_mark(_digest("\n".join(rules(wish))), listed)]


def ensure(visit: Visit, wish: Filter) -> None:
    wished = list(rules(wish))
    nftables.transact(visit, wish.node, script(wished, nftables.listing(visit, wish.node)))
    mark = _mark(_digest("\n".join(wished)), nftables.listing(visit, wish.node))
    nftables.transact(visit, wish.node, f"add chain {TABLE} {mark}\n")


def remove(visit: Visit, wish: Filter) -> None:
    if visit.has(wish.node):
        nftables.transact(visit, wish.node, f"add table {TABLE}\ndelete table {TABLE}\n")


def read_counters(visit: Visit, node: str) -> dict[str, Counter]:
    found = json.loads(nftables.counters(visit, node) or '{"nftables": []}')["nftables"]
    rows = (row["counter"] for row in found if "counter" in row)
    return {row["name"]: Counter(row["packets"], row["bytes"]) for row in rows}


def _mark(wish: str, listed: str) -> str:
    text = "\n".join(line for line in _MARK.sub("", listed).splitlines() if line)
    return f"mark-{wish}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def script(wished: list[str], listed: str) -> str:
    """One transaction from what is ``listed`` to what is ``wished``; what stays keeps its counters."""
    kept = {line.split()[-1] for line in wished if line.startswith("add counter")}
    chains = {line.split()[4] for line in wished if line.startswith("add chain")}
    obsolete = [
        *(f"delete chain {TABLE} {name}" for name in _CHAIN.findall(listed) if name not in chains),
        *(f"delete counter {TABLE} {name}" for name in _COUNTER.findall(listed) if name not in kept)]
    return "\n".join([f"add table {TABLE}", f"flush table {TABLE}", *obsolete, *wished, ""])


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
        yield from (f"add rule {TABLE} {chain} {match} drop"
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
    """What cannot be said in one breath (in a set, or behind an interface) is said in several rules."""
    for source in _addresses("saddr", rule.source):
        for destination in _addresses("daddr", rule.destination):
            yield f"{source} {destination} {_protocol(rule)}"


def _addresses(side: str, where: Whereabouts) -> Iterator[str]:
    sign = "!= " if where.others else ""
    families = [(family, text) for family, version in (("ip", 4), ("ip6", 6))
                if (text := _set(_collapsed(where.prefixes, version)))]
    matches = [f"meta nfproto {sign}ipv{4 if family == 'ip' else 6}" if text.endswith("/0 }") else
               f"{family} {side} {sign}{text}" for family, text in families]
    if where.behind:
        matches.append(f"fib {side} oifname {sign}{_set(f'{chr(34)}{_name(name)}{chr(34)}' for name in where.behind)}")
    if where.others:
        yield " ".join(matches)
    else:
        yield from matches


def _collapsed(prefixes: Iterable[str], version: int) -> list[str]:
    """Sets must not overlap."""
    networks = [ip_network(prefix, strict=False) for prefix in prefixes]
    if version == 4:
        return [str(one) for one in collapse_addresses(n for n in networks if isinstance(n, IPv4Network))]
    return [str(one) for one in collapse_addresses(n for n in networks if isinstance(n, IPv6Network))]


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
