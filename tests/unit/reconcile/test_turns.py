"""One subscription that sends very many routes again and again does not delay what is told of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import estates
from looks import SESSION, route
from trunkline.diagnosis.evidence import Place
from trunkline.intent.bgp import Remark, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.intent.network import Counter, PortCounters
from trunkline.intent.view import CIRCUIT
from trunkline.model.event import EventKind
from trunkline.model.site import Daemon
from trunkline.reconcile.monitor.look import Looker
from trunkline.reconcile.monitor.turns import BUDGET_S
from trunkline.store import Store

NOISY, QUIET = "1" * 8 + "-0000-0000-0000-000000000000", "2" * 8 + "-0000-0000-0000-000000000000"
#: What 10,000 routes cost to read, and a few.
MUCH_S, LITTLE_S = 0.7, 0.002
ODD = route("10.99.0.0/16", 65020, 23456)


def place(name: str, subscription: str) -> Place:
    router = Router(f"vrf-{name}", Daemon.BIRD, 12076, "100.64.0.1", (SESSION,))
    return Place(router, str(estates.rid(CIRCUIT, name, subscription=subscription)), "primary", (SESSION,))


class Network:
    """Daemons that answer in simulated time. ``noisy`` ones have sent something since they were asked last."""

    def __init__(self, noisy: int, quiet: int) -> None:
        self.now = 100.0
        self.noisy = [place(f"n{n}", NOISY) for n in range(noisy)]
        self.quiet = [place(f"q{n}", QUIET) for n in range(quiet)]
        self.updates = {one.node: 1 for one in self.places}
        self.reads: dict[str, int] = {}
        self.routes: dict[str, tuple[RibEntry, ...]] = {}

    @property
    def places(self) -> list[Place]:
        return [*self.noisy, *self.quiet]

    def glance(self, router: Router, sessions: tuple[Session, ...]) -> list[SessionStatus]:
        return [SessionStatus(one.name, SessionState.ESTABLISHED, updates=self.updates[router.node])
                for one in sessions]

    def received(self, router: Router, _session: str) -> tuple[RibEntry, ...]:
        self.now += MUCH_S if "-n" in router.node else LITTLE_S
        self.reads[router.node] = self.reads.get(router.node, 0) + 1
        return self.routes.get(router.node, ())

    def remarks(self, _router: Router, _since: int) -> tuple[int, tuple[Remark, ...]]:
        return 0, ()

    def counters(self, _node: str) -> PortCounters:
        return PortCounters({})

    def kept_out(self, _node: str) -> dict[str, dict[str, Counter]]:
        return {}

    def refused(self, _node: str) -> dict[str, int]:
        return {}

    def shout(self) -> None:
        for one in self.noisy:
            self.updates[one.node] += 1

    def say(self, where: Place, *routes: RibEntry) -> None:
        self.routes[where.node] = routes
        self.updates[where.node] += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(f"sqlite:///{tmp_path / 'trunkline.db'}")
    yield found
    found.close()


def looker(store: Store, network: Network) -> Looker:
    return Looker(store, network, network, clock=lambda: network.now)  # type: ignore[arg-type]


def look(looking: Looker, network: Network) -> set[str]:
    """The nodes about which something is told."""
    network.shout()
    began = network.now
    found = looking.look(network.places, began)
    network.now = max(network.now, began + 1)
    return {one.place.node for one in found if one.kind is EventKind.PATH_ANOMALY}


def test_news_of_a_quiet_tenant_comes_within_5_s_beside_many_that_send_all_the_time(store: Store) -> None:
    network = Network(noisy=20, quiet=50)
    looking = looker(store, network)
    for _ in range(30):
        look(looking, network)
    for victim in network.quiet[::10]:
        changed = network.now
        network.say(victim, ODD)
        while victim.node not in look(looking, network):
            assert network.now - changed < 5
        assert network.now - changed < 5


def test_a_look_reads_no_longer_than_its_budget_and_one_session_more(store: Store) -> None:
    network = Network(noisy=20, quiet=50)
    looking = looker(store, network)
    for _ in range(30):
        began = network.now
        look(looking, network)
        assert network.now - began <= max(1, BUDGET_S + MUCH_S + 0.001)


def test_everybody_is_read_once_in_a_while_however_many_there_are(store: Store) -> None:
    network = Network(noisy=20, quiet=3)
    looking = looker(store, network)
    for _ in range(40):
        look(looking, network)
    assert set(network.reads) == {one.node for one in network.places}
    assert max(network.reads[one.node] for one in network.noisy) <= 2 + min(
        network.reads[one.node] for one in network.noisy)


def test_a_session_rests_as_long_as_it_cost_several_times_over(store: Store) -> None:
    network = Network(noisy=1, quiet=1)
    looking = looker(store, network)
    began = network.now
    for _ in range(40):
        look(looking, network)
    assert network.reads[network.noisy[0].node] * MUCH_S <= (network.now - began) * 0.2 + MUCH_S


def test_who_was_there_at_the_first_reading_was_there_at_the_same_time(store: Store) -> None:
    """However the turns fall, two who announce the same prefix are no hijackers of each other after a start."""
    network = Network(noisy=4, quiet=4)
    for one in network.places:
        network.say(one, replace(ODD, as_path=(65020,)))
    looking = looker(store, network)
    for _ in range(20):
        look(looking, network)
    firsts = {first for told in looking.brought({one.owner.lower() for one in network.places}).values()
              for first in told.first.values()}
    assert firsts == {1}
