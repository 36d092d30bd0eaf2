"""Rows of ``trunkline status`` that stand there only when something is wrong."""

from __future__ import annotations

import json
from contextlib import nullcontext
from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from little_arm import Arm
from trunkline.cli.commands import status as status_command
from trunkline.cli.instance import Instance, locate
from trunkline.cli.status import brief, causes, whole
from trunkline.cli.status.rows import LEGS, drops, errors, leg_rows
from trunkline.model.resource import now

#: Of a leg to which nobody does anything.
PLAIN = {"fault": False, "cut": [], "failoverTest": False, "maintenance": None, "withheld": []}
PRIVATE, MICROSOFT = "AzurePrivatePeering", "MicrosoftPeering"


def counters(peering: str, amount: int) -> list[dict[str, Any]]:
    return [{"peering": peering, "direction": way, "bytes": amount} for way in ("in", "out")]


def session(name: str, state: str, error: str) -> dict[str, Any]:
    return {"node": "vrf-1-p", "name": name, "state": state, "lastError": error, "warning": ""}


def test_the_last_error_of_a_session_that_is_not_up_is_shown() -> None:
    idle = {**session("customer", "Idle", "Prefix limit"), "since": (now() - timedelta(minutes=2)).isoformat()}
    legs = {"primary": {"sessions": [idle, session("gw", "Active", "")]},
            "secondary": {"sessions": [session("customer", "Established", "Hold timer expired")]}}
    routers = [{"node": "ce1", "sessions": [{"name": "cloud", "state": "Active", "lastError": "Cease", "warning": ""}]}]
    assert list(errors({"circuits": [{"legs": legs}], "routers": routers}, now())) == [
        ("customer", "vrf-1-p", "2m00s", "Prefix limit"), ("cloud", "ce1", "-", "Cease")]


def test_a_leg_has_a_row_for_each_family() -> None:
    said = {"group": "customer", "bfd": "Up", "since": None, "received": 1, "accepted": 1, "sent": 2, "lastError": "",
            "peering": PRIVATE, "warning": ""}
    legs = {name: {**PLAIN, "bgp": "Established",
                   "counters": counters(PRIVATE, 9),
                   "sessions": [{**said, "peer": peer, "state": state} for peer, state in (
                       ("172.16.0.1", "Established"), ("fd00:ac::1", "Idle"))]} for name in LEGS}
    rows = list(leg_rows({"name": "er1", "legs": legs, "globalReach": []}, now()))
    assert [row[1:4] for row in rows] == [(leg, family, state) for leg in LEGS for family, state in (
        ("IPv4", "Established"), ("IPv6", "Idle"))]
    assert [row[7] for row in rows] == ["9 B / 9 B", "-"] * 2


def test_a_row_tells_its_own_peerings_bytes_policy_and_reason() -> None:
    said = {"group": "customer", "bfd": "", "since": None, "received": 0, "accepted": 0, "sent": 0,
            "peer": "172.16.0.1"}
    sessions = [{**said, "peering": PRIVATE, "state": "Idle", "lastError": "Bad peer AS: 65011"},
                {**said, "peering": MICROSOFT, "state": "Established", "lastError": "Hold timer expired"}]
    leg = {**PLAIN, "bgp": "Idle", "cut": [f"{PRIVATE} drained", "impaired 100% switch"], "sessions": sessions,
           "counters": counters(PRIVATE, 9) + counters(MICROSOFT, 7)}
    rows = list(leg_rows({"name": "er1", "legs": dict.fromkeys(LEGS, leg)}, now()))[:2]
    assert [row[7:] for row in rows] == [
        ("9 B / 9 B", f"{PRIVATE} drained, impaired 100% switch, Bad peer AS: 65011"),
        ("7 B / 7 B", "impaired 100% switch")]


def test_only_what_dropped_packets_is_shown_and_named() -> None:
    port = {"node": "switch-p", "interface": "c1", "of": "circuit er1", "leg": "primary"}
    way = {"direction": "out", "drops": {"mtu": {"packets": 2, "bytes": 3000}}}
    legs = {"primary": {"counters": [way]}, "secondary": {"counters": [{"direction": "in", "drops": {}}]}}
    found = {"circuits": [{"name": "er1", "legs": legs, "globalReach": []}],
             "ports": [{**port, "drops": {"untagged": 3000, "unknown": 0}}, {**port, "drops": {"untagged": 0}}]}
    assert list(drops(found)) == [("its way in the edge", "circuit er1, out", "primary", "mtu 2"),
                                   ("switch-p c1", "circuit er1", "primary", "untagged 3,000")]


