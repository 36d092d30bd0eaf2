"""How far a circuit reaches by its SKU: near regions, the same geopolitical area, everywhere."""

from __future__ import annotations

import pytest

from trunkline.api.resources.express_route.scope import beyond
from trunkline.errors import Fault
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, PEERING, SUBNET, VNET
from trunkline.model.backbone import backbone, site_of
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.plant import locations, region, regions
from unit.api_resources.desk import (
    STANDARD,
    Desk,
    a_connection,
    a_gateway,
    a_network,
    a_peering,
    an_order,
    codes,
    provision,
    rid,
)

CON, GATEWAY_FAR, FAR = rid(CONNECTION, "far"), rid(GATEWAY, "gw-far"), rid(CIRCUIT, "far")


def sku(tier: str) -> dict[str, str]:
    return {"tier": tier, "family": "UnlimitedData"}


def a_desk(tier: str, place: str, region: str) -> Desk:
    """A circuit with private peering, and a gateway in a region."""
    desk = Desk()
    desk.put(FAR, an_order(location=place), sku=sku(tier))
    provision(desk, FAR)
    desk.put(rid(PEERING, "far", "AzurePrivatePeering"), a_peering())
    desk.put(rid(VNET, "far"), a_network(GatewaySubnet="10.1.255.0/27"), location=region)
    desk.put(GATEWAY_FAR, a_gateway(rid(SUBNET, "far", "GatewaySubnet")), location=region)
    return desk


def link(desk: Desk) -> list[Fault]:
    return desk.refusal(CON, a_connection(GATEWAY_FAR, FAR))


@pytest.mark.parametrize(("tier", "place", "region", "code"), [
    ("Local", "Amsterdam", "westeurope", ""), ("Local", "Amsterdam", "northeurope", "CircuitScopeExceeded"),
    ("Local", "Washington DC", "eastus2", ""), ("Standard", "Amsterdam", "uksouth", ""),
    ("Standard", "Amsterdam", "westus", "CircuitScopeExceeded"), ("Standard", "Sydney", "newzealandnorth", ""),
    ("Basic", "Tokyo", "eastasia", "CircuitScopeExceeded"), ("Premium", "Amsterdam", "westus", "")])
def test_a_circuit_reaches_as_far_as_its_sku(tier: str, place: str, region: str, code: str) -> None:
    assert codes(link(a_desk(tier, place, region))) == ([code] if code else [])


def test_the_way_out_names_the_tier_that_reaches() -> None:
    local, = link(a_desk("Local", "Amsterdam", "northeurope"))
    assert "which are West Europe. Upgrade it to Standard" in str(local)
    standard, = link(a_desk("Standard", "Amsterdam", "westus"))
    assert "which is Europe, and West US is in North America. Upgrade it to Premium" in str(standard)


def test_test_locations_and_unknown_ones_bound_nothing() -> None:
    assert not beyond(SkuTier.STANDARD, "Area51", "westus")
    assert not beyond(SkuTier.LOCAL, "Equinix-Ashburn-DC2", "westus")


def test_premium_is_kept_while_a_gateway_in_another_area_is_linked() -> None:
    desk = a_desk("Premium", "Amsterdam", "westus")
    desk.put(CON, a_connection(GATEWAY_FAR, FAR))
    fault, = desk.refusal(FAR, an_order(), sku=sku("Standard"))
    assert (fault.code, fault.status) == ("SkuTierChangeNotAllowed", 409)
    assert str(CON) in str(fault)
    assert not desk.refusal(FAR, an_order(), sku=sku("Premium"))


def test_local_is_not_sold_where_no_region_is_near() -> None:
    desk = Desk()
    assert codes(desk.refusal(FAR, an_order(location="Atlanta"), sku=sku("Local"))) == ["SkuTierNotSupported"]
    assert not desk.refusal(FAR, an_order(location="Atlanta"), sku=STANDARD)


def test_a_location_and_its_local_regions_are_in_one_area() -> None:
    """So Standard reaches whatever Local does, and Premium whatever Standard does."""
    for place in locations().values():
        for display in place.local_regions:
            found = region(display)
            assert found
            assert found.area == place.area
            assert not any(beyond(tier, place.name, found.name)
                           for tier in (SkuTier.LOCAL, SkuTier.STANDARD, SkuTier.PREMIUM))


def test_local_regions_are_close_by_on_the_backbone() -> None:
    """Local is sold without egress charge because the way is short: 10 ms there and back at most."""
    far = {(place.name, display): rtt_ms(place.name, display) for place in locations().values()
           for display in place.local_regions if rtt_ms(place.name, display) > 10}
    assert not far


def rtt_ms(place: str, display: str) -> float:
    found = region(display)
    assert found
    way = backbone().path(site_of(place, Leg.PRIMARY), found.name, Leg.PRIMARY)
    return 2 * backbone().latency_us(way) / 1000


@pytest.mark.parametrize("tier", ["Local", "Standard", "Premium"])
def test_every_region_is_within_reach_of_premium_and_of_no_other_tier_in_another_area(tier: str) -> None:
    for place in ("Amsterdam Metro", "Sao Paulo", "Doha2", "Canberra"):
        near = locations()[place]
        for one in regions().values():
            reaches = not beyond(SkuTier(tier), place, one.name)
            assert reaches == {"Premium": True, "Standard": one.area == near.area,
                               "Local": one.display_name in near.local_regions}[tier]


def test_a_metro_reaches_what_its_city_does() -> None:
    assert not link(a_desk("Local", "Amsterdam Metro", "westeurope"))
    assert codes(link(a_desk("Standard", "Amsterdam Metro", "westus"))) == ["CircuitScopeExceeded"]
