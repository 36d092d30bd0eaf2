"""routeFilters and their rules: which services' routes a Microsoft peering receives; bgpServiceCommunities."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.api.declaration import Inline, Register, ResourceType, Wish
from trunkline.api.resources.express_route.peering_rules import premium_for
from trunkline.api.resources.recorded import ByShape, filled, required, users
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import PEERING, ROUTE_FILTER, ROUTE_FILTER_RULE
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.service import communities, listed

_COMMUNITY = re.compile(r"\d{1,5}:\d{1,5}", re.ASCII)


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    rules = wish.children.get("rules", ())
    if len(rules) > 1:
        yield _one_rule(wish.resource.id, rules[1].id.name)


def _check_rule(wish: Wish, estate: Register) -> Iterator[Fault]:
    rule = wish.resource
    yield from required(rule, "access", "communities")
    if rule.properties.get("access") == "Deny":
        yield Fault("RouteFilterRuleAccessNotSupported", f"access 'Deny' of route filter rule {rule.id.name} is not "
                    "supported; use Allow: what no rule allows is denied.", "access")
    given = rule.properties.get("communities", [])
    if not given and "communities" in rule.properties:
        yield Fault("RouteFilterRuleHasNoCommunity", f"communities of route filter rule {rule.id.name} is empty; name "
                    "one or more, as bgpServiceCommunities lists them.", "communities")
    for community in given:
        yield from _known(rule, community)
    for peering in users(estate, rule.id.parent, PEERING) if rule.id.parent else ():
        if peering.id.parent:
            yield from premium_for(given, peering.id.parent, estate, "communities")
    for other in estate.children(rule.id.parent, ROUTE_FILTER_RULE) if rule.id.parent else ():
        if other.id.key != rule.id.key and not other.deleting:
            yield _one_rule(other.id.parent or other.id, rule.id.name)


def _one_rule(holder: ResourceId, name: str) -> Fault:
    return Fault("RouteFilterCanHaveOnlyOneRule", f"Route filter {holder.name} can have only one rule; put the "
                 f"communities of '{name}' into the rule that is there.", "rules")


def _known(rule: Resource, community: str) -> Iterator[Fault]:
    said = f"Community name {community[:80]} of route filter rule {rule.id} is invalid."
    if ":" not in community:
        yield Fault("RouteFilterRuleInvalidCommunity", f"{said} The name must contain colon (:).", "communities")
    elif not _COMMUNITY.fullmatch(community) or community not in communities():
        yield Fault("RouteFilterRuleInvalidCommunity", f"{said} It is none of a service; choose from "
                    "bgpServiceCommunities, for example 12076:5040.", "communities")


def _show(holder: Resource, estate: Estate) -> Json:
    """The peerings stand in the answer only while there are some [REC]."""
    found: dict[str, list[Json]] = {}
    for peering in users(estate, holder.id, PEERING):
        for member, settings in (("peerings", peering.properties),
                                 ("ipv6Peerings", peering.properties.get("ipv6PeeringConfig") or {})):
            if str((settings.get("routeFilter") or {}).get("id", "")).lower() == holder.id.key:
                found.setdefault(member, []).append({"id": str(peering.id)})
    return dict(found)


def _in_use(holder: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, holder.id, PEERING):
        yield Fault("InUseRouteFilterCannotBeDeleted", f"Route filter {holder.id} is in use by "
                    f"{', '.join(str(one.id) for one in used)} and cannot be deleted; take it off these first.")


ROUTE_FILTERS = ResourceType(
    ROUTE_FILTER, model=ByShape, shape="RouteFilterPropertiesFormat", inline=(Inline("rules", ROUTE_FILTER_RULE),),
    realised=True, check=_check, in_use=_in_use, show=_show)

ROUTE_FILTER_RULES = ResourceType(
    ROUTE_FILTER_RULE, model=ByShape, shape="RouteFilterRulePropertiesFormat", tracked=False, realised=True,
    check=_check_rule, defaults=filled(routeFilterRuleType="Community"))

BGP_SERVICE_COMMUNITIES = ResourceType(
    "Microsoft.Network/bgpServiceCommunities", model=ByShape, catalogue=lambda _subscription: listed())
