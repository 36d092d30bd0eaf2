"""Sites behind circuits of their own, at different peering locations and linked by Global Reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import estates
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.view import CIRCUIT, CROSS_CONNECTION, PEERING, SITE
from trunkline.model.resource import Json, Resource, ResourceId

#: Site, its circuit's peering location, its AS number, second number of its prefixes; by the circuit's number.
SITES = {1: ("paris", "Amsterdam", 65010, 10), 2: ("rome", "London", 65020, 20), 3: ("oslo", "Dublin", 65030, 30),
         4: ("gary", "Chicago", 65040, 40), 5: ("boulder", "Denver", 65050, 50)}
#: Between the last two, the path of the secondary leg leads over this region, that of the primary past it.
BETWEEN = "Central US"
ABROAD = "22222222-2222-2222-2222-222222222222"
IPV6 = {"ipv6CircuitConnectionConfig": {"addressPrefix": "fd00:29::/125"}}


def circuit_name(number: int) -> str:
    return f"er{number}"


def host_address(number: int) -> str:
    return f"10.{SITES[number][3]}.1.10"


def host_address6(number: int) -> str:
    return f"fd00:{SITES[number][3]}:0:1::10"


def circuit(number: int, **ordered: object) -> tuple[Resource, ...]:
    """With its provider's twin. ``ordered``: of the order."""
    own, twin = estates.circuit(circuit_name(number), number)
    identity = estates.rid(CROSS_CONNECTION, twin.id.name, group=f"CrossConnection-{SITES[number][1]}")
    order = {**own.properties["serviceProviderProperties"], "peeringLocation": SITES[number][1], **ordered}
    return (replace(own, properties={"serviceProviderProperties": order},
                    system={**own.system, "twin": {"id": str(identity)}}), replace(twin, id=identity))


def peering(number: int, **changed: object) -> Resource:
    return estates.peering(circuit_name(number), **{
        "peerASN": SITES[number][2], "primaryPeerAddressPrefix": f"172.16.{number}.0/30",
        "secondaryPeerAddressPrefix": f"172.16.{number}.4/30",
        "ipv6PeeringConfig": {"primaryPeerAddressPrefix": f"fd00:ac:{number}::/126",
                              "secondaryPeerAddressPrefix": f"fd00:ac:{number}::4/126"}, **changed})


def site(number: int, routers: tuple[str, ...] = ("bird", "bird"), **changed: object) -> Resource:
    name, _, asn, second = SITES[number]
    return estates.site(name, number, routers=routers, **{
        "asn": asn, "prefixes": [f"10.{second}.0.0/16", f"fd00:{second}::/48"], "lan": f"10.{second}.1.0/24",
        "lan6": f"fd00:{second}:0:1::/64",
        "hosts": [{"name": "h1", "address": host_address(number), "address6": host_address6(number)}], **changed})


def order(number: int, **changed: object) -> Resource:
    return estates.order(circuit_name(number), SITES[number][0], number, **changed)


def premises(number: int, routers: tuple[str, ...] = ("bird", "bird"), **ordered: object) -> list[Resource]:
    """A site behind its circuit, up to the cloud."""
    return [*circuit(number, **ordered), peering(number), site(number, routers), order(number)]


def link(near: int = 1, far: int = 2, number: int = 1, prefix: str = "192.168.8.0/29", admitted: bool = True,
         **changed: object) -> Resource:
    wish: Json = {"expressRouteCircuitPeering": {"id": str(_private(near))}, "addressPrefix": prefix,
                  "peerExpressRouteCircuitPeering": {"id": str(_private(far))}}
    return estates.resource(link_id(near, number), {**wish, **changed},
                            {"number": number, "peerName": f"peer{number}", "admitted": admitted})


def link_id(near: int = 1, number: int = 1) -> ResourceId:
    return estates.rid(CIRCUIT_CONNECTION, circuit_name(near), "AzurePrivatePeering", f"reach{number}")


def _private(number: int) -> ResourceId:
    return estates.rid(PEERING, circuit_name(number), "AzurePrivatePeering")


def circuit_id(number: int) -> ResourceId:
    return estates.rid(CIRCUIT, circuit_name(number))


def site_id(number: int) -> ResourceId:
    return estates.rid(SITE, SITES[number][0])


def two_sites(**changed: object) -> list[Resource]:
    """Linked with both families; ``changed``: of the link."""
    return [*premises(1), *premises(2), link(**{**IPV6, **changed})]


def across_region() -> list[Resource]:
    """The last two, linked."""
    return [*premises(4), *premises(5), link(4, 5)]


def abroad(*resources: Resource, but: tuple[int, ...] = ()) -> list[Resource]:
    """The same in another subscription, with all that they name, ``but`` what is of these circuits."""
    homes = [str(circuit_id(number)) for number in but]
    return [_moved(one, homes) for one in resources]


def _moved(one: Resource, homes: list[str]) -> Resource:
    def text(value: str) -> str:
        return value if any(value.startswith(home) for home in homes) else value.replace(
            estates.SUBSCRIPTION, ABROAD)

    def anywhere(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: anywhere(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [anywhere(inner) for inner in value]
        return text(value) if isinstance(value, str) else value

    return replace(one, id=ResourceId.parse(text(str(one.id))), properties=anywhere(one.properties),
                   system=anywhere(one.system))
