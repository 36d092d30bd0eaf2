"""Offers: the published providers and the recorded ones, whatever the case of a name."""

from __future__ import annotations

import pytest

from trunkline.model.plant import location
from trunkline.model.provider import STANDARD_BANDWIDTHS_MBPS, offers


@pytest.mark.parametrize(("provider", "place"), [
    ("Ibiza Test Provider", "Area51"), ("Microsoft ER Test", "Denver Test"), ("Equinix", "Silicon Valley"),
    ("Megaport", "Amsterdam Metro"), ("NL-IX", "Amsterdam Metro"), ("Belnet", "Brussels Metro"),
    ("Verizon", "Hong Kong"), ("Cogent", "Amsterdam"), ("TeleCity Group", "Dublin")])
def test_a_provider_is_found_with_its_locations_in_any_case(provider: str, place: str) -> None:
    assert offers()[provider.upper()].name == provider
    assert place in offers()[provider].peering_locations
    assert offers()[provider.lower()].serves(place.upper())


def test_a_provider_does_not_serve_where_it_is_not() -> None:
    assert not offers()["Ibiza Test Provider"].serves("London")


def test_an_unknown_provider_is_not_offered() -> None:
    assert offers().get("Nobody") is None
    assert "Nobody" not in offers()


def test_an_offer_lists_each_location_once_and_each_bandwidth_in_order() -> None:
    for offer in offers().values():
        assert len({name.casefold() for name in offer.peering_locations}) == len(offer.peering_locations) > 0
        assert list(offer.bandwidths_mbps) == sorted(offer.bandwidths_mbps)
        assert set(STANDARD_BANDWIDTHS_MBPS) <= set(offer.bandwidths_mbps)


def test_bandwidths_are_as_recorded() -> None:
    assert offers()["Equinix Test"].bandwidths_mbps == (*STANDARD_BANDWIDTHS_MBPS, 100_000)
    assert offers()["Equinix"].bandwidths_mbps == STANDARD_BANDWIDTHS_MBPS


def test_every_offered_location_is_known_by_exactly_that_name() -> None:
    for offer in offers().values():
        for place in offer.peering_locations:
            found = location(place)
            assert found is not None
            assert found.name == place


def test_offers_are_in_the_order_of_their_names_and_bear_no_remains_of_their_source() -> None:
    assert list(offers()) == sorted(offers(), key=str.casefold)
    assert len(offers()) == len({name.casefold() for name in offers()}) > 200
    assert [name for name in offers() if set("<>*;[]") & set(name) or name != name.strip()] == []


def test_a_provider_announced_for_later_sells_nothing_yet() -> None:
    assert not offers()["Megaport"].serves("Brussels Metro")
