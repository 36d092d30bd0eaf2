"""azure-mgmt-network against a running Trunkline, in its own environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from e2e_support import Running, venv_program

pytestmark = pytest.mark.root


def test_a_circuit_with_the_python_sdk(running: Running) -> None:
    environment = running.shell_environment()
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([venv_program("sdk", "python"), str(Path(__file__).with_name("sdk_journey.py"))],
                          env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["state"] == "Succeeded"
    assert seen["key"]
    assert seen["stag"] >= 1
    assert seen["tags"] == {"team": "net"}
    assert seen["azureASN"] == 12076
    assert seen["summary"] == ["192.168.9.1"]
    assert seen["primarybytesIn"] == 0
    assert seen["providers"] > 100
    assert seen["left"] == []
