"""A virtual network: its router, a virtual machine for each NIC, and the sessions to its gateways.

The router answers ARP for every address (proxy ARP, a /32 route per NIC), as Azure's fabric does. Over IPv6 a machine
has a /128, as by Azure's DHCPv6, and asks for the router alone. What no NIC has, in the address space, is unreachable,
whatever has been learned. Without ``enableIPForwarding`` a NIC sends only from its
own addresses, and its machine forwards nothing.
"""

from __future__ import annotations

from trunkline.intent.allocation import instance_addresses, mac, node_name, router_address
from trunkline.intent.bgp import PERMIT_ALL, REJECT_ALL, Router, Session
from trunkline.intent.compile import route_server, vnet_peering, wan_hub
from trunkline.intent.compile.draft import (
    GATEWAY,
    LOOPBACK6,
    Draft,
    default_route,
    in_family,
    router_id,
    session_name,
    sysctls,
    vnet_node,
)
from trunkline.intent.compile.filters import add_filter
from trunkline.intent.compile.surroundings import surroundings
from trunkline.intent.compile.user_routes import add_user_routes
from trunkline.intent.estate import Estate
from trunkline.intent.network import Address, Interface, Link, Node, Role, Route, RouteKind
from trunkline.intent.placement import PlacedNic, placed
from trunkline.intent.scope import Scope
from trunkline.intent.view import GATEWAY as GATEWAY_TYPE
from trunkline.intent.view import VnetView, hub_of, referrers, vnet_peerings, vnet_view
from trunkline.intent.wan import hub_of_network
from trunkline.model.bgp import GATEWAY_ASN, host_prefix, network, of_family
from trunkline.model.network import GatewayType, Subnet
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId
from trunkline.model.site import Daemon


def vm_node(nic: ResourceId) -> str:
    return node_name(Role.VM, nic.name, nic.key)


def gateway_interface(gateway_number: int, instance: int) -> str:
    """The VNet router's link to a gateway instance."""
    return f"g{gateway_number}i{instance}"


def vnet(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    view = vnet_view(estate, ResourceId.parse(scope.key))
    if not view:
        return Draft()
    node = vnet_node(view.resource.id)
    loopback = tuple(f"{router_address(prefix)}/32" for _, prefix in view.subnets if prefix)
    draft = Draft([Node(node, Role.ROUTER, forwarding=True, loopback=loopback, sysctls=sysctls(view.prefixes))])
    subnets = placed(estate, view.resource.id)
    strict = not any(subnet.model.route_table for subnet in subnets)
    for subnet in subnets:
        for nic in subnet.nics:
            _add_vm(draft, node, nic, subnet.model, strict)
    draft.pieces += [Route(node, prefix, kind=RouteKind.UNREACHABLE) for prefix in view.prefixes]
    peerings, hub, wan = vnet_peerings(estate, view), hub_of(estate, view), hub_of_network(estate, view.resource.id)
    sessions = (*_gateway_sessions(estate, view, profile), *vnet_peering.sessions(peerings, view, profile),
                *(route_server.sessions_of_vnet(hub, profile) if hub else ()),
                *(wan_hub.sessions_of_network(*wan, profile) if wan else ()))
    if sessions:
        origins = (*vnet_peering.origins(peerings), *route_server.origins_of_vnet(estate, view, peerings),
                   *(wan_hub.origins_of_network(wan[1]) if wan else ()))
        draft.routers.append(Router(node, Daemon.BIRD, GATEWAY_ASN, router_id(view.resource.number, 3), sessions,
                                    origins, profile.ecmp))
    draft.pieces += wan_hub.pieces_of_network(*wan, subnets) if wan else ()
    here = surroundings(estate, view, draft.routers)
    add_filter(draft, here, estate)
    add_user_routes(draft, here, estate)
    return draft


def _add_vm(draft: Draft, router: str, nic: PlacedNic, subnet: Subnet, strict: bool) -> None:
    node, forwards = vm_node(nic.resource.id), nic.model.enable_ip_forwarding
    four, six = (of_family(family, nic.addresses) for family in (4, 6))
    length, near = network(subnet.prefix).prefixlen, (router_address(subnet.prefix6),) if six else ()
    own = (*(f"{address}/{length}" for address in four), *map(host_prefix, six))
    draft.pieces += [
        Node(node, Role.VM, forwarding=forwards, loopback=LOOPBACK6 if six else ()),
        Link(Interface(node, "eth0", tuple(map(Address, own)), mac=mac(nic.resource.number)),
             Interface(router, nic.interface, tuple(Address(host_prefix(address)) for address in near),
                       proxy_arp=True, strict=strict and not forwards)),
        Route(node, default_route(subnet.prefix), (router_address(subnet.prefix),)),
        *(Route(node, default_route(address), (address,), "eth0") for address in near),
        *(Route(router, host_prefix(address), interface=nic.interface) for address in nic.addresses)]


def _gateway_sessions(estate: Estate, view: VnetView, profile: Profile) -> tuple[Session, ...]:
    gateways = [g for name, _ in view.subnets
                for g in referrers(estate, view.resource.id.child("subnets", name), GATEWAY_TYPE)
                if g.properties["gatewayType"] == GatewayType.EXPRESS_ROUTE]
    return tuple(
        Session(
            name=in_family(session_name(GATEWAY, gateway.number, str(instance)), address), group=GATEWAY,
            interface=gateway_interface(gateway.number, instance),
            local_address=router_address(subnet), peer_address=address,
            local_asn=GATEWAY_ASN, peer_asn=GATEWAY_ASN, import_policy=PERMIT_ALL, export_policy=REJECT_ALL,
            enforce_first_as=False, ttl_security=True, bfd=profile.inner_bfd, every_path=True)
        for gateway in sorted(gateways, key=lambda g: g.number) for subnet in view.gateway_subnets
        for instance, address in enumerate(instance_addresses(subnet)))
