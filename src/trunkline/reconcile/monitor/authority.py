"""Who has which prefixes among those who share routing: what sites declare, and the networks behind gateways. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.diagnosis.claims import Claim, numbered
from trunkline.intent.compile.exchange import lan_node, member_port
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import exchange_view
from trunkline.intent.gateways import GatewayView, circuit_of, gateway_of, gateway_view, links
from trunkline.intent.reach import reaches
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import circuit_view, site_model
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN
from trunkline.model.resource import Resource, ResourceId

#: A claim on more than this is none.
_WIDEST_IPV4, _WIDEST_IPV6 = 8, 16


def neighbours(estate: Estate, circuit: ResourceId) -> tuple[ResourceId, ...]:
    """The circuits that share a gateway with one, itself first."""
    found = {circuit.key: circuit}
    for gateway in _gateways(estate, circuit):
        for connection in links(estate, gateway):
            other = circuit_of(connection)
            if other and not connection.deleting:
                found.setdefault(other.key, other)
    return tuple(found.values())


def in_touch(estate: Estate, circuit: ResourceId) -> tuple[ResourceId, ...]:
    """These, and the circuits that Global Reach links to it: one link, and no further."""
    linked = (view.other(circuit).resource.id for view in reaches(estate, circuit))
    return tuple({one.key: one for one in (*neighbours(estate, circuit), *linked)}.values())


def _gateways(estate: Estate, circuit: ResourceId) -> tuple[ResourceId, ...]:
    return tuple(gateway_of(one) for one in links(estate, circuit) if not one.deleting)


def declared(estate: Estate, circuit: ResourceId) -> tuple[Claim, ...]:
    """A site that stands behind several circuits has its prefixes at each of them."""
    circuits_of: dict[str, list[ResourceId]] = defaultdict(list)
    sites: dict[str, Resource] = {}
    for one in in_touch(estate, circuit):
        for site in _sites(estate, one):
            sites[site.id.key] = site
            circuits_of[site.id.key].append(one)
    claims = [claim for key, site in sites.items() for claim in _of_site(site, circuits_of[key])]
    views = (gateway_view(estate, gateway) for gateway in _gateways(estate, circuit))
    return (*claims, *(claim for view in views if view for claim in _of_network(view)))


def of_members(estate: Estate, member: ResourceId) -> tuple[Claim, ...]:
    """What each member of an exchange may announce, by the operator's word and by registries'."""
    view = exchange_view(estate, member.parent)
    return tuple(Claim(prefix, str(one.resource.id), frozenset({one.resource.id.key}), frozenset(one.origins))
                 for one in (view.members if view else ()) for prefix in one.prefixes)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place on an exchange's LAN: its id, and where its port is."""

    owner: str
    node: str
    port: str


def seats(estate: Estate, scope: Scope) -> dict[str, Seat]:
    """Of members, by their addresses in the LAN of an exchange; empty for another scope."""
    view = exchange_view(estate, ResourceId.parse(scope.key)) if scope.kind is ScopeKind.EXCHANGE else None
    if not view:
        return {}
    lan = lan_node(view.resource.id)
    return {address: Seat(str(one.resource.id), lan, member_port(one))
            for one in view.members for address in one.addresses}


def _sites(estate: Estate, circuit: ResourceId) -> Iterator[Resource]:
    view = circuit_view(estate, circuit)
    found = {order.site.id.key: order.site for _, order in view.orders if order.site} if view else {}
    yield from found.values()


def _of_site(site: Resource, circuits: list[ResourceId]) -> Iterator[Claim]:
    model = site_model(site)
    owners = frozenset(one.key for one in circuits)
    for prefix in model.prefixes:
        if not _is_wide(prefix):
            yield Claim(prefix, str(circuits[0]), owners, frozenset({model.asn}), declared=True)


def _of_network(view: GatewayView) -> Iterator[Claim]:
    owners = dict.fromkeys(view.prefixes, view.vnet.resource)
    for one in view.wan.networks if view.wan else ():
        owners |= dict.fromkeys(one.prefixes, one.vnet)
    for prefix, owner in owners.items():
        yield Claim(prefix, str(owner.id), frozenset(), frozenset({AZURE_ASN, GATEWAY_ASN}),
                    declared=True)


def _is_wide(prefix: str) -> bool:
    """More than anybody was ever allocated (RFC 7249; the IANA's registries): a default route, or the half of one."""
    width, _, length = numbered(prefix)
    return length < (_WIDEST_IPV4 if width == 32 else _WIDEST_IPV6)
