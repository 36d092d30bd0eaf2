"""What the demo orders. The same names and numbers stand in the README and in ``examples/``."""

from __future__ import annotations

GROUP, LOCATION = "rg1", "westeurope"
CIRCUIT, PROVIDER, PEERING_LOCATION, BANDWIDTH_MBPS = "er1", "Equinix", "Amsterdam", 1000
PEERING, ASN, VLAN = "AzurePrivatePeering", 65010, 100
PRIMARY_SUBNET, SECONDARY_SUBNET = "172.16.0.0/30", "172.16.0.4/30"
SHARED_KEY = "Trunk1ine"
SITE, SITE_PREFIX, LAN = "paris", "10.10.0.0/16", "10.10.1.0/24"
HOST, HOST_ADDRESS = "h1", "10.10.1.10"
#: The routers and their LAN addresses: the first ones, in the routers' order.
ROUTERS = {"ce1": "10.10.1.1", "ce2": "10.10.1.2"}
VNET, VNET_PREFIX = "hub", "10.1.0.0/16"
SUBNET, SUBNET_PREFIX, GATEWAY_PREFIX = "default", "10.1.0.0/24", "10.1.255.0/26"
MACHINE, GATEWAY, CONNECTION = "vm1", "gw1", "gw1-er1"

SITE_FILE = f"""\
resourceGroup: {GROUP}
location: {LOCATION}
sites:
  - name: {SITE}
    asn: {ASN}
    prefixes: [{SITE_PREFIX}]
    lan: {LAN}
    routers:
      - {{name: ce1, daemon: bird}}
      - {{name: ce2, daemon: frr}}
    hosts:
      - {{name: {HOST}, address: {HOST_ADDRESS}}}
crossConnects:
  - circuit: {CIRCUIT}
    site: {SITE}
    primary: {{router: ce1}}
    secondary: {{router: ce2}}
    provision: true
"""
