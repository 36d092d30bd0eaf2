"""A leg fails silently under traffic and heals; the outage is what the prober in the host saw."""

from __future__ import annotations

import json
import time

from trunkline.cli.commands.status import LEGS
from trunkline.cli.demo import estate
from trunkline.cli.demo.acts import Play
from trunkline.cli.demo.result import Failover
from trunkline.cli.demo.stage import probe
from trunkline.cli.demo.watching import established, legs, packets, until
from trunkline.cli.progress import Step

_PORT = "7007"
#: Enough flows that both legs carry some: all on one of two legs has a chance of 2 in 2^16.
_FLOWS = 16
_INTERVAL_MS = 10.0
_SETTLE_S = 60.0
#: A leg carries when the edge counted so many packets more; BGP and BFD alone stay far below within one look.
_CARRIES_PACKETS = 100


def fail_over(play: Play) -> None:
    stage, progress = play.stage, play.progress
    with progress.step(f"{_FLOWS} flows of probes, each every {_INTERVAL_MS:.0f} ms, over both legs") as step:
        echo = stage.serve(estate.MACHINE, "echoing", *probe("echo", "--bind", play.target, "--port", _PORT))
        prober = stage.inside(estate.HOST, *probe("send", play.target, "--port", _PORT, "--flows", str(_FLOWS),
                                                  "--interval-ms", str(_INTERVAL_MS), "--json"))
        counts = _both_carry(play, step)
        victim = max(LEGS, key=counts.__getitem__)
        step.note = ", ".join(f"{leg} {counts[leg]} packets" for leg in LEGS)
    other = next(leg for leg in LEGS if leg != victim)
    with progress.step(f"leg {victim} fails silently; {other} takes all") as step:
        stage.trunkline("fail", estate.CIRCUIT, victim, "--for", "5m", "-o", "json")
        until(lambda: None if established(legs(play.clients)[victim]) else True, f"BFD on {victim}", step, _SETTLE_S)
        _carries(play, step, other)
    play.result.recovery_ms = _heal(play, victim)
    with progress.step("count") as step:
        seen = json.loads(stage.finish(prober, deadline_s=15.0))
        stage.end(echo)
        play.result.failover = Failover(seen["longest_gap_ms"], seen["lost"], _INTERVAL_MS)
        step.note = f"longest gap {seen['longest_gap_ms']} ms, {seen['lost']} of {seen['sent']} packets lost"


def _heal(play: Play, victim: str) -> float:
    """Milliseconds from the request to heal until the healed leg carries traffic again."""
    with play.progress.step(f"leg {victim} heals and is used again") as step:
        began = time.monotonic()
        play.stage.trunkline("heal", estate.CIRCUIT, "-o", "json")
        until(lambda: True if established(legs(play.clients)[victim]) else None, f"BGP on {victim}", step, _SETTLE_S)
        _carries(play, step, victim)
        return round((time.monotonic() - began) * 1000, 1)


def _both_carry(play: Play, step: Step) -> dict[str, int]:
    """Packets on each leg since the first look, once both have some."""
    first = {leg: packets(found) for leg, found in legs(play.clients).items()}

    def look() -> dict[str, int] | None:
        grown = {leg: packets(found) - first[leg] for leg, found in legs(play.clients).items()}
        return grown if min(grown.values()) >= _CARRIES_PACKETS else None

    return until(look, "probes on both legs", step, _SETTLE_S)


def _carries(play: Play, step: Step, leg: str) -> None:
    first = packets(legs(play.clients)[leg])
    until(lambda: True if packets(legs(play.clients)[leg]) - first >= _CARRIES_PACKETS else None,
          f"traffic on {leg}", step, _SETTLE_S)
