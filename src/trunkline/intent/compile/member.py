"""A member's port on the LAN of an internet exchange: a scope of its own, so one whose router is missing is nobody
else's failure. The cloud's own edge comes with it (``exchange_edge``)."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.allocation import member_mac, reserved_mac
from trunkline.intent.compile.draft import Draft, ce_node
from trunkline.intent.compile.exchange import DISCARD_STATION, lan_node, member_interface, member_port, on_lan
from trunkline.intent.compile.exchange_edge import add_edge
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import ExchangeView, MemberView, exchange_view
from trunkline.intent.network import OUTSIDE, Hygiene, Interface, Link, Port
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId


def member(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    own = ResourceId.parse(scope.key)
    view = exchange_view(estate, own.parent)
    found = view.member(own.name) if view else None
    if not view or not found:
        return Draft()
    draft = Draft([*_connected(view, found), _hygiene(view, found)],
                  requires=[Scope(ScopeKind.EXCHANGE, view.resource.id.key)])
    if found.model.edge:
        add_edge(draft, view, found, profile)
    if found.site:
        draft.requires.append(Scope(ScopeKind.SITE, found.site.id.key))
    return draft


def _connected(view: ExchangeView, one: MemberView) -> Iterator[Link | Port]:
    """An edge brings its own link."""
    lan, name, handoff = lan_node(view.resource.id), member_port(one), one.model.handoff
    mine = Interface(lan, name, bridged=True)
    if handoff and not handoff.create:
        yield Port(lan, name, handoff.interface, bridged=True)
    elif handoff:
        yield Link(mine, Interface(OUTSIDE, handoff.interface, mac=_mac(one)))
    elif one.site:
        ce = ce_node(one.site.id, one.model.router or "")
        yield Link(mine, Interface(ce, member_interface(one), on_lan(view, one.addresses), mac=_mac(one)))


def _mac(one: MemberView) -> str:
    return one.model.mac or member_mac(one.number)


def _hygiene(view: ExchangeView, one: MemberView) -> Hygiene:
    sources = one.prefixes if view.model.policy.check_sources else ("0.0.0.0/0", "::/0")
    return Hygiene(
        lan_node(view.resource.id), member_port(one), _mac(one), one.addresses, view.model.lans, sources,
        reserved_mac(view.resource.number, DISCARD_STATION) if view.model.policy.blackholing else "")
