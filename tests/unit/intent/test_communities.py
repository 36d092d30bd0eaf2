"""Which communities a gateway tells of which network: of each its own and its region's, if the customer chose one."""

from __future__ import annotations

from dataclasses import replace

import estates
from trunkline.intent.bgp import Router
from trunkline.intent.compile import compile
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import GATEWAY, VNET
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource


def marked(estate: list[Resource], **chosen: str) -> list[Resource]:
    """``chosen``: communities by the name of a network."""
    return [replace(one, properties={**one.properties, "bgpCommunities": {
        "virtualNetworkCommunity": chosen[one.id.name]}}) if one.id.type == VNET and one.id.name in chosen else one
        for one in estate]


def instances(estate: list[Resource]) -> tuple[Router, ...]:
    return compile(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key), Snapshot(estate), AZURE).routers


def told(estate: list[Resource]) -> dict[str, set[tuple[int, ...]]]:
    first, second = instances(estate)
    assert first.origins == second.origins
    return {origin.prefix: set(origin.communities) for origin in first.origins}


def test_a_network_without_a_community_is_told_without_its_regions_either() -> None:
    assert told(estates.whole()) == {"10.1.0.0/16": set()}


def test_each_network_behind_a_gateway_speaks_for_itself() -> None:
    spoke = [replace(one, location="uksouth") for one in estates.spoke("second", 2, "10.2")]
    whole = [*estates.whole(), *spoke, *estates.lending("hub", "second")]
    assert told(marked(whole, second="12076:20002")) == {
        "10.1.0.0/16": set(), "10.2.0.0/16": {(12076, 20002), (12076, 50024)}}
    assert told(marked(whole, hub="12076:20001"))["10.1.0.0/16"] == {(12076, 20001), (12076, 50002)}


def test_both_families_bear_them() -> None:
    assert set(map(frozenset, told(marked(estates.dual(), hub="12076:20001")).values())) == {
        frozenset({(12076, 20001), (12076, 50002)})}
