"""Which public prefixes are validated on Microsoft peerings, and for which subscription: one who comes later with what
overlaps them does not get it, for services would send the answers of either to both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from trunkline.model.bgp import network
from trunkline.model.resource import ResourceId

#: Family, length, and the bits of that length.
_Block = tuple[int, int, int]


class Holdings:
    """By peering. A look-up asks once for each length."""

    def __init__(self) -> None:
        self._held: dict[ResourceId, tuple[str, ...]] = {}
        self._exactly: dict[_Block, list[ResourceId]] = defaultdict(list)
        self._within: dict[_Block, list[ResourceId]] = defaultdict(list)  #: of what lies in a block, or is it

    def put(self, peering: ResourceId, prefixes: Iterable[str]) -> None:
        """These are its, and no others."""
        peering, new = ResourceId.parse(peering.key), tuple(prefixes)
        old = self._held.pop(peering, ())
        if new:
            self._held[peering] = new
        for prefix in old:
            for index, block in self._places(prefix):
                index[block].remove(peering)
                if not index[block]:
                    del index[block]
        for prefix in new:
            for index, block in self._places(prefix):
                index[block].append(peering)

    def others(self, peering: ResourceId, prefix: str) -> frozenset[ResourceId]:
        """Peerings of other subscriptions that hold what overlaps a prefix."""
        blocks = list(_blocks(prefix))
        found = {one for block in blocks for one in self._exactly.get(block, ())}
        found |= set(self._within.get(blocks[0], ()))
        return frozenset(one for one in found if one.subscription.lower() != peering.subscription.lower())

    def _places(self, prefix: str) -> Iterator[tuple[dict[_Block, list[ResourceId]], _Block]]:
        blocks = list(_blocks(prefix))
        yield self._exactly, blocks[0]
        yield from ((self._within, block) for block in blocks)


def _blocks(prefix: str) -> Iterator[_Block]:
    """The prefix itself, then all that it lies in."""
    own = network(prefix)
    bits = int(own.network_address) >> (own.max_prefixlen - own.prefixlen)
    for length in range(own.prefixlen, -1, -1):
        yield own.version, length, bits >> (own.prefixlen - length)
