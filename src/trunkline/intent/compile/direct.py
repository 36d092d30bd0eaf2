"""One link of a Direct port: the edge's interface, and what is plugged into it.

    edge d ═══ t site router     the customer's router of a site, over a veth
    edge d ═══ veth outside      the user's own router
    edge d                       an interface of the machine, taken; or a TAP, which a program opens
    edge d ═══ u edge            nothing is plugged in: the far end is in the patch panel, down
"""

from __future__ import annotations

from trunkline.intent.compile.draft import TRUNK_MTU, Draft, ce_node, edge_scope, letter
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.direct import PluggedView, PortView, port_view
from trunkline.intent.estate import Estate
from trunkline.intent.network import OUTSIDE, Interface, Link, Piece, Port, Secured, Tap
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.cable import PlugKind
from trunkline.model.circuit import Leg
from trunkline.model.port import AdminState
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId

#: Of an interface of the machine: Linux lets one tag pass beyond the MTU, the second must have room.
_SINGLE_MTU, _DOUBLE_MTU = 1500, 1504


def direct(scope: Scope, estate: Estate, _profile: Profile) -> Draft:
    port, leg = port_view(estate, ResourceId.parse(scope.key)), Leg(scope.leg)
    if not port:
        return Draft()
    draft = Draft(requires=[edge_scope(port.location, leg)])
    plugged = port.end(leg)
    if plugged and plugged.site and plugged.end.router:
        draft.requires.append(Scope(ScopeKind.SITE, plugged.site.id.key))
    draft.pieces.append(_plugged_in(port, leg, plugged) if plugged else _panel(port, leg))
    settings = port.settings(leg)
    if enabled(port, leg) and settings.mac_sec_config.keyed:
        draft.pieces.append(Secured(edge_node(port.location, leg), direct_interface(port, leg),
                                    settings.mac_sec_config.cipher))
    return draft


def enabled(port: PortView, leg: Leg) -> bool:
    return port.settings(leg).admin_state is AdminState.ENABLED


def direct_interface(port: PortView, leg: Leg) -> str:
    """The edge's; a TAP bears the name under which it is opened."""
    plugged = port.end(leg)
    handoff = plugged.end.handoff if plugged else None
    return handoff.interface if handoff and handoff.kind is PlugKind.TAP else f"d{port.resource.number}"


def trunk_of_direct(port: PortView, leg: Leg) -> str:
    """The CE's trunk towards a Direct port."""
    return f"t{port.resource.number}{letter(leg)}"


def _up(port: PortView, leg: Leg) -> bool:
    """A link that is to be secured comes up with its keys only, never in the clear."""
    return enabled(port, leg) and not port.settings(leg).mac_sec_config.keyed


def _panel(port: PortView, leg: Leg) -> Piece:
    edge = edge_node(port.location, leg)
    return Link(Interface(edge, direct_interface(port, leg), mtu=TRUNK_MTU, up=_up(port, leg)),
                Interface(edge, f"u{port.resource.number}", mtu=TRUNK_MTU, up=False))


def _plugged_in(port: PortView, leg: Leg, plugged: PluggedView) -> Piece:
    edge, name, up = edge_node(port.location, leg), direct_interface(port, leg), _up(port, leg)
    mine = Interface(edge, name, mtu=TRUNK_MTU, up=up)
    handoff = plugged.end.handoff
    if plugged.site and plugged.end.router:
        ce = ce_node(plugged.site.id, plugged.end.router)
        return Link(mine, Interface(ce, trunk_of_direct(port, leg), mtu=TRUNK_MTU))
    if handoff is None or handoff.kind is PlugKind.VETH:
        return Link(mine, Interface(OUTSIDE, handoff.interface if handoff else name))
    mtu = _DOUBLE_MTU if port.double_tagged else _SINGLE_MTU
    if handoff.kind is PlugKind.TAP:
        return Tap(edge, name, mtu, up, port.resource.id.key)
    return Port(edge, name, handoff.interface, mtu, up)
