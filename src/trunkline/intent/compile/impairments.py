"""Line conditions: the links of a leg by the names under which they can be impaired, and the pieces on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.intent.compile.plant import backbone_interface, core_of_edge, edge_node, switch_node
from trunkline.intent.compile.ports import edge_port, switch_port
from trunkline.intent.gateways import ConnectionView
from trunkline.intent.network import ANY_TAG, Impairment
from trunkline.intent.view import CircuitView, ImpairmentView
from trunkline.model.circuit import Leg
from trunkline.model.impairment import Spot, Way


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a link is impaired. ``inwards_leaving``: frames from the customer leave there instead of coming in."""

    node: str
    interface: str
    vid: int = ANY_TAG
    inwards_leaving: bool = False


def stretches(circuit: CircuitView, linked: Iterable[ConnectionView], which: Leg) -> Mapping[str, Stretch]:
    """By ``handoff``, ``trunk`` and ``backbone REGION``: the links that this leg has at present."""
    found = dict(_own(circuit, which))
    for connection in linked:
        region = connection.gateway.region
        found[f"{Spot.BACKBONE} {region}"] = Stretch(
            core_of_edge(circuit.location, which), backbone_interface(region), inwards_leaving=True)
    return found


def _own(circuit: CircuitView, which: Leg) -> Iterator[tuple[str, Stretch]]:
    """A Direct port's link is hand-off and trunk in one, and other circuits may be on it too."""
    edge, port = edge_node(circuit.location, which), edge_port(circuit, which)
    if circuit.port:
        if circuit.stag is not None:
            yield Spot.HANDOFF, Stretch(edge, port, circuit.stag)
        elif circuit.peerings:
            yield Spot.HANDOFF, Stretch(edge, port, circuit.peerings[0].model.vlan_id)
        return
    if circuit.order(which):
        yield Spot.HANDOFF, Stretch(switch_node(circuit.provider, circuit.location, which), switch_port(circuit))
    if circuit.stag is not None:
        yield Spot.TRUNK, Stretch(edge, port, circuit.stag)


def chosen(view: ImpairmentView, among: Mapping[str, Stretch]) -> Stretch | None:
    """The link that an impairment means; a backbone link needs no region if there is only one."""
    model = view.model
    if model.at is not Spot.BACKBONE:
        return among.get(model.at)
    fitting = [found for name, found in among.items()
               if name.startswith(model.at) and (not model.region or name == f"{model.at} {model.region}")]
    return fitting[0] if len(fitting) == 1 else None


def impairments(circuit: CircuitView, linked: Iterable[ConnectionView], which: Leg) -> Iterator[Impairment]:
    """On links that are there; the others are whole by not being."""
    known = stretches(circuit, linked, which)
    for view in circuit.impairments:
        stretch = chosen(view, known) if view.model.leg is which else None
        if stretch:
            yield from (piece for _, piece in pieces(view, stretch))


def pieces(view: ImpairmentView, stretch: Stretch) -> Iterator[tuple[Way, Impairment]]:
    model = view.model
    for way in model.direction.ways:
        yield way, Impairment(
            stretch.node, stretch.interface, (way is Way.IN) == stretch.inwards_leaving, view.expires, stretch.vid,
            loss_ppm=_millionths(model.loss_in_percent), duplication_ppm=_millionths(model.duplication_in_percent),
            corruption_ppm=_millionths(model.corruption_in_percent),
            reordering_ppm=_millionths(model.reordering_in_percent),
            delay_us=_microseconds(model.delay_in_milliseconds), jitter_us=_microseconds(model.jitter_in_milliseconds),
            hold_us=_microseconds(model.hold_in_milliseconds) if model.reordering_in_percent else 0)


def _millionths(percent: float) -> int:
    return round(percent * 10_000)


def _microseconds(milliseconds: float) -> int:
    return round(milliseconds * 1000)
