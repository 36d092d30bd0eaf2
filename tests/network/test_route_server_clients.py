"""A BIRD that serves routes to three clients on one LAN: transparent, and nobody's best path hides another's.

``a`` (AS 65001) and ``b`` (AS 65002) announce the same prefix to ``mid`` (AS 64700); ``c`` (AS 65003) listens.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

import mrt
from speaking import ip, namespaces, wait_established
from trunkline import settings
from trunkline.drill.message import OPTIONAL_TRANSITIVE, Code, Introduction, Route, announcement, attribute
from trunkline.drill.speaker import Peer, Speaker
from trunkline.fabric import namespace
from trunkline.intent.bgp import (
    PERMIT_ALL,
    Action,
    CommunityMatch,
    PeerRole,
    Policy,
    Refusal,
    Router,
    Rule,
    Session,
)
from trunkline.intent.bgp.mrt import dump
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

SERVER, ASN = "10.9.0.1", 64700
CLIENTS = {"a": 65001, "b": 65002, "c": 65003}
PREFIX = "203.0.113.0/24"
#: RFC 9234, 4: what a speaker says that is a route server's client.
_CLIENT_ROLE = 2


def address(name: str) -> str:
    return f"10.9.0.{CLIENTS[name] - 65001 + 11}"


def not_for(asn: int) -> CommunityMatch:
    return CommunityMatch.exactly((0, asn))


def session(name: str) -> Session:
    asn = CLIENTS[name]
    exporting = Policy((Rule(Action.DENY, communities=(not_for(asn),), refusal=Refusal.NOT_FOR_PEER),
                        Rule(Action.PERMIT)))
    return Session(name, name, "lan0", SERVER, address(name), ASN, asn, PERMIT_ALL, exporting, route_server=True,
                   heeds_communities=False, role=PeerRole.ROUTE_SERVER)


ROUTER = Router("mid", Daemon.BIRD, ASN, SERVER, tuple(map(session, CLIENTS)))


@dataclass
class Exchange:
    places: Places
    daemons: Daemons
    clients: dict[str, Speaker]

    def says(self, name: str, communities: tuple[tuple[int, ...], ...] = (), extra: bytes = b"",
             prefix: str = PREFIX) -> None:
        route = Route((prefix,), (CLIENTS[name], 64999), address(name), communities=communities, extra=extra)
        for raw in announcement(route):
            self.clients[name].send(raw)

    def heard_by(self, name: str, prefix: str = PREFIX) -> tuple[tuple[int, ...], str] | None:
        heard = self.clients[name].told().routes.get(prefix)
        return (heard.as_path, heard.next_hop) if heard else None


@contextmanager
def lan(places: Places) -> Iterator[None]:
    """All on one bridge inside ``mid``, whose address on it is the server's."""
    prefix = places.namespace_prefix
    with namespaces(places, "mid", *CLIENTS):
        ip("-n", f"{prefix}mid", "link", "add", "lan0", "type", "bridge")
        ip("-n", f"{prefix}mid", "address", "add", f"{SERVER}/24", "dev", "lan0")
        ip("-n", f"{prefix}mid", "link", "set", "lan0", "up")
        for name in CLIENTS:
            ip("-n", f"{prefix}mid", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "lan0", "netns",
               f"{prefix}{name}")
            ip("-n", f"{prefix}mid", "link", "set", f"to-{name}", "master", "lan0", "up")
            ip("-n", f"{prefix}{name}", "address", "add", f"{address(name)}/24", "dev", "lan0")
            ip("-n", f"{prefix}{name}", "link", "set", "lan0", "up")
        yield


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("server") / "home")).places
    daemons = Daemons(BirdSpeaker(places), FrrSpeaker(places))
    with lan(places):
        try:
            daemons.apply(ROUTER)
            clients = {name: opened(places, name) for name in CLIENTS}
            wait_established(daemons, ROUTER, *CLIENTS)
            yield Exchange(places, daemons, clients)
            for client in clients.values():
                client.close()
        finally:
            daemons.sweep()
            shutil.rmtree(places.run, ignore_errors=True)


