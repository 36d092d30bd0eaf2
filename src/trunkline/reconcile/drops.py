"""What ports have dropped because it belonged to nobody's circuit: by interface and reason, and whose port it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trunkline.intent.allocation import attachment_index
from trunkline.intent.compile.direct import direct_interface
from trunkline.intent.compile.draft import attachment
from trunkline.intent.compile.leg import attachment_interface
from trunkline.intent.compile.plant import TO_EDGE, edge_node, port_interface, switch_node
from trunkline.intent.compile.ports import switch_port
from trunkline.intent.direct import PortView, link_of
from trunkline.intent.network import Counter, Direction, PortCounters
from trunkline.intent.view import CircuitView
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Json
from trunkline.reconcile.counting import Read, amount

#: Node and interface; what stands there.
_Ports = dict[tuple[str, str], Json]
_WITHOUT_WAY = ("unknown-tag", "untagged", "too-many-tags", "malformed")


def at_ports(circuits: Iterable[CircuitView], directs: Iterable[PortView], read: Read) -> Iterator[Json]:
    """Ports of the edges and switches under these that have dropped something. A port may serve other circuits too."""
    known: _Ports = {}
    for view in circuits:
        for leg in Leg:
            known |= _ports_of_leg(view, leg)
    for port in directs:
        for leg in Leg:
            known |= _row(edge_node(port.location, leg), direct_interface(port, leg), port.location, leg,
                          f"{port.resource.id.name} {link_of(leg)}", str(port.resource.id))
    places = {node: (row["location"], row["leg"]) for (node, _), row in sorted(known.items())}
    for node, (location, leg_name) in places.items():
        for interface, dropped in sorted(read(node).ports.items()):
            own = _row(node, interface, location, Leg(leg_name), "")
            yield {**known.get((node, interface), own[node, interface]), "drops": packets(dropped)}


def at_own_port(view: CircuitView, kind: PeeringType, leg: Leg, direction: Direction, read: Read) -> Json:
    """What came for a leg to a port that is its alone and had no way: from the customer at the provider's switch, which
    is one for all peerings, from the cloud at the edge. ``node`` is empty where no port is the circuit's alone, as on a
    Direct port."""
    if direction is Direction.OUT:
        node, interface = edge_node(view.location, leg), attachment_interface(view, kind)
    elif not view.model.direct:
        node, interface = switch_node(view.provider, view.location, leg), switch_port(view)
    else:
        return {"node": "", "interface": "", "drops": {}}
    told = read(node)
    dropped = {**told.ports.get(interface, {}), **on_untagged(told, attachment(view, leg, kind), direction)}
    return {"node": node, "interface": interface,
            "drops": {reason: amount(counter) for reason, counter in sorted(dropped.items())}}


def on_untagged(counted: PortCounters, name: str, direction: Direction) -> dict[str, Counter]:
    """A hand-off without tags is its attachment's own port, so what had no way there counts on the attachment."""
    dropped = counted.drops.get((name, direction), {})
    return {reason: counter for reason, counter in dropped.items() if reason in _WITHOUT_WAY}


def packets(dropped: Mapping[str, Counter]) -> dict[str, int]:
    return {reason: counter.packets for reason, counter in sorted(dropped.items())}


def _ports_of_leg(view: CircuitView, leg: Leg) -> _Ports:
    """On the edge also the VRF's end, and the number under which a VRF without a sentry is counted."""
    edge, name = edge_node(view.location, leg), f"circuit {view.resource.id.name}"
    ports = {(edge, interface): name for peering in view.peerings for interface in (
        attachment_interface(view, peering.kind), f"#{attachment_index(view.resource.number, leg, peering.kind)}")}
    if not view.model.direct:
        switch = switch_node(view.provider, view.location, leg)
        ports |= {(switch, switch_port(view)): name, (switch, TO_EDGE): "trunk to the edge",
                  (edge, port_interface(view.provider)): f"provider {view.provider}"}
    found: _Ports = {}
    for (node, interface), whose in ports.items():
        found |= _row(node, interface, view.location, leg, whose, str(view.resource.id) if whose == name else "")
    return found


def _row(node: str, interface: str, location: str, leg: Leg, whose: str, resource: str = "") -> _Ports:
    """``whose``: in words. ``resource``: the id of what has it alone."""
    return {(node, interface): {"node": node, "interface": interface, "of": whose, "resource": resource,
                                "location": location, "leg": leg.value}}
