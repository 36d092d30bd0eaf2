"""Whatever fails is met with no human, within what the timers of the profile say, and returns without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

import estates
import reaching
import resilient
import scenes
from conditions import ends_in
from outages import BETWEEN_SITES, INSIDE, TARGETS, TO_CLOUD, TWOFOLD, WIDE, Met, detection_ms, every, meet
from probing import PER_SECOND
from resilient import Way
from stage import Apart, Stage
from trunkline import settings
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json
from waiting import until

pytestmark = pytest.mark.root

#: Times what it takes to notice a failure: what routers and kernels then take, machines under load included.
_SLACK = 3
#: When a backbone router returns, OSPF moves what its tunnels carry twice, and some of it waits for BFD inside.
RETURN_MS = _SLACK * AZURE.inner_bfd.interval_ms * AZURE.inner_bfd.multiplier


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage serves all tests; each ends with everything whole."""
    places = settings.load({}, home=str(tmp_path_factory.mktemp("outages") / "home")).places
    with scenes.real_stage(places) as found:
        found.put(*estates.whole())
        scenes.all_up(found)
        scenes.connected(found)
        yield found
    scenes.all_gone(places)


def longest_ms(properties: Json) -> int:
    return _SLACK * detection_ms(AZURE, properties)


def is_bounded(met: Met, properties: Json) -> bool:
    """By detection; what stays away costs that once, what comes and goes each time. Inside a session is back before BFD
    watches it (RFC 5880, 6.8.3: one packet a second until then), so what goes again within that is felt as long as it
    is away."""
    flaps, bound_ms = "upInSeconds" in properties, longest_ms(properties)
    if flaps and properties.get("kind") in INSIDE:
        bound_ms += 1000 * int(properties["downInSeconds"])
    lost = met.failed.longest_gap_ms > 0 or properties.get("mode") == "linkDown"  # a carrier's loss may cost nothing
    return lost and met.failed.longest_gap_ms <= bound_ms and (flaps or met.failed.lost <= bound_ms * PER_SECOND / 1000)


def is_returned(met: Met, properties: Json) -> bool:
    """Without loss, but for what OSPF costs; what comes and goes may go once more before it heals."""
    if "upInSeconds" in properties:
        return met.healed.longest_gap_ms <= longest_ms(properties)
    routers = properties.get("kind") in ("edge", "backboneNode", "location", "region")
    return met.healed.longest_gap_ms <= (RETURN_MS if routers else 0)


#: All that the API accepts of what one circuit stands on; a quick run meets some of each way of failing.
EVERY = every(*TWOFOLD)
QUICK = ("leg, silent", "leg, in", "leg, silent, flapping", "gateway instance, silent", "edge, silent")


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in EVERY])
def test_whatever_fails_is_met_within_the_time_of_detection_and_returns_without_loss(stage: Stage, name: str) -> None:
    met = meet(stage, EVERY[name])
    assert is_bounded(met, EVERY[name]), met.failed
    assert is_returned(met, EVERY[name]), met.healed


def test_faults_of_both_modes_end_at_the_edge_when_the_control_plane_is_dead(places: settings.Places) -> None:
    with scenes.real_stage(places, apart=True) as stage:
        stage.put(*estates.whole())
        scenes.all_up(stage)
        ends = ends_in(5)
        for leg, mode in zip(Leg, ("silent", "linkDown"), strict=True):
            fault = estates.fault(f"edge-{leg}", kind="edge", location="Amsterdam", leg=leg.value, mode=mode)
            fault.system["expiresAt"] = ends
            stage.put(fault)
        assert isinstance(stage.reconciler, Apart)
        stage.reconciler.kill()
        until(lambda: not any(scenes.is_up(scenes.customer(stage, leg)) for leg in Leg), 10, "both legs to go down")
        until(lambda: all(scenes.is_up(scenes.customer(stage, leg)) for leg in Leg), 30, "both legs to be back")
        assert datetime.now(UTC) >= datetime.fromisoformat(ends)
        scenes.connected(stage)
        stage.reconciler.start()


#: More than one circuit is left of these only where there is another.
WIDELY = every(*WIDE)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """A stage for each kind, the present one alone."""
    with ExitStack() as stack:
        standing: dict[str, Stage] = {}

        def of(kind: str) -> Stage:
            if kind not in standing:
                stack.close()
                standing.clear()
                home = tmp_path_factory.mktemp(kind) / "home"
                standing[kind] = stack.enter_context(scenes.lasting_stage(home, *ESTATES[kind]))
                scenes.all_up(standing[kind])
            return standing[kind]
        yield of


ESTATES = {"location": resilient.estate(Way("Amsterdam"), Way("London")),
           "region": [*reaching.premises(1), *reaching.premises(2), reaching.link(), *estates.cloud(),
                      estates.connection()]}


@pytest.mark.slow
@pytest.mark.parametrize("name", WIDELY)
def test_the_loss_of_a_location_moves_all_to_another_and_global_reach_leads_around_a_region(
        wide: Callable[[str], Stage], name: str) -> None:
    kind = str(WIDELY[name]["kind"])
    met = meet(wide(kind), WIDELY[name], BETWEEN_SITES if kind == "region" else TO_CLOUD)
    assert met.failed.longest_gap_ms <= longest_ms(WIDELY[name])
    assert kind == "region" or met.failed.longest_gap_ms > 0
    assert is_returned(met, WIDELY[name]), met.healed


def test_what_fails_is_not_mended_by_passes_over_what_it_is_part_of(stage: Stage) -> None:
    """Every scope that there is looks at all that it has made."""
    wanted: Json = TARGETS["edge"]
    fault = estates.fault(**wanted, mode="linkDown")
    stage.put(fault)
    until(lambda: not scenes.is_up(scenes.customer(stage, Leg.PRIMARY)), 10, "the leg to go down")
    with stage.store.reading() as reader:
        scopes = reader.applied_scopes()
    stage.reconciler.look_at(scopes)  # type: ignore[union-attr]
    until(lambda: not stage.reconciler.busy, 20, "all passes")  # type: ignore[union-attr]
    assert not scenes.missing(stage)
    assert not scenes.is_up(scenes.customer(stage, Leg.PRIMARY))
    stage.delete(fault.id)
    scenes.all_up(stage)
