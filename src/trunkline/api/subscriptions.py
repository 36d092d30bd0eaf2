"""Tenants, subscriptions, and their locations."""

from __future__ import annotations

from trunkline.api.accounts import Subscription
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.model.plant import Region, regions
from trunkline.model.resource import Json


def tenants(service: Service, _call: Call) -> Answer:
    tenant = service.accounts.tenant
    return answer({"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Trunkline",
                              "defaultDomain": "trunkline.localhost", "tenantCategory": "Home", "countryCode": "",
                              "domains": ["trunkline.localhost"]}]})


def list_all(service: Service, call: Call) -> Answer:
    mine = [one for one in service.accounts.subscriptions if call.account.may_use(one.id)]
    return answer({"value": [_show(service, one) for one in mine], "count": {"type": "Total", "value": len(mine)}})


def get(service: Service, call: Call) -> Answer:
    found = service.accounts.subscription(call.names["subscription"])
    return answer(_show(service, found) if found else {})


def _show(service: Service, subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.id}", "subscriptionId": subscription.id, "displayName": subscription.name,
        "tenantId": service.accounts.tenant, "state": "Enabled", "authorizationSource": "RoleBased",
        "managedByTenants": [], "subscriptionPolicies": {"locationPlacementId": "Trunkline", "quotaId": "Trunkline",
                                                         "spendingLimit": "Off"},
    }


def locations(_service: Service, call: Call) -> Answer:
    return answer({"value": [_show_region(call.names["subscription"], one) for one in regions().values()]})


def _show_region(subscription: str, region: Region) -> Json:
    return {
        "id": f"/subscriptions/{subscription}/locations/{region.name}", "name": region.name, "type": "Region",
        "displayName": region.display_name, "regionalDisplayName": region.display_name,
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": "",
                     "physicalLocation": "", "pairedRegion": []},
    }
