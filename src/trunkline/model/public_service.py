"""Azure's public services as regions announce them over Microsoft peering: prefixes with their communities.

Names, communities and prefixes are those of the recorded list (``model.service``), which has thousands; of each service
the ANNOUNCED largest prefixes of each family are announced here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from trunkline.model.backbone import SiteKind, backbone, site_of
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.plant import location, region, regions
from trunkline.model.reach import beyond
from trunkline.model.service import listed, place_of

#: Prefixes of a service, of each family.
ANNOUNCED = 4
#: Group of the services that need Premium (azure-facts 3): Exchange, SharePoint, Teams and the rest of Microsoft 365.
MICROSOFT_365 = "O365"
#: Where no region is near, as at test locations; in an operator's own plant its first region.
_ANYWHERE = "westeurope"


@dataclass(frozen=True, slots=True)
class PublicService:
    """``region``: name of the one that it is in; empty for one that every region serves."""

    name: str
    region: str
    community: str
    group: str
    prefixes: tuple[str, ...]


@cache
def public_services() -> tuple[PublicService, ...]:
    """Those with prefixes; IPv6 is listed apart and put together."""
    found: dict[tuple[str, str], PublicService] = {}
    for row in listed():
        for one in row["properties"]["bgpCommunities"]:
            key = row["name"], one["communityValue"]
            known = found.get(key) or PublicService(row["name"], place_of(row["name"]), key[1], one["serviceGroup"], ())
            found[key] = replace(known, prefixes=(*known.prefixes, *_largest(one["communityPrefixes"])))
    return tuple(one for one in found.values() if one.prefixes)


def _largest(prefixes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(prefixes, key=lambda prefix: int(prefix.partition("/")[2]))[:ANNOUNCED])


def of_community(community: str) -> tuple[PublicService, ...]:
    return _by_community().get(community, ())


@cache
def _by_community() -> Mapping[str, tuple[PublicService, ...]]:
    found: dict[str, tuple[PublicService, ...]] = {}
    for one in public_services():
        found[one.community] = (*found.get(one.community, ()), one)
    return found


def needing_premium(communities: Iterable[str]) -> tuple[str, ...]:
    """Those of Microsoft 365."""
    return tuple(one for one in communities
                 if any(service.group == MICROSOFT_365 for service in of_community(one)))


@cache
def served_in(name: str) -> tuple[PublicService, ...]:
    """What a region serves: its own, and those of every region."""
    return tuple(one for one in public_services() if one.region in ("", name))


@cache
def announced_by(name: str) -> Mapping[str, tuple[str, ...]]:
    """The communities of each prefix of a region."""
    found: dict[str, tuple[str, ...]] = {}
    for one in served_in(name):
        for prefix in one.prefixes:
            found[prefix] = tuple(sorted({*found.get(prefix, ()), one.community}))
    return dict(sorted(found.items()))


@cache
def everywhere() -> tuple[str, ...]:
    """The prefixes that any region announces."""
    return tuple(sorted({prefix for one in public_services() for prefix in one.prefixes}))


def reached(tier: SkuTier, place: str, communities: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """From which regions a circuit at a peering location gets what a route filter names, by communities: a region's own
    if the circuit's SKU reaches so far, what every region serves from the nearest."""
    found: dict[str, list[str]] = {}
    for community in communities:
        for name in dict.fromkeys(_sources(tier, place, community)):
            found.setdefault(name, []).append(community)
    return {name: tuple(sorted(own)) for name, own in sorted(found.items())}


def _sources(tier: SkuTier, place: str, community: str) -> Iterator[str]:
    for one in of_community(community):
        if one.region and not beyond(tier, place, one.region):
            yield one.region
        elif not one.region and (one.group != MICROSOFT_365 or tier is SkuTier.PREMIUM):
            yield nearest_region(place)


def nearest_region(place: str) -> str:
    """The one to which Local is sold, else the nearest of the same geopolitical area over the backbone."""
    near = location(place)
    local = [found.name for name in (near.local_regions if near else ()) if (found := region(name))]
    around = (name for name, _ in backbone().nearest(site_of(place, Leg.PRIMARY), SiteKind.REGION)
              if regions()[name].area == near.area) if near and near.area else ()
    otherwise = _ANYWHERE if _ANYWHERE in regions() else next(iter(regions()))
    return next(iter((*local, *around)), otherwise)


