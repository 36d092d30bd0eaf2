"""The model of the compiled network: which pairs are connected while something is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import estates
import reaching
import wans
from resilient import Way, connectivity, estate
from trunkline.intent.connectivity.model import Connectivity, Fate
from trunkline.intent.connectivity.taking import Cause, RouterLoss, kind_of
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE
from trunkline.model.fault import FaultKind, Target
from trunkline.model.resource import Resource

PARIS = estates.rid(SITE, "paris").key


def leg(name: str, which: str) -> Target:
    return Target(FaultKind.LEG, estates.rid(CIRCUIT, name).key, which)


def fates(network: Connectivity, *causes: Cause) -> list[Fate]:
    taken = frozenset(need for cause in causes for need in network.taking.of(cause))
    return [network.fate(bundle, network.missing(taken)) for bundle in network.bundles]


def is_lost(resources: Sequence[Resource], *causes: Cause) -> bool:
    fate, = fates(connectivity(resources), *causes)
    assert fate.lost or fate.kept
    return fate.lost


def test_a_whole_estate_is_connected_and_both_legs_carry_half() -> None:
    fate, = fates(connectivity(estate(Way())))
    assert fate.kept
    assert sorted(share for (_, name), share in fate.to.loads.items() if name.startswith("c1.")) == [0.5, 0.5]


@pytest.mark.parametrize("cause", [
    leg("er1", "primary"), Target(FaultKind.EDGE, "amsterdam", "primary"),
    Target(FaultKind.SWITCH, "equinix~amsterdam", "primary"), Target(FaultKind.CORE, "amsterdam", "primary"),
    Target(FaultKind.CORE, "westeurope", "primary"), RouterLoss(PARIS, "ce1"),
    Target(FaultKind.INSTANCE, estates.rid(GATEWAY, "gw1").key, "0")],
    ids=lambda cause: str(getattr(cause, "kind", "router")))
def test_one_of_two_of_anything_may_be_lost(cause: Cause) -> None:
    assert not is_lost(estate(Way()), cause)


@pytest.mark.parametrize(("one", "other"), [
    (leg("er1", "primary"), leg("er1", "secondary")),
    (leg("er1", "primary"), Target(FaultKind.EDGE, "amsterdam", "secondary")),
    (Target(FaultKind.SWITCH, "equinix~amsterdam", "primary"), Target(FaultKind.CORE, "westeurope", "secondary")),
    (RouterLoss(PARIS, "ce1"), leg("er1", "secondary"))])
def test_one_of_each_leg_cuts_the_pair_off(one: Cause, other: Cause) -> None:
    assert is_lost(estate(Way()), one, other)


def test_what_takes_the_other_leg_of_a_second_circuit_cuts_nothing_off() -> None:
    ways = Way(), Way("London", ("ce2", "ce1"))
    assert not is_lost(estate(*ways), leg("er1", "primary"), leg("er1", "secondary"))
    assert is_lost(estate(*ways), RouterLoss(PARIS, "ce1"), RouterLoss(PARIS, "ce2"))


def test_a_location_is_survived_with_a_circuit_at_another_alone() -> None:
    lost = Target(FaultKind.LOCATION, "amsterdam")
    assert is_lost(estate(Way(), Way()), lost)
    assert not is_lost(estate(Way(), Way("London")), lost)


def test_both_legs_at_one_router_share_its_risk() -> None:
    one = estate(Way(routers=("ce1", "ce1")), routers=1)
    assert is_lost(one, RouterLoss(PARIS, "ce1"))
    assert not is_lost(one, leg("er1", "primary"))


def test_a_metro_survives_the_loss_of_a_building() -> None:
    places = {cause.key for cause in connectivity(estate(Way("Amsterdam Metro"))).causes
              if isinstance(cause, Target) and cause.kind is FaultKind.LOCATION}
    assert len(places) == 2
    assert not any(is_lost(estate(Way("Amsterdam Metro")), Target(FaultKind.LOCATION, place)) for place in places)


def test_the_heavier_connection_takes_what_comes_from_the_cloud() -> None:
    fate, = fates(connectivity(estate(Way(weight=10), Way("London", ("ce2", "ce1")))))
    assert {name.split(".")[0] for _, name in fate.back.loads if name.startswith("c")} == {"c1"}


def test_a_prepended_circuit_is_used_only_when_the_other_is_gone() -> None:
    spare = Way("London", ("ce1", "ce2"), policy={"advertise": {"prepend": 2}})
    network = connectivity(estate(Way(), spare))
    fate, = fates(network)
    left, = fates(network, Target(FaultKind.LOCATION, "amsterdam"))
    assert {name.split(".")[0] for _, name in fate.back.loads if name.startswith("c")} == {"c1"}
    assert left.kept
    assert {name.split(".")[0] for _, name in left.back.loads if name.startswith("c")} == {"c2"}


def test_what_a_router_does_not_announce_is_not_reached() -> None:
    silent = {"advertise": {"deny": [{"prefix": "10.10.0.0/16"}]}}
    assert is_lost(estate(Way(policy=silent)))


def test_packets_from_where_no_route_leads_back_are_dropped_by_the_sentry() -> None:
    """The primary leg tells the cloud nothing, but the site's router still sends half of its packets there."""
    resources = estate(Way())
    order = next(one for one in resources if one.id.name == "er1-order")
    order.properties["primary"]["policy"] = {"advertise": {"deny": [{"prefix": "10.10.0.0/16"}]}}
    fate, = fates(connectivity(resources))
    assert (fate.to.share, fate.back.share) == (0.5, 1.0)


