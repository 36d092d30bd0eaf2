"""What ``trunkline status`` is told of circuits that have no network behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import estates
from trunkline.cli.commands.status import _circuit_row, _leg_rows
from trunkline.intent.view import CIRCUIT
from trunkline.model.profile import AZURE
from trunkline.model.resource import now
from trunkline.reconcile.overview import overview
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store

PORT = str(estates.rid("Microsoft.Network/expressRoutePorts", "port1"))


def test_a_circuit_on_a_direct_port_is_shown_with_nothing_crossing_it(tmp_path: Path) -> None:
    provided, _ = estates.circuit()
    direct = replace(provided, properties={"expressRoutePort": {"id": PORT}, "bandwidthInGbps": 5.0})
    store, plane = Store(f"sqlite:///{tmp_path}/store.db"), SimulatedPlane()
    with store.writing() as writer:
        writer.put(direct)
    with store.reading() as reader:
        told = overview(estates.rid(CIRCUIT, "er1").subscription, reader, plane, SimulatedSpeaker(plane), AZURE)
    circuit, = told["circuits"]
    assert _circuit_row(circuit)[:5] == ("er1", "Direct port", "-", 5000, "-")
    assert [row[2:] for row in _leg_rows(circuit, now())] == [("NotConfigured", "-", "-", "-", "0 B / 0 B", "-")] * 2
