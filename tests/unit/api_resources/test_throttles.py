"""A provider's own limit as a wish: one for a circuit, beside it, and gone with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.intent.direct import PORT
from trunkline.intent.view import CIRCUIT, EXCHANGE_ORDER, THROTTLE
from unit.api_resources.desk import ER1, OTHER, STANDARD, Desk, an_order, codes, rid

OWN = rid(THROTTLE, "er1")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    return desk


def wish(**changed: object) -> dict:
    return {"circuit": {"id": str(ER1)}, "bandwidthInMbps": 200, **changed}


@pytest.mark.parametrize(("changed", "code"), [
    ({"bandwidthInMbps": 0}, "InvalidPropertyValue"), ({"bandwidthInMbps": 400_001}, "InvalidPropertyValue"),
    ({"bandwidthInMbps": "fast"}, "InvalidRequestFormat"),
    ({"circuit": {"id": str(rid(CIRCUIT, "none"))}}, "InvalidResourceReference")])
def test_what_limits_nothing_is_refused(desk: Desk, changed: dict, code: str) -> None:
    assert codes(desk.refusal(OWN, wish(**changed))) == [code]


def test_a_circuit_has_one_and_keeps_it(desk: Desk) -> None:
    desk.put(OWN, wish())
    assert not desk.refusal(OWN, wish(bandwidthInMbps=100))
    assert codes(desk.refusal(rid(THROTTLE, "second"), wish())) == ["CircuitAlreadyThrottled"]
    desk.put(rid(CIRCUIT, "er2"), an_order(), sku=STANDARD)
    assert codes(desk.refusal(OWN, wish(circuit={"id": str(rid(CIRCUIT, "er2"))}))) == ["PropertyChangeNotAllowed"]


def test_it_stands_beside_its_circuit_and_goes_with_it(desk: Desk) -> None:
    """A group of its own could be deleted, and the limit with it, while the circuit stays."""
    elsewhere = replace(OWN, group="another")
    assert codes(desk.refusal(elsewhere, wish())) == ["ThrottleNotBesideCircuit"]
    assert codes(desk.refusal(rid(THROTTLE, "er1", subscription=OTHER), wish())) == ["InvalidResourceReference"]
    made, circuit = desk.put(OWN, wish()), desk.get(ER1)
    assert circuit
    assert not desk.in_use(ER1)
    assert list(desk.kind(ER1).dependents(circuit, desk)) == [made]


def test_no_provider_stands_before_a_direct_port(desk: Desk) -> None:
    desk.put(rid(PORT, "port1"), {"peeringLocation": "Equinix-Amsterdam-AM5", "bandwidthInGbps": 10,
                                  "encapsulation": "QinQ"})
    direct = rid(CIRCUIT, "direct")
    desk.put(direct, {"expressRoutePort": {"id": str(rid(PORT, "port1"))}, "bandwidthInGbps": 1}, sku=STANDARD)
    fault, = desk.refusal(rid(THROTTLE, "direct"), wish(circuit={"id": str(direct)}))
    assert fault.code == "CircuitHasNoProvider"
    assert "enableDirectPortRateLimit" in str(fault)


def test_an_order_at_the_exchange_says_nothing_of_it(desk: Desk) -> None:
    assert "bandwidth_in_mbps" not in desk.kind(rid(EXCHANGE_ORDER, "x")).model.model_fields
