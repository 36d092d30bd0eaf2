"""An internet exchange: a bridge that is the peering LAN, and two route servers on it. Ports are members' (``member``).

    CE e ═══ m LAN ═══ lan route server (two)          packets between members: from port to port, past no router
             LAN x ═══ discard LAN                     what is sent there is dropped at the port it comes in at
"""

from __future__ import annotations

from trunkline.intent.allocation import node_name, reserved_mac
from trunkline.intent.bgp import Router, ValidationSource
from trunkline.intent.compile.draft import DAEMON_SYSCTLS, Draft
from trunkline.intent.compile.route_server_policy import towards_member
from trunkline.intent.compile.validation import validated
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import ExchangeView, MemberView, exchange_view
from trunkline.intent.network import Address, Interface, Link, Node, Role
from trunkline.intent.scope import Scope
from trunkline.model.bgp import family_of, network
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId
from trunkline.model.site import Daemon

#: A route server's interface on the LAN; the LAN's end of the link on which the discard addresses are.
LAN, DISCARD = "lan", "discard"
#: The bridge is an interface too; ARP for a discard address is answered by the one that has it.
_SILENT_BRIDGE = (("ipv4.conf.all.arp_ignore", "1"),)
#: Which of the reserved stations of a LAN has a MAC.
DISCARD_STATION = 3


def lan_node(exchange: ResourceId) -> str:
    return node_name(Role.EXCHANGE, exchange.name, exchange.key)


def route_server_node(exchange: ResourceId, which: int) -> str:
    return node_name(Role.ROUTE_SERVER, exchange.name, exchange.key, str(which))


def member_port(member: MemberView) -> str:
    """The LAN's end of a member's link."""
    return f"m{member.number}"


def member_interface(member: MemberView) -> str:
    """The CE's."""
    return f"e{member.number}"


def exchange(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    view = exchange_view(estate, ResourceId.parse(scope.key))
    if not view:
        return Draft()
    lan = lan_node(view.resource.id)
    draft = Draft([
        Node(lan, Role.EXCHANGE, bridge=True, sysctls=_SILENT_BRIDGE),
        Link(Interface(lan, DISCARD, on_lan(view, view.model.discards),
                       mac=reserved_mac(view.resource.number, DISCARD_STATION)),
             Interface(lan, "x", bridged=True))])
    for which in (0, 1):
        _add_route_server(draft, view, which, profile)
    return draft


def _add_route_server(draft: Draft, view: ExchangeView, which: int, profile: Profile) -> None:
    node, own = route_server_node(view.resource.id, which), view.model.route_servers[which]
    draft.pieces += [
        Node(node, Role.ROUTE_SERVER, sysctls=DAEMON_SYSCTLS),
        Link(Interface(node, LAN, on_lan(view, own), mac=reserved_mac(view.resource.number, which + 1)),
             Interface(lan_node(view.resource.id), f"s{which}", bridged=True))]
    sources = _origin_validation(draft, view, which)
    sessions = tuple(session for member in view.members for address in own
                     for session in towards_member(view, member, address, profile, validated=bool(sources)))
    draft.routers.append(Router(node, Daemon.BIRD, view.model.asn, own[0], sessions, validation=sources))


def _origin_validation(draft: Draft, view: ExchangeView, which: int) -> tuple[ValidationSource, ...]:
    """The first route server asks the cache of its location's primary leg, the second that of the secondary one."""
    if not view.model.policy.origin_validation:
        return ()
    found = validated(route_server_node(view.resource.id, which), view.model.peering_location, list(Leg)[which])
    draft.pieces.append(found.link)
    draft.requires.append(found.scope)
    return (found.source,)


def on_lan(view: ExchangeView, addresses: tuple[str, ...]) -> tuple[Address, ...]:
    """With the LAN's length. Of each family at most one."""
    return tuple(Address(f"{own}/{network(lan).prefixlen}") for lan in view.model.lans for own in addresses
                 if family_of(own) == family_of(lan))
