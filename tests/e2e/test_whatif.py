"""``trunkline whatif`` and ``resiliency`` on a running service: packets agree, and where they do not, it is said."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from e2e_support import ROOT, Running
from waiting import until

pytestmark = pytest.mark.root

EXAMPLE = str(ROOT / "examples" / "two-locations.yaml")


def lost(running: Running) -> set[str]:
    """Components of our index that have lost points."""
    return {one["component"] for one in running.json("resiliency")["lost"]}


def test_no_single_failure_cuts_two_locations_off_and_packets_agree(running: Running) -> None:
    running.trunkline("apply", EXAMPLE)
    found = running.json("whatif", "--n", "2")
    assert (found["sharedRisks"], found["unconnected"]) == ([], [])
    assert any("location London" in row["second"] and row["lost"] for row in found["together"])
    until(lambda: lost(running) == {"Drills"}, 20, "every session up and watched, so that drills alone are missing")
    done = running.trunkline("whatif", "verify", "--samples", "2", "--seed", "11", "-o", "json")
    told = json.loads(done.stdout)
    assert (told["seed"], [trial["agrees"] for trial in told["trials"]]) == (11, [True] * 3)
    refused = running.trunkline("whatif", "--fail", "edge Rome primary", check=False)
    assert (refused.returncode, "edge Amsterdam primary" in refused.stderr) == (1, True)


@pytest.mark.slow
def test_a_network_that_disagrees_is_an_error_with_what_was_seen(running: Running) -> None:
    running.trunkline("apply", EXAMPLE)
    running.trunkline("exec", "vm1", "--", "ip", "link", "set", "eth0", "down")
    done = running.trunkline("whatif", "verify", "--fail", "leg er1 primary", check=False, timeout_s=180)
    assert done.returncode == 1
    assert "is kept in the model; 0 of " in done.stderr


@pytest.mark.slow
def test_an_interrupted_verification_leaves_nothing_failed_and_tells_what_it_saw(running: Running) -> None:
    running.trunkline("apply", EXAMPLE)
    trying = subprocess.Popen([sys.executable, "-m", "trunkline", "whatif", "verify", "--samples", "5", "--seed", "11"],
                              env=running.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: running.json("fail", "list"), 60, "a state with a failure", every_s=0.5)
    trying.send_signal(signal.SIGINT)
    told, said = trying.communicate(timeout=60)
    assert trying.returncode == 1
    assert "nothing failed" in told
    assert "Aborted!" in said
    assert running.json("fail", "list") == []
