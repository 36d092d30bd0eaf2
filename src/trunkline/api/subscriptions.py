"""Tenants, subscriptions, their locations, and lists over all types."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trunkline.api.accounts import Subscription
from trunkline.api.engine import listing, shape
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault
from trunkline.model.plant import Region, regions
from trunkline.model.resource import Json, Resource
from trunkline.store import Reader

#: One comparison of an OData filter; others are not offered.
_COMPARISON = re.compile(r"\s*(?P<field>[A-Za-z/]+)\s+eq\s+'(?P<value>(?:[^']|'')*)'\s*")


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


def resources(service: Service, call: Call) -> Answer:
    """Everything of a subscription or group, without properties, narrowed by ``$filter``."""
    wanted = comparisons(call.query.get("$filter", ""))
    with service.store.reading() as reader:
        found = sorted(_tracked(service, reader, call, wanted), key=lambda one: one.id.key)
    kinds = service.registry.types
    return listing.page(call, found, lambda one: one.id.key, lambda one: shape.summary(kinds[one.id.type.lower()], one))


def comparisons(text: str) -> dict[str, str]:
    """``resourceType eq 'x' and name eq 'y'`` as fields in lower case; raises Fault for anything else."""
    found = {}
    for part in re.split(r"\s+and\s+", text.strip()) if text.strip() else []:
        one = _COMPARISON.fullmatch(part)
        if one is None or one["field"].lower() not in ("resourcetype", "name", "resourcegroup", "location", "tagname",
                                                       "tagvalue"):
            raise Fault("InvalidFilterInQueryString", f"Invalid $filter '{text[:200]}' specified in the query string. "
                        "Write comparisons such as resourceType eq 'Microsoft.Network/virtualNetworks', joined by "
                        "'and'.", "$filter")
        found[one["field"].lower()] = one["value"].replace("''", "'")
    return found


def _tracked(service: Service, reader: Reader, call: Call, wanted: dict[str, str]) -> Iterable[Resource]:
    group = call.names.get("group") or wanted.get("resourcegroup", "")
    for kind in service.registry.types.values():
        if kind.catalogue or kind.mirror or kind.name.count("/") > 1:
            continue
        if wanted.get("resourcetype", kind.name).lower() == kind.name.lower():
            for one in reader.list(kind.name, call.names["subscription"], group):
                if _fits(one, wanted):
                    yield one


def _fits(resource: Resource, wanted: dict[str, str]) -> bool:
    tag, value = wanted.get("tagname"), wanted.get("tagvalue")
    return (wanted.get("name", resource.id.name).lower() == resource.id.name.lower()
            and wanted.get("location", resource.location) == resource.location
            and (tag is None or tag in resource.tags) and (value is None or resource.tags.get(tag or "") == value))
