"""``trunkline counters``: which circuits it shows, and how."""

from __future__ import annotations

import pytest

from trunkline.cli.client import Json
from trunkline.cli.commands.counters import _line, _rows, chosen
from trunkline.cli.failure import Failed

ID = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/er1"


def circuit(throttle: int | None = None) -> Json:
    counted = {"peering": "AzurePrivatePeering", "direction": "in", "packets": 12_345, "bytes": 2_000_000,
               "drops": {"policed": {"packets": 7, "bytes": 700}, "spoofed": {"packets": 1, "bytes": 60}},
               "throttled": {"packets": 9, "bytes": 900},
               "port": {"node": "switch-p", "interface": "c1", "drops": {"unknown-tag": {"packets": 5, "bytes": 300}}}}
    leg = {"counters": [counted], "throttleInMbps": throttle}
    return {"name": "er1", "id": ID, "bandwidthInMbps": 1000, "globalReach": [],
            "legs": {"primary": leg, "secondary": leg}}


@pytest.mark.parametrize("name", ["", "er1", "ER1", "rg1/er1", ID])
def test_a_circuit_is_found_by_name_group_or_id(name: str) -> None:
    assert chosen([circuit()], name) == [circuit()]


def test_an_unknown_circuit_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Failed, match="no circuit 'er2'; there is er1"):
        chosen([circuit()], "er2")


def test_a_row_says_what_passed_what_was_dropped_and_why() -> None:
    first, second = map(_line, _rows(circuit()))
    assert first == ("er1", "private", "primary", "in", "12,345", "2.0 MB", "policed 7, spoofed 1",
                     "unknown-tag 5", 1000, "-", "-")
    assert second[2] == "secondary"


def test_a_throttled_row_says_what_the_provider_dropped() -> None:
    assert _line(next(_rows(circuit(throttle=200))))[8:] == (1000, 200, "9")
