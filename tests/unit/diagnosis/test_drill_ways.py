"""Which ways a failure takes, what is left, and why nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.diagnosis.drill.ways import CircuitLeg, End, Pair, Way, expect, falls, shaken
from trunkline.model.fault import RehearsedFault
from trunkline.model.plant import metro_sites

ER1 = "/subscriptions/s/resourcegroups/rg1/providers/microsoft.network/expressroutecircuits/er1"
GW1 = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworkGateways/gw1"


def way(leg: str, circuit: str = "er1", location: str = "Amsterdam", trouble: str = "") -> Way:
    return Way((part(leg, circuit, location),), ("westeurope",), trouble)


def part(leg: str, circuit: str = "er1", location: str = "Amsterdam") -> CircuitLeg:
    return CircuitLeg(ER1.replace("er1", circuit), circuit, leg, "Equinix", location)


FIRST, SECOND = way("primary"), way("secondary")
FAR = (way("primary", "er2", "Frankfurt"), way("secondary", "er2", "Frankfurt"))


def pair(*ways: Way) -> Pair:
    return Pair(End("h1", "10.10.1.10", "10.10.0.0/16"), End("vm1", "10.1.0.4", "10.1.0.0/16"), ways)


def fault(kind: str, **names: object) -> RehearsedFault:
    return RehearsedFault.model_validate({"kind": kind, **names})


LEG = fault("leg", circuit={"id": ER1}, leg="primary")


@pytest.mark.parametrize(("failed", "fallen"), [
    (LEG, [FIRST]),
    (fault("edge", location="amsterdam", leg="secondary"), [SECOND]),
    (fault("edge", location="London", leg="secondary"), []),
    (fault("switch", provider="equinix", location="Amsterdam", leg="primary"),
     [FIRST]),
    (fault("switch", provider="Colt", location="Amsterdam", leg="primary"), []),
    (fault("location", location="Amsterdam"), [FIRST, SECOND]),
    (fault("region", region="westeurope"), [FIRST, SECOND, *FAR]),
    (fault("region", region="West Europe"), [FIRST, SECOND, *FAR]),
    (fault("backboneNode", site="West Europe", leg="primary"), [FIRST, FAR[0]]),
    (fault("backboneNode", site="Amsterdam", leg="primary"), [FIRST]),
    (fault("gatewayInstance", gateway={"id": GW1}, instance=0), []),
    (fault("backboneLink", site="amsterdam", to="westeurope"), []),
], ids=lambda one: str(one.target.key if isinstance(one, RehearsedFault) else ""))
def test_a_failure_takes_the_ways_that_lean_on_it(failed: RehearsedFault, fallen: list[Way]) -> None:
    assert [one for one in (FIRST, SECOND, *FAR) if falls(one, failed)] == fallen


def test_the_edge_in_a_metros_building_takes_the_leg_that_is_there() -> None:
    metro = way("primary", location="Amsterdam Metro"), way("secondary", location="Amsterdam Metro")
    building = metro_sites()["Amsterdam Metro"][1]
    assert [one for one in metro if falls(one, fault("edge", location=building, leg="secondary"))] == [metro[1]]
    assert not [one for one in metro if falls(one, fault("edge", location=building, leg="primary"))]


def test_one_leg_leaves_the_other() -> None:
    found = expect(pair(FIRST, SECOND), LEG)
    assert (found.falling, found.left, found.protected, found.reason) == ((FIRST,), (SECOND,), True, "")


def test_a_leg_that_carries_nothing_is_no_second_way_and_is_named_with_its_trouble() -> None:
    found = expect(pair(FIRST, replace(SECOND, trouble="its session is Active")), LEG)
    assert not found.protected
    assert found.reason == ("all its ways fall: er1 primary; no other leg carries it; er1 secondary carries nothing "
                            "(its session is Active)")


def test_a_location_takes_both_legs_unless_there_is_a_circuit_elsewhere() -> None:
    failed = fault("location", location="Amsterdam")
    alone = expect(pair(FIRST, SECOND), failed)
    assert alone.reason == ("all its ways fall: er1 primary, er1 secondary; no circuit at another location than "
                            "Amsterdam")
    assert expect(pair(FIRST, SECOND, *FAR), failed).left == FAR


def test_a_metro_has_its_legs_in_two_buildings_of_which_one_may_fail() -> None:
    metro = (way("primary", location="Amsterdam Metro"), way("secondary", location="Amsterdam Metro"))
    one, other = metro_sites()["Amsterdam Metro"]
    assert expect(pair(*metro), fault("location", location=one)).left == metro[1:]
    assert expect(pair(*metro), fault("location", location=other)).left == metro[:1]


def test_with_a_region_goes_the_machine_itself() -> None:
    found = expect(pair(FIRST, SECOND, *FAR), fault("region", region="westeurope"))
    assert found.reason.endswith("its only machine or gateway is in westeurope")


def test_what_has_no_way_at_all_says_so() -> None:
    assert expect(pair(), LEG).reason == "no circuit leads from 10.10.0.0/16 to 10.1.0.0/16"


def test_sessions_over_what_fails_may_shake_though_no_way_falls() -> None:
    ways = (FIRST, SECOND, *FAR)
    everywhere = {leg for one in ways for leg in one.legs}
    assert shaken(ways, LEG) == {*FIRST.legs}
    assert shaken(ways, fault("gatewayInstance", gateway={"id": GW1}, instance=1)) == everywhere
    assert shaken(ways, fault("backboneLink", site="amsterdam", to="westeurope", leg="primary")) == {
        *FIRST.legs, *FAR[0].legs}


# ── over Global Reach ──────────────────────────────────────────────────────────────────────────────────────────────


def across(leg: str) -> Way:
    return Way((part(leg), part(leg, "er2", "London")))


BETWEEN = across("primary"), across("secondary")


@pytest.mark.parametrize(("failed", "fallen"), [
    (LEG, BETWEEN[:1]), (fault("edge", location="London", leg="secondary"), BETWEEN[1:]),
    (fault("location", location="London"), BETWEEN), (fault("region", region="westeurope"), ()),
    (fault("backboneNode", site="London", leg="primary"), BETWEEN[:1])], ids=lambda one: str(getattr(one, "kind", "")))
def test_a_way_over_global_reach_falls_with_a_leg_at_either_end_and_with_no_region(
        failed: RehearsedFault, fallen: tuple[Way, ...]) -> None:
    found = expect(pair(*BETWEEN), failed)
    assert (found.falling, found.pair.between_sites) == (fallen, True)


def test_a_location_at_either_end_of_global_reach_leaves_nothing_and_says_so() -> None:
    found = expect(pair(*BETWEEN), fault("location", location="London"))
    assert found.reason == ("all its ways fall: er1 ~ er2 primary, er1 ~ er2 secondary; no other Global Reach link "
                            "between them, past London")


def test_with_one_leg_of_global_reach_the_sessions_at_both_its_ends_may_fall() -> None:
    assert shaken(BETWEEN, LEG) == {*BETWEEN[0].legs}


def test_a_network_in_another_region_than_its_hub_falls_with_either() -> None:
    spoke = Way((part("primary"),), ("westeurope", "northeurope"))
    assert all(falls(spoke, fault("region", region=one)) for one in ("West Europe", "northeurope"))
    assert not falls(spoke, fault("region", region="eastus"))
