"""Resource providers: which namespaces and types there are. All are registered; registering one changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound
from trunkline.model.plant import regions
from trunkline.model.resource import Json

#: Those that az 2.91 and the SDKs of 2026 send, the newest first; every well-formed one is accepted.
_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Network": (
        "2026-09-01", "2026-03-01", "2026-01-01", "2025-09-01", "2025-07-01", "2025-03-01", "2025-01-01", "2024-10-01",
        "2024-07-01", "2024-05-01", "2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-07-01-preview",
        "2023-06-01", "2023-04-01", "2022-07-01", "2022-05-01", "2022-01-01", "2021-08-01"),
    "Microsoft.KeyVault": ("2026-02-01", "2024-11-01", "2023-07-01", "2021-10-01", "2019-09-01", "2015-06-01"),
    "Microsoft.ManagedIdentity": ("2024-11-30", "2023-01-31", "2018-11-30"),
    "Microsoft.Authorization": ("2022-04-01", "2020-05-01", "2018-01-01-preview", "2016-09-01"),
    "Microsoft.Features": ("2021-07-01", "2015-12-01"),
    "Microsoft.Resources": ("2025-04-01", "2024-11-01", "2024-07-01", "2022-12-01", "2022-09-01", "2021-04-01"),
}
_OWN_VERSIONS = ("2025-01-01",)

#: Types that are no declarations.
_OWN_TYPES: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Resources": ("resourceGroups", "deployments", "deployments/operations", "subscriptions", "tenants",
                            "locations", "providers", "resources", "tags"),
    "Microsoft.Features": ("features", "providers"),
    "Trunkline.Security": ("events",),
}


def list_all(service: Service, call: Call) -> Answer:
    return answer({"value": [_show(service, call, name) for name in _all(service).values()]})


def get(service: Service, call: Call) -> Answer:
    return answer(_show(service, call, _found(service, call)))


register = get


def unregister(service: Service, call: Call) -> Answer:
    name = _found(service, call)
    raise Fault("UnregisterNotSupported", f"The namespace '{name}' stays registered with every subscription; nothing "
                "is to be done.")


def _all(service: Service) -> dict[str, str]:
    return {**service.registry.namespaces, **{name.lower(): name for name in _OWN_TYPES}}


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
    types = sorted({*kinds, *_OWN_TYPES.get(namespace, ())}, key=str.lower)
    versions = _VERSIONS.get(namespace, _OWN_VERSIONS)
    return {**identity, "namespace": namespace, "resourceTypes": [_show_type(kind, versions) for kind in types]}


def resource_types(service: Service, call: Call) -> Answer:
    """``…/providers/{namespace}/resourceTypes``."""
    return answer({"value": _show(service, call, _found(service, call))["resourceTypes"]})


def _show_type(name: str, versions: tuple[str, ...]) -> Json:
    return {"resourceType": name, "locations": [region.display_name for region in regions().values()],
            "apiVersions": list(versions), "defaultApiVersion": versions[0],
            "capabilities": "SupportsTags, SupportsLocation"}
