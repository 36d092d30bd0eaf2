"""An estate as the service tells it, for what a drill makes of it."""

from __future__ import annotations

from typing import Any

from trunkline.cli.rehearsal.ground import Ground
from trunkline.cli.rehearsal.links import Link

GROUP = "/subscriptions/s/resourceGroups/rg1/providers"
ER1, HUB = f"{GROUP}/Microsoft.Network/expressRouteCircuits/er1", f"{GROUP}/Microsoft.Network/virtualNetworks/hub"
GW1 = f"{GROUP}/Microsoft.Network/virtualNetworkGateways/gw1".lower()
UP = {"fault": False, "failoverTest": False, "bgp": "Established", "sessions": []}
SITE = {"id": f"{GROUP}/Trunkline.Site/sites/paris", "name": "paris", "properties": {
    "prefixes": ["10.10.0.0/16", "10.11.0.0/16"],
    "hosts": [{"name": "h1", "address": "10.10.1.10", "address6": None}]}}
NETWORK = {"id": HUB, "name": "hub", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}
TOLD = frozenset(SITE["properties"]["prefixes"])  # type: ignore[index]


def can_fail(words: str, **properties: Any) -> dict[str, Any]:
    return {"words": words.split(" "), "properties": properties}


LEGS = ("primary", "secondary")
CAN_FAIL = [
    *(can_fail(f"er1 {leg}", kind="leg", circuit={"id": ER1}, leg=leg) for leg in LEGS),
    *(can_fail(f"edge Amsterdam {leg}", kind="edge", location="Amsterdam", leg=leg) for leg in LEGS),
    *(can_fail(f"gateway gw1 {one}", kind="gatewayInstance", gateway={"id": GW1}, instance=one) for one in (0, 1)),
    can_fail("location Amsterdam", kind="location", location="Amsterdam")]


def circuit(identity: str = ER1, secondary: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    return {"id": identity, "name": "er1", "serviceKey": "key", "provider": "Equinix", "location": "Amsterdam",
            "globalReach": [], "legs": {"primary": UP, "secondary": {**UP, **(secondary or {})}}, **changed}


def ground(secondary: dict[str, Any] | None = None, **changed: Any) -> Ground:
    found = {"circuits": [circuit(secondary=secondary)], "impairments": [], "failed": [], "nodes": [],
             "profile": "azure", "canFail": CAN_FAIL}
    return Ground(**{  # type: ignore[arg-type]
        "found": found, "sites": (SITE,), "networks": (NETWORK,), "machines": (("vm1", "10.1.0.4", HUB.lower()),),
        "links": (Link(ER1.lower(), GW1, HUB.lower(), ("westeurope",), "Connected"),), "reaches": (),
        "told": {(ER1.lower(), "primary"): TOLD, (ER1.lower(), "secondary"): TOLD}, **changed})
