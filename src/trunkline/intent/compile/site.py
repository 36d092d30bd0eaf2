"""A site: LAN, hosts, and CE routers with the sessions that their circuits' peerings ask for.

The CE's end of an attachment belongs to the leg's scope; here is what the customer owns without any circuit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from trunkline.intent.allocation import node_name
from trunkline.intent.bgp import PERMIT_ALL, Origin, Router, Session
from trunkline.intent.compile.draft import (
    CLOUD,
    DAEMON_SYSCTLS,
    PARTNER,
    Draft,
    ce_node,
    customer_interface,
    host_node,
    learned_from,
    only_own,
    session_name,
)
from trunkline.intent.estate import Estate
from trunkline.intent.network import Address, Interface, Link, Node, Role, Route
from trunkline.intent.scope import Scope
from trunkline.intent.view import (
    EXCHANGE_ORDER,
    CircuitView,
    OrderView,
    PeeringView,
    alive,
    circuit_view,
    referrers,
    site_model,
)
from trunkline.model.bgp import AZURE_ASN, bare, customer_address, edge_address
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId, Secret
from trunkline.model.site import Site

LAN = "lan"

#: A host leaves a CE whose ARP entry has failed.
_HOST_SYSCTLS = (("ipv4.fib_multipath_use_neigh", "1"),)


def lan_node(site: ResourceId) -> str:
    return node_name(Role.LAN, site.name, site.key)


def router_lan_address(site: Site, index: int) -> str:
    """The first addresses of the LAN, in the routers' order; with length."""
    lan = ip_network(site.lan)
    return f"{lan[index + 1]}/{lan.prefixlen}"


def site(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    resource = alive(estate, ResourceId.parse(scope.key))
    if not resource:
        return Draft()
    model = site_model(resource)
    draft = Draft([Node(lan_node(resource.id), Role.LAN, bridge=True)])
    ordered = tuple(_ordered(estate, resource))
    for index, router in enumerate(model.routers):
        _add_router(draft, resource, model, index)
        clouds = [_cloud_session(attached, model, profile) for attached in ordered
                  if attached.view.order.router == router.name]
        draft.routers.append(_router(resource, model, index, clouds, profile))
    for host in model.hosts:
        _add_host(draft, resource, model, host.name, host.address)
    return draft


def _lan_port(lan: str, letter: str, name: str) -> Interface:
    return Interface(lan, letter + hashlib.blake2b(name.encode(), digest_size=4).hexdigest(), bridged=True)


def _add_router(draft: Draft, resource: Resource, model: Site, index: int) -> None:
    router = model.routers[index]
    node = ce_node(resource.id, router.name)
    draft.pieces += [
        Node(node, Role.CE, forwarding=True, sysctls=DAEMON_SYSCTLS),
        Link(Interface(node, LAN, (Address(router_lan_address(model, index)),)),
             _lan_port(lan_node(resource.id), "c", router.name))]


def _add_host(draft: Draft, resource: Resource, model: Site, name: str, address: str) -> None:
    node = host_node(resource.id, name)
    length = ip_network(model.lan).prefixlen
    routers = tuple(bare(router_lan_address(model, index)) for index in range(len(model.routers)))
    draft.pieces += [
        Node(node, Role.HOST, sysctls=_HOST_SYSCTLS),
        Link(Interface(node, "eth0", (Address(f"{address}/{length}"),)), _lan_port(lan_node(resource.id), "h", name)),
        Route(node, "0.0.0.0/0", routers)]


def _router(resource: Resource, model: Site, index: int, clouds: list[Session], profile: Profile) -> Router:
    router = model.routers[index]
    return Router(
        ce_node(resource.id, router.name), router.daemon, model.asn, bare(router_lan_address(model, index)),
        (*clouds, *_partner_session(model, index)), tuple(Origin(prefix) for prefix in model.prefixes), profile.ecmp,
        router.down)


def _partner_session(model: Site, index: int) -> list[Session]:
    """The other CE of the site: each tells the other what it learned from the cloud."""
    return [
        Session(
            name=session_name(PARTNER, other), group=PARTNER, interface=LAN,
            local_address=bare(router_lan_address(model, index)), peer_address=bare(router_lan_address(model, other)),
            local_asn=model.asn, peer_asn=model.asn, import_policy=PERMIT_ALL, export_policy=learned_from(CLOUD),
            enforce_first_as=False, next_hop_self=True)
        for other in range(len(model.routers)) if other != index]


@dataclass(frozen=True, slots=True)
class _Attached:
    """One leg of a circuit that was ordered to end here."""

    circuit: CircuitView
    peering: PeeringView
    leg: Leg
    view: OrderView


def _ordered(estate: Estate, site: Resource) -> Iterator[_Attached]:
    for order in referrers(estate, site.id, EXCHANGE_ORDER):
        circuit = circuit_view(estate, ResourceId.parse(order.system["circuit"]["id"]))
        if circuit and circuit.private:
            for leg, view in circuit.orders:
                if view.site and view.site.id.key == site.id.key:
                    yield _Attached(circuit, circuit.private, leg, view)


def _cloud_session(attached: _Attached, site: Site, profile: Profile) -> Session:
    circuit, peering, leg, view = attached.circuit, attached.peering, attached.leg, attached.view
    prefix = peering.model.prefix(leg)
    key = view.resource.secrets.get(f"{leg}.sharedKey") or peering.shared_key
    return Session(
        name=session_name(CLOUD, circuit.resource.number, leg), group=CLOUD,
        interface=customer_interface(circuit, leg),
        local_address=bare(customer_address(prefix)), peer_address=bare(edge_address(prefix)),
        local_asn=view.order.peer_asn or site.asn, peer_asn=AZURE_ASN,
        import_policy=PERMIT_ALL, export_policy=only_own(site.prefixes),
        password=Secret(key) if key else None, bfd=profile.customer_bfd)
