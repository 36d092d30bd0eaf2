"""What changed of a circuit's routes since the last time, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread

import pytest

import estates
from trunkline.intent.bgp import RibEntry, Router, SessionState, SessionStatus
from trunkline.intent.view import CIRCUIT
from trunkline.model.resource import Json, ResourceId
from trunkline.model.site import Daemon
from trunkline.reconcile import route_feed
from trunkline.reconcile.looking_glass import Place
from trunkline.reconcile.route_feed import RouteFeed

ER1 = estates.rid(CIRCUIT, "er1")
EDGE = Place("edge", Router("er1-pri", Daemon.BIRD, 12076, "192.0.2.1"), "AzurePrivatePeering", "primary")
ROUTE = RibEntry("10.10.0.0/16", "172.16.0.1", "customer", (65010,))


class Daemons:
    """Stands for the speaker: one table for all routers."""

    def __init__(self) -> None:
        self.updates = 0
        self.table = [ROUTE]
        self.reads = 0
        self.hold: Callable[[str], None] = lambda _node: None

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        self.hold(router.node)
        return (SessionStatus("customer", SessionState.ESTABLISHED, updates=self.updates),)

    def routes(self, _router: Router) -> list[RibEntry]:
        self.reads += 1
        return self.table

    def say(self, *routes: RibEntry) -> None:
        self.updates, self.table = self.updates + 1, list(routes)


@pytest.fixture
def daemons() -> Daemons:
    return Daemons()


@pytest.fixture
def feed(daemons: Daemons) -> RouteFeed:
    return RouteFeed(daemons)  # type: ignore[arg-type]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A router's table shows at once what it was told."""
    monkeypatch.setattr(route_feed, "_SETTLES_S", 0.0)


def ask(feed: RouteFeed, since: str = "", circuit: ResourceId = ER1, place: Place = EDGE) -> Json:
    return feed.since(circuit, (place,), since)


def test_what_changed_since_the_last_question_is_told_once(feed: RouteFeed, daemons: Daemons) -> None:
    began = ask(feed)
    daemons.say(replace(ROUTE, med=5), replace(ROUTE, prefix="10.20.0.0/16"))
    told = ask(feed, began["next"])
    assert [(one["change"], one["prefix"], one["leg"]) for one in told["changes"]] == [
        ("changed", "10.10.0.0/16", "primary"), ("announced", "10.20.0.0/16", "primary")]
    assert ask(feed, told["next"])["changes"] == []
    assert ask(feed, began["next"])["changes"] == told["changes"]


@pytest.mark.usefixtures("at_once")
def test_while_nothing_was_said_no_table_is_read(feed: RouteFeed, daemons: Daemons) -> None:
    began = ask(feed)["next"]
    ask(feed, began)
    assert daemons.reads == 1


@pytest.mark.usefixtures("at_once")
def test_a_policy_that_changes_attributes_alone_is_told(feed: RouteFeed, daemons: Daemons) -> None:
    began = ask(feed)["next"]
    daemons.table = [replace(ROUTE, local_pref=200)]
    told = ask(feed, began, place=replace(EDGE, router=replace(EDGE.router, router_id="192.0.2.2")))
    assert [one["change"] for one in told["changes"]] == ["changed"]


def test_a_policy_that_shows_only_after_a_while_is_told(feed: RouteFeed, daemons: Daemons) -> None:
    place = replace(EDGE, router=replace(EDGE.router, router_id="192.0.2.2"))
    began = ask(feed)["next"]
    ask(feed, began, place=place)
    daemons.table = [replace(ROUTE, local_pref=200)]
    assert [one["change"] for one in ask(feed, began, place=place)["changes"]] == ["changed"]


def test_what_is_kept_of_one_circuit_is_bounded_by_its_size(
        feed: RouteFeed, daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_feed, "_MOST_CHANGES", 2_000)
    first = ask(feed)["next"]
    for med in range(50):
        daemons.say(replace(ROUTE, med=med))
        before = ask(feed)["next"]
    daemons.say(ROUTE)
    assert not ask(feed, first)["complete"]
    assert len(ask(feed, before)["changes"]) == 1


def test_a_subscription_that_keeps_much_loses_its_own_and_not_others(
        feed: RouteFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_feed, "_MOST_OF_SUBSCRIPTION", 3_000)
    other = estates.rid(CIRCUIT, "other", subscription="00000000-0000-0000-0000-0000000000ff")
    theirs, oldest = ask(feed, circuit=other)["next"], ask(feed, circuit=estates.rid(CIRCUIT, "er0"))["next"]
    for number in range(1, 20):
        latest = ask(feed, circuit=estates.rid(CIRCUIT, f"er{number}"))["next"]
    assert ask(feed, theirs, other)["complete"]
    assert ask(feed, latest, estates.rid(CIRCUIT, "er19"))["complete"]
    assert not ask(feed, oldest, estates.rid(CIRCUIT, "er0"))["complete"]


def test_a_circuit_whose_routers_are_slow_keeps_nobody_waiting(feed: RouteFeed, daemons: Daemons) -> None:
    asked, release = Event(), Event()

    def hold(node: str) -> None:
        if node == "slow":
            asked.set()
            release.wait(20)
    daemons.hold = hold
    place = replace(EDGE, router=replace(EDGE.router, node="slow"))
    slow = Thread(target=ask, args=(feed, "", estates.rid(CIRCUIT, "slow"), place))
    slow.start()
    assert asked.wait(20)
    quick = Thread(target=ask, args=(feed,))
    quick.start()
    quick.join(10)
    was_quick = not quick.is_alive()
    release.set()
    slow.join()
    quick.join()
    assert was_quick


def test_a_change_of_another_life_is_not_known(daemons: Daemons, feed: RouteFeed) -> None:
    began = ask(feed)["next"]
    assert not ask(RouteFeed(daemons), began)["complete"]  # type: ignore[arg-type]
