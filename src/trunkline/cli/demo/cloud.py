"""Ordering the cloud's side: with the real ``az``, or with the same requests over the public HTTPS API."""

from __future__ import annotations

import json
from typing import Any, Protocol

from trunkline.cli.client import Client, Json, Watch
from trunkline.cli.demo import estate
from trunkline.cli.demo.stage import Stage

NETWORK = "Microsoft.Network"
#: What az says for the same thing; kept in the deployment so that the template is the one it sends.
_CONNECTION_VERSION = "2025-01-01"


class Cloud(Protocol):
    """Every call returns when the operation has ended."""

    name: str

    def create_group(self, watch: Watch) -> None: ...
    def create_circuit(self, watch: Watch) -> Json:
        """The circuit as shown."""
    def show_circuit(self) -> Json: ...
    def create_peering(self, watch: Watch) -> None: ...
    def create_network(self, watch: Watch) -> str:
        """Virtual network, both subnets and the NIC; the NIC's address."""
    def create_gateway(self, watch: Watch) -> None: ...
    def connect(self, watch: Watch) -> None:
        """Gateway to circuit, by an ARM deployment."""
    def route_table(self, leg: str) -> list[Json]: ...
    def arp_table(self, leg: str) -> list[Json]: ...
    def stats(self) -> Json: ...


class AzCloud:
    """Each call is a command that a user types."""

    name = "az"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def _az(self, *arguments: str, watch: Watch | None = None) -> Any:
        said = self._stage.trunkline("az", *arguments, "--output", "json", watch=watch)
        return json.loads(said) if said.strip() else None

    def _network(self, *arguments: str, watch: Watch | None = None) -> Any:
        return self._az("network", *arguments, "--resource-group", estate.GROUP, watch=watch)

    def create_group(self, watch: Watch) -> None:
        self._az("group", "create", "--name", estate.GROUP, "--location", estate.LOCATION, watch=watch)

    def create_circuit(self, watch: Watch) -> Json:
        self._network("express-route", "create", "--name", estate.CIRCUIT, "--provider", estate.PROVIDER,
                      "--peering-location", estate.PEERING_LOCATION, "--bandwidth", str(estate.BANDWIDTH_MBPS),
                      "--sku-tier", "Standard", "--sku-family", "MeteredData", watch=watch)
        return self.show_circuit()

    def show_circuit(self) -> Json:
        found: Json = self._network("express-route", "show", "--name", estate.CIRCUIT)
        return found

    def create_peering(self, watch: Watch) -> None:
        self._network("express-route", "peering", "create", "--circuit-name", estate.CIRCUIT,
                      "--peering-type", estate.PEERING, "--peer-asn", str(estate.ASN), "--vlan-id", str(estate.VLAN),
                      "--primary-peer-subnet", estate.PRIMARY_SUBNET,
                      "--secondary-peer-subnet", estate.SECONDARY_SUBNET, "--shared-key", estate.SHARED_KEY,
                      watch=watch)

    def create_network(self, watch: Watch) -> str:
        self._network("vnet", "create", "--name", estate.VNET, "--address-prefixes", estate.VNET_PREFIX,
                      "--subnet-name", estate.SUBNET, "--subnet-prefixes", estate.SUBNET_PREFIX, watch=watch)
        self._network("vnet", "subnet", "create", "--vnet-name", estate.VNET, "--name", "GatewaySubnet",
                      "--address-prefixes", estate.GATEWAY_PREFIX, watch=watch)
        self._network("nic", "create", "--name", estate.MACHINE, "--vnet-name", estate.VNET,
                      "--subnet", estate.SUBNET, watch=watch)
        nic = self._network("nic", "show", "--name", estate.MACHINE)
        return str(nic["ipConfigurations"][0]["privateIPAddress"])

    def create_gateway(self, watch: Watch) -> None:
        self._network("public-ip", "create", "--name", f"{estate.GATEWAY}-ip", "--sku", "Standard", watch=watch)
        self._network("vnet-gateway", "create", "--name", estate.GATEWAY, "--vnet", estate.VNET,
                      "--gateway-type", "ExpressRoute", "--sku", "Standard",
                      "--public-ip-addresses", f"{estate.GATEWAY}-ip", watch=watch)

    def connect(self, watch: Watch) -> None:
        self._network("vpn-connection", "create", "--name", estate.CONNECTION, "--vnet-gateway1", estate.GATEWAY,
                      "--express-route-circuit2", estate.CIRCUIT, watch=watch)

    def _table(self, command: str, leg: str) -> list[Json]:
        found: Json = self._network("express-route", command, "--name", estate.CIRCUIT, "--path", leg,
                                    "--peering-name", estate.PEERING)
        rows: list[Json] = found["value"]
        return rows

    def route_table(self, leg: str) -> list[Json]:
        return self._table("list-route-tables", leg)

    def arp_table(self, leg: str) -> list[Json]:
        return self._table("list-arp-tables", leg)

    def stats(self) -> Json:
        found: Json = self._network("express-route", "get-stats", "--name", estate.CIRCUIT)
        return found


