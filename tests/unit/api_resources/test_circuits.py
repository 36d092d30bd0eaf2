"""Circuits: what can be ordered, how an order may change, what comes with it, and when it may go."""

from __future__ import annotations

import re

import pytest

from trunkline.api.declaration import Question
from trunkline.intent.view import CIRCUIT
from trunkline.model.resource import ProvisioningState, ResourceId
from unit.api_resources.desk import (
    CON1,
    ER1,
    OTHER,
    PREMIUM,
    PRIVATE,
    PROVIDER,
    STANDARD,
    Desk,
    a_connection,
    a_linked_desk,
    a_peering,
    an_order,
    codes,
    provision,
    rid,
)


def test_an_order_gets_its_numbers_key_and_twin() -> None:
    desk = Desk()
    circuit = desk.put(ER1, an_order(), sku=STANDARD)
    key = circuit.system["serviceKey"]
    assert (circuit.system["number"], circuit.system["stag"], circuit.system["alias"]) == (1, 1, key)
    twin = desk.get(ResourceId.parse(circuit.system["twin"]["id"]))
    assert twin
    assert str(twin.id).endswith(f"/expressRouteCrossConnections/{key}")
    assert (twin.id.subscription, twin.id.group) == (PROVIDER, "CrossConnection-Amsterdam")
    assert desk.get(ResourceId(PROVIDER, "CrossConnection-Amsterdam"))


def test_s_tags_are_counted_for_each_provider_and_location() -> None:
    desk = Desk()
    places = [("er1", "Amsterdam"), ("er2", "Amsterdam"), ("er3", "London")]
    assert [desk.put(rid(CIRCUIT, name), an_order(location=place), sku=STANDARD).system["stag"]
            for name, place in places] == [1, 2, 1]


def test_the_name_of_a_sku_is_filled_in() -> None:
    assert Desk().put(ER1, an_order(), sku=PREMIUM).envelope["sku"] == {**PREMIUM, "name": "Premium_MeteredData"}


def test_the_name_of_a_sku_follows_a_new_tier_when_the_old_one_is_written_back() -> None:
    desk = Desk()
    name = {"name": desk.put(ER1, an_order(), sku=STANDARD).envelope["sku"]["name"]}
    assert desk.put(ER1, an_order(), sku={**PREMIUM, **name}).envelope["sku"] == {
        **PREMIUM, "name": "Premium_MeteredData"}


def test_names_of_the_catalogue_are_found_in_any_case_and_kept_in_its_own() -> None:
    wish = {"serviceProviderProperties": {
        "serviceProviderName": "EQUINIX", "peeringLocation": "amsterdam", "bandwidthInMbps": 50}}
    kept = Desk().put(ER1, wish, sku=STANDARD).properties["serviceProviderProperties"]
    assert (kept["serviceProviderName"], kept["peeringLocation"]) == ("Equinix", "Amsterdam")


def test_an_unknown_provider_is_refused_in_azures_words() -> None:
    wish = {"serviceProviderProperties": {**an_order()["serviceProviderProperties"], "serviceProviderName": "Nobody"}}
    fault, = Desk().refusal(ER1, wish, sku=STANDARD)
    assert fault.code == "ExpressRouteCircuitServiceProviderDoesNotExist"
    assert str(fault).startswith(
        f"The Service Provider Nobody specified for Express Route Circuit {ER1} does not exist.")


@pytest.mark.parametrize(("wish", "sku", "code", "words"), [
    (an_order(location="Atlantis"), STANDARD, "PeeringLocationNotOffered",
     "'Atlantis' is not offered by Equinix.*Amsterdam"),
    (an_order(mbps=51), STANDARD, "BandwidthNotOffered", "51 is not offered by Equinix.* 50, 100"),
    (an_order(), {**STANDARD, "name": "Premium_MeteredData"}, "InvalidCircuitSku", "tier_family"),
    (an_order(), {"tier": "Golden", "family": "MeteredData"}, "InvalidPropertyValue", "Golden.*Standard, Premium"),
    (an_order(), {}, "InvalidCircuitSku", "needs a tier"),
])
def test_an_order_that_nobody_fulfils_is_refused(wish: dict, sku: dict, code: str, words: str) -> None:
    fault, = Desk().refusal(ER1, wish, sku=sku)
    assert fault.code == code
    assert re.search(words, str(fault))


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert codes(Desk().refusal(ER1, an_order(mbps=51, location="Atlantis"), sku={})) == [
        "PeeringLocationNotOffered", "BandwidthNotOffered", "InvalidCircuitSku"]


UNLIMITED = {"tier": "Standard", "family": "UnlimitedData"}
LOCAL = {"tier": "Local", "family": "UnlimitedData"}


@pytest.mark.parametrize(("before", "wish", "sku", "code"), [
    (STANDARD, an_order(mbps=500), STANDARD, "BandwidthDecreaseNotAllowed"),
    (STANDARD, an_order(location="London"), STANDARD, "PropertyChangeNotAllowed"),
    (UNLIMITED, an_order(), STANDARD, "SkuFamilyChangeNotAllowed"),
    (UNLIMITED, an_order(), LOCAL, "PropertyChangeNotAllowed"),
])
def test_changes_that_need_another_circuit_are_refused(before: dict, wish: dict, sku: dict, code: str) -> None:
    desk = Desk()
    desk.put(ER1, an_order(), sku=before)
    fault, = desk.refusal(ER1, wish, sku=sku)
    assert fault.code == code
    assert "Order a new circuit" in str(fault)


