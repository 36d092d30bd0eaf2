"""What a router forwards while its daemon is dead and while it comes back.

The peers have static routes through ``mid``: what is measured is ``mid``'s kernel alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from speaking import (
    LEFT,
    RIGHT,
    TO_LEFT,
    TO_RIGHT,
    Estate,
    estate,
    ip,
    kernel_routes,
    router,
    wait_established,
)
from trunkline.intent.bgp import Origin
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

SOURCE, TARGET = "10.1.0.1", "10.50.0.1"
SUBJECT = router("mid", TO_LEFT, TO_RIGHT)


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        nodes = {node: f"{places.namespace_prefix}{node}" for node in ("left", "mid", "right")}
        ip("-n", nodes["left"], "addr", "add", f"{SOURCE}/32", "dev", "lo")
        ip("-n", nodes["right"], "addr", "add", f"{TARGET}/32", "dev", "lo")
        ip("-n", nodes["left"], "route", "add", TARGET, "via", "10.0.1.2", "src", SOURCE)
        ip("-n", nodes["right"], "route", "add", SOURCE, "via", "100.64.0.2", "src", TARGET)
        ip("netns", "exec", nodes["mid"], "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        yield made


@contextmanager
def prober(estate: Estate, node: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """It says one line when it is ready."""
    command = ["ip", "netns", "exec", f"{estate.places.namespace_prefix}{node}",
               sys.executable, "-m", "trunkline.telemetry.probe", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert process.stderr.readline(), f"the prober in {node} did not start"
            yield process
        finally:
            process.terminate()


@contextmanager
def losing_nothing(estate: Estate) -> Iterator[None]:
    """A datagram every 5 ms from ``left`` to ``right``, and its answer."""
    with prober(estate, "right", "echo", "--bind", TARGET), \
            prober(estate, "left", "send", TARGET, "--flows", "1", "--interval-ms", "5", "--json") as sender:
        yield
        sender.send_signal(signal.SIGINT)
        told = json.loads(sender.communicate(timeout=20)[0])
    assert told["sent"] > 20
    assert told["lost"] == 0, told


def pid(estate: Estate, node: str) -> int:
    return int((estate.places.run / "nodes" / node / "bird.pid").read_text())


def kill(estate: Estate, node: str) -> None:
    dead = pid(estate, node)
    os.kill(dead, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{dead}/cmdline").exists() or not Path(f"/proc/{dead}/cmdline").read_bytes(), 5,
          f"the BIRD of {node} dead")


def recovers(estate: Estate, node: str) -> bool:
    """Whether its BIRD was told that it follows a dead one."""
    return b"-R" in Path(f"/proc/{pid(estate, node)}/cmdline").read_bytes().split(b"\0")


def has_routes(estate: Estate, *wanted: str) -> bool:
    return all(f"{prefix} " in kernel_routes(estate.places, "mid") for prefix in wanted)


def start(estate: Estate) -> None:
    estate.start(LEFT, RIGHT, SUBJECT)
    wait_established(estate.daemons, SUBJECT, "customer", "gateway-0")
    until(lambda: has_routes(estate, "10.1.0.0/16", "10.50.0.0/16"), 5, "both routes in the kernel")


def test_a_killed_bird_and_its_successor_lose_no_packet(wired: Estate) -> None:
    start(wired)
    assert not recovers(wired, "mid")
    with losing_nothing(wired):
        kill(wired, "mid")
        wired.daemons.apply(SUBJECT)
        wait_established(wired.daemons, SUBJECT, "customer", "gateway-0")
        until(lambda: len(wired.daemons.routes(SUBJECT)) == 2, 5, "both routes learned again")
    assert recovers(wired, "mid")


def test_a_peer_that_is_gone_too_holds_its_routes_for_the_wait_alone(wired: Estate) -> None:
    """What the other peer tells meanwhile enters the kernel with the end of the wait at the latest."""
    start(wired)
    kill(wired, "mid")
    kill(wired, "left")
    wired.daemons.apply(replace(RIGHT, origins=(*RIGHT.origins, Origin("10.60.0.0/16"))))
    wired.daemons.apply(SUBJECT)
    assert has_routes(wired, "10.1.0.0/16")
    until(lambda: has_routes(wired, "10.60.0.0/16"), 8, "the other peer's news in the kernel")
    until(lambda: not has_routes(wired, "10.1.0.0/16"), 8, "the dead peer's route gone")
    assert has_routes(wired, "10.50.0.0/16")


def test_a_router_switched_off_and_on_again_does_not_wait(wired: Estate) -> None:
    start(wired)
    wired.daemons.apply(replace(SUBJECT, down=True))
    wired.daemons.apply(SUBJECT)
    assert not recovers(wired, "mid")
