"""A customer with routers of their own: the attachment ends in an interface, what stands behind it is not ours."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import pytest

import estates
from premises import (
    HOST_ADDRESS,
    Premises,
    exabgp,
    exabgp_learned,
    gobgp,
    gobgp_learned,
    premises,
    spare_port,
)
from scenes import (
    IN_CLOUD,
    VM,
    all_up,
    both_up,
    connected,
    customer,
    disturbed,
    footprint,
    is_up,
    learned,
    networks,
    real_stage,
    router_of,
)
from stage import Stage
from trunkline.intent.bgp import Refusal
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.compile.plant import switch_node
from trunkline.intent.view import CIRCUIT, EXCHANGE_ORDER
from trunkline.model.circuit import Leg
from trunkline.model.resource import Resource
from trunkline.settings import Places, Timing
from waiting import until
from wires import received, tags_of

pytestmark = pytest.mark.root

Learned = dict[str, dict[str, list[int]]]
FROM_CLOUD: Learned = {"10.1.0.0/16": {"172.16.0.2": [12076], "172.16.0.6": [12076]}}


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with real_stage(places, Timing(settle_deadline_s=3, retry_most_s=0.5)) as stage:
        yield stage


@pytest.fixture
def there(places: Places, tmp_path: Path) -> Iterator[Premises]:
    with premises(tmp_path, places.instance) as there:
        yield there


def port(stage: Stage, leg: Leg) -> str:
    """Name of the interface that a leg's hand-off ends in."""
    return f"h{stage.places.instance}{leg.value[0]}"


def handoff(stage: Stage, leg: Leg, **changed: object) -> dict[str, object]:
    return {"handoff": {"interface": port(stage, leg), "create": True, "untagged": True, **changed}}


def external(stage: Stage, **changed: object) -> Resource:
    """An order without site, both legs untagged on veths that we make."""
    whole = estates.order(primary=handoff(stage, Leg.PRIMARY), secondary=handoff(stage, Leg.SECONDARY))
    wish = {name: value for name, value in whole.properties.items() if name != "site"}
    return replace(whole, properties={**wish, **changed})


def without_site(stage: Stage, order: Resource) -> list[Resource]:
    return [*estates.circuit(), estates.peering(), *estates.cloud(), estates.connection(), order]


@pytest.fixture
def handed_over(stage: Stage, there: Premises) -> Premises:
    """Both ends are moved, addressed and up; no router runs yet."""
    stage.put(*without_site(stage, external(stage)))
    there.take(port(stage, Leg.PRIMARY), "172.16.0.1/30")
    there.take(port(stage, Leg.SECONDARY), "172.16.0.5/30")
    return there


Router = Callable[..., AbstractContextManager[None]]


@pytest.mark.parametrize(("router", "route", "hears"), [
    pytest.param(gobgp, "10.10.0.0/16", gobgp_learned, id="GoBGP"),
    pytest.param(exabgp, "10.10.0.0/16", exabgp_learned, id="ExaBGP")])
def test_a_router_of_the_customers_speaks_to_both_legs_and_packets_cross(
        stage: Stage, handed_over: Premises, router: Router, route: str, hears: Callable[[Premises], Learned]) -> None:
    with router(handed_over, route):
        both_up(stage)
        until(lambda: hears(handed_over) == FROM_CLOUD, 10, "the cloud's routes, path 12076 only, over both legs")
        handed_over.route("10.1.0.0/16", *FROM_CLOUD["10.1.0.0/16"])
        until(lambda: handed_over.pings(IN_CLOUD), 10, "a ping into the cloud")
        connected(stage, VM, HOST_ADDRESS)
        for leg, own in ((Leg.PRIMARY, "172.16.0.1"), (Leg.SECONDARY, "172.16.0.5")):
            assert learned(stage, leg)["10.10.0.0/16", own] == "65010"
        before = footprint(stage)
        stage.put(external(stage))
        assert not disturbed(before, footprint(stage))
        assert handed_over.pings(IN_CLOUD)
    until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "the session to end with the router")


