"""What a VNet router has around it, as its security groups and route tables need to know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trunkline.intent.bgp import Router
from trunkline.intent.compile import fast_path
from trunkline.intent.compile.draft import GATEWAY, vnet_node
from trunkline.intent.estate import Estate
from trunkline.intent.network import Whereabouts
from trunkline.intent.placement import PlacedNic, PlacedSubnet, placed
from trunkline.intent.view import VnetPeeringView, VnetView, vnet_peerings
from trunkline.model.bgp import of_family
from trunkline.model.routing import NextHop

#: Numbers of the kernel's tables that lead to appliances begin here; those of route tables end before.
FAR_TABLES = 1 << 31


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``prefixes``: what system routes lead to: the virtual network's own address spaces, then those of its peers.
    ``learning``: interfaces behind which there is what the router learns by BGP. ``gateways``: to its own ones, and
    past them to circuits on Direct ports, whose packets heed the GatewaySubnet's routes too.
    ``far``: interfaces towards the appliances of peers, by the appliance's address. ``distrusted``: those to peers that
    may not pass on what others sent them, as far as the kernel's own check of sources does not see to it: where there
    are tables, and over IPv6. ``far`` is known only where there are tables.
    """

    node: str
    subnets: tuple[PlacedSubnet, ...]
    prefixes: tuple[str, ...]
    learning: tuple[str, ...]
    gateways: tuple[str, ...]
    far: Mapping[str, str] = field(default_factory=dict)
    distrusted: tuple[str, ...] = ()

    def space(self, family: int) -> tuple[str, ...]:
        """``prefixes`` of one family."""
        return of_family(family, self.prefixes)

    @property
    def has_tables(self) -> bool:
        return has_tables(self.subnets)

    def far_appliance(self, address: str | None, kind: str) -> str:
        """The interface towards a next hop that stands in a peered network; empty for another."""
        return self.far.get(address or "", "") if kind == NextHop.APPLIANCE else ""

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
    direct = dict(fast_path.router_interfaces(estate, view))
    learning = {name for name in (*(session.interface for session in sessions), *origins, *direct) if name}
    gateways = {session.interface for session in sessions if session.group == GATEWAY} | {
        name for name, on_port in direct.items() if on_port}
    prefixes = (*view.prefixes, *(prefix for one in peerings for prefix in one.prefixes))
    subnets = placed(estate, view.resource.id)
    ruled = peerings if has_tables(subnets) else ()
    distrusted = tuple(peering_interface(one.remote) for one in peerings
                       if not one.model.allow_forwarded_traffic and (ruled or 6 in one.families))
    return Surroundings(node, subnets, prefixes, tuple(sorted(learning)), tuple(sorted(gateways)),
                        _far(estate, ruled), distrusted)


def peering_interface(remote: VnetView) -> str:
    """A VNet router's link to the router of another."""
    return f"p{remote.resource.number}"


def _far(estate: Estate, peerings: Iterable[VnetPeeringView]) -> dict[str, str]:
    return {address: far_interface(peering.remote.resource.number, nic) for peering in peerings
            for subnet in placed(estate, peering.remote.resource.id)
            for nic in subnet.nics if nic.model.enable_ip_forwarding for address in of_family(4, nic.addresses)}


def far_interface(remote: int, appliance: PlacedNic) -> str:
    """The VNet router's link to an appliance of a peer; ``remote``: number of its network."""
    return f"q{remote}n{appliance.resource.number}"


def has_tables(subnets: Iterable[PlacedSubnet]) -> bool:
    return any(subnet.model.route_table for subnet in subnets)
