// A circuit's life with the Azure SDK for JavaScript; run by test_sdk.py beside the SDK. Prints what it saw.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.TRUNKLINE_JS}/`);
const { ClientSecretCredential } = require("@azure/identity");
const { NetworkManagementClient } = require("@azure/arm-network");
const { ResourceManagementClient } = require("@azure/arm-resources");

const endpoint = process.env.TRUNKLINE_ENDPOINT;
const subscription = process.env.AZURE_SUBSCRIPTION_ID;
const credential = new ClientSecretCredential(
  process.env.AZURE_TENANT_ID, process.env.AZURE_CLIENT_ID, process.env.AZURE_CLIENT_SECRET,
  { authorityHost: endpoint, disableInstanceDiscovery: true });
const options = { endpoint, credentialScopes: [`${endpoint}/.default`] };
const resources = new ResourceManagementClient(credential, subscription, options);
const network = new NetworkManagementClient(credential, subscription, options);
// Otherwise the poller waits two seconds between looks, whatever the service says.
const soon = { updateIntervalInMs: 50 };

const all = async (pages) => { const rows = []; for await (const row of pages) rows.push(row); return rows; };

await resources.resourceGroups.createOrUpdate("rg-js", { location: "westeurope" });
const circuit = await network.expressRouteCircuits.beginCreateOrUpdateAndWait("rg-js", "er8", {
  location: "westeurope", tags: { team: "net" },
  sku: { name: "Premium_MeteredData", tier: "Premium", family: "MeteredData" },
  serviceProviderProperties: { serviceProviderName: "Equinix", peeringLocation: "Amsterdam", bandwidthInMbps: 200 },
}, soon);
const authorization = await network.expressRouteCircuitAuthorizations.beginCreateOrUpdateAndWait(
  "rg-js", "er8", "key1", {}, soon);
const peering = await network.expressRouteCircuitPeerings.beginCreateOrUpdateAndWait(
  "rg-js", "er8", "AzurePrivatePeering", {
    peeringType: "AzurePrivatePeering", peerASN: 65020, vlanId: 300,
    primaryPeerAddressPrefix: "192.168.9.0/30", secondaryPeerAddressPrefix: "192.168.9.4/30",
  }, soon);
const read = await network.expressRouteCircuits.get("rg-js", "er8");
const grown = await network.expressRouteCircuits.beginCreateOrUpdateAndWait("rg-js", "er8", {
  ...read, serviceProviderProperties: { ...read.serviceProviderProperties, bandwidthInMbps: 500 },
}, soon);
const tagged = await network.expressRouteCircuits.updateTags("rg-js", "er8", { tags: { team: "core" } });
const summary = await network.expressRouteCircuits.beginListRoutesTableSummaryAndWait(
  "rg-js", "er8", "AzurePrivatePeering", "primary", soon);
const stats = await network.expressRouteCircuits.getStats("rg-js", "er8");
const providers = await all(network.expressRouteServiceProviders.list());
let refused;
try {
  await network.expressRouteCircuits.get("rg-js", "nothing");
} catch (error) {
  refused = error.code;
}
await network.expressRouteCircuits.beginDeleteAndWait("rg-js", "er8", soon);
await resources.resourceGroups.beginDeleteAndWait("rg-js", soon);

console.log(JSON.stringify({
  state: circuit.provisioningState, key: circuit.serviceKey, tags: tagged.tags, azureASN: peering.azureASN,
  authorization: authorization.authorizationUseStatus, bandwidth: grown.serviceProviderProperties.bandwidthInMbps,
  summary: summary.value.map((row) => row.neighbor), primarybytesIn: stats.primarybytesIn,
  providers: providers.length, refused, left: (await all(resources.resourceGroups.list())).map((group) => group.name),
}));
