"""The customer's control over routes, on live daemons and packets: each of BIRD and FRR as the customer's routers.

One stage serves all tests of a daemon; each takes its policies back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import estates
from probing import unharmed
from scenes import all_gone, all_up, carried, connected, customer, is_up, kernel_routes, real_stage, router_of
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import RibEntry
from trunkline.intent.compile.draft import ce_node, instance_node, vrf_node
from trunkline.intent.network import Direction
from trunkline.intent.session_policy import BFD_KEY
from trunkline.intent.view import CIRCUIT, GATEWAY, PEERING, SITE
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT
from trunkline.model.resource import Resource
from waiting import until

pytestmark = pytest.mark.root

INSTANCE = instance_node(estates.rid(GATEWAY, "gw1"), 0)
OWN, CLOUD = "10.10.0.0/16", "10.1.0.0/16"
GSHUT, NETWORK, REGION = (65535, 0), (12076, 20001), (12076, 50006)
SPECIFIC = "10.10.77.0/24"


def marked_cloud() -> list[Resource]:
    vnet, *others = estates.cloud()
    return [replace(vnet, location="westus", properties={
        **vnet.properties, "bgpCommunities": {"virtualNetworkCommunity": "12076:20001"}}), *others]


@pytest.fixture(scope="module", params=["bird", "frr"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("controls") / "home")).places
    with real_stage(places) as stage:
        routers = (request.param, request.param)
        stage.put(*estates.with_changes(estates.whole(routers=routers), [*marked_cloud(), site(stage, routers)]))
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


def site(stage: Stage, routers: tuple[str, ...] = (), **policies: object) -> Resource:
    """``policies``: of the routers, by name."""
    stage.daemons = routers or stage.daemons  # type: ignore[attr-defined]
    made = estates.site(routers=stage.daemons, prefixes=[OWN, SPECIFIC])  # type: ignore[attr-defined]
    rows = [{**row, **({"policy": policies[row["name"]]} if row["name"] in policies else {})}
            for row in made.properties["routers"]]
    return replace(made, properties={**made.properties, "routers": rows})


@contextmanager
def policies(stage: Stage, *wishes: Resource) -> Iterator[None]:
    calm(stage)
    stage.put(*wishes)
    try:
        yield
    finally:
        calm(stage)
        stage.delete(*(wish.id for wish in wishes))


def calm(stage: Stage) -> None:
    """FRR 8 repeats what it has announced a second later, and answers who asks at that moment with nothing
    (docs/flaws.md): until the customer's routers have been silent for longer than that."""
    if "frr" not in stage.daemons:  # type: ignore[attr-defined]
        return
    last: list[tuple[tuple[int, ...], float]] = [((), 0.0)]

    def silent() -> bool:
        told = tuple(customer(stage, leg).updates for leg in Leg)
        if told != last[0][0]:
            last[0] = told, time.monotonic()
        return time.monotonic() - last[0][1] > 1.5
    until(silent, 15, "FRR to be silent")


def ce(leg: Leg) -> str:
    return ce_node(estates.rid(SITE, "paris"), "ce1" if leg is Leg.PRIMARY else "ce2")


def heard(stage: Stage, leg: Leg, prefix: str = CLOUD) -> RibEntry | None:
    """What a customer's router has let in from the cloud on its own leg."""
    return next((entry for entry in stage.speaker.received(router_of(stage, ce(leg)), f"cloud_1_{leg}")
                 if entry.prefix == prefix and entry.refusal is None), None)


def at_instance(stage: Stage, prefix: str = OWN) -> dict[str, RibEntry]:
    return {entry.session: entry for entry in stage.speaker.routes(router_of(stage, INSTANCE))
            if entry.prefix == prefix and entry.session.startswith("circuit_1_")}


def hops(stage: Stage, prefix: str = OWN) -> set[str]:
    """Tunnels over which a gateway instance sends to the site."""
    routes = json.loads(stage.run(INSTANCE, "ip", "-j", "route", "show", prefix).stdout or "[]")
    return {hop["dev"] for route in routes for hop in route.get("nexthops", [route])}


BOTH, PRIMARY, SECONDARY = {"c1p", "c1s"}, {"c1p"}, {"c1s"}


