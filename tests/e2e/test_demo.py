"""The demo proves what it prints, in one JSON object, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.root


def played(*words: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    done = subprocess.run([sys.executable, "-m", "trunkline", "demo", *words, "-o", "json"], env=environment,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_demo_passes_and_prints_one_json_object() -> None:
    told = played("--az", "no")
    assert set(told) == {"passed", "order_to_packet_s", "sessions_established", "throughput_mbps", "failover",
                         "recovery_ms", "leftovers"}
    assert set(told["failover"]) == {"outage_ms", "lost_packets", "probe_interval_ms"}
    assert told["passed"] is True
    assert told["sessions_established"] == 2
    assert told["leftovers"] == []
    assert told["throughput_mbps"] > 0
    assert told["failover"]["lost_packets"] > 0
    assert told["failover"]["outage_ms"] > told["failover"]["probe_interval_ms"]
    assert told["recovery_ms"] > 0


@pytest.mark.slow
def test_two_continents_lose_a_region_and_the_rest_survives(tmp_path: Path) -> None:
    told = played("--global", "--html", str(tmp_path / "certificate.html"))
    assert told["passed"] is True
    assert told["ways"] == 5
    assert len(told["unprotected"]) > 0
    assert told["worst_outage_ms"] < 5_000
    assert told["global_reach_ms"] < 5_000
    assert told["certificate"] in (tmp_path / "certificate.html").read_text()
    assert told["leftovers"] == []
