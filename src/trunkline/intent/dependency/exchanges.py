"""Scopes of internet exchanges: the LAN with its route servers, members' ports, and the sites behind them."""

from __future__ import annotations

from trunkline.intent.dependency.edge import Scopes, site_of
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import MEMBER, members_of_site
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.resource import Resource, ResourceId


def of_exchange(resource: Resource, _estate: Estate) -> Scopes:
    yield Scope(ScopeKind.EXCHANGE, resource.id.key)


def beyond_exchange(resource: Resource, estate: Estate) -> Scopes:
    for member in estate.children(resource.id, MEMBER):
        yield Scope(ScopeKind.MEMBER, member.id.key)
        yield from site_of(member, estate)


def of_member(resource: Resource, _estate: Estate) -> Scopes:
    """Route servers speak with it, so the exchange is its too."""
    yield Scope(ScopeKind.MEMBER, resource.id.key)
    if resource.id.parent:
        yield Scope(ScopeKind.EXCHANGE, resource.id.parent.key)


def beyond_member(resource: Resource, estate: Estate) -> Scopes:
    """Its site, the sites of those that speak with it directly, and the cloud's edges, which take what it may
    announce."""
    yield from site_of(resource, estate)
    yield from _who_name(resource.id, estate)
    yield from _edges_beside(resource.id, estate)


def _who_name(member: ResourceId, estate: Estate) -> Scopes:
    for other in estate.children(member.parent, MEMBER) if member.parent else ():
        if member.name.lower() in {str(name).lower() for name in other.properties.get("bilateral") or ()}:
            yield from site_of(other, estate)


def _edges_beside(member: ResourceId, estate: Estate) -> Scopes:
    for other in estate.children(member.parent, MEMBER) if member.parent else ():
        if other.properties.get("edge"):
            yield Scope(ScopeKind.MEMBER, other.id.key)


def exchanges_of_site(site: ResourceId, estate: Estate) -> Scopes:
    """Where a site takes part: its AS number stands in sessions there, and its routers have ports."""
    for member in members_of_site(estate, site):
        yield from of_member(member, estate)
        yield from _who_name(member.id, estate)
        yield from _edges_beside(member.id, estate)
