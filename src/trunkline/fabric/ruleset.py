"""A table of nftables that is replaced as a whole.

A chain without rules, ``mark-<wish>-<listing>``, tells what was wished and what nft listed when it was done: so a
change made by hand is seen, whatever nft makes of our words. Counters outlive a change of the rules around them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from trunkline.fabric import nftables
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Counter

_MARK = re.compile(r"\tchain (mark-[0-9a-f]+-[0-9a-f]+) \{\n\t\}\n")
_CHAIN, _COUNTER = re.compile(r"^\tchain (\S+) \{", re.MULTILINE), re.compile(r"^\tcounter (\S+) \{", re.MULTILINE)


def is_settled(visit: Visit, node: str, table: str, wished: Sequence[str]) -> bool:
    if not visit.has(node):
        return False
    listed = nftables.listing(visit, node, table)
    return _MARK.findall(listed) == [_mark(_digest("\n".join(wished)), listed)]


def ensure(visit: Visit, node: str, table: str, wished: Sequence[str]) -> None:
    nftables.transact(visit, node, script(table, wished, nftables.listing(visit, node, table)))
    mark = _mark(_digest("\n".join(wished)), nftables.listing(visit, node, table))
    nftables.transact(visit, node, f"add chain {table} {mark}\n")


def remove(visit: Visit, node: str, table: str) -> None:
    if visit.has(node):
        nftables.transact(visit, node, f"add table {table}\ndelete table {table}\n")


def read_counters(visit: Visit, node: str, table: str) -> dict[str, Counter]:
    found = json.loads(nftables.counters(visit, node, table) or '{"nftables": []}')["nftables"]
    rows = (row["counter"] for row in found if "counter" in row)
    return {row["name"]: Counter(row["packets"], row["bytes"]) for row in rows}


def read_all_counters(visit: Visit, node: str) -> dict[tuple[str, str], Counter]:
    """By table and name."""
    found = json.loads(nftables.all_counters(visit, node) or '{"nftables": []}')["nftables"]
    rows = (row["counter"] for row in found if "counter" in row)
    return {(row["table"], row["name"]): Counter(row["packets"], row["bytes"]) for row in rows}


def script(table: str, wished: Sequence[str], listed: str) -> str:
    """One transaction from what is ``listed`` to what is ``wished``; what stays keeps its counters."""
    kept = {line.split()[-1] for line in wished if line.startswith("add counter")}
    chains = {line.split()[4] for line in wished if line.startswith("add chain")}
    obsolete = [
        *(f"delete chain {table} {name}" for name in _CHAIN.findall(listed) if name not in chains),
        *(f"delete counter {table} {name}" for name in _COUNTER.findall(listed) if name not in kept)]
    return "\n".join([f"add table {table}", f"flush table {table}", *obsolete, *wished, ""])


def collapsed(prefixes: Iterable[str], version: int) -> list[str]:
    """Those of one family as members of a set, which must not overlap."""
    networks = [ip_network(prefix, strict=False) for prefix in prefixes]
    if version == 4:
        return [str(one) for one in collapse_addresses(n for n in networks if isinstance(n, IPv4Network))]
    return [str(one) for one in collapse_addresses(n for n in networks if isinstance(n, IPv6Network))]


def _mark(wish: str, listed: str) -> str:
    text = "\n".join(line for line in _MARK.sub("", listed).splitlines() if line)
    return f"mark-{wish}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
