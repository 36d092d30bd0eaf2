"""``trunkline drill failover`` on real packets: what fails is restored, however the drill ends, and what is signed is
what happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drilling import Attempt, drill, kill_service, legs, places, play, well, whole, wide
from e2e_support import Running, started
from trunkline.cli.client import connected
from trunkline.cli.instance import locate
from trunkline.cli.lookup import circuit as find_circuit
from waiting import until

pytestmark = pytest.mark.root

Json = dict[str, Any]
#: The shortest that proves anything: detection takes 900 ms.
QUICK = ("--hold", "1")

SECOND = """
resourceGroup: rg1
location: westeurope
circuits:
  - name: er2
    provider: Equinix
    peeringLocation: Frankfurt
    bandwidth: 1000
    sku: Standard_MeteredData
    provision: true
    peering: {asn: 65010, vlan: 200, primary: 172.17.0.0/30, secondary: 172.17.0.4/30, sharedKey: Trunk1ine}
crossConnects:
  - {circuit: er2, site: paris, primary: {router: ce1}, secondary: {router: ce2}}
networks:
  - name: hub
    addressSpace: [10.1.0.0/16]
    subnets: {default: 10.1.0.0/24, GatewaySubnet: 10.1.255.0/26}
    machines: [{name: vm1}]
    gateway: {name: gw1}
    connections: [{circuit: er1}, {circuit: er2}]
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("drills") / "home") as running:
        yield running


@pytest.fixture
def estate(shared: Running) -> Running:
    return whole(shared)


def drilled(running: Running, *words: str) -> tuple[int, Json, str]:
    """Exit code, the certificate, what was said."""
    done = running.trunkline("drill", "failover", *words, *QUICK, "-o", "json", check=False, timeout_s=180)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr


def restored(running: Running) -> None:
    until(lambda: well(running), 60, "everything as before")


def test_a_leg_fails_and_its_certificate_says_what_the_packets_saw(estate: Running) -> None:
    code, found, said = drilled(estate, "er1", "primary")
    assert (code, found["verdict"]) == (0, {"result": "passed", "reasons": []}), said
    rows = {(one["direction"], one["leg"]): one for one in found["measures"]}
    assert {direction for direction, _ in rows} == {"toCloud", "toSite"}
    for (_, leg), row in rows.items():
        assert (row["flowsHit"], row["lost"] > 0) == ((row["flows"], True) if leg == "er1 primary" else (0, False))
        assert row["outageMs"] <= found["bounds"]["outageMs"]
    assert any(leg == "er1 primary" for _, leg in rows)
    routes = {when: {(one["router"], one["prefix"]) for one in told} for when, told in found["routes"].items()}
    gone = routes["before"] - routes["during"]
    assert {prefix for _, prefix in gone} == {"10.10.0.0/16"}
    assert routes["after"] == routes["before"]
    restored(estate)
    assert "unchanged since this installation's key" in estate.trunkline("certificate", "verify", "latest").stdout
    assert estate.json("drill", "list")[0]["target"] == "er1 primary"


@pytest.mark.slow
def test_planned_work_loses_nothing(estate: Running) -> None:
    code, drained, said = drilled(estate, "er1", "secondary", "--drain")
    assert (code, drained["verdict"]["result"], [one["lost"] for one in drained["measures"] if one["lost"]]) == (
        0, "passed", []), said
    restored(estate)


def test_a_location_is_survived_with_a_circuit_at_another_and_refused_without(running: Running,
                                                                              tmp_path: Path) -> None:
    estate = whole(running)
    code, found, said = drilled(estate, "location", "Amsterdam")
    assert (code, found) == (1, {})
    assert "no circuit at another location than Amsterdam" in said
    dry = estate.trunkline("drill", "failover", "location", "Amsterdam", "--dry-run", "-o", "json", check=False)
    assert (dry.returncode, [one["protected"] for one in json.loads(dry.stdout)["expectations"]]) == (1, [False])
    assert not any(one["fault"] for one in legs(estate).values())

    file = tmp_path / "second.yaml"
    file.write_text(SECOND)
    estate.trunkline("apply", str(file))
    until(lambda: well(estate), 60, "both circuits")
    code, found, said = drilled(estate, "location", "Amsterdam")
    assert (code, found["unprotected"]) == (0, []), said
    hit = {one["leg"] for one in found["measures"] if one["flowsHit"]}
    assert any(leg.startswith("er1 ") for leg in hit)
    assert "er2 secondary" not in hit, "its primary leg's packets cross Amsterdam, its secondary leg's do not"
    assert max(one["outageMs"] for one in found["measures"]) <= found["bounds"]["outageMs"]
    restored(estate)



def test_a_stop_condition_ends_the_failure(estate: Running) -> None:
    code, found, said = drilled(estate, "er1", "secondary", "--abort-after", "0.3")
    assert (code, found["verdict"]["result"], found["restored"]) == (4, "aborted", True), said
    assert "has heard nothing for" in found["verdict"]["reasons"][0]
    restored(estate)


