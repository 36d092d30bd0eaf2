"""Failover drills played at random, and killed at random: what they failed is as it was in the end."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e_support import ROOT, Running
from trunkline.settings import Places, load
from waiting import until

Json = dict[str, Any]

#: Beside ``examples/estate.yaml``: Rome, behind a second circuit and over Global Reach, and a network behind a hub.
ABROAD = """
resourceGroup: rg1
location: westeurope
sites:
  - name: rome
    asn: 65020
    prefixes: [10.20.0.0/16]
    lan: 10.20.1.0/24
    routers: [{name: ce1}, {name: ce2}]
    hosts: [{name: h2, address: 10.20.1.10}]
circuits:
  - name: er2
    provider: Equinix
    peeringLocation: London
    bandwidth: 1000
    sku: Premium_MeteredData
    provision: true
    peering: {asn: 65020, vlan: 100, primary: 172.17.0.0/30, secondary: 172.17.0.4/30}
crossConnects:
  - {circuit: er2, site: rome, primary: {router: ce1}, secondary: {router: ce2}}
networks:
  - name: spoke
    addressSpace: [10.3.0.0/16]
    subnets: {default: 10.3.0.0/24}
    machines: [{name: vm3, subnet: default, address: 10.3.0.4}]
hubs:
  - name: wanhub
    prefix: 10.50.0.0/23
    wan: wan1
    networks: [{network: spoke}]
    circuits: [{circuit: er1}]
globalReach:
  - {circuits: [er1, er2], prefix: 192.168.8.0/29}
"""
TARGETS = (("er1", "primary"), ("er1", "secondary"), ("er1", "primary", "--drain"), ("er1", "secondary", "--drain"),
           ("er2", "primary"), ("er2", "secondary", "--drain"), ("edge", "Amsterdam", "primary"),
           ("edge", "London", "secondary"), ("switch", "Equinix", "Amsterdam", "primary"), ("gateway", "gw1", "0"),
           ("gateway", "gw1", "1"), ("location", "Amsterdam", "--force"), ("location", "London", "--force"))
#: What h1 reaches: over the network's own gateway, the hub's, and Global Reach.
REACHED = ("10.1.0.4", "10.3.0.4", "10.20.1.10")
#: Behind which line of the drill's progress each phase begins.
PHASES = {"baseline": "preflight", "fail": "baseline", "restore": "fail", "afterwards": "restore"}
#: What befalls a drill: nothing, kill -9 of the service or of the drill itself, Ctrl-C.
EVENTS = ("none", "kill service", "kill service", "kill drill", "Ctrl-C")
RESTORED_S = 120.0


@dataclass(frozen=True, slots=True)
class Attempt:
    target: tuple[str, ...]
    event: str
    phase: str

    @classmethod
    def drawn(cls, chance: random.Random) -> Attempt:
        event = chance.choice(EVENTS)
        return cls(chance.choice(TARGETS), event, "" if event == "none" else chance.choice(list(PHASES)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``verdict``: empty where the drill was killed. ``restored_s``: from the drill's end until all was as before;
    None if that did not come. ``lost``: of the drill's datagrams."""

    attempt: Attempt
    verdict: str
    restored_s: float | None
    lost: int | None
    seconds: float


def whole(running: Running) -> Running:
    """Paris on one circuit at Amsterdam, both legs carrying."""
    running.trunkline("apply", str(ROOT / "examples" / "estate.yaml"))
    until(lambda: well(running), 60, "all sessions and their routes")
    return running


def wide(running: Running) -> Running:
    """With a second site over Global Reach, and a network behind a Virtual WAN hub."""
    whole(running)
    file = running.home / "abroad.yaml"
    file.write_text(ABROAD, encoding="utf-8")
    running.trunkline("apply", str(file))
    file.unlink()
    until(lambda: well(running) and answers(running), 90, "packets on every way")
    return running


def legs(running: Running) -> dict[str, Json]:
    """Nothing while the service does not answer."""
    done = running.trunkline("status", "-o", "json", check=False)
    circuits = json.loads(done.stdout)["circuits"] if done.returncode == 0 else []
    return {f"{circuit['name']} {leg}": found for circuit in circuits for leg, found in circuit["legs"].items()}


def well(running: Running) -> bool:
    """No failure and no test stands, every session is up and carries routes."""
    found = legs(running).values()
    return bool(found) and all(
        not one["fault"] and not one["failoverTest"] and one["sessions"] and all(
            session["state"] == "Established" and session["received"] for session in one["sessions"])
        for one in found)


def answers(running: Running) -> bool:
    return all(" 0% packet loss" in running.trunkline(
        "exec", "h1", "--", "ping", "-c", "3", "-i", "0.2", "-W", "1", address, check=False).stdout
        for address in REACHED)


def places(running: Running) -> Places:
    return load({}, home=str(running.home)).places


@contextmanager
def drill(running: Running, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Killed in the end, if it still runs."""
    command = [sys.executable, "-m", "trunkline", "drill", "failover", *words, "-o", "json"]
    with subprocess.Popen(command, env=running.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def play(running: Running, attempt: Attempt, chance: random.Random) -> Outcome:
    began = time.monotonic()
    with drill(running, *attempt.target, "--hold", "1") as process:
        if attempt.event != "none":
            _await(process, PHASES[attempt.phase])
            time.sleep(chance.uniform(0, 1.5))  # anywhere in the phase
            _befall(running, attempt.event, process, chance)
        said, _ = process.communicate(timeout=240)
    ended = time.monotonic()
    restored = _restored_s(running)
    found: Json = json.loads(said) if said.startswith("{") else {}
    lost = sum(one["lost"] for one in found["measures"]) if found else None
    return Outcome(attempt, found["verdict"]["result"] if found else "", restored, lost,
                   round(time.monotonic() - began if restored is None else ended - began, 1))


def _await(process: subprocess.Popen[str], done: str) -> None:
    """Until the drill says that a phase is over, or ends."""
    for line in process.stderr or ():
        if re.search(rf"[✓✗] {done}\b", line):
            return


def _befall(running: Running, event: str, process: subprocess.Popen[str], chance: random.Random) -> None:
    if event == "kill service":
        kill_service(places(running))
        time.sleep(chance.uniform(0, 20))
        running.trunkline("up", "-d")
    else:
        process.send_signal(signal.SIGKILL if event == "kill drill" else signal.SIGINT)


def kill_service(found: Places) -> None:
    """The supervisor and what it has started, with SIGKILL: processes of this home alone."""
    os.kill(json.loads((found.run / "supervisor.lock").read_text())["pid"], signal.SIGKILL)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            ours = f"TRUNKLINE_HOME={found.home}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and b"trunkline.assembly" in command:
            os.kill(int(process.name), signal.SIGKILL)


def _restored_s(running: Running) -> float | None:
    began = time.monotonic()
    while time.monotonic() - began < RESTORED_S:
        if well(running) and answers(running):
            return round(time.monotonic() - began, 1)
        time.sleep(0.5)
    return None
