"""How long the command line and the service take to start, and the service to stop.

    python bench/start.py [REPETITIONS]         default 10

Budget: `trunkline` starts in at most 0.3 s. Whole processes are timed. Baseline in the same run: an interpreter that
does nothing. The service is started with simulated drivers in a new home, so CA, accounts and store are created too;
``up_s`` ends when /healthz has answered and the secrets are printed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from stand import report, spread, timed_s
from trunkline.cli.instance import free_port

_TRUNKLINE = (sys.executable, "-m", "trunkline")


def run_s(*words: str) -> float:
    return timed_s(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def up_and_down_s() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as home:
        command = (*_TRUNKLINE, "--home", f"{home}/home")
        up = run_s(*command, "up", "-d", "--simulation", "--port", str(free_port("127.0.0.1")), "-o", "json")
        return up, run_s(*command, "down", "--purge")


def measure(repetitions: int) -> None:
    found = {name: spread([run_s(*words) for _ in range(repetitions)]) for name, words in {
        "python_s": (sys.executable, "-c", ""), "version_s": (*_TRUNKLINE, "--version"),
        "help_s": (*_TRUNKLINE, "--help")}.items()}
    report("start", {"repetitions": repetitions, **found})
    services = [up_and_down_s() for _ in range(max(1, repetitions // 2))]
    up, down = zip(*services, strict=True)
    report("start", {"repetitions": len(services), "up_s": spread(up), "down_s": spread(down)})


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 10)
