"""Trunkline.Plant: peering locations, regions and backbone links with what of them is used; paths, nearest ones."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from conformance.window import Reply, Window, provision
from trunkline.intent.span import avoidance_id
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.plant import locations, regions
from trunkline.model.resource import Resource

SITE = {"asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24", "routers": [{"name": "ce1"}]}


def at(window: Window, kind: str, name: str = "") -> str:
    return f"{window.subscription}/providers/Trunkline.Plant/{kind}{f'/{quote(name)}' if name else ''}"


def listed(window: Window, kind: str) -> dict[str, Any]:
    rows: list[Any] = []
    query, more = dict[str, str](), True
    while more:
        reply = window.request("GET", at(window, kind), query=query)
        assert reply.status == 200, reply.body
        rows += reply.body["value"]
        link = reply.body.get("nextLink", "")
        query, more = dict(parse_qsl(urlsplit(link).query)), bool(link)
    return {one["name"]: one["properties"] for one in rows}


def one(window: Window, kind: str, name: str) -> Any:
    reply = window.request("GET", at(window, kind, name))
    assert reply.status == 200, reply.body
    return reply.body["properties"]


def ask(window: Window, what: str, body: Any) -> Reply:
    return window.request("POST", at(window, what), body)


def an_estate(window: Window, place: str = "Amsterdam") -> None:
    """A circuit linked to a gateway in West Europe."""
    window.put("expressRouteCircuits/er1", {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": place, "bandwidthInMbps": 1000}},
        sku={"tier": "Premium", "family": "MeteredData"})
    provision(window, location=place.replace(" ", ""))
    window.put("expressRouteCircuits/er1/peerings/AzurePrivatePeering", {
        "peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": "172.16.0.0/30",
        "secondaryPeerAddressPrefix": "172.16.0.4/30"})
    window.put("virtualNetworks/hub", {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [
        {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.255.0/27"}}]}, location="westeurope")
    subnet = {"id": window.path("virtualNetworks/hub/subnets/GatewaySubnet")}
    window.put("virtualNetworkGateways/gw1", {
        "gatewayType": "ExpressRoute", "sku": {"name": "Standard", "tier": "Standard"},
        "ipConfigurations": [{"name": "ip1", "properties": {"subnet": subnet}}]}, location="westeurope")
    window.put("connections/con1", {
        "connectionType": "ExpressRoute", "peer": {"id": window.path("expressRouteCircuits/er1")},
        "virtualNetworkGateway1": {"id": window.path("virtualNetworkGateways/gw1")}}, location="westeurope")


def test_all_of_the_plant_is_listed(window: Window) -> None:
    assert set(listed(window, "peeringLocations")) == set(locations())
    assert set(listed(window, "regions")) == set(regions())
    assert set(listed(window, "backboneLinks")) == {str(span) for span in backbone().spans}


def test_what_is_computed_whole_comes_on_one_page_unless_less_is_asked_for(window: Window) -> None:
    every = window.request("GET", at(window, "backboneLinks")).body
    assert (len(every["value"]), "nextLink" in every) == (len(backbone().spans), False)
    few = window.request("GET", at(window, "backboneLinks"), query={"$top": "7"}).body
    assert (len(few["value"]), "nextLink" in few) == (7, True)


def test_a_location_tells_what_is_published_and_where_it_is(window: Window) -> None:
    found = one(window, "peeringlocations", "Seattle")
    assert found == {
        "provisioningState": "Succeeded", "latitude": 47.614, "longitude": -122.339, "address": "Equinix SE2",
        "zone": 1,
        "geopoliticalArea": "North America", "localRegions": ["West US 2"], "nearestRegion": "westus2",
        "expressRouteDirect": True, "metro": False, "sites": {"primary": "Seattle", "secondary": "Seattle"},
        "cityPairs": [], "providers": found["providers"], "used": False, "usedBy": []}
    assert "Equinix" in found["providers"]


def test_a_metro_tells_its_buildings_and_a_building_its_metro(window: Window) -> None:
    assert one(window, "peeringLocations", "New York Metro")["sites"] == {
        "primary": "New York", "secondary": "165 Halsey Street"}
    assert one(window, "peeringLocations", "Amsterdam2")["cityPairs"] == ["Amsterdam Metro"]


@pytest.mark.parametrize(("kind", "name"), [("peeringLocations", "Queretaro (Mexico)"),
                                            ("backboneLinks", "mexicocentral~queretaro (mexico)")])
def test_names_with_blanks_and_brackets_are_found(window: Window, kind: str, name: str) -> None:
    reply = window.request("GET", at(window, kind, name))
    assert (reply.status, reply.body["name"]) == (200, name)


def test_what_an_estate_uses_says_for_whom_and_on_which_leg(window: Window) -> None:
    an_estate(window)
    er1, gw1 = window.path("expressRouteCircuits/er1"), window.path("virtualNetworkGateways/gw1")
    assert one(window, "peeringLocations", "Amsterdam")["usedBy"] == [er1]
    assert one(window, "regions", "westeurope")["usedBy"] == [er1, gw1]
    direct = one(window, "backboneLinks", "amsterdam~westeurope")
    assert (direct["used"], direct["usedBy"]) == (True, [er1])
    assert direct["legs"] == {"primary": {"used": True, "state": "Built"},
                              "secondary": {"used": False, "state": "NotBuilt"}}
    assert {name for name, link in listed(window, "backboneLinks").items() if link["used"]} == {
        "amsterdam~westeurope", "amsterdam~amsterdam2", "amsterdam2~westeurope"}
    assert not one(window, "peeringLocations", "London")["used"]


def test_a_metro_is_used_by_what_is_ordered_there_and_not_by_what_stands_in_its_buildings(window: Window) -> None:
    an_estate(window)
    assert one(window, "peeringLocations", "Amsterdam")["used"]
    assert not one(window, "peeringLocations", "Amsterdam Metro")["used"]


def test_a_link_that_is_kept_off_says_so(window: Window) -> None:
    an_estate(window)
    span = backbone().span("amsterdam", "westeurope")
    assert span
    with window.store.writing() as writer:
        writer.put(Resource(avoidance_id(span, Leg.PRIMARY), properties={"standing": "avoided"}))
    assert one(window, "backboneLinks", str(span))["legs"]["primary"]["state"] == "Avoided"


def test_a_metro_circuit_uses_both_buildings(window: Window) -> None:
    an_estate(window, "Amsterdam Metro")
    assert one(window, "peeringLocations", "Amsterdam Metro")["used"]
    assert {name for name, link in listed(window, "backboneLinks").items() if link["used"]} == {
        "amsterdam~westeurope", "amsterdam2~westeurope"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["peeringLocations", "regions", "backboneLinks"])
def test_the_plant_is_read_only(window: Window, kind: str, method: str) -> None:
    assert window.request(method, at(window, kind, "westeurope"), {}).status == 405
    assert window.request("GET", at(window, kind, "atlantis")).status == 404


def test_both_legs_paths_share_nothing_between_their_ends(window: Window) -> None:
    legs = ask(window, "path", {"from": "Seattle", "to": "West Europe"}).body["legs"]
    assert [legs[leg]["sites"][0] for leg in legs] == ["Seattle", "Seattle"]
    assert not set(legs["primary"]["sites"][1:-1]) & set(legs["secondary"]["sites"][1:-1])
    assert 100 < legs["primary"]["roundTripInMilliseconds"] < legs["secondary"]["roundTripInMilliseconds"] < 200


def test_a_path_from_a_metro_begins_at_each_legs_building(window: Window) -> None:
    legs = ask(window, "path", {"from": "Amsterdam Metro", "to": "westeurope"}).body["legs"]
    assert [legs[leg]["sites"] for leg in legs] == [["Amsterdam", "West Europe"], ["Amsterdam2", "West Europe"]]


@pytest.mark.parametrize(("body", "code", "target"), [
    ({"from": "Atlantis", "to": "westeurope"}, "PlaceNotFound", "from"),
    ({"from": "Seattle", "to": "Mordor"}, "PlaceNotFound", "to"),
    ({"from": "Seattle"}, "MissingRequiredProperty", "")])
def test_a_path_between_unknown_places_is_refused(window: Window, body: Any, code: str, target: str) -> None:
    reply = ask(window, "path", body)
    assert (reply.status in (400, 404), reply.error) == (True, code)
    assert not target or reply.body["error"]["target"] == target


def test_the_nearest_location_comes_first_with_its_round_trips(window: Window) -> None:
    found = ask(window, "nearest", {"region": "West US 2", "position": {"latitude": 47.6, "longitude": -122.3}}).body
    names = [choice["peeringLocation"] for choice in found["value"]]
    assert names[0] == "Seattle"
    assert "Area51" not in names
    trips = [choice["legs"]["primary"]["roundTripInMilliseconds"] for choice in found["value"]]
    assert trips == sorted(trips)
    best = found["value"][0]
    assert (best["scope"], best["distanceInKilometers"]) == ("Local", 3)
    assert best["legs"]["primary"]["roundTripInMilliseconds"] == pytest.approx(
        best["legs"]["primary"]["accessInMilliseconds"] + best["legs"]["primary"]["backboneInMilliseconds"], abs=0.02)


@pytest.mark.parametrize(("city", "region", "found"), [
    ("Mumbai", "westeurope", "Mumbai"), ("Tokyo", "westeurope", "Tokyo"), ("London", "japaneast", "London")])
def test_no_fibre_is_taken_to_lead_straight_across_a_continent(
        window: Window, city: str, region: str, found: str) -> None:
    """What is near comes first, and what is far is reached by the same cables as the backbone."""
    rows = ask(window, "nearest", {"position": {"city": city}, "region": region}).body["value"]
    assert rows[0]["peeringLocation"].startswith(found)
    assert [row["accessLine"] for row in rows] == sorted((row["accessLine"] for row in rows), reverse=True)
    trips = [row["legs"]["primary"]["roundTripInMilliseconds"] for row in rows]
    assert min(trips) >= rows[0]["legs"]["primary"]["roundTripInMilliseconds"] - 1


def test_the_scope_says_which_sku_reaches(window: Window) -> None:
    found = ask(window, "nearest", {"region": "westeurope", "position": {"city": "Amsterdam"}}).body["value"]
    scopes = {choice["peeringLocation"]: choice["scope"] for choice in found}
    assert (scopes["Amsterdam"], scopes["London"], scopes["Seattle"]) == ("Local", "Standard", "Premium")


def test_a_sites_own_position_counts(window: Window) -> None:
    window.put("sites/west", {**SITE, "position": {"city": "Silicon Valley"}}, "Trunkline.Site")
    body = {"region": "westus", "site": window.path("sites/west", "Trunkline.Site")}
    best = ask(window, "nearest", body).body["value"][0]["peeringLocation"]
    assert best.startswith("Silicon Valley")


@pytest.mark.parametrize(("body", "code"), [
    ({"region": "westus"}, ""), ({"region": "westus", "site": "x", "position": {"city": "Paris"}}, ""),
    ({"region": "mordor", "position": {"city": "Paris"}}, "PlaceNotFound"),
    ({"region": "westus", "position": {"city": "Atlantis"}}, "PlaceNotFound"),
    ({"region": "westus", "position": {"latitude": 3}}, ""),
    ({"region": "westus", "position": {"latitude": 93, "longitude": 0}}, "")])
def test_a_question_that_cannot_be_answered_is_refused(window: Window, body: Any, code: str) -> None:
    reply = ask(window, "nearest", body)
    assert reply.status in (400, 404)
    assert code in ("", reply.error)


def test_a_site_without_position_is_told_so(window: Window) -> None:
    window.put("sites/s1", SITE, "Trunkline.Site")
    reply = ask(window, "nearest", {"region": "westus", "site": window.path("sites/s1", "Trunkline.Site")})
    assert (reply.status, reply.error) == (404, "PositionNotFound")


@pytest.mark.parametrize("position", [{"city": "Atlantis"}, {"latitude": 1.0}, {}, {"city": "Paris", "latitude": 1.0},
                                      {"latitude": "north", "longitude": 0}])
def test_a_site_cannot_be_nowhere(window: Window, position: Any) -> None:
    reply = window.request("PUT", window.path("sites/s1", "Trunkline.Site"),
                           {"location": "westus", "properties": {**SITE, "position": position}})
    assert reply.status == 400
