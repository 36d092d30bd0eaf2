"""How resilient a circuit is in Azure's words, and the connection that a MultiHomed gateway may not lose."""

from __future__ import annotations

import pytest

from trunkline.api.engine.remove import Without
from trunkline.api.resources.connections import CONNECTIONS
from trunkline.intent.view import CIRCUIT, CONNECTION, PEERING
from trunkline.model.resource import ResourceId
from unit.api_resources.desk import (
    CON1,
    ER1,
    GW1,
    PREMIUM,
    Desk,
    a_connection,
    a_gateway,
    a_linked_desk,
    a_peering,
    an_order,
    codes,
    provision,
    rid,
)

ER2, CON2 = rid(CIRCUIT, "er2"), rid(CONNECTION, "con2")


def second(desk: Desk, place: str) -> Desk:
    """A second circuit, linked to the same gateway."""
    desk.put(ER2, an_order(location=place), sku=PREMIUM)
    provision(desk, ER2)
    desk.put(rid(PEERING, "er2", "AzurePrivatePeering"), a_peering(
        vlanId=101, primaryPeerAddressPrefix="172.16.1.0/30", secondaryPeerAddressPrefix="172.16.1.4/30"))
    desk.put(CON2, a_connection(circuit=ER2))
    return desk


def linked(place: str = "London") -> Desk:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    return second(desk, place)


def level(desk: Desk, circuit: ResourceId = ER1) -> object:
    return desk.shown(circuit)["resiliencyLevel"]


@pytest.mark.parametrize(("place", "expected"), [("Amsterdam", "Standard"), ("Amsterdam Metro", "High")])
def test_one_circuit_is_as_resilient_as_its_location(place: str, expected: str) -> None:
    desk = Desk()
    desk.put(ER1, an_order(location=place), sku=PREMIUM)
    assert level(desk) == expected


@pytest.mark.parametrize(("place", "expected"), [
    ("London", "Maximum"), ("Amsterdam2", "Standard"), ("Amsterdam Metro", "Standard"), ("Madrid Metro", "Maximum")])
def test_a_second_circuit_counts_in_another_city(place: str, expected: str) -> None:
    assert level(linked(place)) == expected


def test_the_level_falls_when_the_second_circuit_is_let_go() -> None:
    desk = linked()
    assert (level(desk), level(desk, ER2)) == ("Maximum", "Maximum")
    desk.remove(CON2)
    assert (level(desk), level(desk, ER2)) == ("Standard", "Standard")


def test_the_level_is_not_the_clients_to_write() -> None:
    desk = a_linked_desk()
    desk.put(ER1, {**an_order(), "resiliencyLevel": "Maximum"}, sku=PREMIUM)
    assert level(desk) == "Standard"


def guarded(place: str = "London", model: str = "MultiHomed") -> Desk:
    desk = linked(place)
    desk.put(GW1, a_gateway(resiliencyModel=model))
    return desk


@pytest.mark.parametrize("connection", [CON1, CON2])
def test_a_multihomed_gateway_keeps_what_makes_it_so(connection: ResourceId) -> None:
    fault, = guarded().in_use(connection)
    assert (fault.code, fault.status) == ("MultiHomedGatewayConnectionRequired", 409)
    assert str(GW1) in str(fault)
    assert "SingleHomed" in str(fault)


@pytest.mark.parametrize("desk", [
    lambda: guarded(model="SingleHomed"), lambda: guarded("Amsterdam2"), linked],
    ids=["SingleHomed", "of one city anyway", "told nothing"])
def test_other_connections_may_go(desk: object) -> None:
    assert callable(desk)
    assert not desk().in_use(CON1)


def test_a_third_city_frees_one_connection() -> None:
    desk = guarded()
    er3, con3 = rid(CIRCUIT, "er3"), rid(CONNECTION, "con3")
    desk.put(er3, an_order(location="Dublin"), sku=PREMIUM)
    provision(desk, er3)
    desk.put(rid(PEERING, "er3", "AzurePrivatePeering"), a_peering(
        vlanId=102, primaryPeerAddressPrefix="172.16.2.0/30", secondaryPeerAddressPrefix="172.16.2.4/30"))
    desk.put(con3, a_connection(circuit=er3))
    assert not desk.in_use(CON1)


def test_the_gateway_itself_may_go_with_all_its_connections() -> None:
    desk = guarded()
    gone = [desk.get(one) for one in (GW1, CON1, CON2)]
    left = Without(desk, [one for one in gone if one])
    assert [codes(list(CONNECTIONS.in_use(one, left))) for one in gone[1:] if one] == [[], []]


def test_a_model_that_is_none_is_refused() -> None:
    assert codes(linked().refusal(GW1, a_gateway(resiliencyModel="DoubleHomed")))
