"""Rows of ``trunkline status`` that stand there only when something is wrong."""

from __future__ import annotations

from typing import Any

from trunkline.cli.commands.status import _drops, _errors


def session(name: str, state: str, error: str) -> dict[str, Any]:
    return {"node": "vrf-1-p", "name": name, "state": state, "lastError": error}


def test_the_last_error_of_a_session_that_is_not_up_is_shown() -> None:
    legs = {"primary": {"sessions": [session("customer", "Idle", "Prefix limit"), session("gw", "Active", "")]},
            "secondary": {"sessions": [session("customer", "Established", "Hold timer expired")]}}
    routers = [{"node": "ce1", "sessions": [{"name": "cloud", "state": "Active", "lastError": "Cease"}]}]
    assert list(_errors({"circuits": [{"legs": legs}], "routers": routers})) == [
        ("customer", "vrf-1-p", "Prefix limit"), ("cloud", "ce1", "Cease")]


def test_only_ports_that_dropped_packets_are_shown() -> None:
    port = {"node": "edge-p", "location": "Amsterdam", "leg": "primary"}
    found = {"ports": [{**port, "drops": {"untagged": 3, "unknown": 0}}, {**port, "drops": {"untagged": 0}}]}
    assert list(_drops(found)) == [("edge-p", "Amsterdam", "primary", "untagged 3")]