# ── one screen ───────────────────────────────────────────────────────────────────────────────────────────────────────


def estate(**changed: Any) -> dict[str, Any]:
    """Two circuits that are well, each with two families."""
    up = {"group": "customer", "state": "Established", "bfd": "Up", "since": now().isoformat(), "received": 3,
          "accepted": 3, "sent": 2, "lastError": "", "warning": "", "peering": PRIVATE, "node": "vrf", "name": "s",
          "peerAsn": 65010}
    leg = {**PLAIN, "bgp": "Established", "throttleInMbps": None,
           "traffic": {way: {"bytes": 9} for way in ("in", "out")}, "counters": [],
           "sessions": [{**up, "peer": "172.16.0.1"}, {**up, "peer": "fd00::1"},
                        {**up, "group": "gateway", "peer": "10.0.0.1"}]}
    circuits = [{
        "id": f"/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/{name}",
        "name": name, "location": "Amsterdam", "provider": "Equinix", "bandwidthInMbps": 1000, "direct": False,
        "stag": 1, "provisioningState": "Succeeded", "circuitProvisioningState": "Enabled",
        "serviceProviderProvisioningState": "Provisioned", "globalReach": [],
        "legs": {which: deepcopy(leg) for which in LEGS}} for name in ("er1", "er2")]
    link = {"site": "Amsterdam", "to": "West Europe", "leg": "primary", "km": 10.0, "avoided": False,
            "routing": {"IPv4": "Full", "IPv6": "Full"}, "lossInPercent": 0.0, "roundTripInMilliseconds": 1.0}
    lists = ("ports", "directPorts", "connections", "faults", "canFail", "impairments", "gateways", "hubs", "exchanges",
             "routers", "degraded", "originValidation", "operations", "registries", "publicPrefixes", "failed",
             "containments", "maintenances")
    return {"profile": "azure", "circuits": circuits, "nodes": [{"name": "vrf", "present": True, "resource": "x"}],
            "backbone": [link, {**link, "leg": "secondary"}], **{name: [] for name in lists}, **changed}


def test_an_estate_that_is_well_is_a_line_for_each_leg_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    found = estate()
    brief.show(found, now())
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert len(lines) == 3 + 4
    assert [line.split()[0] for line in lines[3:]] == ["er1", "er1", "er2", "er2"]
    assert "3/2 + 3/2" in lines[3]
    assert lines[3].rstrip().endswith("-")
    assert brief.summary(found) == "1 nodes, all present; 12 of 12 sessions up; 2 of 2 backbone links well."


def remark(found: dict[str, Any], leg: str = "secondary") -> object:
    return next(row[-1] for row in brief.legs(found["circuits"][0], now()) if row[2] == leg)


def test_a_leg_that_is_up_and_tells_fewer_routes_than_the_other_is_remarked() -> None:
    found = estate()
    found["circuits"][0]["legs"]["secondary"]["sessions"][0] |= {"accepted": 1}
    found["circuits"][0]["legs"]["secondary"]["sessions"][1] |= {"sent": 0}
    assert remark(found, "primary") == "-"
    refused = "refused here; 'trunkline routes er1 --leg secondary --view received --why' says why"
    assert remark(found) == (f"IPv4: fewer routes than primary: in 1, there 3 ({refused}), "
                             "IPv6: fewer routes than primary: out 0, there 2 "
                             "('trunkline routes er1 --leg secondary' tells which are there)")
    assert [row[-1] for row in leg_rows(found["circuits"][0], now())][2] == (
        f"fewer routes than primary: in 1, there 3 ({refused})")


@pytest.mark.parametrize(("session", "leg", "why"), [
    ({"accepted": 1, "received": 1}, {}, "in 1, there 3 (the customer's router tells 1 here, 3 there)"),
    ({"accepted": 1, "warning": "3 of 1 prefixes (300 %): not taken"}, {}, "(3 of 1 prefixes (300 %): not taken)"),
    ({"accepted": 1}, {"withheld": [{"peering": PRIVATE, "way": "in", "by": "a session policy's prefix lists"}]},
     "(a session policy's prefix lists)"),
    ({"accepted": 1}, {"withheld": [{"peering": MICROSOFT, "way": "in", "by": "x"}]}, "(refused here"),
    ({"sent": 1}, {"withheld": [{"peering": "", "way": "out", "by": "containment c1"}]}, "(containment c1)")])
