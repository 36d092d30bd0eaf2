"""What ``trunkline status`` says of FastPath, from routes of the VNet router."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.compile.fast_path import router_interface
from trunkline.intent.gateways import connection_view
from trunkline.intent.network import MAIN, KernelRoute
from trunkline.intent.view import CONNECTION
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.reconcile.paths import _fast_path


@pytest.mark.parametrize(("estate", "says"), [(estates.whole(), "On"), (estates.dual(), "On (IPv4)")])
def test_ipv6_of_a_providers_circuit_is_told_to_go_through_the_gateway(
        estate: list[estates.Resource], says: str) -> None:
    known = estates.snapshot(*estate)
    connection = known.get(estates.rid(CONNECTION, "con1"))
    view = connection_view(known, connection) if connection else None
    assert view
    past = KernelRoute("10.10.0.0/16", MAIN, "unicast", "bird", (("10.1.255.36", router_interface(view, Leg.PRIMARY)),))
    assert _fast_path(view, known, AZURE, (past,)) == says  # type: ignore[arg-type]
