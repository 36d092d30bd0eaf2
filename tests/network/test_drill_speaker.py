"""The attacker's speaker against a customer's VRF: what it says is what BIRD hears, and it says truly what BIRD made of
it. Nothing that it says, however broken, costs BIRD or another customer anything.

    attacker, AS 65010, an interface for its hand-off ══ VRF er1     paris' place is the attacker's, rome is a neighbour
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

import estates
from premises import KEY, Premises, premises
from probing import probing
from scenes import all_gone, both_up, disturbed, networks, pids, real_stage, sessions
from stage import Stage
from trunkline import settings
from trunkline.drill import frames, malformed
from trunkline.drill.malformed import CASES, Broken, Outcome
from trunkline.drill.message import Route, announcement, withdrawal
from trunkline.intent.compile.draft import host_node
from trunkline.intent.view import SITE
from trunkline.model.circuit import Leg
from waiting import until

pytestmark = pytest.mark.root

OWN, EDGE, OWN6, EDGE6 = "172.16.0.1", "172.16.0.2", "fd00:ac::1", "fd00:ac::2"
HONEST = Route(("10.10.0.0/16",), (65010,), OWN)
HONEST6 = Route(("fd00:10::/48",), (65010,), OWN6)
NEIGHBOUR = host_node(estates.rid(SITE, "rome"), "h1")

Json = dict[str, Any]


class Attacker:
    """The agent in the customer's premises."""

    def __init__(self, there: Premises) -> None:
        self.there, self.opened = there, False
        self._process = subprocess.Popen(there.command(sys.executable, "-m", "trunkline.drill.agent"), text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def asks(self, **words: object) -> Json:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        told: Json = json.loads(self._process.stdout.readline())
        return told

    def opens(self, within_s: float = 5, **changed: object) -> Json:
        self.opened = True
        words = {"local": OWN, "peer": EDGE, "asn": 65010, "router_id": "192.0.2.66", "key": KEY, "families": [4]}
        return self.asks(do="open", within_s=within_s, **{"as": "it"}, **{**words, **changed})

    def says(self, *messages: bytes) -> Json:
        return self.asks(do="say", hex=[one.hex() for one in messages], **{"as": "it"})

    def told(self) -> Json:
        return self.asks(do="told", **{"as": "it"})

    def end(self) -> None:
        self._process.communicate(timeout=10)


def port(places: settings.Places) -> str:
    return f"h{places.instance}p"


@contextmanager
def estate(stage: Stage) -> Iterator[None]:
    order = estates.order(primary={"handoff": {"interface": port(stage.places), "create": True, "untagged": True}})
    alone = replace(order, properties={name: value for name, value in order.properties.items()
                                       if name in ("serviceKey", "primary")})
    rome = [*estates.circuit("er2", 2), estates.peering("er2", peerASN=65020),
            estates.site("rome", 2, asn=65020, prefixes=["10.20.0.0/16"], lan="10.20.1.0/24",
                         hosts=[{"name": "h1", "address": "10.20.1.10"}]),
            estates.order("er2", "rome", 2), estates.connection(2, circuit_name="er2", name="con2", slot=2)]
    stage.put(*estates.circuit(), estates.peering(**estates.SIX), *estates.cloud(), alone, estates.connection(), *rome)
    yield


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("drill") / "home")).places
    with real_stage(places) as stage, estate(stage):
        both_up(stage, "er2")
        yield stage
    all_gone(places)


@pytest.fixture(scope="module")
def attacker(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacker]:
    with premises(tmp_path_factory.mktemp("premises"), stage.places.instance) as there:
        there.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=0", "net.ipv6.conf.default.accept_dad=0")
        there.take(port(stage.places), f"{OWN}/30")
        there.run("sysctl", "-qw", f"net.ipv6.conf.{port(stage.places)}.disable_ipv6=0")
        there.run("ip", "address", "add", f"{OWN6}/126", "dev", port(stage.places), "nodad")
        found = Attacker(there)
        yield found
        found.end()


@pytest.fixture
def up(stage: Stage, attacker: Attacker) -> Attacker:
    """With a session on which an honest route is announced, and no other."""
    if not attacker.opened or not attacker.told()["established"]:
        until(lambda: attacker.opens()["established"], 20, "the attacker's session")
        attacker.says(*announcement(HONEST))
    until(lambda: networks(stage, Leg.PRIMARY) == {"10.1.0.0/16", "10.10.0.0/16"}, 10, "the honest route alone")
    return attacker


def taken(stage: Stage, attacker: Attacker, *said: bytes) -> set[str]:
    """What the VRF has of the attacker's once it has read all of it: an honest route told last is there."""
    last = replace(HONEST, prefixes=("10.99.0.0/16",))
    attacker.says(*said, *announcement(last))
    until(lambda: "10.99.0.0/16" in networks(stage, Leg.PRIMARY), 10, "the last route")
    found = networks(stage, Leg.PRIMARY) - {"10.1.0.0/16", "10.10.0.0/16", "10.99.0.0/16"}
    attacker.says(withdrawal("10.99.0.0/16", *found))
    return found


