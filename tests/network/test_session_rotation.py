"""TCP-MD5 keys change under sessions that are up: no reset, no lost packet, whichever daemon is at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

import estates
from probing import unharmed
from scenes import all_gone, all_up, connected, disturbed, real_stage, sessions
from speaking import (
    KEY,
    LEFT,
    RIGHT,
    TO_LEFT,
    TO_RIGHT,
    Estate,
    estate,
    prefixes,
    router,
    status,
    unbroken,
    wait_established,
)
from trunkline import settings
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Origin, Router
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root
both = pytest.mark.parametrize("daemon", [Daemon.BIRD, Daemon.FRR])

NEW, THIRD = Secret("anotherKey1"), Secret("thirdKey33")


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def edge(daemon: Daemon, key: Secret = KEY, **changed: object) -> Router:
    return router("mid", replace(TO_LEFT, password=key, **changed), TO_RIGHT, daemon=daemon)  # type: ignore[arg-type]


def customer(key: Secret = KEY, *origins: str) -> Router:
    one = replace(LEFT.sessions[0], password=key)
    return replace(LEFT, sessions=(one,), origins=(*LEFT.origins, *map(Origin, origins)))


def up(wired: Estate, daemon: Daemon) -> datetime | None:
    """Both ends up; since when, as the customer says, whose BIRD tells it exactly."""
    wired.start(edge(daemon), customer(), RIGHT)
    wait_established(wired.daemons, edge(daemon), "customer")
    until(lambda: prefixes(wired.daemons, edge(daemon), "customer"), 10, "a route learned")
    return status(wired.daemons, customer(), "edge").since


def stayed(wired: Estate, since: datetime | None) -> bool:
    return unbroken(since, status(wired.daemons, customer(), "edge").since)


def refused(wired: Estate, node: str) -> int:
    return LinuxPlane(wired.places).refused(node)["TCPMD5Failure"]


@both
def test_a_key_that_both_ends_change_resets_nothing_and_is_the_one_that_counts(wired: Estate, daemon: Daemon) -> None:
    since = up(wired, daemon)
    wired.start(edge(daemon, NEW))
    assert refused(wired, "mid") == 0
    wired.start(customer(KEY, "10.2.0.0/16"))
    until(lambda: refused(wired, "mid"), 10, "the old key refused")
    assert "10.2.0.0/16" not in prefixes(wired.daemons, edge(daemon, NEW), "customer")
    wired.start(customer(NEW, "10.2.0.0/16"))
    until(lambda: "10.2.0.0/16" in prefixes(wired.daemons, edge(daemon, NEW), "customer"), 15, "the new key taken")
    assert stayed(wired, since)
    assert wired.daemons.observe([edge(daemon, NEW), customer(NEW, "10.2.0.0/16")]) == {
        edge(daemon).key, customer().key}


def told(wired: Estate, *routers: Router) -> None:
    """What the reconciler does every two seconds."""
    for node in wired.daemons.waiting():
        wired.daemons.apply(next(one for one in routers if one.node == node))


@both
def test_a_rotated_session_that_closes_later_comes_back_with_the_new_key(wired: Estate, daemon: Daemon) -> None:
    up(wired, daemon)
    both_ends = edge(daemon, NEW), customer(NEW)
    wired.start(*both_ends)
    assert not wired.daemons.waiting()
    control.ask(NodeFiles.of(wired.places, "left"), "restart 'edge'")
    until(lambda: told(wired, *both_ends) or status(wired.daemons, both_ends[0], "customer").prefixes_accepted, 15,
          "the session back")
    assert wired.daemons.observe(both_ends) == {one.key for one in both_ends}


@both
def test_other_changes_go_on_while_a_new_key_waits_for_the_daemon(wired: Estate, daemon: Daemon) -> None:
    since = up(wired, daemon)
    wired.start(edge(daemon, NEW), customer(NEW))
    wired.start(replace(edge(daemon, NEW), origins=(Origin("10.200.0.0/16"),)))
    until(lambda: "10.200.0.0/16" in prefixes(wired.daemons, customer(NEW)), 10, "the route told")
    wired.start(edge(daemon, THIRD), customer(THIRD))
    until(lambda: "10.200.0.0/16" not in prefixes(wired.daemons, customer(THIRD)), 15, "the route taken back")
    assert stayed(wired, since)


@both
def test_a_daemon_that_starts_anew_has_the_new_key(wired: Estate, daemon: Daemon) -> None:
    up(wired, daemon)
    both_ends = edge(daemon, NEW), customer(NEW)
    wired.start(*both_ends)
    wired.daemons.apply(replace(both_ends[0], down=True))
    wired.start(both_ends[0])
    until(lambda: told(wired, *both_ends) or status(wired.daemons, both_ends[0], "customer").prefixes_accepted, 15,
          "the session back")


def test_a_customers_shared_key_changes_under_traffic_without_a_lost_packet(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    """Sessions, and the kernel's routes with them, stay; the daemons are still to be told."""
    places = settings.load({}, home=str(tmp_path_factory.mktemp("rotation") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        connected(stage)
        before = sessions(stage)
        with unharmed(stage):
            stage.put(replace(estates.peering(), secrets={"sharedKey": "An0ther"}))
        assert not disturbed(before, sessions(stage))
        vrf = NodeFiles.of(places, vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY))
        assert "An0ther" in vrf.read("bird.conf.pending")
        assert "S3cret" in vrf.read("bird.conf")
    all_gone(places)