def opened(places: Places, name: str) -> Speaker:
    known: list[Speaker] = []

    def up() -> bool:
        said = Introduction(CLIENTS[name], address(name), role=_CLIENT_ROLE)
        known[:] = [Speaker(Peer(address(name), SERVER, said))]
        descriptor = namespace.descriptor(f"{places.namespace_prefix}{name}")
        try:
            with namespace.entered(descriptor):
                return known[0].open(3).established
        finally:
            os.close(descriptor)

    until(up, 15, f"a session of {name}")
    return known[0]


def test_the_server_stands_in_no_path_and_is_no_next_hop(exchange: Exchange) -> None:
    exchange.says("a")
    until(lambda: exchange.heard_by("c") == ((65001, 64999), address("a")), 5, "a's route at c, as a told it")


def test_a_best_path_that_is_not_for_a_client_hides_no_other(exchange: Exchange) -> None:
    """a's is best for the server (its router ID is lower), and not for c; c is told b's, and b is still told a's."""
    exchange.says("a", ((0, CLIENTS["c"]),))
    exchange.says("b")
    until(lambda: exchange.heard_by("c") == ((65002, 64999), address("b")), 5, "b's route at c")
    until(lambda: exchange.heard_by("b") == ((65001, 64999), address("a")), 5, "a's route at b")
    best = [entry.session for entry in exchange.daemons.routes(ROUTER) if entry.prefix == PREFIX and entry.best]
    assert best == ["a"]


def test_what_the_server_hears_is_kept_apart_from_what_it_makes_of_it(exchange: Exchange) -> None:
    marking = replace(ROUTER, sessions=tuple(
        replace(one, import_policy=Policy((Rule(Action.PERMIT, add_communities=((ASN, 1),)),)))
        for one in ROUTER.sessions))
    exchange.says("a", ((1, 1),))
    exchange.daemons.apply(marking)
    until(lambda: [entry.communities for entry in exchange.daemons.received(marking, "a")] == [((1, 1), (ASN, 1))], 5,
          "marked without asking a again")
    assert [entry.communities for entry in exchange.daemons.heard(marking, "a")] == [((1, 1),)]
    exchange.daemons.apply(ROUTER)


def test_a_route_that_was_for_customers_only_does_not_come_in(exchange: Exchange) -> None:
    """RFC 9234, 5: a client may not tell a route server what has the OTC attribute."""
    marked = attribute(Code.OTC, (64999).to_bytes(4, "big"), OPTIONAL_TRANSITIVE)
    exchange.says("a", extra=marked, prefix="198.51.100.0/24")
    exchange.says("a", prefix="192.0.2.0/24")
    until(lambda: exchange.heard_by("c", "192.0.2.0/24"), 5, "the route after it")
    assert exchange.heard_by("c", "198.51.100.0/24") is None


def test_our_dump_says_what_birds_own_says(exchange: Exchange) -> None:
    """But for ORIGIN, where BIRD 2.0.12 writes a byte that means nothing, and attributes that we do not keep."""
    files = NodeFiles.of(exchange.places, "mid")
    control.ask(files, 'mrt dump table "master4" to "its.mrt"')
    until(lambda: control.ask(files, "show status") and files.path("its.mrt").exists(), 5, "BIRD's dump")
    theirs = until(lambda: _known(files.path("its.mrt").read_bytes()), 5, "a whole dump")
    entries = exchange.daemons.routes(ROUTER)
    ours = _known(dump(ROUTER, entries, exchange.daemons.sessions(ROUTER), 0))
    files.path("its.mrt").unlink()
    assert ours == theirs


def _known(raw: bytes) -> set[tuple[object, ...]]:
    return {(path.prefix, path.peer[1], *(str(path.attributes.get(code)) for code in (2, 3, 5, 8, 32)))
            for path in mrt.paths(raw)}
