"""Which prefixes are taken, and by whom."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.holdings import Holdings
from trunkline.intent.view import PEERING
from trunkline.model.resource import ResourceId

MINE = estates.rid(PEERING, "er1", "MicrosoftPeering")
OTHERS = estates.rid(PEERING, "er9", "MicrosoftPeering", subscription="99999999-0000-0000-0000-000000000000")


def keys(found: frozenset[ResourceId]) -> set[str]:
    return {one.key for one in found}


@pytest.mark.parametrize(("held", "wanted", "meets"), [
    ("104.1.0.0/24", "104.1.0.0/24", True), ("104.1.0.0/16", "104.1.7.0/24", True),
    ("104.1.7.0/24", "104.1.0.0/16", True), ("104.1.0.0/24", "104.1.1.0/24", False),
    ("104.1.0.0/24", "2a01:111::/32", False), ("2a01:111::/32", "2a01:111:f::/48", True)])
def test_what_overlaps_is_taken(held: str, wanted: str, meets: bool) -> None:
    holdings = Holdings()
    holdings.put(OTHERS, [held])
    assert keys(holdings.others(MINE, wanted)) == ({OTHERS.key} if meets else set())


def test_a_subscription_is_not_in_its_own_way() -> None:
    holdings = Holdings()
    holdings.put(estates.rid(PEERING, "er2", "MicrosoftPeering"), ["104.1.0.0/24"])
    assert not holdings.others(MINE, "104.1.0.0/24")


def test_what_is_let_go_is_free_in_whatever_case_its_holder_is_written() -> None:
    holdings = Holdings()
    holdings.put(OTHERS, ["104.1.0.0/24", "104.1.0.0/25"])
    holdings.put(ResourceId.parse(OTHERS.key.upper().replace("/SUBSCRIPTIONS", "/subscriptions").replace(
        "/RESOURCEGROUPS/", "/resourceGroups/").replace("/PROVIDERS/", "/providers/")), ["104.2.0.0/24"])
    assert not holdings.others(MINE, "104.1.0.0/24")
    assert holdings.others(MINE, "104.2.0.0/16")
