"""Peering locations and regions, and the numbers that addresses are computed from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from trunkline.errors import NotFound
from trunkline.model.plant import (
    PeeringLocation,
    location,
    location_index,
    locations,
    region,
    region_index,
    regions,
)


def test_a_location_has_what_is_published() -> None:
    found = location("LONDON")

    assert found == PeeringLocation("London", "Equinix LD5", 1, ("UK South",), True, location_index("london"), "Europe")


def test_a_metro_has_both_its_sites_and_all_its_regions() -> None:
    found = location("Washington DC Metro")

    assert found is not None
    assert (found.address, found.local_regions) == ("Equinix DC6; CoreSite VA3", ("East US", "East US 2"))


def test_a_location_without_a_region_nearby_has_none() -> None:
    found = location("Atlanta")

    assert found is not None
    assert found.local_regions == ()


def test_a_location_that_only_a_test_provider_names_is_known_by_name_alone() -> None:
    assert location("Area51") == PeeringLocation("Area51", index=location_index("area51"))


@pytest.mark.parametrize("text", ["West US", "westus", "WestUS", "WEST us", "west us"])
def test_a_region_is_found_by_name_and_display_name(text: str) -> None:
    found = region(text)

    assert found is not None
    assert (found.name, found.display_name) == ("westus", "West US")


@pytest.mark.parametrize("text", ["centraluseuap", "eastus2euap", "southindia", "Sweden Central", "brazilsouth"])
def test_regions_of_all_sources_are_known(text: str) -> None:
    assert region(text) is not None


def test_every_local_region_is_a_region() -> None:
    for place in locations().values():
        assert all(region(name) is not None for name in place.local_regions)


def test_each_place_has_a_number_of_its_own_in_the_order_of_names() -> None:
    assert [location_index(name) for name in locations()] == list(range(len(locations())))
    assert [region_index(one.display_name) for one in regions().values()] == list(range(len(regions())))
    assert list(regions()) == sorted(regions())


@pytest.mark.parametrize("index_of", [location_index, region_index])
def test_an_unknown_place_is_said(index_of: Callable[[str], int]) -> None:
    with pytest.raises(NotFound, match="Atlantis"):
        index_of("Atlantis")
    assert location("Atlantis") is None
    assert region("Atlantis") is None


def test_every_region_and_every_location_but_those_for_tests_is_in_a_geopolitical_area() -> None:
    assert all(one.area for one in regions().values())
    assert {one.name for one in locations().values() if not one.area} == {
        one.name for one in locations().values() if not one.zone}


def test_a_metro_and_a_second_location_are_where_their_city_is() -> None:
    assert {name: found.area for name in ("Jakarta2", "Oslo Metro", "Queretaro (Mexico)", "Washington DC2")
            if (found := location(name))} == {"Jakarta2": "Asia", "Oslo Metro": "Europe",
                                              "Queretaro (Mexico)": "North America", "Washington DC2": "North America"}


def test_importing_the_catalogue_reads_nothing() -> None:
    script = ("import sys; import trunkline.model.plant as plant\n"
              "print(plant._shipped_locations.cache_info().currsize, 'pydantic' in sys.modules)")

    imported = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)

    assert imported.stdout == "0 False\n"
