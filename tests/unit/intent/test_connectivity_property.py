"""On random estates, with random things missing, the model and the slow way agree on every share of flows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import estates
import reaching
import wans
from brute import Brute, Gone
from resilient import Way, connectivity, estate, everything
from trunkline.intent.connectivity.inventory import blueprints
from trunkline.intent.connectivity.needs import Kind, Need
from trunkline.intent.estate import Snapshot
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource

_PREFIXES = ("10.10.0.0/16", "10.11.0.0/16")
_POLICIES: tuple[Json | None, ...] = (
    None, {"advertise": {"prepend": 2}}, {"accept": {"localPreference": 200}}, {"advertise": {"med": 50}},
    {"advertise": {"deny": [{"prefix": _PREFIXES[1]}]}}, {"accept": {"deny": [{"prefix": "10.1.0.0/16"}]}})

ways = some.builds(
    Way, some.sampled_from(["Amsterdam", "London", "Amsterdam Metro"]),
    some.tuples(*(some.sampled_from(["ce1", "ce2", ""]) for _ in range(2))), some.sampled_from(["Equinix", "Colt"]),
    weight=some.sampled_from([0, 0, 10]), policy=some.sampled_from(_POLICIES))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=some.lists(ways, min_size=1, max_size=3), lost=some.lists(some.integers(0, 999), max_size=3))
def test_the_model_agrees_with_bgp_converged_anew(found: list[Way], lost: list[int]) -> None:
    compare(estate(*found, prefixes=list(_PREFIXES)), lost)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lost=some.lists(some.integers(0, 999), max_size=4))
def test_the_same_of_two_sites_over_global_reach_and_a_network_behind_one(lost: list[int]) -> None:
    compare([*reaching.two_sites(), *estates.cloud(), estates.connection()], lost)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lost=some.lists(some.integers(0, 999), max_size=4))
def test_the_same_of_networks_at_a_hub(lost: list[int]) -> None:
    compare(wans.whole(), lost)


def compare(resources: list[Resource], lost: list[int]) -> None:
    snapshot, network = Snapshot(resources), connectivity(resources)
    causes = [network.causes[number % len(network.causes)] for number in lost]
    taken = frozenset(need for cause in causes for need in network.taking.of(cause))
    slow = Brute(blueprints(everything(resources), snapshot, AZURE), gone(taken))
    for bundle in network.bundles:
        fate = network.fate(bundle, network.missing(taken))
        for pair in bundle.pairs:
            shares = [slow.share(course.starts, course.goals, there.address, here.address)
                      for course, here, there in ((bundle.to, pair.here, pair.there),
                                                  (bundle.back, pair.there, pair.here))]
            assert shares == pytest.approx([fate.to.share, fate.back.share]), (pair, causes)


def gone(taken: frozenset[Need]) -> Gone:
    names = {kind: frozenset(name for found, name in taken if found is kind) for kind in Kind}
    return Gone(names[Kind.NODE], names[Kind.ATTACHMENT],
                frozenset(frozenset(name.split(" ")) for name in names[Kind.LINK]))