def test_why_a_leg_knows_fewer_routes_is_told(session: dict[str, Any], leg: dict[str, Any], why: str) -> None:
    found = estate()
    found["circuits"][0]["legs"]["secondary"] |= leg
    found["circuits"][0]["legs"]["secondary"]["sessions"][0] |= session
    assert why in str(remark(found))


def test_a_gateways_session_that_is_down_explains_what_the_customer_is_not_told() -> None:
    found = estate()
    sessions = found["circuits"][0]["legs"]["secondary"]["sessions"]
    sessions[0] |= {"sent": 1}
    sessions[2] |= {"state": "Idle", "name": "con1_0", "lastError": "closed by maintenance m1"}
    assert "(con1_0 Idle, closed by maintenance m1)" in str(remark(found))


def test_a_leg_that_is_not_up_is_not_blamed_for_its_routes_too() -> None:
    found = estate()
    found["circuits"][0]["legs"]["secondary"]["sessions"][0] |= {"state": "Active", "accepted": 0, "sent": 0}
    assert remark(found) == "-"
    row = list(brief.legs(found["circuits"][0], now()))[1]
    assert row[3] == "IPv4 Active, IPv6 Established"


@pytest.mark.parametrize(("changed", "told"), [
    ({"serviceProviderProvisioningState": "NotProvisioned"}, "provider NotProvisioned"),
    ({"provisioningState": "Updating"}, "circuit Updating")])
def test_a_circuit_that_is_not_whole_is_remarked(changed: dict[str, Any], told: str) -> None:
    found = estate()
    found["circuits"][0] |= changed
    assert remark(found) == told


@pytest.mark.parametrize(("changed", "told"), [
    ({"failed": ["/subscriptions/s/x"]}, "failed resource"),
    ({"backbone": [{**estate()["backbone"][0], "avoided": True}]}, "where it is not well"),
    ({"publicPrefixes": [{"circuit": "er1", "prefix": "104.1.0.0/24", "asn": 1, "state": "ValidationNeeded",
                          "by": ""}]},
     "ValidationNeeded")])
def test_what_is_not_well_has_a_table_of_its_own(
        changed: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    brief.show(estate(**changed), now())
    assert told in capsys.readouterr().out


def test_of_one_circuit_nothing_else_is_told() -> None:
    ids = {one["name"]: one["id"] for one in estate()["circuits"]}
    found = estate(connections=[{"name": f"con{name}", "circuit": name, "circuitId": identity, "gateway": "gw1",
                                 "gatewayId": "gw1"}
                                for name, identity in ids.items()],
                   failed=["/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/v"])
    about = whole.about(found, found["circuits"][1])
    assert [one["name"] for one in about["circuits"]] == ["er2"]
    assert [one["name"] for one in about["connections"]] == ["coner2"]
    assert (about["failed"], about["backbone"]) == ([], [])
    assert set(about) == set(found)


def test_circuits_whose_names_begin_alike_are_kept_apart() -> None:
    key = estate()["circuits"][0]["id"]
    longer = f"{key}0"
    found = estate(
        ports=[{"of": "circuit er1", "resource": one, "leg": "primary"} for one in (key, longer.replace("rg1", "rg2"))],
        impairments=[{"circuit": "er1", "circuitId": one} for one in (key, longer)],
        degraded=[{"scope": f"leg|{one.lower()}|primary", "reason": "x"} for one in (key, longer)],
        operations=[{"resource": f"{one}/peerings/AzurePrivatePeering"} for one in (key, longer)],
        failed=[key, longer])
    about = whole.about(found, found["circuits"][0])
    assert {part: len(about[part]) for part in ("ports", "impairments", "degraded", "operations", "failed")} == (
        dict.fromkeys(("ports", "impairments", "degraded", "operations", "failed"), 1))


# ── the worst first ──────────────────────────────────────────────────────────────────────────────────────────────────


def idle(found: dict[str, Any], circuit: int, *legs: str, error: str = "Hold timer expired", **changed: Any) -> None:
    for name in legs:
        leg = found["circuits"][circuit]["legs"][name]
        leg |= changed
        for one in leg["sessions"]:
            one |= {"state": "Idle", "lastError": error}


def test_an_estate_that_is_well_has_no_headline() -> None:
    assert causes.headlines(estate()["circuits"]) == []


def test_a_circuit_without_any_leg_comes_before_one_that_has_one() -> None:
    found = estate()
    idle(found, 0, "secondary")
    idle(found, 1, "primary", cut=[f"{PRIVATE} closed by policy"])
    idle(found, 1, "secondary")
    assert causes.headlines(found["circuits"]) == [
        f"Circuit er2 carries nothing. Primary: {PRIVATE} closed by policy; "
        "secondary: BGP Idle (Hold timer expired).",
        "Circuit er1 has its primary leg alone. Secondary: BGP Idle (Hold timer expired)."]


def test_what_befell_both_legs_is_told_once() -> None:
    found = estate()
    idle(found, 0, *LEGS, fault=True)
    assert causes.headlines(found["circuits"]) == [
        "Circuit er1 carries nothing. Both legs: it is made to fail ('trunkline heal' ends that)."]


def test_a_fault_counts_before_bgp_has_noticed_it() -> None:
    found = estate()
    found["circuits"][0]["legs"]["primary"]["fault"] = True
    assert causes.headlines(found["circuits"])[0].startswith("Circuit er1 has its secondary leg alone.")


def test_a_circuit_that_nobody_peered_has_nothing_to_carry() -> None:
    found = estate()
    for leg in found["circuits"][0]["legs"].values():
        leg["sessions"] = []
    assert causes.headlines(found["circuits"]) == []


def test_headlines_come_first_and_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    found = estate()
    idle(found, 1, *LEGS)
    assert ran(monkeypatch, found=found).splitlines()[1].startswith("Circuit er2 carries nothing.")
    assert len(json.loads(ran(monkeypatch, "-o", "json", found=found).partition(" ")[2])["headlines"]) == 1


# ── maintenance ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "told"), [
    ("Draining", "drained for maintenance m1"),
    ("InProgress", "closed by maintenance m1 until 2026-12-20 23:00:00Z"),
    ("Restoring", "coming back from maintenance m1")])
