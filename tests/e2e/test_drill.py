"""``trunkline drill security``: all controls hold on a running estate and nobody else notices; where one is switched
off, the drill says so; and it leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from e2e_support import ROOT, Running
from trunkline.cli.drill.checklist import ATTACKS
from trunkline.settings import load
from waiting import until

pytestmark = pytest.mark.root

Json = dict[str, Any]

#: Broken UPDATEs have a test of their own, and each that resets a session takes a while.
QUICK = [attack.name for attack in ATTACKS if not attack.name.startswith("malformed-")]


def drilled(running: Running, *words: str) -> tuple[int, dict[str, Json]]:
    """Exit code, and the verdicts by attack."""
    done = running.trunkline("drill", "security", *words, "-o", "json", check=False, timeout_s=300)
    assert done.stdout, done.stderr
    return done.returncode, {one["attack"]: one for one in json.loads(done.stdout)["attacks"]}


def instance(running: Running) -> str:
    return load({}, home=str(running.home)).places.instance


def test_every_attack_is_blocked_nobody_else_notices_and_nothing_is_left(running: Running) -> None:
    running.trunkline("apply", str(ROOT / "examples" / "dual-stack.yaml"))
    until(lambda: bystander_is_up(running), 30, "the bystander's sessions")
    code, verdicts = drilled(running, "--watch", "er1", *(word for name in QUICK for word in ("--only", name)))
    assert set(verdicts) == set(QUICK)
    played = {name: one for name, one in verdicts.items() if not one["skipped"]}
    assert {name: one["by"] for name, one in played.items() if not one["blocked"]} == {}
    assert {name: one["collateral"] for name, one in played.items()} == {
        name: {"lost_packets": 0, "sessions_reset": []} for name in played}
    assert {name for name, one in played.items() if one["timeToBlockMs"] is None} == set()
    assert {name: one["timeToAlertMs"] for name, one in played.items() if one["alert"] and not alerted(one)} == {}
    assert all(one["blocked"] is None for one in verdicts.values() if one["skipped"])
    assert {one["needs"] for one in played.values()} == {
        "private peering", "Microsoft peering", "an exchange", "an RTR cache"}
    assert code == 0
    assert remains(running) == []


@pytest.mark.slow
def test_broken_updates_are_blocked_too(running: Running) -> None:
    code, verdicts = drilled(running, "--only", "malformed")
    assert set(verdicts) == {attack.name for attack in ATTACKS} - set(QUICK)
    assert {name: one["by"] for name, one in verdicts.items() if not one["blocked"]} == {}
    assert code == 0


def alerted(one: Json) -> bool:
    """By an event of its own, within five seconds."""
    return one["timeToAlertMs"] is not None and one["timeToAlertMs"] <= 5_000


def bystander_is_up(running: Running) -> bool:
    circuit, = running.json("status")["circuits"]
    return all(session["state"] == "Established" for leg in circuit["legs"].values() for session in leg["sessions"])


def remains(running: Running) -> list[str]:
    """Of drills: resource groups, by their circuits, and namespaces."""
    circuits = [one["name"] for one in running.json("status")["circuits"] if one["name"] != "er1"]
    return [*circuits, *(path.name for path in Path("/run/netns").glob(f"drill-{instance(running)}-*"))]


# ── a drill that can fail ──────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def sabotage(running: Running) -> Iterator[None]:
    """The attacker's VRF has no sentry and believes martians, however often that is mended."""
    over = Event()
    thread = Thread(target=_sabotage, args=(running, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sabotage(running: Running, over: Event) -> None:
    places = load({}, home=str(running.home)).places
    while not over.wait(0.05):
        for node in (places.run / "nodes").glob("vrf-attacker-*-p*"):
            namespace = places.namespace_prefix + node.name
            subprocess.run(["ip", "netns", "exec", namespace, "tc", "qdisc", "del", "dev", "customer", "clsact"],
                           capture_output=True, check=False)
            _believe_martians(node / "bird.conf", node / "bird.ctl")


def _believe_martians(configuration: Path, control: Path) -> None:
    try:
        text = configuration.read_text()
    except FileNotFoundError:
        return
    lines = [line for line in text.splitlines() if "127.0.0.0/8{" not in line]
    if len(lines) < len(text.splitlines()):
        configuration.write_text("\n".join(lines) + "\n")
        subprocess.run(["birdc", "-s", str(control), "configure"], capture_output=True, check=False)


def test_a_control_that_is_switched_off_is_told_and_the_others_still_hold(running: Running) -> None:
    with sabotage(running):
        code, verdicts = drilled(running, "--only", "martians", "--only", "as-spoof", "--only", "source-spoof")
    assert {name: one["blocked"] for name, one in verdicts.items()} == {
        "martians": False, "as-spoof": True, "source-spoof": False}
    assert verdicts["martians"]["by"].startswith("taken: ")
    assert code == 1


@pytest.mark.parametrize("number", [
    pytest.param(signal.SIGINT, id="Ctrl-C", marks=pytest.mark.slow), pytest.param(signal.SIGKILL, id="killed")])
def test_an_interrupted_drill_leaves_nothing_at_the_latest_when_the_next_begins(
        running: Running, number: signal.Signals) -> None:
    drill = subprocess.Popen([sys.executable, "-m", "trunkline", "drill", "security", "--only", "malformed"],
                             env=running.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with drill:
        assert drill.stderr
        assert any("malformed-" in line for line in drill.stderr)
        drill.send_signal(number)
        drill.stderr.read()
        assert drill.wait(60) != 0
    if number is signal.SIGKILL:
        assert remains(running)
        assert drilled(running, "--only", "arp-spoof")[0] == 0
    assert remains(running) == []
