"""A site: LAN, hosts, and CE routers with the sessions that their circuits' peerings ask for.

The CE's end of an attachment belongs to the leg's scope; here is what the customer owns without any circuit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.allocation import node_name
from trunkline.intent.bgp import PERMIT_ALL, Origin, Router, Session
from trunkline.intent.compile import controls
from trunkline.intent.compile.draft import (
    CLOUD,
    INTERNET,
    LOOPBACK6,
    PARTNER,
    SPREAD6,
    Draft,
    ce_node,
    customer_interface,
    default_route,
    host_node,
    in_family,
    learned_from,
    only_own,
    session_name,
    sysctls,
)
from trunkline.intent.compile.membership import membership
from trunkline.intent.direct import cables_at
from trunkline.intent.estate import Estate
from trunkline.intent.network import Address, Interface, Link, Node, Rewriting, Role, Route, Translation
from trunkline.intent.peering import PeeringView
from trunkline.intent.scope import Scope
from trunkline.intent.view import (
    CIRCUIT,
    EXCHANGE_ORDER,
    CircuitView,
    OrderView,
    alive,
    circuit_view,
    referrers,
    site_model,
)
from trunkline.model.bgp import (
    AZURE_ASN,
    bare,
    customer_address,
    edge_address,
    family_of,
    host_prefix,
    network,
    of_family,
    within,
)
from trunkline.model.cable import Cable
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId, Secret
from trunkline.model.session_policy import over
from trunkline.model.site import Site, SiteHost, SiteRouter

LAN = "lan"

#: A host leaves a CE whose ARP entry has failed; over IPv6 the kernel does so anyway.
_HOST_SYSCTLS = (("ipv4.fib_multipath_use_neigh", "1"),)


def lan_node(site: ResourceId) -> str:
    return node_name(Role.LAN, site.name, site.key)


def router_lan_addresses(site: Site, index: int) -> tuple[str, ...]:
    """The first addresses of the LAN in each family, in the routers' order; with length. IPv4 is first."""
    return tuple(f"{network(lan)[index + 1]}/{network(lan).prefixlen}" for lan in site.lans)


