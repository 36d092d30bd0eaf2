"""The plant in use, written as an operator's own (docs/plant.md): something to begin with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from trunkline.model.backbone import SiteKind, backbone
from trunkline.model.own_plant import key
from trunkline.model.plant import PeeringLocation, location, locations, metro_sites, regions
from trunkline.model.plant_files import FILES
from trunkline.model.provider import offers


def exported() -> Mapping[str, str]:
    """The text of each file, by name."""
    rows = {"locations.csv": _locations(), "metros.csv": _metros(), "regions.csv": _regions(), "spans.csv": _spans()}
    return {name: _text(sum(FILES[name], ()), found) for name, found in rows.items()}


def _text(columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _locations() -> Iterator[Mapping[str, object]]:
    areas = {site: place.area for metro, sites in metro_sites().items() if (place := location(metro)) for site in sites}
    for site in backbone().sites:
        where = {"latitude": site.latitude, "longitude": site.longitude}
        if site.kind is SiteKind.LOCATION and (place := location(site.name)):
            yield {"location": place.name, **where, "kind": "location", "address": place.address, "area": place.area,
                   **_sold(place)}
        elif site.kind is SiteKind.LOCATION:
            yield {"location": site.name, **where, "kind": "building", "area": areas.get(site.name, "")}


def _metros() -> Iterator[Mapping[str, object]]:
    for name, (primary, secondary) in metro_sites().items():
        if place := location(name):
            yield {"metro": name, "primary": primary, "secondary": secondary, **_sold(place)}


def _sold(place: PeeringLocation) -> Mapping[str, object]:
    return {"zone": place.zone, "local_regions": "; ".join(place.local_regions),
            "direct": "yes" if place.direct else "no",
            "providers": "; ".join(offer.name for offer in offers().values() if offer.serves(place.name))}


def _regions() -> Iterator[Mapping[str, object]]:
    sites = {site.name: site for site in backbone().sites}
    for name, region in regions().items():
        yield {"region": region.display_name, "latitude": sites[name].latitude, "longitude": sites[name].longitude,
               "area": region.area}


def _spans() -> Iterator[Mapping[str, object]]:
    names = {key(name): name for name in locations()}
    for span in backbone().spans:
        yield {"a": names.get(span.a, span.a), "b": names.get(span.b, span.b), "km": span.km, "kind": span.kind,
               "system": span.system}
