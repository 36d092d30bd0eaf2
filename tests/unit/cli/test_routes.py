"""``trunkline routes``: what its tables say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from trunkline.cli.client import Json
from trunkline.cli.commands.routes import _findings, _route, _verdicts, _why, routes
from trunkline.cli.failure import Failed
from trunkline.cli.glass import Target, target
from trunkline.cli.instance import locate

ROUTE: Json = {"peering": "AzurePrivatePeering", "leg": "primary", "session": "customer", "prefix": "10.10.0.0/16",
               "nextHop": "172.16.0.1", "asPath": [65010, 64500], "localPreference": 100, "med": 0,
               "communities": ["65010:80", "1:2:3"], "validity": None, "best": True}


def test_a_route_is_one_line() -> None:
    assert _route(ROUTE) == ("private", "primary", "customer", "10.10.0.0/16", "172.16.0.1", "65010 64500", 100, 0,
                             "65010:80 1:2:3", "-")


@pytest.mark.parametrize(("more", "told"), [
    ({"refusal": "as-set", "reason": "its path has an AS_SET (RFC 6472)"}, "its path has an AS_SET (RFC 6472)"),
    ({"why": ["a over b: MED, 0 against 5"]}, "a over b: MED, 0 against 5"),
    ({}, "accepted"),
])
def test_why_is_a_sentence(more: Json, told: str) -> None:
    assert _why({**ROUTE, **more}) == told


def test_a_finding_that_is_no_route_says_not() -> None:
    finding = {"step": "out", "session": "customer", "verdict": "no-rule", "sentence": "not told on"}
    told = {"routers": [{"place": "edge", "leg": "primary", "router": "e1", "findings": [finding]}]}
    assert list(_findings(told)) == [("edge", "primary", "e1", "not: tells it on", "customer", "not told on")]


def test_without_circuit_or_prefix_it_says_what_to_write() -> None:
    ran = CliRunner().invoke(routes, [], obj=locate("/nowhere"))
    assert ran.exit_code != 0
    assert "trunkline routes er1" in ran.output


def told(place: str, peering: str, matters: bool) -> Json:
    return {"place": place, "peering": peering, "leg": "primary", "router": f"{place}-1", "verdict": "v",
            "sentence": "s", "matters": matters}


def test_edges_of_a_peering_with_nothing_to_say_are_left_out() -> None:
    rows = [told("customer", "", False), told("edge", "AzurePrivatePeering", True),
            told("edge", "MicrosoftPeering", False)]
    assert [row[0] for row in _verdicts({"routers": rows})] == ["customer", "edge private"]
    nowhere = [told("edge", "AzurePrivatePeering", False), told("edge", "MicrosoftPeering", False)]
    assert len(list(_verdicts({"routers": nowhere}))) == 2


def test_a_gateways_route_names_its_router() -> None:
    assert _route({**ROUTE, "peering": "", "leg": "", "router": "gw-gw1-0"})[:3] == (
        "gw-gw1-0", "customer", "10.10.0.0/16")


class Service:
    """A client of a service with one of each."""

    accounts = type("Accounts", (), {"customer_subscription": "s"})

    def named(self, _name: str) -> Service:
        return self

    def list(self, path: str) -> Iterator[Any]:
        root = "/subscriptions/s/resourceGroups/rg1/providers"
        if path.endswith("/expressRouteCircuits"):
            yield {"id": f"{root}/Microsoft.Network/expressRouteCircuits/er1", "name": "er1", "properties": {}}
        elif path.endswith("/resources"):
            kind = "Microsoft.Network/virtualNetworkGateways"
            yield {"id": f"{root}/{kind}/gw1", "name": "gw1", "type": kind}
            yield {"id": f"{root}/Microsoft.Network/virtualHubs/hub1", "name": "hub1",
                   "type": "Microsoft.Network/virtualHubs"}
            yield {"id": f"{root}/Microsoft.Network/routeFilters/rf1", "name": "rf1",
                   "type": "Microsoft.Network/routeFilters"}
        elif path.endswith("/exchanges"):
            yield {"id": f"{root}/Trunkline.Exchange/exchanges/ams", "name": "ams"}
        else:
            yield {"id": f"{path}/ripe", "name": "ams/ripe"}


@pytest.mark.parametrize(("name", "kind"), [
    ("er1", "circuit"), ("rg1/er1", "circuit"), ("GW1", "gateway"), ("hub1", "hub"), ("ams", "exchange"),
    ("ams/ripe", "member")])
def test_whatever_has_a_looking_glass_is_found_by_name(name: str, kind: str) -> None:
    found: Target = target(Service(), name)  # type: ignore[arg-type]
    assert found.kind == kind


def test_a_name_of_nothing_is_told_with_those_that_there_are() -> None:
    with pytest.raises(Failed, match="there are er1, gw1, hub1, ams, ams/ripe"):
        target(Service(), "rf1")  # type: ignore[arg-type]