def test_what_a_customer_must_not_say_is_not_heard(stage: Stage, handed_over: Premises) -> None:
    """A path that begins with somebody else, our own number in a path, and prefixes that are nobody's."""
    martians = ("0.0.0.0/8", "127.0.0.0/8", "169.254.10.0/24", "240.0.0.0/4")
    routes = (*martians, "10.66.0.0/16 as-path [ 64999 65010 ]", "10.67.0.0/16 as-path [ 65010 12076 ]",
              "10.68.0.0/16 as-path [ 65010 64999 ]", "10.10.0.0/16")
    with exabgp(handed_over, *routes):
        both_up(stage)
        for leg in Leg:
            until(lambda leg=leg: {"10.10.0.0/16", "10.68.0.0/16"} <= networks(stage, leg), 10,  # type: ignore[misc]
                  "the honest routes")
            assert networks(stage, leg) == {"10.10.0.0/16", "10.68.0.0/16", "10.1.0.0/16"}
        vrf = router_of(stage, vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY))
        refused = {entry.prefix: entry.refusal for entry in stage.speaker.received(vrf, "customer") if entry.refusal}
        assert refused == {"10.67.0.0/16": Refusal.PATH_LOOP, "10.66.0.0/16": Refusal.WRONG_FIRST_AS,
                           **dict.fromkeys(set(martians) - {"127.0.0.0/8"}, Refusal.MARTIAN)}, "127/8 is none to BIRD"


def test_a_given_interface_is_taken_and_given_back_under_its_name(stage: Stage, there: Premises) -> None:
    """The primary ends in an interface of the machine, the secondary at a router of the site as usual."""
    name = port(stage, Leg.PRIMARY)
    with spare_port(name) as far:
        there.take(far, "172.16.0.1/30")
        order = estates.order(primary=handoff(stage, Leg.PRIMARY, create=False))
        stage.put(*[order if r.id.key == order.id.key else r for r in estates.whole()])
        assert not Path(f"/sys/class/net/{name}").exists()
        with gobgp(there, "10.10.0.0/16"):
            both_up(stage)
        stage.delete(order.id)
        assert Path(f"/sys/class/net/{name}").exists()
        assert not Path(f"/sys/class/net/{name}/ifalias").read_text().strip()


def test_an_order_deleted_takes_its_interfaces_along(stage: Stage, handed_over: Premises) -> None:
    stage.delete(estates.rid(EXCHANGE_ORDER, "er1-order"))
    assert "@" not in handed_over.run("ip", "-o", "link")


def test_an_interface_that_is_missing_is_named_and_the_other_leg_never_notices(stage: Stage, there: Premises) -> None:
    name = port(stage, Leg.PRIMARY)
    stage.put(*estates.whole())
    all_up(stage)
    before = {what: was for what, was in footprint(stage).items() if what[1].endswith(("-s", "ce2"))}
    assert before
    stage.put(estates.order(primary=handoff(stage, Leg.PRIMARY, create=False)))
    told = stage.ask(estates.rid(CIRCUIT, "er1"), "status")
    degraded, = told["degraded"]  # type: ignore[index]
    assert degraded["resource"] == str(estates.rid(CIRCUIT, "er1"))
    assert f"this machine has no interface {name}" in degraded["reason"]
    assert is_up(customer(stage, Leg.SECONDARY))
    assert not disturbed(before, footprint(stage))
    connected(stage)
    with spare_port(name) as far:
        there.take(far, "172.16.0.1/30")
        until(lambda: there.pings("172.16.0.2", "172.16.0.1"), 10, "the primary, once the interface is there")
        with gobgp(there, "10.10.0.0/16"):
            until(lambda: is_up(customer(stage, Leg.PRIMARY)), 20, "its session")
            stage.put(estates.order(primary=handoff(stage, Leg.PRIMARY, create=False)))
        stage.put(estates.order())


# ── a tagged hand-off ──────────────────────────────────────────────────────────────────────────────────────────────

_TAG, _MAC, _ARP = struct.pack("!HH", 0x8100, 100), bytes.fromhex("020000000001"), b"\x08\x06"


def asks_for_the_edge(tag: bytes) -> bytes:
    """An ARP request for 172.16.0.2."""
    body = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, _MAC, socket.inet_aton("172.16.0.1"), bytes(6),
                       socket.inet_aton("172.16.0.2"))
    return (b"\xff" * 6 + _MAC + tag + _ARP + body).ljust(64, b"\0")


def test_a_tagged_handoff_carries_the_c_tag_both_ways_and_drops_what_has_none(stage: Stage, there: Premises) -> None:
    primary, secondary = (handoff(stage, leg, untagged=False) for leg in Leg)
    stage.put(*without_site(stage, external(stage, primary=primary, secondary=secondary)))
    there.take(port(stage, Leg.PRIMARY))
    switch = switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
    with closing(there.port_socket(port(stage, Leg.PRIMARY))) as wire:
        wire.send(asks_for_the_edge(b""))
        until(lambda: any(drop.packets for drop in stage.plane.counters(switch).dropped().values()), 5, "a drop")
        wire.send(asks_for_the_edge(_TAG))
        answer = next(frame for frame in received(wire, 5) if frame[:6] == _MAC and _ARP in frame[12:18])
    assert tags_of(answer) == [(0x8100, 100)]
