"""What a drill makes of the estate before it fails anything, and how its own datagrams are counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from trunkline.cli.failure import Failed
from trunkline.cli.rehearsal import ground as looking
from trunkline.cli.rehearsal.ground import Ground, Link
from trunkline.cli.rehearsal.preflight import Plan, Wish
from trunkline.cli.rehearsal.targets import all_legs, parse
from trunkline.diagnosis.drill.certificate import Timers
from trunkline.model.fault import FaultKind
from trunkline.settings import Places, load
from waiting import until

GROUP = "/subscriptions/s/resourceGroups/rg1/providers"
ER1, HUB = f"{GROUP}/Microsoft.Network/expressRouteCircuits/er1", f"{GROUP}/Microsoft.Network/virtualNetworks/hub"
GW1 = f"{GROUP}/Microsoft.Network/virtualNetworkGateways/gw1".lower()
UP = {"fault": False, "failoverTest": False, "bgp": "Established", "sessions": []}
SITE = {"name": "paris", "properties": {"prefixes": ["10.10.0.0/16", "10.11.0.0/16"],
                                        "hosts": [{"name": "h1", "address": "10.10.1.10", "address6": None}]}}
NETWORK = {"id": HUB, "name": "hub", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}
TOLD = frozenset(SITE["properties"]["prefixes"])  # type: ignore[index]


def ground(secondary: dict[str, Any] | None = None, **changed: Any) -> Ground:
    circuit = {"id": ER1, "name": "er1", "serviceKey": "key", "provider": "Equinix", "location": "Amsterdam",
               "legs": {"primary": UP, "secondary": {**UP, **(secondary or {})}}}
    found = {"circuits": [circuit], "impairments": [], "failed": [], "nodes": [], "profile": "azure"}
    return Ground(**{  # type: ignore[arg-type]
        "found": found, "sites": (SITE,), "networks": (NETWORK,), "machines": (("vm1", "10.1.0.4", HUB.lower()),),
        "links": (Link(ER1.lower(), GW1, HUB.lower(), "westeurope", "Connected"),),
        "told": {(ER1.lower(), "primary"): TOLD, (ER1.lower(), "secondary"): TOLD}, **changed})


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(looking, "present", lambda _places: ("host-paris-0a1b2c3d4e-h1", "vm-vm1-0a1b2c3d4e"))
    return load({}, home=str(tmp_path)).places


def test_a_host_and_a_machine_are_a_pair_and_a_prefix_without_a_host_is_named(places: Places) -> None:
    (pair,), (missing,) = ground().pairs(places)
    assert (pair.label, pair.site.address, pair.cloud.address) == ("10.10.0.0/16 ↔ 10.1.0.0/16", "10.10.1.10",
                                                                   "10.1.0.4")
    assert [way.label for way in pair.carrying] == ["er1 primary", "er1 secondary"]
    assert missing.prefix == "10.11.0.0/16"


@pytest.mark.parametrize(("secondary", "told", "trouble"), [
    ({"bgp": "Active"}, TOLD, "its session is Active"), ({"fault": True}, TOLD, "a failure is rehearsed on it"),
    ({"failoverTest": True}, TOLD, "a failover test runs on it"),
    ({}, frozenset(), "its router does not tell 10.10.0.0/16")])
def test_a_leg_that_carries_nothing_says_why(places: Places, secondary: dict[str, Any], told: frozenset[str],
                                            trouble: str) -> None:
    seen = ground(secondary, told={(ER1.lower(), "primary"): TOLD, (ER1.lower(), "secondary"): told})
    (pair,), _ = seen.pairs(places)
    assert [way.trouble for way in pair.ways] == ["", trouble]


@pytest.mark.parametrize(("words", "kind"), [
    (("er1", "primary"), FaultKind.LEG), (("edge", "Amsterdam", "Secondary"), FaultKind.EDGE),
    (("switch", "Equinix", "Amsterdam", "primary"), FaultKind.SWITCH), (("gateway", "GW1", "1"), FaultKind.INSTANCE),
    (("link", "Amsterdam", "westeurope"), FaultKind.SPAN), (("link", "Amsterdam", "westeurope", "primary"),
                                                            FaultKind.SPAN),
    (("core", "Amsterdam", "primary"), FaultKind.CORE), (("location", "Amsterdam"), FaultKind.LOCATION),
    (("region", "westeurope"), FaultKind.REGION)])
def test_targets_are_named_as_for_fail(words: tuple[str, ...], kind: FaultKind) -> None:
    found = parse(words, ground())
    assert (found.fault.kind, found.group) == (kind, "rg1")


@pytest.mark.parametrize("words", [
    ("er1", "third"), ("er9", "primary"), ("gateway", "gw9", "0"), ("gateway", "gw1", "7"), ("edge", "Amsterdam"),
    ("nonsense",), ("edge", "Amsterdam", "primary", "more")])
def test_what_is_no_target_is_refused_in_words(words: tuple[str, ...]) -> None:
    with pytest.raises((Failed, click.UsageError), match=r"write|there (is|are)"):
        parse(words, ground())


def test_all_legs_are_those_whose_session_is_up() -> None:
    assert [one.said for one in all_legs(ground({"bgp": "Idle"}), ())] == ["er1 primary"]


def test_what_is_not_well_is_all_said() -> None:
    found = ground({"bgp": "Active"})
    found.found["impairments"] = [{"id": "imp"}]
    found.found["nodes"] = [{"name": "vrf-er1-s", "present": False}]
    assert len(list(looking.unhealthy(found))) == 3


def bounds(bfd: str, wish: Wish) -> Plan:
    timer = Timers(leg="er1 primary", session="customer", bfd=bfd, hold_time_s=180, keepalive_time_s=60)
    seen = ground()
    return Plan(parse(("er1", "primary"), seen), wish, seen, (), (), (), (timer,), (), ())


def test_the_timers_in_force_bound_the_outage_and_the_hold_is_never_shorter_than_they_need() -> None:
    fast, slow = bounds("300 ms × 3", Wish(hold_s=1)), bounds("", Wish(hold_s=1))
    assert (fast.bounds.outage_ms, fast.hold_s) == (1_900, 2.9)
    assert (slow.bounds.outage_ms, slow.hold_s) == (181_000, 182)
    assert bounds("300 ms × 3", Wish(outage_ms=250, abort_outage_s=9)).bounds.outage_ms == 250


@contextmanager
def node() -> Iterator[Any]:
    process = subprocess.Popen([sys.executable, "-m", "trunkline.telemetry.streams"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def ask(word: str, **more: object) -> Any:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"do": word, **more}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())
    with process:
        try:
            yield ask
        finally:
            process.kill()


def test_datagrams_are_counted_where_they_arrive_and_soundings_are_not() -> None:
    with node() as ask:
        ask("listen", address="127.0.0.1", port=17017)
        ask("open", stream=3, source="127.0.0.1", target="127.0.0.1", port=17017, flows=2)
        ask("sound", stream=3, flow=0, count=5, bytes=100)
        ask("start", interval_ms=2.0)
        until(lambda: min(ask("told")["sent"]["3"]) >= 20, 10, "twenty datagrams on each flow")
        sent = ask("stop")["sent"]["3"]
        heard = ask("heard")["heard"]["3"]
    for flow, (count, last_ns) in enumerate(sent):
        (first, last, left_ns, right_ns), = heard[str(flow)]["runs"]
        assert (first, last, right_ns) == (0, count - 1, last_ns)
        assert left_ns < right_ns
        assert (heard[str(flow)]["reordered"], heard[str(flow)]["duplicates"]) == (0, 0)