class HttpsCloud:
    """The requests that az sends, without az."""

    name = "HTTPS API"

    def __init__(self, client: Client) -> None:
        self._client = client
        self._group = f"/subscriptions/{client.account.subscription}/resourceGroups/{estate.GROUP}"
        self._network = f"{self._group}/providers/{NETWORK}"
        self._circuit = f"{self._network}/expressRouteCircuits/{estate.CIRCUIT}"
        self._peering = f"{self._circuit}/peerings/{estate.PEERING}"

    def _put(self, path: str, properties: Json, watch: Watch, **envelope: object) -> Json:
        return self._client.put(path, {"location": estate.LOCATION, **envelope, "properties": properties}, watch)

    def create_group(self, watch: Watch) -> None:
        self._client.put(self._group, {"location": estate.LOCATION}, watch)

    def create_circuit(self, watch: Watch) -> Json:
        return _flat(self._put(self._circuit, {"serviceProviderProperties": {
            "serviceProviderName": estate.PROVIDER, "peeringLocation": estate.PEERING_LOCATION,
            "bandwidthInMbps": estate.BANDWIDTH_MBPS}}, watch,
            sku={"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"}))

    def show_circuit(self) -> Json:
        return _flat(self._client.get(self._circuit))

    def create_peering(self, watch: Watch) -> None:
        self._client.put(self._peering, {"properties": {
            "peeringType": estate.PEERING, "peerASN": estate.ASN, "vlanId": estate.VLAN,
            "primaryPeerAddressPrefix": estate.PRIMARY_SUBNET, "secondaryPeerAddressPrefix": estate.SECONDARY_SUBNET,
            "sharedKey": estate.SHARED_KEY}}, watch)

    def create_network(self, watch: Watch) -> str:
        vnet = f"{self._network}/virtualNetworks/{estate.VNET}"
        self._put(vnet, {"addressSpace": {"addressPrefixes": [estate.VNET_PREFIX]}, "subnets": [
            {"name": estate.SUBNET, "properties": {"addressPrefix": estate.SUBNET_PREFIX}}]}, watch)
        self._client.put(f"{vnet}/subnets/GatewaySubnet",
                         {"properties": {"addressPrefix": estate.GATEWAY_PREFIX}}, watch)
        nic = self._put(f"{self._network}/networkInterfaces/{estate.MACHINE}", {"ipConfigurations": [
            {"name": "ipconfig1", "properties": {"privateIPAllocationMethod": "Dynamic",
                                                 "subnet": {"id": f"{vnet}/subnets/{estate.SUBNET}"}}}]}, watch)
        return str(nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"])

    def create_gateway(self, watch: Watch) -> None:
        address = f"{self._network}/publicIPAddresses/{estate.GATEWAY}-ip"
        self._put(address, {"publicIPAllocationMethod": "Static"}, watch, sku={"name": "Standard"})
        subnet = f"{self._network}/virtualNetworks/{estate.VNET}/subnets/GatewaySubnet"
        self._put(f"{self._network}/virtualNetworkGateways/{estate.GATEWAY}", {
            "gatewayType": "ExpressRoute", "sku": {"name": "Standard", "tier": "Standard"}, "ipConfigurations": [
                {"name": "vnetGatewayConfig0", "properties": {
                    "privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet},
                    "publicIPAddress": {"id": address}}}]}, watch)

    def connect(self, watch: Watch) -> None:
        gateway = f"{self._network}/virtualNetworkGateways/{estate.GATEWAY}"
        connection = {
            "type": "Microsoft.Network/connections", "name": estate.CONNECTION, "apiVersion": _CONNECTION_VERSION,
            "location": estate.LOCATION, "properties": {
                "virtualNetworkGateway1": {"id": gateway}, "connectionType": "ExpressRoute", "routingWeight": 10,
                "peer": {"id": self._circuit}}}
        self._client.put(f"{self._group}/providers/Microsoft.Resources/deployments/{estate.CONNECTION}", {
            "properties": {"mode": "incremental", "parameters": {}, "template": {
                "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0", "parameters": {}, "variables": {}, "resources": [connection],
                "outputs": {"resource": {"type": "object", "value": f"[reference('{estate.CONNECTION}')]"}}}}}, watch)

    def route_table(self, leg: str) -> list[Json]:
        rows: list[Json] = self._client.post(f"{self._peering}/routeTables/{leg}")["value"]
        return rows

    def arp_table(self, leg: str) -> list[Json]:
        rows: list[Json] = self._client.post(f"{self._peering}/arpTables/{leg}")["value"]
        return rows

    def stats(self) -> Json:
        return self._client.get(f"{self._circuit}/stats")


def _flat(resource: Json) -> Json:
    """As az prints it: properties beside the envelope."""
    return {**resource, **resource["properties"]}
