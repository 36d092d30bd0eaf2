"""Names of the ports that a circuit's frames pass."""

from __future__ import annotations

from trunkline.intent.compile.direct import direct_interface
from trunkline.intent.compile.plant import port_interface
from trunkline.intent.view import CircuitView
from trunkline.model.circuit import Leg


def switch_port(circuit: CircuitView) -> str:
    """The provider switch's port towards the customer."""
    return f"c{circuit.resource.number}"


def edge_port(circuit: CircuitView, which: Leg) -> str:
    """The edge's port on which the circuit's frames arrive."""
    return direct_interface(circuit.port, which) if circuit.port else port_interface(circuit.provider)
