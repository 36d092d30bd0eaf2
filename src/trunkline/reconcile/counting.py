"""What a leg of a circuit has carried and dropped, by peering and direction, and at which bandwidth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trunkline.intent.compile.draft import attachment
from trunkline.intent.compile.plant import edge_node, switch_node
from trunkline.intent.network import Counter, Direction, PortCounters
from trunkline.intent.view import CircuitView
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Json

#: Counters of a node, each node read once.
Read = Callable[[str], PortCounters]

_POLICED = "policed"


def counted(view: CircuitView, leg: Leg, read: Read) -> list[Json]:
    return [row for peering in view.peerings for row in _rows(view, peering.kind, leg, read)]


def traffic(view: CircuitView, leg: Leg, read: Read) -> Json:
    """Of all peerings together."""
    passed = read(edge_node(view.location, leg)).attachments
    return {direction.value: amount(sum(
        (passed.get((attachment(view, leg, peering.kind), direction), Counter()) for peering in view.peerings),
        Counter())) for direction in Direction}


def _rows(view: CircuitView, kind: PeeringType, leg: Leg, read: Read) -> Iterator[Json]:
    """``drops``: the edge's. ``throttled``: what the provider's switch has dropped beside them."""
    edge = read(edge_node(view.location, leg))
    switch = PortCounters({}) if view.model.direct else read(switch_node(view.provider, view.location, leg))
    for direction in Direction:
        where = attachment(view, leg, kind), direction
        yield {"peering": kind.value, "direction": direction.value,
               **amount(edge.attachments.get(where, Counter())),
               "drops": {reason: amount(counter) for reason, counter in sorted(edge.drops.get(where, {}).items())},
               "throttled": amount(switch.drops.get(where, {}).get(_POLICED, Counter()))}


def amount(counter: Counter) -> Json:
    return {"packets": counter.packets, "bytes": counter.byte_count}
