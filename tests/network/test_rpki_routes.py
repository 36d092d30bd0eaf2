"""Routes of a real BIRD, validated by what a real StayRTR tells it: file ─► feed ─► StayRTR ─► BIRD ◄─ customer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from trunkline.fabric import cache
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import PERMIT_ALL, REJECT_ALL, Action, Origin, Policy, Refusal, Router, Rule, Session
from trunkline.intent.compile import compile
from trunkline.intent.compile.validation import origin_rules, validated
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Address, Cache, Interface, Link, Node, Role
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.site import Daemon
from trunkline.model.vrp import Vrp
from trunkline.reconcile.origins import Feed, Standing
from trunkline.routing import BirdSpeaker
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

CUSTOMER = 65001
RIGHT, WRONG, UNKNOWN = "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/24"
RIGHT6, WRONG6 = "2001:db8:1::/48", "2001:db8:2::/48"
ALL = {RIGHT, WRONG, UNKNOWN, RIGHT6, WRONG6}
GOOD = (Vrp(RIGHT, 24, CUSTOMER), Vrp(WRONG, 24, 64999), Vrp(RIGHT6, 48, CUSTOMER), Vrp(WRONG6, 48, 0))
#: So that a change can be measured against something.
MANY = tuple(Vrp(f"100.{number}.0.0/16", 16, 64500) for number in range(100))

FOUND = validated("vrf", "Amsterdam", Leg.PRIMARY)
PLANT = compile(FOUND.scope, Snapshot(), AZURE)
CACHE = next(piece for piece in PLANT.pieces if isinstance(piece, Cache))
PIECES = (*PLANT.pieces, Node("vrf", Role.VRF, forwarding=True), FOUND.link, Node("ce", Role.CE, forwarding=True),
          Link(Interface("vrf", "customer", (Address("172.16.0.2/30"), Address("fd00:ac::2/126"))),
               Interface("ce", "edge", (Address("172.16.0.1/30"), Address("fd00:ac::1/126")))))


def session(name: str, interface: str, local: str, peer: str, asns: tuple[int, int], imports: Policy,
            exports: Policy) -> Session:
    return Session(name, name, interface, local, peer, *asns, imports, exports)


def vrf(refuse_unknown: bool = False) -> Router:
    imports = Policy((*origin_rules(replace(AZURE, refuses_unknown_origins=refuse_unknown)), Rule(Action.PERMIT)))
    return Router("vrf", Daemon.BIRD, 12076, "192.0.2.1", tuple(
        session(name, "customer", local, peer, (12076, CUSTOMER), imports, REJECT_ALL)
        for name, local, peer in (("four", "172.16.0.2", "172.16.0.1"), ("six", "fd00:ac::2", "fd00:ac::1"))),
        validation=(FOUND.source,))


CE = Router("ce", Daemon.BIRD, CUSTOMER, "192.0.2.2", tuple(
    session(name, "edge", local, peer, (CUSTOMER, 12076), REJECT_ALL, PERMIT_ALL)
    for name, local, peer in (("four", "172.16.0.1", "172.16.0.2"), ("six", "fd00:ac::1", "fd00:ac::2"))),
    origins=tuple(map(Origin, sorted(ALL))))


class Estate:
    def __init__(self, places: Places, plane: LinuxPlane) -> None:
        self.places, self.plane, self.speaker = places, plane, BirdSpeaker(places)
        self.feed = Feed(Leg.PRIMARY, places, lambda: ())
        places.home.mkdir(exist_ok=True)

    def write(self, *vrps: Vrp, text: str = "") -> None:
        roas = [{"prefix": one.prefix, "maxLength": one.max_length, "asn": one.asn} for one in vrps]
        (self.places.home / "fresh").write_text(text or json.dumps({"roas": roas}))
        (self.places.home / "fresh").replace(self.places.vrps)

    def follow(self) -> Standing:
        """What the reconciler does twice a second."""
        self.feed.beat()
        if CACHE.key not in self.plane.observe([CACHE]):
            self.plane.apply(Change(ensure=PIECES))
        return self.feed.report.standing

    def start(self, *vrps: Vrp, refuse_unknown: bool = False) -> None:
        self.write(*vrps, text="" if vrps else "{")
        self.follow()
        for router in (CE, vrf(refuse_unknown)):
            self.speaker.apply(router)

    @property
    def accepted(self) -> set[str]:
        return {entry.prefix for entry in self.speaker.routes(vrf())}

    @property
    def refused(self) -> dict[str, Refusal | None]:
        return {entry.prefix: entry.refusal for one in vrf().sessions
                for entry in self.speaker.received(vrf(), one.name) if entry.refusal}

    def settled(self, accepted: set[str], refused: dict[str, Refusal]) -> None:
        try:
            until(lambda: (self.accepted, self.refused) == (accepted, refused), 20, "routes as validated")
        except AssertionError:
            assert (self.accepted, self.refused) == (accepted, refused)

    @property
    def pid(self) -> int:
        return int((cache.directory(self.places) / CACHE.node / "stayrtr.pid").read_text())


@pytest.fixture
def estate(places: Places, plane: LinuxPlane) -> Iterator[Estate]:
    made = Estate(places, plane)
    yield made
    made.speaker.sweep()


INVALID = {WRONG: Refusal.RPKI_INVALID, WRONG6: Refusal.RPKI_INVALID}


def test_valid_and_unknown_are_accepted_invalid_is_dropped_as_soon_as_the_file_says_so(estate: Estate) -> None:
    estate.start(*GOOD)
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)
    estate.write(*GOOD, Vrp("198.18.0.0/15", 15, 64999))
    assert estate.follow() is Standing.GOOD
    estate.settled({RIGHT, RIGHT6}, {**INVALID, UNKNOWN: Refusal.RPKI_INVALID})
    estate.write(Vrp("198.18.0.0/15", 24, CUSTOMER))
    assert estate.follow() is Standing.GOOD
    estate.settled(ALL, {})


def test_unknown_is_refused_where_that_is_wanted(estate: Estate) -> None:
    estate.start(*GOOD, refuse_unknown=True)
    estate.settled({RIGHT, RIGHT6}, {**INVALID, UNKNOWN: Refusal.RPKI_NOT_FOUND})


def test_a_router_without_any_data_refuses_all_until_it_has_some(estate: Estate) -> None:
    estate.start()
    estate.settled(set(), dict.fromkeys(ALL, Refusal.RPKI_BLIND))
    estate.write(*GOOD)
    assert estate.follow() is Standing.GOOD
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)


@pytest.mark.parametrize("poison", [
    "{", '{"roas": []}', '{"roas": [{"prefix": "0.0.0.0/0", "maxLength": 32, "asn": 0}]}', "<html>503</html>",
    json.dumps({"roas": [{"prefix": one.prefix, "maxLength": one.max_length, "asn": 0} for one in (*GOOD, *MANY)]})])
def test_a_poisoned_source_neither_opens_the_door_nor_shuts_it(estate: Estate, poison: str) -> None:
    estate.start(*GOOD, *MANY)
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)
    estate.write(text=poison)
    assert estate.follow() is Standing.REJECTED
    assert estate.feed.report.alarming
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)


def test_a_killed_cache_costs_no_route_and_comes_back_with_news(estate: Estate) -> None:
    estate.start(*GOOD)
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)
    os.kill(estate.pid, signal.SIGKILL)
    until(lambda: not estate.plane.observe([CACHE]), 5, "its death seen")
    assert (estate.accepted, estate.refused) == ({RIGHT, UNKNOWN, RIGHT6}, INVALID)
    estate.write(*GOOD[:1], Vrp(WRONG, 24, CUSTOMER), *GOOD[2:])
    estate.follow()
    estate.settled({RIGHT, UNKNOWN, RIGHT6, WRONG}, {WRONG6: Refusal.RPKI_INVALID})


def test_a_router_whose_data_expire_refuses_all(estate: Estate) -> None:
    """BIRD's ten minutes are cut short by switching its protocol off."""
    estate.start(*GOOD)
    estate.settled({RIGHT, UNKNOWN, RIGHT6}, INVALID)
    control.ask(NodeFiles.of(estate.places, "vrf"), "disable 'tl.rpki.cache_p'")
    estate.settled(set(), dict.fromkeys(ALL, Refusal.RPKI_BLIND))


def test_a_customer_cannot_reach_the_cache(estate: Estate) -> None:
    """What it sends there finds no way back."""
    estate.start(*GOOD)
    inside = ["nsenter", f"--net={NodeFiles.of(estate.places, 'ce').namespace}", "--"]
    subprocess.run([*inside, "ip", "-6", "route", "add", FOUND.source.address, "via", "fd00:ac::2"], check=True)
    knock = f"exec 3<>/dev/tcp/{FOUND.source.address}/{FOUND.source.port}"
    assert subprocess.run([*inside, "timeout", "1", "bash", "-c", knock], check=False).returncode == 124
