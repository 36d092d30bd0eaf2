"""Connectivity providers: where each offers circuits and with which bandwidths.

Merged from the published tables and from a real answer to ``GET expressRouteServiceProviders``, which adds Microsoft's
test providers (the ones its own tests and examples order from).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from trunkline.model.catalogue import Catalogue, document, listed, table
from trunkline.model.own_plant import OwnPlant, used

#: What every provider may sell (azure-facts 2.1).
STANDARD_BANDWIDTHS_MBPS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    name: str
    peering_locations: tuple[str, ...]
    bandwidths_mbps: tuple[int, ...]

    def serves(self, location: str) -> bool:
        """Whether circuits are offered at a peering location, in any spelling of its case."""
        return location.casefold() in (name.casefold() for name in self.peering_locations)


def offers() -> Catalogue[ProviderOffer]:
    """All providers by name."""
    return _own(own) if (own := used()) else _shipped()


@cache
def _own(own: OwnPlant) -> Catalogue[ProviderOffer]:
    return _merged(ProviderOffer(provider, (row[column],), STANDARD_BANDWIDTHS_MBPS)
                   for rows, column in ((own.locations, "location"), (own.metros, "metro"))
                   for row in rows for provider in listed(row["providers"]))


@cache
def _shipped() -> Catalogue[ProviderOffer]:
    return _merged(_published())


def _merged(offered: Iterable[ProviderOffer]) -> Catalogue[ProviderOffer]:
    merged: dict[str, ProviderOffer] = {}
    for offer in offered:
        known = merged.get(offer.name.casefold())
        merged[offer.name.casefold()] = _join(known, offer) if known else offer
    return Catalogue({offer.name: offer for offer in merged.values()})


def _published() -> Iterator[ProviderOffer]:
    for row in table("providers.csv"):
        yield ProviderOffer(row["provider"], listed(row["locations"]), STANDARD_BANDWIDTHS_MBPS)
    for row in table("peering-locations.csv"):
        for provider in listed(row["providers"]):
            yield ProviderOffer(provider, (row["location"],), STANDARD_BANDWIDTHS_MBPS)
    for row in table("metro-locations.csv"):
        for provider in listed(row["providers"]):
            if not provider.endswith("*"):  # announced for later
                yield ProviderOffer(provider, (row["metro"],), STANDARD_BANDWIDTHS_MBPS)
    for answer in document("expressRouteServiceProviders-2022-08-30.json")["value"]:
        properties = answer["properties"]
        bandwidths = (offered["valueInMbps"] for offered in properties["bandwidthsOffered"])
        yield ProviderOffer(answer["name"], tuple(properties["peeringLocations"]), tuple(bandwidths))


def _join(one: ProviderOffer, other: ProviderOffer) -> ProviderOffer:
    """``one`` gives the spelling of the name."""
    locations = {*one.peering_locations, *other.peering_locations}
    bandwidths = {*one.bandwidths_mbps, *other.bandwidths_mbps}
    return ProviderOffer(one.name, tuple(sorted(locations)), tuple(sorted(bandwidths)))
