"""What joins circuits with virtual networks, and with each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trunkline.cli import global_reach
from trunkline.cli.client import NETWORK_VERSION, Client, Json
from trunkline.model.bgp import family_of
from trunkline.model.plant import region


@dataclass(frozen=True, slots=True)
class Link:
    """A circuit and a network, over a gateway: the network's own, one of a network that is peered with it, or a hub's.
    ``told``, ``known``: prefixes that a hub tells the circuit, and those it knows for the network; None where no hub
    decides that."""

    circuit: str
    gateway: str
    network: str
    regions: tuple[str, ...]
    status: str
    told: frozenset[str] | None = None
    known: frozenset[str] | None = None

    @property
    def in_hub(self) -> bool:
        return self.told is not None


@dataclass(frozen=True, slots=True)
class Reach:
    """A Global Reach link. ``states``: of its sessions, by leg and family."""

    near: str
    far: str
    far_name: str
    states: Mapping[tuple[str, int], str]
    same_asn: bool


def links(client: Client, connections: Iterable[Json], networks: Sequence[Json]) -> Iterator[Link]:
    """``connections``: as the overview tells them."""
    for row in connections:
        told = client.get(row["id"])["properties"]
        found = _hubs(client, row, told) if "expressRouteCircuitPeering" in told else _networks(client, row, told)
        for link in found:
            yield link
            yield from _borrowed(link, networks)


def reaches(circuits: Sequence[Json]) -> Iterator[Reach]:
    for circuit, link in global_reach.once(circuits):
        yield Reach(str(circuit["id"]).lower(), str(link["otherId"]).lower(), link["other"],
                    {(leg, family_of(one["peer"])): one["state"]
                     for leg, told in link["legs"].items() for one in told["sessions"]}, link["sameAsn"])


def _networks(client: Client, row: Json, told: Json) -> Iterator[Link]:
    gateway = client.get(told["virtualNetworkGateway1"]["id"])
    subnet = str(gateway["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"]).lower()
    yield Link(str(told["peer"]["id"]).lower(), str(gateway["id"]).lower(), subnet.partition("/subnets/")[0],
               (_region(gateway),), row["status"])


def _borrowed(link: Link, networks: Sequence[Json]) -> Iterator[Link]:
    """Networks that are peered with the gateway's and use it."""
    for network in () if link.in_hub else networks:
        for one in network["properties"].get("virtualNetworkPeerings") or ():
            peering = one["properties"]
            remote = str((peering.get("remoteVirtualNetwork") or {}).get("id", "")).lower()
            if peering.get("useRemoteGateways") and remote == link.network:
                state = peering.get("peeringState")
                yield replace(link, network=str(network["id"]).lower(), regions=_both(link.regions, _region(network)),
                              status=link.status if state == "Connected" else f"behind a peering that is {state}")


def _hubs(client: Client, row: Json, told: Json) -> Iterator[Link]:
    """To each network of the hub. Its route tables and maps decide who hears of whom."""
    circuit = str(told["expressRouteCircuitPeering"]["id"]).lower().partition("/peerings/")[0]
    gateway = client.get(row["id"].rpartition("/expressRouteConnections/")[0])
    hub = client.get(gateway["properties"]["virtualHub"]["id"])
    towards = _prefixes(client, hub, "outboundRoutes", resourceUri=row["id"], connectionType="ExpressRouteConnection")
    for one in client.list(f"{hub['id']}/hubVirtualNetworkConnections"):
        network = client.get(one["properties"]["remoteVirtualNetwork"]["id"])
        known = _prefixes(client, hub, "effectiveRoutes", resourceId=one["id"],
                          virtualWanResourceType="HubVirtualNetworkConnection")
        yield Link(circuit, str(gateway["id"]).lower(), str(network["id"]).lower(),
                   _both((_region(hub),), _region(network)), row["status"], towards, known)


def _prefixes(client: Client, hub: Json, action: str, **asked: Any) -> frozenset[str]:
    found = client.post(f"{hub['id']}/{action}?api-version={NETWORK_VERSION}", asked)
    return frozenset(prefix for row in found["value"]
                     for prefix in (row["addressPrefixes"] if "addressPrefixes" in row else [row["prefix"]]))


def _region(resource: Json) -> str:
    found = region(resource["location"])
    return found.name if found else str(resource["location"])


def _both(regions: tuple[str, ...], other: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*regions, other)))
