"""What a VNet router has around it, as its security groups and route tables need to know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trunkline.intent.bgp import Router
from trunkline.intent.compile.draft import GATEWAY, vnet_node
from trunkline.intent.estate import Estate
from trunkline.intent.network import Whereabouts
from trunkline.intent.placement import PlacedSubnet, placed
from trunkline.intent.view import VnetView, vnet_peerings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``prefixes``: what system routes lead to: the virtual network's own address spaces, then those of its peers.
    ``learning``: interfaces behind which there is what the router learns by BGP. ``gateways``: to its own ones."""

    node: str
    subnets: tuple[PlacedSubnet, ...]
    prefixes: tuple[str, ...]
    learning: tuple[str, ...]
    gateways: tuple[str, ...]

    @property
    def has_tables(self) -> bool:
        return any(subnet.model.route_table for subnet in self.subnets)

    @property
    def everything(self) -> Whereabouts:
        """What the tag VirtualNetwork means: these prefixes, and whatever has been learned by now."""
        return Whereabouts(self.prefixes, self.learning)


def surroundings(estate: Estate, view: VnetView, routers: Iterable[Router]) -> Surroundings:
    """``routers``: the daemons of the virtual network, as compiled. What is learned comes from neighbours, or stands
    behind a machine that a Route Server told of (an origin)."""
    node, peerings = vnet_node(view.resource.id), vnet_peerings(estate, view)
    own = [router for router in routers if router.node == node]
    sessions = [session for router in own for session in router.sessions]
    origins = [origin.interface for router in own for origin in router.origins]
    learning = {name for name in (*(session.interface for session in sessions), *origins) if name}
    gateways = {session.interface for session in sessions if session.group == GATEWAY}
    prefixes = (*view.prefixes, *(prefix for one in peerings for prefix in one.prefixes))
    return Surroundings(node, placed(estate, view.resource.id), prefixes, tuple(sorted(learning)),
                        tuple(sorted(gateways)))
