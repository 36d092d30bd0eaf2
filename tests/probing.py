"""Probe traffic from one node to another, and what became of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scenes import HOST, IN_CLOUD, VM, carried, disturbed, footprint
from stage import Stage
from stalls import longest_pause, void_if_stalled
from waiting import until

#: Enough that every equal path carries some (a chance of one in 30,000 that a leg carries none).
FLOWS = 16
PER_SECOND = 1_000


@dataclass
class Probe:
    """Filled when the probe has ended."""

    sent: int = 0
    lost: int = 0
    longest_gap_ms: float = 0.0
    lost_by_port: dict[int, int] = field(default_factory=dict)


@contextmanager
def probing(stage: Stage, source: str = HOST, target: str = VM, address: str = IN_CLOUD) -> Iterator[Probe]:
    """1,000 datagrams a second from ``source``, each answered by ``target`` at ``address``."""
    found = Probe()
    with _prober(stage, target, "echo", "--bind", address), \
            _prober(stage, source, "send", address, "--flows", str(FLOWS),
                    "--interval-ms", str(FLOWS * 1000 / PER_SECOND), "--json") as sender:
        yield found
        sender.send_signal(signal.SIGINT)
        told = json.loads(sender.communicate(timeout=20)[0])
    found.sent, found.lost, found.longest_gap_ms = told["sent"], told["lost"], told["longest_gap_ms"]
    found.lost_by_port = {flow["port"]: flow["lost"] for flow in told["flows"] if flow["lost"]}


@contextmanager
def _prober(stage: Stage, node: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """It says one line when it is ready."""
    command = stage.command(node, sys.executable, "-m", "trunkline.telemetry.probe", *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert process.stderr.readline(), f"the prober in {node} did not start"
            yield process
        finally:
            process.terminate()


def both_legs_carry(stage: Stage, packets: int = 100) -> None:
    """Wait until each leg of the first circuit has carried that many more."""
    before = carried(stage)
    until(lambda: all(now - before[leg] >= packets for leg, now in carried(stage).items()), 10, "both legs to carry")


@contextmanager
def unharmed(stage: Stage) -> Iterator[None]:
    """What happens inside costs no packet between host and virtual machine on either leg, resets no session, restarts
    no daemon and replaces no interface; new ones may appear."""
    before = footprint(stage)
    with longest_pause() as pause, probing(stage) as probe:
        both_legs_carry(stage)
        yield
        both_legs_carry(stage)
    harmed = disturbed(before, footprint(stage))
    assert not {what for what in harmed if what[0] != "session"}, harmed
    if harmed or probe.lost:
        void_if_stalled(pause())
    assert not harmed, harmed
    assert probe.lost == 0, probe