def test_a_leg_under_maintenance_is_remarked_in_each_state(state: str, told: str) -> None:
    found = estate()
    work = {"name": "m1", "state": state, "reason": "new line card", "endTime": "2026-12-20T23:00:00+00:00"}
    found["circuits"][0]["legs"]["secondary"]["maintenance"] = work
    assert remark(found) == told
    assert [row[-1] for row in leg_rows(found["circuits"][0], now())][2] == told


def test_a_session_that_maintenance_closed_is_not_told_twice() -> None:
    found = estate()
    work = {"name": "m1", "state": "InProgress", "reason": "x", "endTime": "2026-12-20T23:00:00+00:00"}
    idle(found, 0, "secondary", error="closed by maintenance m1", maintenance=work)
    assert str([row[-1] for row in leg_rows(found["circuits"][0], now())][2]).count("m1") == 1
    assert causes.headlines(found["circuits"]) == [
        "Circuit er1 has its primary leg alone. Secondary: closed by maintenance m1 until 2026-12-20 23:00:00Z."]


def test_what_is_announced_is_shown_of_its_circuit_alone(capsys: pytest.CaptureFixture[str]) -> None:
    key = estate()["circuits"][0]["id"].lower()
    found = estate(maintenances=[{
        "name": "m1", "state": "Announced", "reason": "fibre moved", "why": "",
        "startTime": "2026-12-20T22:00:00+00:00", "endTime": "2026-12-20T23:00:00+00:00",
        "affected": [{"id": key, "name": "er1", "part": "primary"}]}])
    brief.show(found, now())
    assert "fibre moved" in capsys.readouterr().out
    assert [len(whole.about(found, one)["maintenances"]) for one in found["circuits"]] == [1, 0]


def ran(monkeypatch: pytest.MonkeyPatch, *words: str, found: dict[str, Any] | None = None) -> str:
    arm = Arm(answers={"status": found or estate()})
    arm.resources |= {one["id"].lower(): one for one in estate()["circuits"]}
    monkeypatch.setattr(status_command, "connected", lambda _instance: nullcontext(arm.clients()))
    monkeypatch.setattr(status_command.contain, "standing", lambda _clients: [])
    monkeypatch.setattr(Instance, "require_running", lambda _instance: SimpleNamespace(pid=1, simulation=False))
    monkeypatch.setattr(Instance, "url", lambda _instance: "https://arm")
    done = CliRunner().invoke(status_command.status, words, obj=locate("/nowhere"))
    return f"{done.exit_code} {done.output}"


def test_the_command_tells_little_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "'trunkline status CIRCUIT' tells all of a circuit" in ran(monkeypatch)
    assert "Backbone" in ran(monkeypatch, "--all")
    assert len(json.loads(ran(monkeypatch, "-o", "json").partition(" ")[2])["circuits"]) == 2