def quiet(stage: Stage, leg: Leg) -> bool:
    """Less than a tenth of a second's probes on a leg, in each direction, while the other carries a second's."""
    other = Leg.SECONDARY if leg is Leg.PRIMARY else Leg.PRIMARY
    before = {way: carried(stage, 1, way) for way in Direction}
    until(lambda: all(carried(stage, 1, way)[other] - before[way][other] >= 1000 for way in Direction), 10,
          f"{other} to carry")
    return all(carried(stage, 1, way)[leg] - before[way][leg] < 100 for way in Direction)


def test_a_leg_is_drained_and_given_back_without_losing_a_packet(stage: Stage) -> None:
    with unharmed(stage):
        with policies(stage, estates.session_policy("primary", gracefulShutdown=True)):
            until(lambda: hops(stage) == SECONDARY, 10, "the cloud to leave the leg")
            until(lambda: quiet(stage, Leg.PRIMARY), 20, "traffic to leave the leg")
            entry = heard(stage, Leg.PRIMARY)
            assert entry
            assert (entry.as_path, entry.local_pref) == ((12076,) * 9, 0)
            assert GSHUT in entry.communities
            assert at_instance(stage)["circuit_1_primary"].local_pref == 0
            assert is_up(customer(stage, Leg.PRIMARY))
        until(lambda: hops(stage) == BOTH, 10, "both legs again")


def test_the_cloud_tells_what_the_customer_wants_to_hear(stage: Stage) -> None:
    told = {"prepend": 2, "med": 70, "communities": ["65010:7", "65010:7:8"]}
    with unharmed(stage), policies(stage, estates.session_policy("secondary", advertise=told)):
        found = until(lambda: (entry := heard(stage, Leg.SECONDARY)) and entry.med == 70 and entry, 10, "the MED")
        assert found.as_path == (12076,) * 3
        assert {(65010, 7), (65010, 7, 8), NETWORK, REGION} <= set(found.communities)
        first = heard(stage, Leg.PRIMARY)
        assert first
        assert (first.as_path, first.med) == ((12076,), 0)


def test_lists_keep_prefixes_from_either_side(stage: Stage) -> None:
    refused = estates.session_policy("primary", advertise={"deny": [{"prefix": CLOUD}]},
                                     accept={"deny": [{"prefix": OWN, "ge": 24, "le": 24}]})
    with unharmed(stage):
        with policies(stage, refused):
            until(lambda: heard(stage, Leg.PRIMARY) is None, 10, "the cloud's prefix to go")
            until(lambda: hops(stage, SPECIFIC) == SECONDARY, 10, "the more specific one on the other leg alone")
            until(lambda: hops(stage) == BOTH, 10, "the other prefix on both legs")
        until(lambda: heard(stage, Leg.PRIMARY), 10, "the cloud's prefix again")


def test_an_own_prefix_that_is_contained_on_a_leg_comes_over_the_other_and_is_no_spoof(stage: Stage) -> None:
    ends = {"expiresAt": (datetime.now(UTC) + timedelta(seconds=60)).isoformat()}
    dropped = estates.resource(estates.rid(CONTAINMENT, "drop"), {
        "circuit": estates.link(CIRCUIT, "er1"), "leg": "primary", "action": "dropPrefix", "prefixes": [OWN]}, ends)
    with unharmed(stage):
        with policies(stage, dropped):
            until(lambda: hops(stage) == SECONDARY, 10, "the cloud to leave the leg")
            assert heard(stage, Leg.PRIMARY)
        until(lambda: hops(stage) == BOTH, 10, "both legs again")


def test_the_customer_steers_the_clouds_way_by_community(stage: Stage) -> None:
    """The site marks what it tells on one leg; the cloud, asked to prefer the mark, sends over that leg alone."""
    wish = estates.session_policy(accept={"localPreferenceByCommunity": {"65010:200": 200}})
    with unharmed(stage), policies(stage, wish):
        stage.put(site(stage, ce2={"advertise": {"communities": ["65010:200", "12076:20009"]}}))
        until(lambda: hops(stage) == SECONDARY, 10, "the preferred leg alone")
        entries = at_instance(stage)
        assert {name: entry.local_pref for name, entry in entries.items()} == {
            "circuit_1_primary": 100, "circuit_1_secondary": 200}
        assert {entry.communities for entry in entries.values()} == {()}, "and nothing of the customer's is left"
        stage.put(site(stage))
        until(lambda: hops(stage) == BOTH, 10, "both legs without the mark")


