"""One customer's flood costs another nothing: same port, same edge, same addresses.

The flood comes from the customer's router, as fast as a core can send. How many frames it is depends on the machine and
on who else needs its cores; that the probe loses none does not.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import estates
from probing import probing
from scenes import IN_CLOUD, ON_PREMISES, all_gone, all_up, connected, disturbed, is_up, real_stage, router_of, sessions
from stage import Stage
from stalls import unless_stalled
from trunkline import settings
from trunkline.drill import frames
from trunkline.intent.compile.draft import attachment_name, ce_node, vrf_node
from trunkline.intent.compile.plant import edge_node, switch_node
from trunkline.intent.network import Counter, Direction
from trunkline.intent.view import CIRCUIT, SITE
from trunkline.model.circuit import Leg
from waiting import until
from wires import mac_of

pytestmark = pytest.mark.root

FLOOD, SECONDS, PORT = Path(__file__).parent.parent / "flood.py", 2, "w2p"
CE, VRF = ce_node(estates.rid(SITE, "paris", group="rg2"), "ce1"), \
    vrf_node(estates.rid(CIRCUIT, "er1", group="rg2"), Leg.PRIMARY)
EDGE, SWITCH = edge_node("Amsterdam", Leg.PRIMARY), switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
ATTACHMENT = (attachment_name(2, Leg.PRIMARY), Direction.IN)
TAG, PEER, OWN = ((0x8100, 100),), "172.16.0.1", "172.16.0.2"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("flood") / "home")).places
    with real_stage(places) as ready:
        ready.put(*estates.whole(), *estates.whole(2, "rg2"), within_s=60)
        all_up(ready)
        connected(ready)
        yield ready
    all_gone(places)


def flooded(stage: Stage, flood: list[bytes]) -> int:
    """How many frames were sent, while each probe on the other circuit was answered and no session closed."""
    return unless_stalled(partial(_flooded, stage, flood))


def _flooded(stage: Stage, flood: list[bytes]) -> int:
    all_up(stage)
    before = {what: since for what, since in sessions(stage).items() if VRF not in what and CE not in what}
    with probing(stage) as probe:
        command = stage.command(CE, sys.executable, str(FLOOD), PORT, str(SECONDS))
        told = subprocess.run(command, input="\n".join(frame.hex() for frame in flood), capture_output=True, text=True,
                              check=True, timeout=30).stdout
    assert disturbed(before, sessions(stage)) == {}
    assert probe.sent > 0
    assert probe.lost == 0, probe
    return int(told)


def dropped(stage: Stage, reason: str) -> int:
    drops = stage.plane.counters(EDGE).drops.get(ATTACHMENT, {})
    return drops.get(reason, Counter()).packets


def dressed(stage: Stage, packets: list[bytes]) -> list[bytes]:
    """As the customer's router would send them."""
    target, own = mac_of(stage.places, VRF, "customer"), mac_of(stage.places, CE, "v2p")
    return [frames.ethernet(target, frames.IPV6 if packet[0] >> 4 == 6 else frames.IPV4, packet, own, TAG)
            for packet in packets]


def test_small_packets_at_line_rate(stage: Stage) -> None:
    flood = dressed(stage, [frames.udp(ON_PREMISES, IN_CLOUD, 1000 + flow) for flow in range(64)])
    assert flooded(stage, flood) > 10_000


def test_forged_sources(stage: Stage) -> None:
    before = dropped(stage, "spoofed")
    sent = flooded(stage, dressed(stage, [frames.udp("8.8.8.8", IN_CLOUD)]))
    until(lambda: dropped(stage, "spoofed") - before == sent, 5, f"all {sent} counted")


@pytest.mark.parametrize("kind", ["ARP", "BGP", "ping", "unreachable"])
def test_storms_for_the_router_itself(stage: Stage, kind: str) -> None:
    own = mac_of(stage.places, CE, "v2p")
    arp = frames.arp(PEER, OWN, own)
    storms = {"BGP": [frames.tcp(PEER, OWN, frames.BGP, own_port=1024 + port) for port in range(64)],
              "ping": [frames.echo(PEER, OWN)], "unreachable": [frames.udp(PEER, "192.0.2.1")]}
    before = dropped(stage, "control-policed")
    sent = flooded(stage, dressed(stage, storms[kind]) if kind in storms else [frames.tagged(arp, TAG)])
    taken = sent - (dropped(stage, "control-policed") - before)
    assert 0 < taken < 500 + 500 * (SECONDS + 1), "no more than a bucket of the largest kind"


def test_garbage_and_unknown_tags(stage: Stage) -> None:
    """Stopped at the first cross-connect, the provider's."""
    chance = random.Random(1)  # noqa: S311  the same garbage each time
    garbage = [chance.randbytes(chance.randrange(14, 200)) for _ in range(32)]
    unknown = [frames.ethernet(frames.BROADCAST, frames.IPV4, frames.udp(ON_PREMISES, IN_CLOUD), tags=((0x8100, vid),))
               for vid in range(200, 232)]
    before = total(stage)
    sent = flooded(stage, garbage + unknown)
    until(lambda: total(stage) - before >= sent, 5, f"all {sent} counted")


def total(stage: Stage) -> int:
    return sum(counter.packets for counter in stage.plane.counters(SWITCH).dropped().values())


def test_the_flooding_customers_own_sessions_come_back_by_themselves(stage: Stage) -> None:
    """Its own bandwidth is its own affair; ours is that nothing has to be repaired."""
    until(lambda: all(is_up(status) for status in stage.speaker.sessions(router_of(stage, VRF))), 30,
          "all sessions of the flooded VRF")
