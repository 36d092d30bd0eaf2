"""Azure's public services as the network knows them: BGP communities, prefixes, and the service tags made of these.

All is from one recorded answer (``data/bgpServiceCommunities-2024-01-22.json``); what it does not name is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from trunkline.model.catalogue import Catalogue, document, table
from trunkline.model.plant import region
from trunkline.model.resource import Json

#: Of the only edition that is known here.
CHANGE_NUMBER = "1"

_FILE = "bgpServiceCommunities-2024-01-22.json"

#: Beginnings of names in the list, and the service tag that they are regions of.
_REGIONAL = {"AzureStorage": "Storage", "AzureSQL": "Sql", "AzureCosmosDB": "AzureCosmosDB",
             "AzureBackup": "AzureBackup", "Azure": "AzureCloud"}


@dataclass(frozen=True, slots=True)
class ServiceTag:
    """``region``: name of a location, empty for all."""

    name: str
    region: str
    service: str
    prefixes: tuple[str, ...]


@cache
def listed() -> tuple[Json, ...]:
    """The services as Azure answers them."""
    return tuple(document(_FILE)["value"])


@cache
def communities() -> frozenset[str]:
    """Values that a route filter may name: those of the list, and those that the documentation adds."""
    known = {row["communityValue"] for one in listed() for row in one["properties"]["bgpCommunities"]}
    columns = ("microsoft_peering_regional", "storage", "sql", "cosmosdb", "backup")
    return frozenset(known | {row[column] for row in table("bgp-communities.csv") for column in columns if row[column]})


def regional_community(location: str) -> str:
    """What private peering marks the routes of a region with; empty where none is published."""
    found = region(location)
    rows = table("bgp-communities.csv") if found else ()
    return next((row["private_peering_regional"] for row in rows if found and row["name"] == found.display_name), "")


@cache
def service_tags() -> Catalogue[ServiceTag]:
    """Tags with known prefixes: each service, its regions, and all its regions together."""
    found: dict[str, ServiceTag] = {}
    for row in listed():
        tag = _tag(row["name"], _prefixes(row))
        found[tag.name] = tag
        if tag.region:
            whole = tag.name.partition(".")[0]
            others = found[whole].prefixes if whole in found else ()
            found[whole] = ServiceTag(whole, "", tag.service, (*others, *tag.prefixes))
    return Catalogue({name: tag for name, tag in found.items() if tag.prefixes})


def _prefixes(row: Json) -> tuple[str, ...]:
    return tuple(prefix for one in row["properties"]["bgpCommunities"] for prefix in one["communityPrefixes"])


def place_of(name: str) -> str:
    """The region that a listed service is of (AzureStorageWestEurope: ``westeurope``); empty for one of all regions."""
    return _tag(name, ()).region


def _tag(name: str, prefixes: tuple[str, ...]) -> ServiceTag:
    for beginning, service in _REGIONAL.items():
        place = name.removeprefix(beginning)
        if place != name and (found := region(place)):
            return ServiceTag(f"{service}.{place}", found.name, service, prefixes)
    return ServiceTag(name, "", name, prefixes)
