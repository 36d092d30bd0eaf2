"""The Azure SDKs for Python and JavaScript against a running Trunkline, each in its own environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from e2e_support import ROOT, Running, venv_program

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


def test_a_circuit_with_the_javascript_sdk(running: Running) -> None:
    modules = ROOT / ".venvs/js"
    assert (modules / "node_modules").is_dir(), f"{modules} is missing; run `make test`, which installs it"
    environment = running.shell_environment()
    environment |= {"TRUNKLINE_JS": str(modules), "NODE_EXTRA_CA_CERTS": environment["REQUESTS_CA_BUNDLE"]}
    done = subprocess.run(["node", str(Path(__file__).with_name("sdk_journey.mjs"))], env=environment,
                          capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["key"]
    assert seen["providers"] > 100
    assert {name: seen[name] for name in seen if name not in ("key", "providers")} == {
        "state": "Succeeded", "tags": {"team": "core"}, "azureASN": 12076, "authorization": "Available",
        "bandwidth": 500, "summary": ["192.168.9.1"], "primarybytesIn": 0, "refused": "ResourceNotFound", "left": []}
