"""The same journey with azure-mgmt-network; run by test_sdk.py inside the SDK's own environment. Prints what it saw."""

from __future__ import annotations

import json
import os

from azure.identity import ClientSecretCredential
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

ENDPOINT = os.environ["TRUNKLINE_ENDPOINT"]
SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]

credential = ClientSecretCredential(os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"],
                                    os.environ["AZURE_CLIENT_SECRET"], authority=ENDPOINT,
                                    disable_instance_discovery=True)
scopes = [f"{ENDPOINT}/.default"]
groups = ResourceManagementClient(credential, SUBSCRIPTION, base_url=ENDPOINT, credential_scopes=scopes).resource_groups
network = NetworkManagementClient(credential, SUBSCRIPTION, base_url=ENDPOINT, credential_scopes=scopes)

groups.create_or_update("rg-sdk", {"location": "westeurope"})
circuit = network.express_route_circuits.begin_create_or_update("rg-sdk", "er9", {
    "location": "westeurope", "tags": {"team": "net"},
    "sku": {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"},
    "properties": {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 200}}}).result()
peering = network.express_route_circuit_peerings.begin_create_or_update("rg-sdk", "er9", "AzurePrivatePeering", {
    "properties": {"peeringType": "AzurePrivatePeering", "peerASN": 65020, "vlanId": 300,
                   "primaryPeerAddressPrefix": "192.168.9.0/30",
                   "secondaryPeerAddressPrefix": "192.168.9.4/30"}}).result()
summary = network.express_route_circuits.begin_list_routes_table_summary(
    "rg-sdk", "er9", "AzurePrivatePeering", "primary").result()
stats = network.express_route_circuits.get_stats("rg-sdk", "er9")
providers = [provider.name for provider in network.express_route_service_providers.list()]
network.express_route_circuits.begin_delete("rg-sdk", "er9").result()
groups.begin_delete("rg-sdk").result()
print(json.dumps({
    "state": circuit.provisioning_state, "key": circuit.service_key, "stag": circuit.stag,
    "tags": circuit.tags, "azureASN": peering.azure_asn, "summary": [row.neighbor for row in summary.value],
    "primarybytesIn": stats.primarybytes_in, "providers": len(providers), "left": [g.name for g in groups.list()]}))
