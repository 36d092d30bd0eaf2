"""Rewritings: marks and source addresses of forwarded packets, by nftables, which mends checksums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.fabric import ruleset
from trunkline.fabric.ruleset import collapsed
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Rewriting, Translation
from trunkline.model.bgp import family_of

TABLE = "inet trunkline-rewriting"


def is_settled(visit: Visit, wish: Rewriting) -> bool:
    return ruleset.is_settled(visit, wish.node, TABLE, list(rules(wish)))


def ensure(visit: Visit, wish: Rewriting) -> None:
    ruleset.ensure(visit, wish.node, TABLE, list(rules(wish)))


def remove(visit: Visit, wish: Rewriting) -> None:
    ruleset.remove(visit, wish.node, TABLE)


def rules(wish: Rewriting) -> Iterator[str]:
    """Only what is forwarded loses its mark: a routing protocol's own packets keep theirs."""
    if wish.marks:
        yield f"add chain {TABLE} marks {{ type filter hook forward priority mangle; policy accept; }}"
        passing = _set(map(str, sorted({0, *wish.marks})))
        yield from (f"add rule {TABLE} marks {word} dscp != {passing} {word} dscp set 0" for word in ("ip", "ip6"))
    if wish.translations:
        yield f"add chain {TABLE} sources {{ type nat hook postrouting priority srcnat; policy accept; }}"
        yield from (f"add rule {TABLE} sources {_translated(one)}" for one in wish.translations)


def _set(members: Iterable[str]) -> str:
    return f"{{ {', '.join(members)} }}"


def _translated(one: Translation) -> str:
    family = family_of(one.address)
    word, names = "ip" if family == 4 else "ip6", _set(f'"{name}"' for name in one.interfaces)
    sources = _set(collapsed(one.sources, family))
    return f"oifname {names} {word} saddr {sources} snat {word} to {one.address}"
