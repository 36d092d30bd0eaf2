"""Routers that are neither BIRD nor FRR as the customer's: GoBGP and ExaBGP on an external hand-off, with a key, over
both families, wrongly configured, and gone for a moment."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

import estates
from premises import (
    EDGES,
    EDGES6,
    HOST_ADDRESS,
    Premises,
    Speaks,
    exabgp,
    exabgp_learned,
    gobgp,
    gobgp_learned,
    premises,
)
from scenes import VM, all_gone, customer, customer6, is_up, learned, real_stage
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from waiting import until

pytestmark = pytest.mark.root

PREFIX, PREFIX6 = "10.10.0.0/16", "fd00:10::/48"
FROM_CLOUD = {"10.1.0.0/16": {edge: [12076] for edge in EDGES.values()}}
FROM_CLOUD6 = {"fd00:1::/48": {edge: [12076] for edge in EDGES6.values()}}


class Start(Protocol):
    def __call__(self, there: Premises, *prefixes: str, speaks: Speaks) -> AbstractContextManager[
            subprocess.Popen[bytes]]: ...


@dataclass(frozen=True)
class Router:
    start: Start
    hears: Callable[[Premises, int], dict[str, dict[str, list[int]]]]


GOBGP, EXABGP = Router(gobgp, gobgp_learned), Router(exabgp, exabgp_learned)
both = pytest.mark.parametrize("router", [pytest.param(GOBGP, id="GoBGP"), pytest.param(EXABGP, id="ExaBGP")])


def port(stage: Stage, leg: Leg) -> str:
    return f"h{stage.places.instance}{leg.value[0]}"


def order(stage: Stage) -> estates.Resource:
    legs = {leg.value: {"handoff": {"interface": port(stage, leg), "create": True, "untagged": True}} for leg in Leg}
    whole = estates.order(**legs)
    return replace(whole, properties={name: value for name, value in whole.properties.items() if name != "site"})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("interop") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.circuit(), estates.peering(**estates.SIX), *estates.cloud(), *estates.cloud6(),
                  estates.connection(), order(stage))
        yield stage
    all_gone(places)


@pytest.fixture(scope="module")
def moved(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    with premises(tmp_path_factory.mktemp("premises"), stage.places.instance) as there:
        for leg, own, own6 in zip(Leg, EDGES, EDGES6, strict=True):
            there.take(port(stage, leg), f"{own}/30", f"{own6}/126")
        there.route("10.1.0.0/16", *EDGES.values())
        yield there


@pytest.fixture
def there(moved: Premises) -> Premises:
    """Nothing that another router has learned."""
    (moved.directory / "updates").unlink(missing_ok=True)
    return moved


def all_up(stage: Stage) -> bool:
    return all(is_up(session(stage, leg)) for leg in Leg for session in (customer, customer6))


@both
def test_both_families_come_up_with_a_key_and_routes_go_both_ways(
        stage: Stage, there: Premises, router: Router) -> None:
    with router.start(there, PREFIX, PREFIX6, speaks=Speaks({**EDGES, **EDGES6})):
        until(lambda: all_up(stage), 20, "two sessions on each leg")
        until(lambda: router.hears(there, 4) == FROM_CLOUD, 10, "the cloud's IPv4 routes over both legs")
        until(lambda: router.hears(there, 6) == FROM_CLOUD6, 10, "the cloud's IPv6 routes over both legs")
        for leg, own, own6 in zip(Leg, EDGES, EDGES6, strict=True):
            paths = until(lambda leg=leg: (found := learned(stage, leg)) and len(found) >= 4 and found,  # type: ignore[misc]
                          10, "routes of both families")
            assert (paths[PREFIX, own], paths[PREFIX6, own6]) == ("65010", "65010")
        until(lambda: stage.pings(VM, HOST_ADDRESS), 10, "packets")


@both
def test_a_daemon_that_is_gone_for_a_moment_costs_no_packet(stage: Stage, there: Premises, router: Router) -> None:
    """RFC 4724: its routes stay while it is away, and when it is back nothing was ever missing."""
    with router.start(there, PREFIX, speaks=Speaks()) as process:
        until(lambda: all(is_up(customer(stage, leg)) for leg in Leg), 20, "both legs")
        until(lambda: stage.pings(VM, HOST_ADDRESS), 10, "packets")
        process.kill()
        process.wait(10)
        until(lambda: not any(is_up(customer(stage, leg)) for leg in Leg), 10, "both sessions to be gone")
        assert stage.pings(VM, HOST_ADDRESS)
        for leg, own in zip(Leg, EDGES, strict=True):
            assert (PREFIX, own) in learned(stage, leg)
    with router.start(there, PREFIX, speaks=Speaks(restarting=True)):
        until(lambda: all(is_up(customer(stage, leg)) for leg in Leg), 20, "both legs again")
        assert stage.pings(VM, HOST_ADDRESS)


@both
def test_a_wrong_key_opens_nothing(stage: Stage, there: Premises, router: Router) -> None:
    before = md5_failures(stage)
    with router.start(there, PREFIX, speaks=Speaks(key="wr0ng")):
        until(lambda: md5_failures(stage) > before, 20, "segments refused for their signature")
        assert not any(is_up(customer(stage, leg)) for leg in Leg)


def md5_failures(stage: Stage) -> int:
    """Of the primary VRF's kernel: segments without signature, with one where none is wanted, and with a wrong one."""
    node = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
    names, values = (line.split()[1:] for line in stage.run(node, "cat", "/proc/net/netstat").stdout.splitlines()
                     if line.startswith("TcpExt:"))
    return sum(int(value) for name, value in zip(names, values, strict=True) if name.startswith("TCPMD5"))


@both
def test_a_wrong_as_is_refused_and_the_edge_says_so(stage: Stage, there: Premises, router: Router) -> None:
    with router.start(there, PREFIX, speaks=Speaks(asn=65011)):
        until(lambda: "AS" in customer(stage, Leg.PRIMARY).last_error, 20, "the reason")
        assert not is_up(customer(stage, Leg.PRIMARY))
