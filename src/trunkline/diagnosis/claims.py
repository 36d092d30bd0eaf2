"""Who is authorised to announce what: claims, found by the longest prefix that covers a route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import ip_network

from trunkline.model.resource import ResourceId


@dataclass(frozen=True)
class Claim:
    """``owners``: keys of the resources at which it may be announced; ``told``: the id that is told as the victim's.
    ``asns``: its origins. ``only``: it says nothing of longer prefixes. ``since``: the look at which it was first
    seen, of what is not declared but was there first. ``declared``: nobody but its owner says so."""

    prefix: str
    told: str
    owners: frozenset[str]
    asns: frozenset[int] = frozenset()
    only: bool = False
    since: int = 0
    declared: bool = False

    @cached_property
    def parties(self) -> frozenset[str]:
        """Subscriptions, in lower case."""
        return frozenset(map(subscription_of, (self.told, *self.owners)))


@lru_cache(maxsize=131_072)
def numbered(prefix: str) -> tuple[int, int, int]:
    """Width of the family's addresses, network as a number, length."""
    network = ip_network(prefix, strict=False)
    return network.max_prefixlen, int(network.network_address), network.prefixlen


@lru_cache(maxsize=16_384)
def subscription_of(resource: str) -> str:
    return ResourceId.parse(resource).subscription.lower()


class Claims:
    """Immutable once made."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self._by_prefix: dict[tuple[int, int, int], list[Claim]] = {}
        for claim in claims:
            self._by_prefix.setdefault(numbered(claim.prefix), []).append(claim)
        self._lengths = sorted({(width, length) for width, _, length in self._by_prefix}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._by_prefix)

    def covering(self, prefix: str) -> tuple[Claim, ...]:
        """The most specific claims that cover a prefix; empty if nobody claims it."""
        return next((found for found in self._all(prefix) if found), ())

    def over(self, prefix: str) -> tuple[Claim, ...]:
        """All claims that cover a prefix, the most specific first."""
        return tuple(claim for found in self._all(prefix) for claim in found)

    def _all(self, prefix: str) -> Iterator[tuple[Claim, ...]]:
        width, network, length = numbered(prefix)
        for other_width, shorter in self._lengths:
            if other_width == width and shorter <= length:
                masked = network >> (width - shorter) << (width - shorter)
                found = self._by_prefix.get((width, masked, shorter), ())
                yield tuple(claim for claim in found if not claim.only or shorter == length)
