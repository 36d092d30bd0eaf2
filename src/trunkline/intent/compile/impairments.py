"""Line conditions: the links by the names under which they can be impaired, and the pieces on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trunkline.intent.compile.plant import backbone_interface, core_node, edge_node, switch_node
from trunkline.intent.compile.ports import edge_port, switch_port
from trunkline.intent.estate import Estate
from trunkline.intent.network import ANY_TAG, Impairment
from trunkline.intent.span import span_between
from trunkline.intent.view import CircuitView, ImpairmentView, circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.impairment import Spot, Way
from trunkline.model.plant import site_named


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where frames of one direction are impaired."""

    node: str
    interface: str
    leaving: bool
    vid: int = ANY_TAG


#: By direction.
Ways = Mapping[Way, Stretch]


def links(circuit: CircuitView, which: Leg) -> dict[str, Ways]:
    """By ``handoff`` and ``trunk``: the links that this leg has at present."""
    return {name: {Way.IN: Stretch(node, interface, False, vid), Way.OUT: Stretch(node, interface, True, vid)}
            for name, node, interface, vid in _own(circuit, which)}


def _own(circuit: CircuitView, which: Leg) -> Iterator[tuple[str, str, str, int]]:
    """A Direct port's link is hand-off and trunk in one, and other circuits may be on it too."""
    edge, port = edge_node(circuit.location, which), edge_port(circuit, which)
    if circuit.port:
        if circuit.stag is not None:
            yield Spot.HANDOFF, edge, port, circuit.stag
        elif circuit.peerings:
            yield Spot.HANDOFF, edge, port, circuit.peerings[0].model.vlan_id
        return
    if circuit.order(which):
        yield Spot.HANDOFF, switch_node(circuit.provider, circuit.location, which), switch_port(circuit), ANY_TAG
    if circuit.stag is not None:
        yield Spot.TRUNK, edge, port, circuit.stag


def span_ways(site: str, to: str, leg: Leg) -> Ways:
    """Of a link between two sites: frames are impaired where they come in, as delay lines stand where they leave."""
    here, there = site_named(site), site_named(to)
    return {Way.IN: Stretch(core_node(here, leg), backbone_interface(there), False),
            Way.OUT: Stretch(core_node(there, leg), backbone_interface(here), False)}


def meant(view: ImpairmentView, estate: Estate) -> tuple[Ways, ...]:
    """The links that an impairment means and that could be; none where there are none."""
    model = view.model
    if model.at is Spot.LINK:
        known = span_between(model.site, model.to)
        return tuple(span_ways(model.site or "", model.to or "", leg) for leg in model.legs) if known else ()
    circuit = circuit_view(estate, model.circuit.target) if model.circuit else None
    found = links(circuit, model.leg).get(model.at) if circuit and model.leg else None
    return (found,) if found else ()


def impairments(circuit: CircuitView, which: Leg) -> Iterator[Impairment]:
    """On links that are there; the others are whole by not being."""
    known = links(circuit, which)
    for view in circuit.impairments:
        if view.model.leg is which and view.model.at in known:
            yield from (piece for _, piece in pieces(view, known[view.model.at]))


def pieces(view: ImpairmentView, ways: Ways) -> Iterator[tuple[Way, Impairment]]:
    model = view.model
    for way in model.direction.ways:
        at = ways[way]
        yield way, Impairment(
            at.node, at.interface, at.leaving, view.expires, at.vid,
            loss_ppm=_millionths(model.loss_in_percent), duplication_ppm=_millionths(model.duplication_in_percent),
            corruption_ppm=_millionths(model.corruption_in_percent),
            reordering_ppm=_millionths(model.reordering_in_percent),
            delay_us=_microseconds(model.delay_in_milliseconds), jitter_us=_microseconds(model.jitter_in_milliseconds),
            hold_us=_microseconds(model.hold_in_milliseconds) if model.reordering_in_percent else 0)


def _millionths(percent: float) -> int:
    return round(percent * 10_000)


def _microseconds(milliseconds: float) -> int:
    return round(milliseconds * 1000)
