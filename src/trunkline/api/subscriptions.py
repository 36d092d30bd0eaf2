"""Tenants, subscriptions, and their locations."""

from __future__ import annotations

from trunkline.api.access.admission import known
from trunkline.api.accounts import Subscription
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.model.plant import Region, regions
from trunkline.model.resource import Json


def tenants(service: Service, call: Call) -> Answer:
    mine = [one for one in service.accounts.tenants if call.account.operator or one.id == call.account.tenant]
    return answer({"value": [{"id": f"/tenants/{one.id}", "tenantId": one.id, "displayName": one.name,
                              "defaultDomain": one.domain, "tenantCategory": "Home", "countryCode": "",
                              "domains": [one.domain]} for one in mine]})


def list_all(service: Service, call: Call) -> Answer:
    mine = [one for one in service.accounts.subscriptions if known(service, call.account, one)]
    return answer({"value": [_show(one) for one in mine], "count": {"type": "Total", "value": len(mine)}})


def get(service: Service, call: Call) -> Answer:
    found = service.accounts.subscription(call.names["subscription"])
    return answer(_show(found) if found else {})


def _show(subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.id}", "subscriptionId": subscription.id, "displayName": subscription.name,
        "tenantId": subscription.tenant, "state": "Enabled", "authorizationSource": "RoleBased",
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