def test_customers_with_the_same_addresses_are_kept_apart() -> None:
    network = connectivity([*estates.whole(1, "rg1"), *estates.whole(2, "rg2")])
    gone = Target(FaultKind.INSTANCE, estates.rid(GATEWAY, "gw1", group="rg1").key, "0"), Target(
        FaultKind.INSTANCE, estates.rid(GATEWAY, "gw1", group="rg1").key, "1")
    assert [fate.kept for fate in fates(network, *gone)] == [False, True]


def test_a_network_that_borrows_a_gateway_is_a_pair_of_its_own() -> None:
    network = connectivity([*estate(Way()), *estates.spoke("second", 2, "10.2"), *estates.lending("hub", "second")])
    assert [bundle.pairs[0].there.name for bundle in network.bundles] == ["hub", "second"]
    assert all(fate.kept for fate in fates(network))
    assert all(fate.lost for fate in fates(network, leg("er1", "primary"), leg("er1", "secondary")))


def test_prefixes_that_are_treated_alike_are_one_bundle_and_others_are_not() -> None:
    filtered = {"advertise": {"deny": [{"prefix": "10.12.0.0/16"}]}}
    prefixes = ["10.10.0.0/16", "10.11.0.0/16", "10.12.0.0/16"]
    bundles = connectivity(estate(Way(policy=filtered), prefixes=prefixes)).bundles
    assert [[pair.here.prefix for pair in bundle.pairs] for bundle in bundles] == [prefixes[:2], prefixes[2:]]


def test_ipv6_is_a_pair_beside_ipv4() -> None:
    six = [*estates.circuit(), estates.peering(**estates.SIX), estates.site(**estates.SITE6), estates.order(),
           *estates.cloud6(), estates.sized_gateway("Standard"), estates.connection()]
    network = connectivity(six)
    assert [bundle.pairs[0].here.prefix for bundle in network.bundles] == ["10.10.0.0/16", "fd00:10::/48"]
    assert all(fate.kept for fate in fates(network))
    assert all(fate.kept for fate in fates(network, leg("er1", "secondary")))


REACHING = [(leg("er1", "primary"), "a leg"), (leg("er2", "secondary"), "a leg of the other circuit"),
            (Target(FaultKind.EDGE, "london", "primary"), "an edge"),
            (Target(FaultKind.CORE, "amsterdam", "secondary"), "a backbone router")]


def ends(network: Connectivity) -> set[tuple[str, str]]:
    return {(one.here.name, one.there.name) for bundle in network.bundles for one in bundle.pairs}


@pytest.mark.parametrize("cause", [cause for cause, _ in REACHING], ids=[what for _, what in REACHING])
def test_two_sites_over_global_reach_are_a_pair_that_survives_the_loss_of_one_leg(cause: Cause) -> None:
    network = connectivity(reaching.two_sites())
    assert ends(network) == {("paris", "rome")}
    assert all(one.circuits == (reaching.circuit_id(1).key, reaching.circuit_id(2).key) and not one.gateways
               for bundle in network.bundles for one in bundle.pairs)
    assert all(fate.kept for fate in fates(network, cause))


def test_legs_of_other_names_do_not_meet_over_global_reach() -> None:
    """A link joins primary to primary (docs/flaws.md)."""
    network = connectivity(reaching.two_sites())
    assert all(fate.lost for fate in fates(network, leg("er1", "primary"), leg("er2", "secondary")))


def test_global_reach_is_no_transit() -> None:
    network = connectivity([*reaching.two_sites(), *reaching.premises(3), reaching.link(2, 3, 2, "192.168.8.8/29")])
    assert ends(network) == {("paris", "rome"), ("rome", "oslo")}


def test_networks_at_a_hub_are_pairs_and_the_hub_is_none() -> None:
    network = connectivity(wans.whole())
    assert [bundle.pairs[0].there.name for bundle in network.bundles] == ["one", "two"]
    assert all(fate.kept for fate in fates(network))
    lost = [Target(FaultKind.INSTANCE, wans.GATEWAY.key, number) for number in ("0", "1")]
    assert all(fate.kept for fate in fates(network, lost[0]))
    assert all(fate.lost for fate in fates(network, *lost))


def test_a_subscription_is_told_of_failures_of_its_own_and_of_the_plant_alone() -> None:
    other = connectivity(estate(Way()), "11111111-2222-3333-4444-555555555555")
    kinds = {kind_of(cause) for cause in other.causes}
    assert {"edge", "location", "backboneNode"} <= kinds
    assert not kinds & {"leg", "gatewayInstance", "router"}
