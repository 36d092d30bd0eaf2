"""Lives of real daemons: started, adopted, mourned, restarted, refused a bad configuration, removed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, Queue

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
    link,
    prefixes,
    router,
    status,
    unbroken,
    wait_established,
)
from trunkline.errors import ConfigurationRejected, DriverFailure
from trunkline.intent.bgp import Igp, IgpInterface, Router, SessionState
from trunkline.model.profile import Bfd
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker, life
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles
from trunkline.routing.life import scan
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root
both = pytest.mark.parametrize("daemon", [Daemon.BIRD, Daemon.FRR])
IGP = Igp((IgpInterface("left0", 10), IgpInterface("right0", 10)), Bfd(300, 3), ("192.0.2.1",))
PROGRAMS = {Daemon.BIRD: ("bird",), Daemon.FRR: ("zebra", "staticd", "bfdd", "bgpd")}


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def mid(daemon: Daemon) -> Router:
    return router("mid", TO_LEFT, TO_RIGHT, daemon=daemon, origins=("10.200.0.0/16",))


def pids(places: Places, daemon: Daemon, node: str = "mid") -> dict[str, int]:
    """Running daemons of a node, by program."""
    return {Path(f"/proc/{life.pid}/comm").read_text().strip(): life.pid
            for found, life in scan(places, PROGRAMS[daemon]) if found == node}


@both
def test_applying_twice_changes_nothing(wired: Estate, daemon: Daemon) -> None:
    subject = mid(daemon)
    assert wired.daemons.observe([subject]) == frozenset()
    wired.start(subject)
    before = pids(wired.places, daemon)
    assert wired.daemons.observe([subject]) == {subject.key}
    wired.start(subject)
    assert pids(wired.places, daemon) == before
    assert set(before) == set(PROGRAMS[daemon])


@both
def test_a_daemon_goes_before_what_else_the_machine_does_with_all_its_threads(wired: Estate, daemon: Daemon) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    wired.start(mid(daemon))
    running = pids(wired.places, daemon)
    threads = [int(task.name) for pid in running.values() for task in Path(f"/proc/{pid}/task").iterdir()]
    assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {life._NICENESS}
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@both
def test_a_killed_daemon_is_mourned_and_comes_back(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    mourned: Queue[str] = Queue()
    speak.watch(mourned.put)
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    os.kill(pids(wired.places, daemon)[PROGRAMS[daemon][-1]], signal.SIGKILL)
    assert mourned.get(timeout=2) == "mid"
    assert speak.observe([subject]) == frozenset()
    assert {one.state for one in speak.sessions(subject)} == {SessionState.IDLE}
    assert speak.routes(subject) == ()
    speak.apply(subject)
    wait_established(speak, subject, "customer", "gateway-0")
    assert speak.observe([subject]) == {subject.key}


def test_the_kernel_keeps_routes_of_a_bird_that_was_killed(wired: Estate) -> None:
    subject = mid(Daemon.BIRD)
    wired.start(LEFT, subject)
    until(lambda: "10.1.0.0/16 " in kernel_routes(wired.places, "mid"), 10, "the customer's route in the kernel")
    os.kill(pids(wired.places, Daemon.BIRD)["bird"], signal.SIGTERM)
    until(lambda: not pids(wired.places, Daemon.BIRD), 5, "BIRD gone")
    assert "10.1.0.0/16 " in kernel_routes(wired.places, "mid")


@both
def test_a_router_switched_off_withdraws_its_routes_unmourned(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    mourned: Queue[str] = Queue()
    speak.watch(mourned.put)
    wired.start(LEFT, RIGHT, subject)
    until(lambda: "10.1.0.0/16 " in kernel_routes(wired.places, "mid"), 10, "the customer's route in the kernel")
    off = replace(subject, down=True)
    assert speak.observe([off]) == frozenset()
    speak.apply(off)
    assert speak.observe([off]) == {off.key}
    until(lambda: "10.1.0.0/16 " not in kernel_routes(wired.places, "mid"), 5, "the kernel's route withdrawn")
    with pytest.raises(Empty):
        mourned.get(timeout=0.2)
    speak.apply(subject)
    wait_established(speak, subject, "customer")


@both
def test_a_new_control_plane_adopts_what_runs(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer")
    before, since = pids(wired.places, daemon), status(speak, LEFT, "edge").since

    successor = Daemons(BirdSpeaker(wired.places), FrrSpeaker(wired.places))
    mourned: Queue[str] = Queue()
    successor.watch(mourned.put)
    assert successor.observe([subject]) == {subject.key}
    successor.apply(subject)
    assert pids(wired.places, daemon) == before
    assert unbroken(since, status(successor, LEFT, "edge").since)
    os.kill(before[PROGRAMS[daemon][-1]], signal.SIGKILL)
    assert mourned.get(timeout=2) == "mid"


@both
def test_a_configuration_the_daemon_refuses_changes_nothing(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    before, since = pids(wired.places, daemon), status(speak, LEFT, "edge").since
    bad = replace(subject, sessions=(replace(TO_LEFT, hold_time_s=70_000), TO_RIGHT))
    with pytest.raises(ConfigurationRejected) as refusal:
        speak.apply(bad)
    assert "correctHorseBattery1" not in str(refusal.value)
    assert speak.observe([bad]) == frozenset()
    assert speak.observe([subject]) == {subject.key}
    assert pids(wired.places, daemon) == before
    assert unbroken(since, status(speak, LEFT, "edge").since)


@both
def test_a_first_configuration_that_is_refused_starts_nothing(wired: Estate, daemon: Daemon) -> None:
    bad = router("mid", replace(TO_LEFT, hold_time_s=70_000), daemon=daemon)
    with pytest.raises(ConfigurationRejected):
        wired.daemons.apply(bad)
    assert pids(wired.places, daemon) == {}


@both
def test_removing_leaves_no_process_and_no_file(wired: Estate, daemon: Daemon) -> None:
    wired.start(mid(daemon))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (wired.places.run / "nodes/mid").glob("*.conf"))
    wired.daemons.remove("mid")
    assert pids(wired.places, daemon) == {}
    assert not (wired.places.run / "nodes" / "mid").exists()
    wired.daemons.remove("mid")


@both
def test_a_sweep_finds_daemons_whose_files_are_lost(wired: Estate, daemon: Daemon) -> None:
    wired.start(LEFT, mid(daemon))
    for path in (wired.places.run / "nodes" / "mid").glob("*.pid"):
        path.unlink()
    assert wired.daemons.sweep() == ("left", "mid")
    assert pids(wired.places, daemon) == {}
    assert not (wired.places.run / "nodes").exists()


@both
def test_a_daemon_in_a_namespace_made_anew_is_started_anew(wired: Estate, daemon: Daemon) -> None:
    """The old one would run on in a namespace that nobody can reach."""
    subject, speak, name = mid(daemon), wired.daemons, f"{wired.places.namespace_prefix}mid"
    wired.start(LEFT, RIGHT, subject)
    before = pids(wired.places, daemon)
    ip("netns", "del", name)
    ip("netns", "add", name)
    link(wired.places, ("mid", "left0", "10.0.1.2/30"), ("left", "mid9", "10.0.1.1/30"))
    assert speak.observe([subject]) == frozenset()
    speak.apply(subject)
    assert not set(pids(wired.places, daemon).values()) & set(before.values())


def test_a_router_may_change_its_daemon(wired: Estate) -> None:
    bird, frr, speak = mid(Daemon.BIRD), mid(Daemon.FRR), wired.daemons
    wired.start(LEFT, RIGHT, bird)
    wait_established(speak, bird, "customer")
    speak.apply(frr)
    assert pids(wired.places, Daemon.BIRD) == {}
    wait_established(speak, frr, "customer")
    until(lambda: "10.200.0.0/16" in prefixes(speak, LEFT), 5, "FRR's own route at left")


@both
def test_without_a_namespace_nothing_starts(wired: Estate, daemon: Daemon) -> None:
    with pytest.raises(DriverFailure, match="does not exist"):
        wired.daemons.apply(replace(mid(daemon), node="nowhere"))
    wired.daemons.remove("nowhere")


def test_an_interface_that_appears_later_is_noticed(wired: Estate) -> None:
    subject, speak = mid(Daemon.BIRD), wired.daemons
    ip("-n", f"{wired.places.namespace_prefix}mid", "link", "del", "left0")
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "gateway-0")
    link(wired.places, ("mid", "left0", "10.0.1.2/30"), ("left", "mid0", "10.0.1.1/30"))
    wait_established(speak, subject, "customer")


def test_what_is_told_on_a_lease_ends_with_it_though_nobody_says_so(wired: Estate) -> None:
    subject, far = mid(Daemon.BIRD), (LEFT, RIGHT)
    wired.start(subject, *far)
    wait_established(wired.daemons, subject, "customer", "gateway-0")
    other = status(wired.daemons, subject, "gateway-0").since
    closed = replace(subject, sessions=(replace(TO_LEFT, enabled=False), TO_RIGHT), lapses_at=time.time() + 2)
    wired.start(closed)
    until(lambda: status(wired.daemons, subject, "customer").state is not SessionState.ESTABLISHED, 5, "it is closed")
    assert wired.daemons.observe([closed]) == {closed.key}
    until(lambda: status(wired.daemons, subject, "customer").state is SessionState.ESTABLISHED, 30, "its return")
    assert unbroken(other, status(wired.daemons, subject, "gateway-0").since)


def test_a_link_state_router_that_hastens_is_configured_with_what_it_has_and_keeps_its_sessions(wired: Estate) -> None:
    subject = replace(mid(Daemon.BIRD), igp=IGP)
    wired.start(LEFT, RIGHT, subject)
    wait_established(wired.daemons, subject, "customer", "gateway-0")
    since = status(wired.daemons, subject, "customer").since
    before = configured(wired) + timedelta(seconds=0.5)  # it jitters
    until(lambda: hastened(wired) > before, 5, "it to be configured again")
    assert unbroken(since, status(wired.daemons, subject, "customer").since)
    assert wired.daemons.observe([subject]) == {subject.key}


def hastened(wired: Estate) -> datetime:
    wired.daemons.hasten(["mid", "nobody"])
    return configured(wired)


def configured(wired: Estate) -> datetime:
    """When the daemon was, last."""
    lines = control.ask(NodeFiles.of(wired.places, "mid"), "show status")
    told = next(line.text for line in lines if line.text.startswith("Last reconfiguration on "))
    return datetime.fromisoformat(told.removeprefix("Last reconfiguration on "))
