"""What a circuit gets of public services: by its route filter, as far as its SKU reaches."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from trunkline.model.bgp import of_family
from trunkline.model.circuit import SkuTier
from trunkline.model.public_service import (
    ANNOUNCED,
    announced_by,
    nearest_region,
    needing_premium,
    public_services,
    reached,
)

STORAGE, EAST_US, NORTH, EXCHANGE, ENTRA = "12076:52002", "12076:52004", "12076:52003", "12076:5010", "12076:5060"


def regions(tier: SkuTier, *communities: str) -> Iterable[str]:
    return sorted(reached(tier, "Amsterdam", communities))


def test_a_service_announces_a_few_prefixes_of_each_family() -> None:
    assert all(len(of_family(family, one.prefixes)) <= ANNOUNCED for one in public_services() for family in (4, 6))
    assert len(public_services()) > 200


def test_a_region_announces_its_own_and_what_every_region_serves() -> None:
    told = {community for found in announced_by("westeurope").values() for community in found}
    assert {STORAGE, EXCHANGE, ENTRA} <= told
    assert EAST_US not in told


@pytest.mark.parametrize(("tier", "communities", "found"), [
    (SkuTier.LOCAL, (STORAGE, NORTH, EAST_US), ["westeurope"]),
    (SkuTier.STANDARD, (STORAGE, NORTH, EAST_US), ["northeurope", "westeurope"]),
    (SkuTier.PREMIUM, (STORAGE, NORTH, EAST_US), ["eastus", "northeurope", "westeurope"]),
    (SkuTier.STANDARD, (ENTRA,), ["westeurope"]), (SkuTier.STANDARD, (EXCHANGE,), []),
    (SkuTier.PREMIUM, (EXCHANGE,), ["westeurope"]), (SkuTier.PREMIUM, ("12076:65000",), [])])
def test_the_sku_bounds_regions_and_microsoft_365(
        tier: SkuTier, communities: tuple[str, ...], found: list[str]) -> None:
    assert regions(tier, *communities) == found


def test_a_filter_of_several_communities_asks_each_region_for_its_own() -> None:
    assert reached(SkuTier.PREMIUM, "Amsterdam", [STORAGE, ENTRA, EAST_US]) == {
        "westeurope": (ENTRA, STORAGE), "eastus": (EAST_US,)}


@pytest.mark.parametrize(("place", "region"), [("Amsterdam", "westeurope"), ("Washington DC", "eastus")])
def test_what_every_region_serves_comes_from_the_nearest(place: str, region: str) -> None:
    assert nearest_region(place) == region


def test_microsoft_365_needs_premium_and_entra_does_not() -> None:
    assert needing_premium([EXCHANGE, ENTRA, STORAGE]) == (EXCHANGE,)