@pytest.mark.slow
def test_longer_paths_end_at_the_edge_itself_when_the_service_is_killed(estate: Running) -> None:
    usual = path_at_site(estate)
    with connected(locate(str(estate.home))) as clients:
        circuit = find_circuit(clients, "er1")["id"]
        clients.named("operator").post(f"{circuit}/startCircuitLinkFailoverTest?linkType=primary&circuitTestCategory="
                                       "ASPathPrepend&expiresInSeconds=10&api-version=2025-07-01")
    until(lambda: len(path_at_site(estate)) > len(usual), 20, "a longer path over the leg")
    kill_service(places(estate))
    until(lambda: path_at_site(estate) == usual, 30, "the path as it was, and nobody to say so")
    estate.trunkline("up", "-d")
    restored(estate)


def path_at_site(running: Running) -> list[str]:
    """The longest that the router on the primary leg hears of the network."""
    router = next(places(running).nodes.glob("ce-paris-*ce1"))
    said = subprocess.run(["birdc", "-s", str(router / "bird.ctl"), "show", "route", "10.1.0.0/16", "all"],
                          capture_output=True, text=True, check=True).stdout
    paths = [line.split()[1:] for line in said.splitlines() if "BGP.as_path" in line]
    return max(paths, key=len)


@pytest.mark.slow
def test_where_no_certificate_can_be_kept_it_is_said_before_and_else_printed_after_restoring(estate: Running) -> None:
    with unwritable(places(estate).certificates):
        refused = estate.trunkline("drill", "failover", "er1", "primary", check=False)
        assert refused.returncode == 1
        assert "its certificate could not be kept" in refused.stderr
        assert not any(one["fault"] for one in legs(estate).values())
        forced = estate.trunkline("drill", "failover", "er1", "primary", "--force", *QUICK, check=False)
    assert forced.returncode == 1
    assert "everything is restored, but its certificate cannot be kept" in forced.stderr
    assert json.loads(forced.stdout)["verdict"]["result"] == "passed"
    restored(estate)


@contextmanager
def unwritable(directory: Path) -> Iterator[None]:
    """Root writes wherever there is a directory, so there is none."""
    moved = directory.with_name("elsewhere")
    directory.rename(moved)
    directory.write_text("in the way")
    try:
        yield
    finally:
        directory.unlink()
        moved.rename(directory)


def failing(running: Running) -> None:
    until(lambda: legs(running).get("er1 primary", {}).get("fault"), 60, "the failure")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_drill_that_is_ended_leaves_nothing_failed(estate: Running, number: signal.Signals) -> None:
    with drill(estate, "er1", "primary", "--hold", "60") as process:
        failing(estate)
        process.send_signal(number)
        said, _ = process.communicate(timeout=90)
    restored(estate)
    if number is signal.SIGINT:
        found = json.loads(said)
        assert (found["verdict"]["result"], found["restored"], process.returncode) == ("interrupted", True, 130)
    else:
        row = estate.json("drill", "list")[0]
        assert (row["result"], row["stands"]) == ("killed", False)


@pytest.mark.slow
def test_a_failure_ends_by_itself_when_the_service_is_killed(estate: Running) -> None:
    with drill(estate, "er1", "primary", "--hold", "3") as process:
        failing(estate)
        kill_service(places(estate))
        said, _ = process.communicate(timeout=150)
    found = json.loads(said)
    assert found["verdict"]["result"] == "interrupted"
    assert found["restored"], found["verdict"]
    estate.trunkline("up", "-d")
    restored(estate)


def test_networks_behind_a_hub_and_sites_over_global_reach_are_measured_as_any_other_pair(shared: Running) -> None:
    code, found, said = drilled(wide(shared), "er1", "primary")
    assert (code, found["unprotected"], found["unmeasured"]) == (0, [], []), said
    hit = {(one["pair"], one["direction"], one["prefix"]): one["leg"] for one in found["measures"] if one["flowsHit"]}
    here, network, spoke, there = "10.10.0.0/16", "10.1.0.0/16", "10.3.0.0/16", "10.20.0.0/16"
    assert hit == {
        **{(f"{here} ↔ {space}", way, prefix): "er1 primary" for space in (network, spoke)
           for way, prefix in (("toCloud", space), ("toSite", here))},
        **{(f"{here} ↔ {there}", "toSite", prefix): "er1 ~ er2 primary" for prefix in (here, there)}}
    assert found["failed"]["ways"] == ["er1 primary", "er1 ~ er2 primary"]
    restored(shared)


@pytest.mark.slow
def test_drills_that_are_killed_at_random_are_restored(shared: Running) -> None:
    estate, chance = wide(shared), random.Random(7)  # noqa: S311  no secret
    for _ in range(3):
        found = play(estate, Attempt.drawn(chance), chance)
        assert found.restored_s is not None, found
