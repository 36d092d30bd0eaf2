"""What azure-cli sent to Azure and what Azure answered, from the copies in ``recorded``: without a running service, so
that they are looked at wherever the tests run. ``test_recordings`` plays all that was recorded, with headers.

What differs is told as ``METHOD type: member: what`` and must be among what is explained here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.replay import compare
from conformance.window import Reply, Window

_RECORDED = Path(__file__).parent / "recorded"

#: (difference, why it stays).
EXPLAINED = (
    (r"peerings/connections: .*circuitConnectionStatus: 'Disconnected' is not 'Connected'",
     "Azure called a connection Connected whose creation had failed; nothing crosses ours, and it says so"),
    (r"ExpressRoutePortsLocations: .*availableBandwidths: 2 entries, theirs has 0",
     "Azure tells bandwidths of one location at a time; we tell them in the list too"),
    (r"(coloLocation|advertisedPublicPrefixInfo) only in ours", "a member of later versions"),
    (r"\.identity(\.| only in ours)", "Azure showed the identity late, for a while not at all, in other case"),
    (r"userAssignedIdentities: ", "managed identities are not of this family"),
    (r"ipamPoolPrefixAllocations only in theirs", "a member of some api-versions"),
    (r"PUT virtualNetworks/subnets: .*'Updating' is not 'Succeeded'", "ours is looked at again before it is Succeeded"),
    (r"PUT routeFilters.*: .*'Updating' is not 'Succeeded'", "Azure ends such a PUT at once; ours waits for the edges"),
    (r"PUT virtualHubs: .*'Updating' is not 'Succeeded'", "a Route Server that has no place yet; Azure ends such a PUT "
     "at once, ours is polled once"),
    (r"bgpConnections: .*connectionState only in ours", "the session's state; that api-version kept it to itself"),
    (r"POLL operationResults: : NoneType is not dict", "routes are the network's to tell, and here is none"),
    (r"expressRouteCircuits: .*resiliencyLevel only in ours", "a member of later versions"),
    (r"GET ExpressRoutePortsLocations: .value: \d+ entries", "metros are sold too, of which there were none"),
    (r"GET virtualHubs: .*(routingState: 'Provisioned' is not 'Provisioning'|virtualRouterIps: 1 entries)",
     "a hub's router stands when the hub is Succeeded"),
)


@pytest.mark.parametrize("session", sorted(path.stem for path in _RECORDED.glob("*.json")))
def test_a_recorded_session_goes_the_same_way(window: Window, session: str) -> None:
    found = [one for step, reply in play(window, json.loads((_RECORDED / f"{session}.json").read_text()))
             for one in differences(step, reply)]
    assert [one for one in found if not any(re.search(pattern, one) for pattern, _ in EXPLAINED)] == []


def play(window: Window, steps: list[Any]) -> Iterator[tuple[Any, Reply]]:
    """What is asked for is realised before the next step; a poll goes where the answer before pointed."""
    pointers: dict[str, str] = {}
    for step in steps:
        window.settle()
        ours = json.loads(json.dumps(step).replace("/subscriptions/S", window.subscription))
        if step["method"] == "POLL":
            header = "azure-asyncoperation" if step["path"] == "operations" else "location"
            reply = window.request("GET", urlsplit(pointers[header]).path)
        else:
            reply = window.request(step["method"], ours["path"], ours["request"])
            pointers = reply.headers
        yield ours, reply


def differences(step: Any, reply: Reply) -> Iterator[str]:
    pieces = step["path"].partition("/providers/")[2].split("/")[1:] or [step["path"]]
    where = f"{step['method']} {'/'.join(pieces[::2])}"
    if reply.status != step["status"]:
        yield f"{where}: status {reply.status} is not {step['status']} ({json.dumps(reply.body)[:300]})"
        return
    yield from (f"{where}: {one}" for one in compare(reply.body, step["body"] or None))
