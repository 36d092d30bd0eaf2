"""``Trunkline.Plant/path``: how both legs get from one place to another; ``nearest``: the locations by which a site
reaches a region, the quickest first. Computed from the plant, without asking the network."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError, model_validator

from trunkline.api import body as content
from trunkline.api import validation
from trunkline.api.envelope import refuse
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import NotFound
from trunkline.intent.view import SITE, site_model
from trunkline.model.backbone import backbone, site_of
from trunkline.model.circuit import Leg
from trunkline.model.closest import closest_first, did_you_mean
from trunkline.model.geography import Position
from trunkline.model.nearest import Choice, Way, position_of, ranked
from trunkline.model.plant import locations, region, regions, site_called
from trunkline.model.resource import Json, Properties, ResourceId
from trunkline.model.site import SitePosition

Asked = TypeVar("Asked", bound=Properties)


class PathQuestion(Properties):
    """Two of peering locations, metros, buildings and regions, by name."""

    start: Annotated[str, Field(alias="from")]
    end: Annotated[str, Field(alias="to")]


class NearestQuestion(Properties):
    """``site``: the id of a site with a position, or else a ``position``."""

    region: str
    site: str | None = None
    position: SitePosition | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> NearestQuestion:
        if (self.site is None) == (self.position is None):
            raise ValueError("either a site or a position says from where; give one of both")
        return self


def path(_service: Service, call: Call) -> Answer:
    asked = _question(call, PathQuestion)
    return answer({"from": asked.start, "to": asked.end, "legs": {leg.value: _leg(asked, leg) for leg in Leg}})


def _leg(asked: PathQuestion, leg: Leg) -> Json:
    found = backbone().path(_place(asked.start, "from"), _place(asked.end, "to"), leg)
    spans = [span for pair in pairwise(found) if (span := backbone().span(*pair))]
    us = backbone().latency_us(found)
    return {"sites": list(map(site_called, found)), "links": [str(span) for span in spans],
            "lengthInKilometers": round(sum(span.km for span in spans), 1), "latencyInMicroseconds": us,
            "roundTripInMilliseconds": _ms(2 * us)}


def _place(name: str, member: str) -> str:
    """As the backbone has it: a region by its name, all others in lower case."""
    found = region(name)
    place = found.name if found else name.casefold()
    if site_of(place, Leg.PRIMARY) not in backbone().by_name:
        near = did_you_mean(name, [*locations(), *regions()])
        raise NotFound(f"{member} '{name}' is no peering location, metro, building or region of the plant.{near} "
                       "'trunkline plant --all' lists them.", "PlaceNotFound", member)
    return place


def nearest(service: Service, call: Call) -> Answer:
    asked = _question(call, NearestQuestion)
    wanted = region(asked.region)
    if wanted is None:
        raise NotFound(f"region '{asked.region}' is none of the plant; these are: "
                       f"{', '.join(closest_first(asked.region, regions()))}.",
                       "PlaceNotFound", "region")
    start = _position(service, call, asked)
    return answer({"region": wanted.name, "latitude": start.latitude, "longitude": start.longitude,
                   "value": [_shown(one) for one in ranked(start, wanted)]})


def _position(service: Service, call: Call, asked: NearestQuestion) -> Position:
    given = asked.position or _of_site(service, call, asked.site or "")
    if given.latitude is not None and given.longitude is not None:
        return Position(given.latitude, given.longitude)
    found = position_of(given.city or "")
    if found is None:
        raise NotFound(f"city '{given.city}' has no peering location, so where it is, is not known; give a latitude "
                       "and a longitude instead.", "PlaceNotFound", "position.city")
    return found


def _of_site(service: Service, call: Call, text: str) -> SitePosition:
    wanted = ResourceId.parse(text)
    mine = wanted.subscription.lower() == call.names["subscription"].lower() and wanted.type.lower() == SITE.lower()
    with service.store.reading() as reader:
        site = reader.get(wanted) if mine else None
    if site is None:
        raise NotFound(f"There is no site '{text}' in this subscription.", target="site")
    position = site_model(site).position
    if position is None:
        raise NotFound(f"Site {site.id} has no position; give it one (position.city, or position.latitude and "
                       "position.longitude), or ask with a position.", "PositionNotFound", "site")
    return position


def _shown(choice: Choice) -> Json:
    place = choice.location
    return {"peeringLocation": place.name, "distanceInKilometers": round(choice.km), "accessLine": choice.is_near,
            "scope": choice.tier.value, "zone": place.zone, "metro": len({way.path[0] for way in choice.ways}) > 1,
            "expressRouteDirect": place.direct, "providers": list(choice.providers),
            "legs": {way.leg.value: _way(way) for way in choice.ways}}


def _way(way: Way) -> Json:
    return {"accessInMilliseconds": _ms(2 * way.access_us), "backboneInMilliseconds": _ms(2 * way.backbone_us),
            "roundTripInMilliseconds": _ms(way.round_trip_us), "sites": list(map(site_called, way.path))}


def _ms(us: int) -> float:
    return round(us / 1000, 2)


def _question(call: Call, model: type[Asked]) -> Asked:
    try:
        return model.model_validate(content.object_in(call.headers, call.body))
    except ValidationError as error:
        wrong = list(validation.faults(error, "", call.path.rpartition("/")[2], ()))
    refuse(wrong)
    raise AssertionError("a refused question has no answer")