def test_routes_of_both_families_are_heard_as_they_were_said(stage: Stage, up: Attacker) -> None:
    long = replace(HONEST, prefixes=("10.66.0.0/16",), as_path=(65010, 4_200_000_001), communities=((65010, 7),))
    assert taken(stage, up, *announcement(long)) == {"10.66.0.0/16"}
    assert taken(stage, up, withdrawal("10.66.0.0/16")) == set()
    told = until(lambda: (found := up.told()["routes"]) and found, 10, "the cloud's routes")
    assert told["10.1.0.0/16"] == {"as_path": [12076], "next_hop": EDGE, "communities": []}
    assert opened6(up)["established"]
    up.asks(do="say", hex=[one.hex() for one in announcement(HONEST6)], **{"as": "six"})
    until(lambda: "fd00:10::/48" in networks(stage, Leg.PRIMARY), 10, "the IPv6 route")
    up.asks(do="say", hex=[withdrawal("fd00:10::/48").hex()], **{"as": "six"})


def opened6(attacker: Attacker) -> Json:
    """A session over IPv6 beside the one over IPv4."""
    return until(lambda: (told := attacker.asks(
        do="open", within_s=5, local=OWN6, peer=EDGE6, asn=65010, router_id="192.0.2.66", key=KEY, families=[6],
        **{"as": "six"})) and told["established"] and told, 20, "the session over IPv6")


def test_why_the_peer_closes_is_told_in_its_words(attacker: Attacker) -> None:
    told = until(lambda: (found := attacker.opens(asn=65011)) and found["notification"] and found, 20, "a refusal")
    assert told["notification"] == "OPEN Message Error: Bad Peer AS"
    assert attacker.opens(within_s=1.5, key="wr0ng")["error"] == "timed out"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_malformed_update_has_the_outcome_of_rfc_7606(stage: Stage, up: Attacker, case: Broken) -> None:
    """And never more: the honest route stays where the session may stay, and the neighbour's sessions always do."""
    before = {what: since for what, since in sessions(stage).items() if "er2" in what[1]}
    assert before
    spoilt = case.spoil(replace(HONEST, prefixes=("10.66.0.0/16",)) if case.family == 4 else HONEST6)
    if case.family == 6:
        opened6(up)
        up.asks(do="say", hex=[spoilt.hex()], **{"as": "six"})
        told = until(lambda: (found := up.asks(do="told", **{"as": "six"})) and found["code"] and found, 10, "its end")
        assert told["code"][0] == 3
        assert up.told()["established"]
    elif case.outcome is Outcome.RESET:
        up.says(spoilt)
        told = until(lambda: (found := up.told()) and not found["established"] and found, 10, "the session's end")
        assert told["code"][0] == 3
    else:
        found = taken(stage, up, spoilt)
        assert found == ({"10.66.0.0/16"} if case.outcome is Outcome.DISCARD else set())
        assert up.told()["established"]
    assert not disturbed(before, sessions(stage))


def test_frames_are_sent_and_what_comes_back_is_told(stage: Stage, up: Attacker) -> None:
    own = up.asks(do="wire", interface=port(stage.places), hex=[], listen_s=0)["mac"]
    asks = frames.arp(OWN, EDGE, frames.mac(own))
    came = up.asks(do="wire", interface=port(stage.places), hex=[asks.hex()], listen_s=0.5)["frames"]
    assert any(frames.ip_address(EDGE).packed in bytes.fromhex(frame) for frame in came)


def test_random_junk_costs_the_daemon_and_the_neighbour_nothing(stage: Stage, attacker: Attacker) -> None:
    """Whatever of it closes the attacker's session, which comes back each time."""
    chance = random.Random(7606)  # noqa: S311
    daemons = pids(stage)
    before = {what: since for what, since in sessions(stage).items() if "er2" in what[1]}
    with probing(stage, NEIGHBOUR) as probe:
        for _ in range(4):
            until(lambda: attacker.opens()["established"], 20, "the attacker's session")
            route = replace(HONEST, prefixes=tuple(f"10.{n}.0.0/16" for n in range(100, 110)))
            attacker.says(*(malformed.garbled(route, chance) for _ in range(200)))
            attacker.says(*(malformed.junk(chance) for _ in range(3)))
    assert probe.lost == 0, probe
    assert not disturbed(before, sessions(stage))
    assert pids(stage) == daemons
    until(lambda: attacker.opens()["established"], 20, "an honest session afterwards")
    assert taken(stage, attacker) == set()
    attacker.asks(do="close", **{"as": "it"})