def site(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    resource = alive(estate, ResourceId.parse(scope.key))
    if not resource:
        return Draft()
    model = site_model(resource)
    draft = Draft([Node(lan_node(resource.id), Role.LAN, bridge=True)])
    here = tuple(ordered(estate, resource))
    for index, router in enumerate(model.routers):
        _add_router(draft, resource, model, index)
        clouds = [session for attached in here if attached.view.order.router == router.name
                  for session in _cloud_sessions(attached, model, profile)]
        joined = membership(estate, resource, model, router.name, profile)
        further = (*joined.origins, *(Origin(host_prefix(address)) for address in router.public_addresses))
        draft.routers.append(_router(resource, model, index, [*clouds, *joined.sessions], profile, further))
        draft.pieces += _translated(draft.routers[-1], router, model)
    for host in model.hosts:
        _add_host(draft, resource, model, host)
    return draft


def _translated(compiled: Router, router: SiteRouter, model: Site) -> Iterator[Rewriting]:
    """What is public already needs no other source."""
    public = sorted({session.interface for session in compiled.sessions if session.group == INTERNET})
    private = [prefix for prefix in (*model.prefixes, *model.lans)
               if not any(within(prefix, known) for known in model.advertised_public_prefixes)]
    found = tuple(Translation(tuple(public), of_family(family_of(address), private), address)
                  for address in router.public_addresses if public and of_family(family_of(address), private))
    if found:
        yield Rewriting(compiled.node, translations=found)


def _lan_port(lan: str, letter: str, name: str) -> Interface:
    return Interface(lan, letter + hashlib.blake2b(name.encode(), digest_size=4).hexdigest(), bridged=True)


def _add_router(draft: Draft, resource: Resource, model: Site, index: int) -> None:
    router = model.routers[index]
    node, own = ce_node(resource.id, router.name), router_lan_addresses(model, index)
    draft.pieces += [
        Node(node, Role.CE, forwarding=True, sysctls=sysctls(own)),
        Link(Interface(node, LAN, tuple(map(Address, own))), _lan_port(lan_node(resource.id), "c", router.name))]


def _add_host(draft: Draft, resource: Resource, model: Site, host: SiteHost) -> None:
    node = host_node(resource.id, host.name)
    pairs = tuple(zip(host.addresses, model.lans, strict=False))
    own = tuple(Address(f"{address}/{network(lan).prefixlen}") for address, lan in pairs)
    routers = [router_lan_addresses(model, index) for index in range(len(model.routers))]
    draft.pieces += [
        Node(node, Role.HOST, loopback=LOOPBACK6 if host.address6 else (),
             sysctls=(*_HOST_SYSCTLS, *(SPREAD6 if host.address6 else ()))),
        Link(Interface(node, "eth0", own), _lan_port(lan_node(resource.id), "h", host.name)),
        *(Route(node, default_route(address), tuple(bare(each[number]) for each in routers))
          for number, (address, _) in enumerate(pairs))]


def _router(resource: Resource, model: Site, index: int, outer: list[Session], profile: Profile,
            further: tuple[Origin, ...] = ()) -> Router:
    router = model.routers[index]
    return Router(
        ce_node(resource.id, router.name), router.daemon, model.asn, bare(router_lan_addresses(model, index)[0]),
        (*outer, *_partner_sessions(model, index, outer)), (*map(Origin, model.originated), *further), profile.ecmp,
        router.down)


def _partner_sessions(model: Site, index: int, outer: Iterable[Session]) -> list[Session]:
    """The other CE of the site: each tells the other what it learned from outside."""
    groups = sorted({CLOUD, INTERNET, *(session.group for session in outer)})
    return [
        Session(
            name=in_family(session_name(PARTNER, other), own), group=PARTNER, interface=LAN,
            local_address=bare(own), peer_address=bare(theirs), local_asn=model.asn, peer_asn=model.asn,
            import_policy=PERMIT_ALL, export_policy=learned_from(*groups),
            enforce_first_as=False, next_hop_self=True)
        for other in range(len(model.routers)) if other != index
        for own, theirs in zip(router_lan_addresses(model, index), router_lan_addresses(model, other), strict=True)]


@dataclass(frozen=True, slots=True)
class Attached:
    """One peering on one leg of a circuit that was ordered to end here."""

    circuit: CircuitView
    peering: PeeringView
    leg: Leg
    view: OrderView


def ordered(estate: Estate, site: Resource) -> Iterator[Attached]:
    orders = referrers(estate, site.id, EXCHANGE_ORDER)
    for named in (*(ResourceId.parse(order.system["circuit"]["id"]) for order in orders), *_cabled(estate, site.id)):
        circuit = circuit_view(estate, named)
        for leg, view in circuit.orders if circuit else ():
            if circuit and view.site and view.site.id.key == site.id.key:
                yield from (Attached(circuit, peering, leg, view) for peering in circuit.peerings)


def _cabled(estate: Estate, site: ResourceId) -> Iterator[ResourceId]:
    """Circuits on the Direct ports to which the site is cabled, each once."""
    ports = {port.key: port for cable in cables_at(estate, site)
             for port in (Cable.model_validate(cable.properties).port.target,)}
    for _, port in sorted(ports.items()):
        yield from (circuit.id for circuit in referrers(estate, port, CIRCUIT))


def _cloud_sessions(attached: Attached, site: Site, profile: Profile) -> Iterator[Session]:
    circuit, peering, leg, view = attached.circuit, attached.peering, attached.leg, attached.view
    private = peering.kind is PeeringType.PRIVATE
    router = next((one for one in site.routers if one.name == view.order.router), None)
    public = (*site.advertised_public_prefixes, *map(host_prefix, router.public_addresses if router else ()))
    group, announced, asn = (CLOUD, site.prefixes, site.asn) if private else (INTERNET, public, peering.model.peer_asn)
    own = over(router.policy if router else None, view.order.policy)
    key = view.resource.secrets.get(f"{leg}.sharedKey") or peering.shared_key
    for subnet in peering.model.on(leg):
        yield controls.at_customer(Session(
            name=in_family(session_name(group, circuit.resource.number, leg), subnet.prefix), group=group,
            interface=customer_interface(circuit, leg, peering.kind),
            local_address=bare(customer_address(subnet.prefix)), peer_address=bare(edge_address(subnet.prefix)),
            local_asn=view.order.peer_asn or asn, peer_asn=AZURE_ASN,
            import_policy=PERMIT_ALL, export_policy=only_own(announced),
            password=Secret(key) if key else None, bfd=profile.customer_bfd, hold_time_s=profile.hold_time_s,
            keepalive_time_s=profile.keepalive_time_s), own, peering.controls.on(leg), profile)
