"""Legs and gateways as maintenance leaves them: the compilers' drafts, with sessions that are drained or closed.

    Draining, Restoring   both sides of the part are told longer paths (12076 or 65515, eight times more, RFC 8326)
    InProgress            its sessions are closed

Drained sessions still carry; whoever honours AS paths or GRACEFUL_SHUTDOWN is gone before they close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from trunkline.intent.allocation import instance_addresses
from trunkline.intent.bgp import Policy, Router, Session
from trunkline.intent.compile import contained, controls, gateway, route_server
from trunkline.intent.compile.draft import CUSTOMER, HUB, VNET, Draft, instance_node
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_view
from trunkline.intent.maintenance import Part, Work, gateways_of, instances_worked_on, work_on
from trunkline.intent.scope import Scope
from trunkline.intent.view import hub_view
from trunkline.model.bgp import GATEWAY_ASN
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId
from trunkline.model.session_policy import DRAIN_PREPENDS

_Change = Callable[[Session], Session]


def leg(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    draft, circuit = contained.contained_leg(scope, estate, profile), ResourceId.parse(scope.key)
    if work := work_on(estate, Part(scope.key, scope.leg)):
        _change(draft, partial(_of_leg, work))
    return _closed_towards_instances(draft, estate, gateways_of(estate, circuit))


def of_gateway(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    draft, own = gateway.gateway(scope, estate, profile), ResourceId.parse(scope.key)
    works = {instance_node(own, instance): work for instance, work in instances_worked_on(estate, own).items()}
    draft.routers = [_with(router, partial(_of_instance, works[router.node])) if router.node in works else router
                     for router in draft.routers]
    return draft


def of_route_server(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    hub = hub_view(estate, ResourceId.parse(scope.key))
    found = route_server.gateways(estate, hub) if hub else ()
    return _closed_towards_instances(route_server.route_server(scope, estate, profile), estate,
                                     (one.resource.id for one in found))


def _of_leg(work: Work, session: Session) -> Session:
    if session.group != CUSTOMER:
        return replace(session, export_policy=controls.prepended(session.export_policy))
    return controls.drained(session).unless(work.closes, work.words)


def _of_instance(work: Work, session: Session) -> Session:
    """Inside the cloud the paths are equally long, so it is the preference that says it."""
    longer = Policy(tuple(replace(rule, local_pref=0) if session.group in (VNET, HUB) else
                          controls.longer(rule, GATEWAY_ASN, DRAIN_PREPENDS) for rule in session.export_policy.rules))
    return replace(session, export_policy=longer).unless(work.closes, work.words)


def _closed_towards_instances(draft: Draft, estate: Estate, gateways: Iterable[ResourceId]) -> Draft:
    """The other ends of sessions with an instance that is out of use: nobody waits for them."""
    closed = {address: work for one in gateways for address, work in _closed_addresses(estate, one)}
    if closed:
        _change(draft, partial(_closed, closed))
    return draft


def _closed(by: Mapping[str, Work], session: Session) -> Session:
    work = by.get(session.peer_address)
    return session.unless(True, work.words) if work else session


def _closed_addresses(estate: Estate, gateway_id: ResourceId) -> Iterator[tuple[str, Work]]:
    works = {instance: work for instance, work in instances_worked_on(estate, gateway_id).items() if work.closes}
    view = gateway_view(estate, gateway_id) if works else None
    for subnet in view.vnet.gateway_subnets if view else ():
        yield from ((instance_addresses(subnet)[instance], work) for instance, work in works.items())


def _change(draft: Draft, change: _Change) -> None:
    draft.routers = [_with(router, change) for router in draft.routers]


def _with(router: Router, change: _Change) -> Router:
    return replace(router, sessions=tuple(map(change, router.sessions)))
