"""The prober over the loopback interface: two real processes, real sockets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

PROBE = (sys.executable, "-m", "trunkline.telemetry.probe")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def echo_port() -> Iterator[int]:
    port = free_port()
    with subprocess.Popen((*PROBE, "echo", "--bind", "127.0.0.1", "--port", str(port)), stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as server:
        assert server.stderr
        assert b"echoing" in server.stderr.readline()
        yield port
        server.terminate()


def test_every_datagram_of_every_flow_comes_back(echo_port: int) -> None:
    ran = subprocess.run((*PROBE, "send", "127.0.0.1", "--port", str(echo_port), "--flows", "4", "--interval-ms", "5",
                          "--duration", "0.2", "--json"), capture_output=True, check=True)
    found = json.loads(ran.stdout)
    assert found["sent"] >= 4 * 20
    assert (found["lost"], found["longest_gap_ms"], len(found["flows"])) == (0, 0.0, 4)
    assert len({flow["port"] for flow in found["flows"]}) == 4


def test_without_an_echo_everything_is_lost() -> None:
    ran = subprocess.run((*PROBE, "send", "127.0.0.1", "--port", str(free_port()), "--flows", "2", "--interval-ms",
                          "10", "--duration", "0.1", "--json"), capture_output=True, check=True)
    found = json.loads(ran.stdout)
    assert found["sent"] == found["lost"] > 0


def test_a_run_without_end_prints_its_report_when_interrupted(echo_port: int) -> None:
    with subprocess.Popen((*PROBE, "send", "127.0.0.1", "--port", str(echo_port), "--json"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
        assert sender.stderr
        assert b"sending" in sender.stderr.readline()
        sender.send_signal(signal.SIGINT)
        out, _ = sender.communicate(timeout=5)
    assert json.loads(out)["lost"] == 0


def test_nonsense_arguments_are_a_usage_error() -> None:
    ran = subprocess.run((*PROBE, "send", "127.0.0.1", "--flows", "0"), capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"--flows" in ran.stderr