@pytest.mark.parametrize(("before", "wish", "after"), [
    (STANDARD, an_order(mbps=2000), STANDARD), (STANDARD, an_order(), UNLIMITED), (STANDARD, an_order(), PREMIUM),
    (PREMIUM, an_order(), STANDARD), (LOCAL, an_order(), UNLIMITED)])
def test_changes_that_azure_allows_are_allowed(before: dict, wish: dict, after: dict) -> None:
    desk = Desk()
    first = desk.put(ER1, an_order(), sku=before)
    assert desk.put(ER1, wish, sku=after).system == first.system


def test_premium_is_kept_while_more_networks_are_linked_than_standard_allows() -> None:
    desk = a_linked_desk()
    desk.put(ER1, an_order(), sku=PREMIUM)
    link = desk.put(CON1, a_connection())
    for number in range(2, 12):
        desk.store(type(link)(rid(link.id.type, f"con{number}"), properties=link.properties, system=link.system))
    fault, = desk.refusal(ER1, an_order(), sku=STANDARD)
    assert fault.code == "SkuTierChangeNotAllowed"
    assert "11 virtual networks are linked, Standard allows 10" in str(fault)


def test_a_subscription_has_a_quota_of_circuits() -> None:
    desk = Desk(circuit_quota=1)
    desk.put(ER1, an_order(), sku=STANDARD)
    assert codes(desk.refusal(rid(CIRCUIT, "er2"), an_order(), sku=STANDARD)) == ["ExpressRouteCircuitQuotaExceeded"]
    assert not desk.refusal(rid(CIRCUIT, "er2", subscription=OTHER), an_order(), sku=STANDARD)
    assert not desk.refusal(ER1, an_order(mbps=2000), sku=STANDARD)


def test_a_circuit_is_disabled_until_realised_and_while_it_changes() -> None:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    assert desk.shown(ER1)["circuitProvisioningState"] == "Disabled"
    assert not {"stag", "gatewayManagerEtag"} & set(desk.shown(ER1))
    desk.change(ER1, status={"circuitProvisioningState": "Enabled", "stag": 1})
    assert (desk.shown(ER1)["circuitProvisioningState"], desk.shown(ER1)["stag"]) == ("Enabled", 1)
    desk.change(ER1, state=ProvisioningState.UPDATING)
    assert (desk.shown(ER1)["circuitProvisioningState"], desk.shown(ER1)["stag"]) == ("Disabled", 1)


def test_a_circuit_shows_its_providers_state_and_notes() -> None:
    desk = Desk()
    twin = ResourceId.parse(desk.put(ER1, an_order(), sku=STANDARD).system["twin"]["id"])
    assert desk.shown(ER1)["serviceProviderProvisioningState"] == "NotProvisioned"
    desk.put(twin, {"serviceProviderProvisioningState": "Provisioned", "serviceProviderNotes": "rack 7"})
    assert desk.shown(ER1)["serviceProviderProvisioningState"] == "Provisioned"
    assert desk.shown(ER1)["serviceProviderNotes"] == "rack 7"


@pytest.mark.parametrize("state", ["Provisioning", "Provisioned"])
def test_a_circuit_that_its_provider_serves_cannot_be_deleted(state: str) -> None:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    assert not desk.in_use(ER1)
    provision(desk, state=state)
    fault, = desk.in_use(ER1)
    assert (fault.code, fault.status) == ("ExpressRouteCircuitIsProvisioned", 409)


def test_a_circuit_with_peering_may_go_but_not_with_a_connection() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    provision(desk, state="NotProvisioned")
    assert codes(desk.in_use(ER1)) == ["InUseExpressRouteCircuitCannotBeDeleted"]
    desk.remove(CON1)
    assert not desk.in_use(ER1)


AUTHORIZATION = f"{CIRCUIT}/authorizations"


def test_an_authorization_gets_a_key_that_listkeys_tells() -> None:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    kept = desk.put(rid(AUTHORIZATION, "er1", "auth1"), {})
    action, = desk.kind(kept.id).actions
    assert action.answer
    assert action.answer(kept, desk, Question()) == {"authorizationKey": desk.shown(kept.id)["authorizationKey"]}
    assert desk.shown(kept.id)["authorizationUseStatus"] == "Available"


def test_a_redeemed_authorization_names_its_connection_which_goes_with_it() -> None:
    desk = a_linked_desk()
    auth = desk.put(rid(AUTHORIZATION, "er1", "auth1"), {})
    connection = desk.put(CON1, a_connection(authorizationKey=auth.system["authorizationKey"]))
    assert desk.shown(auth.id)["authorizationUseStatus"] == "InUse"
    assert desk.shown(auth.id)["connectionResourceUri"] == str(CON1)
    assert list(desk.kind(auth.id).dependents(auth, desk)) == [connection]


def test_peerings_and_authorizations_stand_in_the_circuits_body() -> None:
    desk = Desk()
    inline = {"peerings": [{"name": "AzurePrivatePeering", "properties": a_peering()}],
              "authorizations": [{"name": "auth1", "properties": {}}]}
    desk.put(ER1, {**an_order(), **inline}, sku=STANDARD)
    assert desk.get(PRIVATE)
    assert desk.get(rid(AUTHORIZATION, "er1", "auth1"))
