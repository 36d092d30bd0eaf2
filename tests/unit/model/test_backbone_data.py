"""What ships as the backbone: every place is on it, by two ways, about as far away as it is."""

from __future__ import annotations

from itertools import combinations, pairwise

import networkx
import pytest

from trunkline.model.backbone import SiteKind, Span, backbone
from trunkline.model.circuit import Leg
from trunkline.model.plant import locations, metro_sites, regions

#: Round trips that Microsoft published for a circuit at Seattle (ms), of TCP between hosts, with all that is on the way
#: besides fibre.
PUBLISHED_MS = {"westus2": 5, "eastus": 74, "westeurope": 153}
SITES = {site.name: site for site in backbone().sites}
LOCATIONS, REGIONS = (sorted(site.name for site in backbone().sites if site.kind is kind)
                      for kind in (SiteKind.LOCATION, SiteKind.REGION))


def graph_of(spans: tuple[Span, ...]) -> networkx.Graph:
    return networkx.Graph((span.a, span.b) for span in spans)


def test_every_location_and_region_is_a_site() -> None:
    assert {name.casefold() for name in locations()} <= {*LOCATIONS, *(name.casefold() for name in metro_sites())}
    assert set(REGIONS) == set(regions())


def test_no_site_depends_on_another() -> None:
    assert networkx.is_biconnected(graph_of(backbone().spans))


def test_no_site_depends_on_a_span() -> None:
    assert networkx.edge_connectivity(graph_of(backbone().spans)) >= 2


@pytest.mark.parametrize("place", LOCATIONS)
def test_the_legs_of_a_location_share_nothing_on_the_way_to_any_region(place: str) -> None:
    for region in REGIONS:
        primary, secondary = (backbone().path(place, region, leg) for leg in Leg)
        assert not set(primary[1:-1]) & set(secondary[1:-1])
        assert not {frozenset(span) for span in pairwise(primary)} & {frozenset(span) for span in pairwise(secondary)}


def test_two_locations_are_joined_by_two_ways() -> None:
    chosen = LOCATIONS[::5]
    assert all(backbone().path(one, other, Leg.PRIMARY) != backbone().path(one, other, Leg.SECONDARY)
               for one, other in combinations(chosen, 2))


@pytest.mark.parametrize("name", sorted(place.name for place in locations().values() if place.local_regions))
def test_the_region_next_to_a_location_is_its_local_one(name: str) -> None:
    place = locations()[name]
    site = metro_sites().get(name, (name.casefold(),))[0]
    near = min(REGIONS, key=lambda region: backbone().latency_us(backbone().path(site, region, Leg.PRIMARY)))
    canaries = {"eastus2euap": "East US 2", "centraluseuap": "Central US"}
    assert canaries.get(near, regions()[near].display_name) in place.local_regions


@pytest.mark.parametrize(("region", "published_ms"), PUBLISHED_MS.items())
def test_round_trips_from_seattle_are_near_what_is_published(region: str, published_ms: int) -> None:
    """Fibre alone is 12 to 40 % faster than what a host measures, never slower."""
    found_ms = 2 * backbone().latency_us(backbone().path("seattle", region, Leg.PRIMARY)) / 1000
    assert 0.6 * published_ms <= found_ms <= published_ms


@pytest.mark.parametrize(("one", "other"), list(combinations(
    ("new york", "london", "tokyo", "sao paulo", "cape town", "sydney"), 2)))
def test_continents_are_joined_by_two_systems(one: str, other: str) -> None:
    """Though all the terrestrial ways of a continent and one submarine cable were the first path's."""
    ways = [backbone().path(one, other, leg) for leg in Leg]
    cables = [{str(backbone().span(*hop)) for hop in pairwise(way) if backbone().span(*hop).km > 1000} for way in ways]
    assert not cables[0] & cables[1]


def test_spans_are_between_sites_in_the_order_of_the_alphabet_and_once() -> None:
    spans = [(span.a, span.b) for span in backbone().spans]
    assert len(set(spans)) == len(spans)
    assert all(a < b and a in SITES and b in SITES for a, b in spans)


@pytest.mark.parametrize("metro", sorted(metro_sites()))
def test_a_metro_is_two_buildings_of_one_city(metro: str) -> None:
    primary, secondary = metro_sites()[metro]
    between = backbone().span(primary, secondary)
    assert between
    assert 0 < between.km <= 100
