"""``/metadata/endpoints``: what ``az cloud register`` and the SDKs learn about this cloud, in its three shapes."""

from __future__ import annotations

from trunkline.model.resource import Json

_OBJECT_SINCE = "2022-09-01"
_ARRAY_SINCE = "2019-05-01"


def endpoints(origin: str, audience: str, tenant: str, api_version: str) -> Json | list[Json]:
    """``origin``: where the client finds us; ``audience``: for what its tokens must be. ``api_version`` decides the
    shape: one object, an array of clouds, or the first form."""
    if api_version >= _OBJECT_SINCE:
        return _cloud(origin, audience, tenant)
    if api_version >= _ARRAY_SINCE:
        return [_cloud(origin, audience, tenant)]
    return {
        "galleryEndpoint": origin, "graphEndpoint": origin, "portalEndpoint": origin,
        "authentication": {"loginEndpoint": origin, "audiences": [audience]},
    }


def _cloud(origin: str, audience: str, tenant: str) -> Json:
    host = origin.partition("://")[2]
    port = f":{host.rpartition(':')[2]}" if ":" in host.rpartition("]")[2] else ""
    return {
        "name": "Trunkline", "portal": origin, "resourceManager": origin, "gallery": origin, "graph": origin,
        "graphAudience": origin, "microsoftGraphResourceId": origin, "batch": origin, "media": origin,
        "sqlManagement": origin, "vmImageAliasDoc": origin, "activeDirectoryDataLake": origin,
        "logAnalyticsResourceId": origin, "appInsightsResourceId": origin,
        "authentication": {"loginEndpoint": origin, "audiences": [audience], "tenant": tenant,
                           "identityProvider": "AAD"},
        "suffixes": {"keyVaultDns": f"vault.localhost{port}", "storage": f"core.localhost{port}",
                     "acrLoginServer": f"azurecr.localhost{port}",
                     "sqlServerHostname": f"database.localhost{port}"},
    }
