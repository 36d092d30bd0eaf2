"""Resource providers: which namespaces and types there are. All are registered; registering one changes nothing."""

from __future__ import annotations

from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import NotFound
from trunkline.model.plant import regions
from trunkline.model.resource import Json

#: Some that clients send; every well-formed one is accepted.
API_VERSIONS = ("2026-03-01", "2025-09-01", "2025-07-01", "2025-01-01", "2024-11-01", "2024-05-01", "2023-09-01",
                "2022-09-01", "2022-01-01", "2021-08-01", "2021-04-01")

_RESOURCES = "Microsoft.Resources"
_OWN_TYPES = ("resourceGroups", "deployments", "subscriptions", "tenants", "locations", "providers")


def list_all(service: Service, call: Call) -> Answer:
    return answer({"value": [_show(service, call, name) for name in _all(service).values()]})


def get(service: Service, call: Call) -> Answer:
    return answer(_show(service, call, _found(service, call)))


register = get


def _all(service: Service) -> dict[str, str]:
    return {**service.registry.namespaces, _RESOURCES.lower(): _RESOURCES}


def _found(service: Service, call: Call) -> str:
    wanted = call.names["namespace"]
    found = _all(service).get(wanted.lower())
    if found is None:
        raise NotFound(f"The resource namespace '{wanted[:80]}' is invalid.", "InvalidResourceNamespace")
    return found


def _show(service: Service, call: Call, namespace: str) -> Json:
    kinds = [kind.name.partition("/")[2] for kind in service.registry.types.values()
             if kind.name.startswith(f"{namespace}/")]
    subscription = call.names.get("subscription")
    identity = {"id": f"/subscriptions/{subscription}/providers/{namespace}", "registrationState": "Registered",
                "registrationPolicy": "RegistrationRequired"} if subscription else {}
    types = sorted(kinds) if namespace != _RESOURCES else list(_OWN_TYPES)
    return {**identity, "namespace": namespace, "resourceTypes": [_show_type(kind) for kind in types]}


def _show_type(name: str) -> Json:
    return {"resourceType": name, "locations": [region.display_name for region in regions().values()],
            "apiVersions": list(API_VERSIONS), "defaultApiVersion": API_VERSIONS[1],
            "capabilities": "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation"}
