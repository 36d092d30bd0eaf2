"""Both indexes: their points, who lost them, and what wins them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.diagnosis.resiliency import azure, report
from trunkline.diagnosis.resiliency.azure import GatewaySeen, Linked
from trunkline.diagnosis.resiliency.evidence import LegSeen
from trunkline.model.circuit import Leg
from trunkline.model.network import VirtualNetworkGateway

NOW = datetime(2026, 11, 28, tzinfo=UTC)
GOOD = tuple((leg, LegSeen(True, True)) for leg in Leg)
BROKEN = ((Leg.PRIMARY, LegSeen(True, True)), (Leg.SECONDARY, LegSeen(False, False)))
ONE, TWO = Linked("er1", "Amsterdam", False, True, GOOD), Linked("er2", "London", False, True, GOOD)
METRO = Linked("er1", "Amsterdam Metro", True, True, GOOD)


def gateway(*linked: Linked, sku: str = "ErGw1AZ", units: int | None = None,
            tests: tuple[tuple[str, float], ...] = (), zonal: bool = False) -> GatewaySeen:
    """``tests``: location, and how many days ago."""
    scale = {"autoScaleConfiguration": {"bounds": {"min": units}}} if units else {}
    model = VirtualNetworkGateway.model_validate({
        "gatewayType": "ExpressRoute", "sku": {"name": sku, "tier": sku}, **scale,
        "ipConfigurations": [{"name": "one", "properties": {}}]})
    return GatewaySeen("gw1", model, zonal, linked, tuple((place, NOW - timedelta(days=age)) for place, age in tests))


def scores(seen: GatewaySeen) -> dict[str, float]:
    return {one.name: one.score for one in azure.index(seen, NOW)}


@pytest.mark.parametrize(("linked", "points"), [
    ((ONE, TWO), 20), ((METRO,), 10), ((ONE,), 5), ((), 0), ((replace(ONE, up=False),), 0),
    ((replace(ONE, legs=BROKEN),), 0), ((replace(METRO, legs=BROKEN),), 0), ((replace(ONE, legs=BROKEN), TWO), 20),
    ((ONE, replace(TWO, up=False)), 5)])
def test_routes_count_by_where_they_come_from_and_what_is_down(linked: tuple[Linked, ...], points: int) -> None:
    assert scores(gateway(*linked))[azure.ROUTES] == points


@pytest.mark.parametrize(("tests", "factor"), [
    ((), 1), ((("Amsterdam", 5), ("London", 20)), 4), ((("Amsterdam", 5),), 2),
    ((("Amsterdam", 45), ("London", 50)), 3),
    ((("Amsterdam", 80), ("London", 75)), 2), ((("Amsterdam", 45),), 1.5), ((("Amsterdam", 100), ("London", 95)), 1),
    ((("Amsterdam", 5), ("Amsterdam", 2)), 2)])
def test_tests_multiply_the_route_score_by_their_age(tests: tuple[tuple[str, float], ...], factor: float) -> None:
    found = scores(gateway(ONE, TWO, tests=tests))
    assert found[azure.ROUTES] + found[azure.VALIDATION] == 20 * factor


@pytest.mark.parametrize(("sku", "units", "zonal", "points"), [
    ("Standard", None, False, 0), ("HighPerformance", None, False, 0), ("UltraPerformance", None, False, 2),
    ("ErGw2AZ", None, False, 10), ("ErGw2AZ", None, True, 8), ("ErGwScale", 4, False, 8), ("ErGwScale", 5, False, 10)])
def test_zones_count_by_sku(sku: str, units: int | None, zonal: bool, points: int) -> None:
    assert scores(gateway(ONE, sku=sku, units=units, zonal=zonal))[azure.ZONES] == points


def test_the_best_gateway_has_a_hundred_points_and_nothing_to_win() -> None:
    found = report.arm(azure.index(gateway(ONE, TWO, tests=(("Amsterdam", 1), ("London", 2))), NOW), None, NOW)
    assert (found["overallScore"], found["maxScoreFromRecommendations"], found["scoreChange"]) == ("100", "0", "0")


def test_each_lost_point_is_told_with_what_wins_it_back() -> None:
    components = azure.index(gateway(replace(ONE, legs=BROKEN)), NOW)
    assert sum(one.score for one in components) + sum(
        lost.points for one in components for lost in one.lost) == pytest.approx(100)
    assert all(lost.who and lost.why and lost.back for one in components for lost in one.lost)
    assert components[0].lost[0].who == "er1 secondary"


def test_the_change_is_that_since_the_last_look() -> None:
    assert report.arm(azure.index(gateway(ONE, TWO), NOW), 10.0, NOW)["scoreChange"] == "30"
