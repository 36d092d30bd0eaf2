"""The model of the network agrees with real packets, in states that are chosen at random and made by faults."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

import estates
import resilient
import scenes
from probing import probing
from resilient import Way
from scenes import HOST, IN_CLOUD, VM
from stage import Stage
from trunkline.cli.whatif_verify import sampled
from trunkline.diagnosis.whatif.agreement import Flow, disagreement
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.resiliency import ResiliencyQuestion
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.whatif import WhatIf
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

#: Of a run of datagrams, so long that those on their way when it begins do not count.
_ROUND_S = 0.3


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as found:
        yield found


def predicted(stage: Stage, *failures: str) -> Json:
    question = WhatIf(states=(failures,)).model_dump_json(by_alias=True)
    answer = stage.ask(ResourceId(estates.SUBSCRIPTION), "whatIf", question=question)
    return answer["states"][0]  # type: ignore[index]


def failable(stage: Stage) -> list[str]:
    answer = stage.ask(ResourceId(estates.SUBSCRIPTION), "whatIf", question=WhatIf().model_dump_json(by_alias=True))
    return [one["failure"] for one in answer["failable"] if one["fault"]]  # type: ignore[index]


def observed(stage: Stage) -> dict[str, float]:
    """What the index says of the sessions as they are."""
    question = ResiliencyQuestion().model_dump_json(by_alias=True)
    answer = stage.ask(ResourceId(estates.SUBSCRIPTION), "resiliency", question=question)
    return {one["name"]: one["score"] for one in answer["components"]  # type: ignore[index]
            if one["name"] in ("Both legs up", "BFD")}


def faults(state: Json) -> list[Resource]:
    return [estates.fault(f"whatif{number}", **fault) for number, fault in enumerate(state["faults"])]


def compare(stage: Stage, failures: Sequence[str], alone: frozenset[str] = frozenset()) -> None:
    """Twice in a row: packets that are lost while routes still move would look like a pair that is cut off."""
    state = predicted(stage, *failures)
    fate = state["fates"][0]["fate"]
    made = faults(state)
    stage.put(*made)
    told: list[str] = []

    def agrees() -> bool:
        told.append(disagreement(fate, _round(stage)))
        return len(told) > 1 and not told[-1] and not told[-2]

    try:
        until(agrees, 20, f"agreement in state {' + '.join(failures)}, which is '{fate}' in the model")
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {told}") from None
    stage.delete(*(one.id for one in made))
    scenes.all_up(stage, alone)


def _round(stage: Stage) -> list[Flow]:
    with probing(stage, HOST, VM, IN_CLOUD) as found:
        end = time.monotonic() + _ROUND_S
        until(lambda: time.monotonic() > end, 5, "a round of datagrams")
    each = found.sent // 16
    lost = [found.lost_by_port.get(port, 0) for port in sorted(found.lost_by_port)]
    return [*(Flow(max(each, one), one) for one in lost), *[Flow(each, 0)] * (16 - len(lost))]


TWO_LOCATIONS = Way(), Way("London", ("ce2", "ce1"))


def test_two_locations_do_under_failures_what_the_model_says(stage: Stage) -> None:
    stage.put(*resilient.estate(*TWO_LOCATIONS))
    scenes.all_up(stage)
    scenes.connected(stage)
    assert observed(stage) == {"Both legs up": 10, "BFD": 10}
    compare(stage, ())
    for failures in (("location Amsterdam", "edge London primary"), ("location Amsterdam", "location London"),
                     *sampled(failable(stage), 3, 2, 20261128)):
        compare(stage, failures)


@pytest.mark.slow
@pytest.mark.parametrize("ways", [
    TWO_LOCATIONS, (Way("Amsterdam Metro"), Way("London", ("ce2", ""), weight=10)),
    (Way(), Way("Frankfurt", ("ce1", "ce2"), policy={"advertise": {"prepend": 3}}))], ids=["two", "metro", "prepended"])
def test_random_states_of_more_estates_are_as_the_model_says(stage: Stage, ways: tuple[Way, ...]) -> None:
    alone = frozenset(vrf_node(estates.rid(CIRCUIT, f"er{number}"), leg) for number, way in enumerate(ways, 1)
                      for leg, router in zip(Leg, way.routers, strict=True) if not router)
    stage.put(*resilient.estate(*ways))
    scenes.all_up(stage, alone)
    scenes.connected(stage)
    for failures in sampled(failable(stage), 12, 3, 1128):
        compare(stage, failures, alone)
