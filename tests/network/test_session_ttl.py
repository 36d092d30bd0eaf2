"""GTSM (RFC 5082) between real daemons: what comes from farther away than the peer never reaches the session."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from speaking import LEFT, TO_LEFT, Estate, established, estate, router, status, unbroken, wait_established
from trunkline.drill import frames
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router
from trunkline.model.site import Daemon
from trunkline.settings import Places
from waiting import until
from wires import mac_of, port_socket

pytestmark = pytest.mark.root


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def edge(daemon: Daemon, secured: bool) -> Router:
    return router("mid", replace(TO_LEFT, password=None, bfd=None, ttl_security=secured), daemon=daemon)


def customer(secured: bool) -> Router:
    return replace(LEFT, sessions=(replace(LEFT.sessions[0], password=None, bfd=None, ttl_security=secured),))


def too_far(wired: Estate) -> int:
    return LinuxPlane(wired.places).refused("mid")["TCPMinTTLDrop"]


def ports(wired: Estate) -> tuple[int, int]:
    """The customer's and the edge's port of the session's connection."""
    namespace = f"{wired.places.namespace_prefix}left"
    told = subprocess.run(["ip", "netns", "exec", namespace, "ss", "-tnH", "state", "established"], check=True,
                          capture_output=True, text=True).stdout
    found = re.search(r"10\.0\.1\.1(?:%\w+)?:(\d+)\s+10\.0\.1\.2:(\d+)", told)
    assert found, told
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("daemon", [Daemon.BIRD, Daemon.FRR])
def test_a_forged_segment_from_two_hops_away_is_dropped_and_counted(wired: Estate, daemon: Daemon) -> None:
    wired.start(edge(daemon, secured=True), customer(secured=True))
    wait_established(wired.daemons, customer(secured=True), "edge")
    since = status(wired.daemons, customer(secured=True), "edge").since
    own, far = ports(wired)
    before = too_far(wired)
    forged = frames.tcp("10.0.1.1", "10.0.1.2", far, 0x04, hops=253, own_port=own)  # RST
    with port_socket(wired.places, "left", "mid0") as wire:
        for _ in range(5):
            wire.send(frames.ip(mac_of(wired.places, "mid", "left0"), forged, mac_of(wired.places, "left", "mid0")))
    until(lambda: too_far(wired) == before + 5, 5, "five segments counted")
    assert unbroken(since, status(wired.daemons, customer(secured=True), "edge").since)


def test_a_peer_that_sends_with_ttl_1_does_not_come_up_against_one_that_wants_255(wired: Estate) -> None:
    wired.start(edge(Daemon.BIRD, secured=True), customer(secured=False))
    until(lambda: too_far(wired), 15, "its segments counted")
    assert not established(wired.daemons, edge(Daemon.BIRD, secured=True), "customer")
