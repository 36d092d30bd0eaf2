"""The whole journey with the real ``az``: order, peer, connect, look, tear down."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e_support import Running, venv_program
from waiting import until

pytestmark = pytest.mark.root

SITE = """
resourceGroup: rg1
location: westeurope
sites:
  - name: paris
    asn: 65010
    prefixes: [10.10.0.0/16]
    lan: 10.10.1.0/24
    routers: [{name: ce1, daemon: bird}, {name: ce2, daemon: frr}]
    hosts: [{name: h1, address: 10.10.1.10}]
crossConnects:
  - {name: paris-er1, circuit: er1, site: paris, primary: {router: ce1}, secondary: {router: ce2}, provision: true}
"""


def test_a_circuit_from_order_to_packet_and_back_with_az(running: Running, tmp_path: Path) -> None:
    running.environment["TRUNKLINE_AZ"] = venv_program("az", "az")
    az = running.az
    az("group", "create", "-n", "rg1", "-l", "westeurope")
    az("network", "express-route", "create", "-g", "rg1", "-n", "er1", "--provider", "Equinix", "--peering-location",
       "Amsterdam", "--bandwidth", "1000", "--sku-tier", "Standard", "--sku-family", "MeteredData")
    circuit = az("network", "express-route", "show", "-g", "rg1", "-n", "er1")
    assert circuit["circuitProvisioningState"] == "Enabled"
    assert circuit["serviceProviderProvisioningState"] == "NotProvisioned"
    assert circuit["serviceKey"]
    assert circuit["stag"] >= 1
    estate = tmp_path / "site.yaml"
    estate.write_text(SITE)
    running.trunkline("apply", str(estate))
    assert az("network", "express-route", "show", "-g", "rg1", "-n", "er1")[
        "serviceProviderProvisioningState"] == "Provisioned"
    az("network", "express-route", "peering", "create", "-g", "rg1", "--circuit-name", "er1", "--peering-type",
       "AzurePrivatePeering", "--peer-asn", "65010", "--vlan-id", "100", "--primary-peer-subnet", "172.16.0.0/30",
       "--secondary-peer-subnet", "172.16.0.4/30", "--shared-key", "Trunk1ine")
    az("network", "vnet", "create", "-g", "rg1", "-n", "hub", "--address-prefixes", "10.1.0.0/16", "--subnet-name",
       "default", "--subnet-prefixes", "10.1.0.0/24")
    az("network", "vnet", "subnet", "create", "-g", "rg1", "--vnet-name", "hub", "-n", "GatewaySubnet",
       "--address-prefixes", "10.1.255.0/26")
    nic = az("network", "nic", "create", "-g", "rg1", "-n", "vm1", "--vnet-name", "hub", "--subnet", "default")
    assert nic["NewNIC"]["ipConfigurations"][0]["privateIPAddress"] == "10.1.0.4"
    az("network", "public-ip", "create", "-g", "rg1", "-n", "pip1", "--sku", "Standard")
    az("network", "vnet-gateway", "create", "-g", "rg1", "-n", "gw1", "--vnet", "hub", "--gateway-type", "ExpressRoute",
       "--sku", "Standard", "--public-ip-addresses", "pip1")
    az("network", "vpn-connection", "create", "-g", "rg1", "-n", "con1", "--vnet-gateway1", "gw1",
       "--express-route-circuit2", "er1")
    ping = ("exec", "h1", "--", "ping", "-c", "1", "-W", "1", "10.1.0.4")
    until(lambda: running.trunkline(*ping, check=False).returncode == 0, 20, "the first ping")
    for path in ("primary", "secondary"):
        routes = az("network", "express-route", "list-route-tables", "-g", "rg1", "-n", "er1", "--path", path,
                    "--peering-name", "AzurePrivatePeering")["value"]
        assert {row["network"] for row in routes} >= {"10.10.0.0/16", "10.1.0.0/16"}
        arp = az("network", "express-route", "list-arp-tables", "-g", "rg1", "-n", "er1", "--path", path,
                 "--peering-name", "AzurePrivatePeering")["value"]
        assert {row["interface"] for row in arp} == {"On-Prem", "Microsoft"}
    stats = az("network", "express-route", "get-stats", "-g", "rg1", "-n", "er1")
    assert stats["primarybytesIn"] + stats["secondarybytesIn"] > 0
    assert az("network", "vpn-connection", "show", "-g", "rg1", "-n", "con1")["connectionStatus"] == "Connected"
    refused = az("network", "express-route", "delete", "-g", "rg1", "-n", "er1", check=False)
    assert refused.returncode != 0
    for words in (("vpn-connection", "-n", "con1"), ("vnet-gateway", "-n", "gw1")):
        az("network", words[0], "delete", "-g", "rg1", *words[1:])
    running.trunkline("delete", str(estate))
    az("network", "express-route", "delete", "-g", "rg1", "-n", "er1")
    az("group", "delete", "-n", "rg1", "--yes")
    assert az("group", "exists", "-n", "rg1") is False
    assert running.json("status")["circuits"] == []
