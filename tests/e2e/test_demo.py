"""The demo proves what it prints, in one JSON object, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.root


def test_the_demo_passes_and_prints_one_json_object() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    done = subprocess.run([sys.executable, "-m", "trunkline", "demo", "--az", "no", "-o", "json"], env=environment,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
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