def test_a_sites_own_router_drains_its_leg(stage: Stage) -> None:
    """The cloud ignores what customers mark, unless the customer's policy says what the mark means."""
    wish = estates.session_policy("primary", accept={"localPreferenceByCommunity": {"65535:0": 0}})
    with unharmed(stage), policies(stage, wish):
        stage.put(site(stage, ce1={"gracefulShutdown": True}))
        until(lambda: quiet(stage, Leg.PRIMARY), 20, "traffic to leave the leg")
        stage.put(site(stage))
        until(lambda: hops(stage) == BOTH, 10, "both legs again")


def test_a_session_is_closed_and_opened_again(stage: Stage) -> None:
    with policies(stage, estates.session_policy("secondary", enabled=False)):
        until(lambda: not is_up(customer(stage, Leg.SECONDARY)), 10, "the session to close")
        until(lambda: hops(stage) == PRIMARY, 10, "the other leg alone")
        assert is_up(customer(stage, Leg.PRIMARY))
        connected(stage)
    all_up(stage)
    until(lambda: hops(stage) == BOTH, 10, "both legs again")


def test_both_ends_negotiate_timers_ttl_security_and_bfd_anew(stage: Stage) -> None:
    """FRR has no TTL security beside BFD."""
    wish = estates.session_policy("primary", gtsm=True, bfd={"enabled": False}, timers={
        "holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10})
    with policies(stage, wish):
        found = until(lambda: (status := customer(stage, Leg.PRIMARY)).hold_time_s == 30 and status, 20, "the timers")
        assert (found.state, found.keepalive_time_s, found.bfd) == ("Established", 10, "")
        assert is_up(customer(stage, Leg.SECONDARY))
        connected(stage)
    all_up(stage)
    assert customer(stage, Leg.PRIMARY).bfd == "Up"
    until(lambda: hops(stage) == BOTH, 10, "both legs again")


def test_bfd_is_signed_at_both_ends_with_a_policys_key(stage: Stage) -> None:
    """Where the customer's routers run BIRD; the front refuses it for FRR."""
    vrf, ce = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY), ce_node(estates.rid(SITE, "paris"), "ce1")
    if "frr" in stage.daemons:  # type: ignore[attr-defined]
        pytest.skip("FRR 8 has no BFD authentication")
    wish = replace(estates.session_policy("primary", bfdAuthentication={"type": "MeticulousKeyedSha1"}),
                   secrets={BFD_KEY: "c0rrectH0rse"})

    def signed() -> bool:
        files = [stage.places.run / "nodes" / node / "bird.conf" for node in (vrf, ce)]
        return all('keyed sha1; password "c0rrectH0rse"' in file.read_text() for file in files)
    with policies(stage, wish):
        until(lambda: signed() and customer(stage, Leg.PRIMARY).bfd == "Up", 20, "authenticated BFD")
        until(lambda: hops(stage) == BOTH, 20, "both legs")
    all_up(stage)
    until(lambda: not signed() and customer(stage, Leg.PRIMARY).bfd == "Up", 20, "BFD without a key")
    until(lambda: hops(stage) == BOTH, 20, "both legs again")


def test_networks_and_regions_are_told_by_community(stage: Stage) -> None:
    for leg in Leg:
        entry = heard(stage, leg)
        assert entry
        assert set(entry.communities) == {NETWORK, REGION}
    assert CLOUD in kernel_routes(stage, vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY))


def test_a_refresh_exchanges_routes_again_and_resets_nothing(stage: Stage) -> None:
    """No packet is lost meanwhile."""
    peering = estates.rid(PEERING, "er1", "AzurePrivatePeering")
    with unharmed(stage):
        for direction in ("in", "out", "both"):
            answer = stage.ask(peering, "refreshSessions", devicePath="primary", direction=direction)
            assert answer == {"value": [{"peer": "172.16.0.1", "direction": direction}]}
        assert heard(stage, Leg.PRIMARY)
        until(lambda: hops(stage) == BOTH, 10, "both legs still")
