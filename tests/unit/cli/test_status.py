"""Rows of ``trunkline status`` that stand there only when something is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from trunkline.cli.commands.status import LEGS, _drops, _errors, _leg_rows
from trunkline.model.resource import now

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
    assert list(_errors({"circuits": [{"legs": legs}], "routers": routers}, now())) == [
        ("customer", "vrf-1-p", "2m00s", "Prefix limit"), ("cloud", "ce1", "-", "Cease")]


def test_a_leg_has_a_row_for_each_family() -> None:
    said = {"group": "customer", "bfd": "Up", "since": None, "received": 1, "sent": 2, "lastError": "",
            "peering": PRIVATE}
    legs = {name: {"bgp": "Established", "fault": False, "cut": [],
                   "counters": counters(PRIVATE, 9),
                   "sessions": [{**said, "peer": peer, "state": state} for peer, state in (
                       ("172.16.0.1", "Established"), ("fd00:ac::1", "Idle"))]} for name in LEGS}
    rows = list(_leg_rows({"name": "er1", "legs": legs, "globalReach": []}, now()))
    assert [row[1:4] for row in rows] == [(leg, family, state) for leg in LEGS for family, state in (
        ("IPv4", "Established"), ("IPv6", "Idle"))]
    assert [row[7] for row in rows] == ["9 B / 9 B", "-"] * 2


def test_a_row_tells_its_own_peerings_bytes_policy_and_reason() -> None:
    said = {"group": "customer", "bfd": "", "since": None, "received": 0, "sent": 0, "peer": "172.16.0.1"}
    sessions = [{**said, "peering": PRIVATE, "state": "Idle", "lastError": "Bad peer AS: 65011"},
                {**said, "peering": MICROSOFT, "state": "Established", "lastError": "Hold timer expired"}]
    leg = {"bgp": "Idle", "fault": False, "cut": [f"{PRIVATE} drained", "impaired 100% switch"], "sessions": sessions,
           "counters": counters(PRIVATE, 9) + counters(MICROSOFT, 7)}
    rows = list(_leg_rows({"name": "er1", "legs": dict.fromkeys(LEGS, leg)}, now()))[:2]
    assert [row[7:] for row in rows] == [
        ("9 B / 9 B", f"{PRIVATE} drained, impaired 100% switch, Bad peer AS: 65011"),
        ("7 B / 7 B", "impaired 100% switch")]


def test_only_what_dropped_packets_is_shown_and_named() -> None:
    port = {"node": "switch-p", "interface": "c1", "of": "circuit er1", "leg": "primary"}
    way = {"direction": "out", "drops": {"mtu": {"packets": 2, "bytes": 3000}}}
    legs = {"primary": {"counters": [way]}, "secondary": {"counters": [{"direction": "in", "drops": {}}]}}
    found = {"circuits": [{"name": "er1", "legs": legs, "globalReach": []}],
             "ports": [{**port, "drops": {"untagged": 3000, "unknown": 0}}, {**port, "drops": {"untagged": 0}}]}
    assert list(_drops(found)) == [("its way in the edge", "circuit er1, out", "primary", "mtu 2"),
                                   ("switch-p c1", "circuit er1", "primary", "untagged 3,000")]
