"""The ordered bandwidth of a circuit, changed under traffic, and a provider that lets less through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
from flows import flooding
from probing import unharmed
from scenes import HOST, IN_CLOUD, all_gone, all_up, connected, real_stage, sessions
from stage import Stage
from trunkline import settings
from trunkline.cli.commands.counters import _line, _rows, chosen
from trunkline.cli.status.rows import circuit_row as told_row
from trunkline.intent.view import CIRCUIT, THROTTLE
from trunkline.model.resource import Json
from waiting import until

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("bandwidth") / "home")).places
    with real_stage(places) as ready:
        ready.put(*estates.whole())
        all_up(ready)
        connected(ready)
        yield ready
    all_gone(places)


def circuit_row(stage: Stage) -> Json:
    """As ``trunkline status`` is told."""
    told = stage.ask(estates.rid(CIRCUIT, "er1"), "status")
    return next(one for one in told["circuits"] if one["name"] == "er1")  # type: ignore[index]


def rows(stage: Stage) -> list[Json]:
    """As ``trunkline counters`` prints them, inwards."""
    return [row for one in chosen([circuit_row(stage)], "rg1/er1") for row in _rows(one) if row["direction"] == "in"]


def test_another_bandwidth_costs_no_packet_and_no_session(stage: Stage) -> None:
    own, twin = estates.circuit()
    before = sessions(stage)
    with unharmed(stage):
        for mbps in (50, 200, 1000):
            service = {**own.properties["serviceProviderProperties"], "bandwidthInMbps": mbps}
            stage.put(replace(own, properties={"serviceProviderProperties": service}), twin)
            assert circuit_row(stage)["bandwidthInMbps"] == mbps
    assert sessions(stage).keys() == before.keys()


def test_a_provider_that_throttles_lower_is_seen_to_be_the_one_that_drops(stage: Stage) -> None:
    stage.put(estates.throttle(10))
    assert told_row(circuit_row(stage))[3] == "1000 (provider 10)"
    with flooding(stage, HOST, IN_CLOUD):
        until(lambda: any(row["throttled"]["packets"] for row in rows(stage)), 20, "the provider to drop")
        all_up(stage)
    assert all("policed" not in row["drops"] for row in rows(stage))
    assert all(_line(row)[8:10] == (1000, 10) for row in rows(stage))
    stage.delete(estates.rid(THROTTLE, "er1"))
    assert told_row(circuit_row(stage))[3] == 1000
