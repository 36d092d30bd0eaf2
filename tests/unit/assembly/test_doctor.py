"""What ``trunkline doctor`` says of the backbone of an estate."""

from __future__ import annotations

from pathlib import Path

import estates
from stage import Stage
from trunkline import settings
from trunkline.assembly.doctor import backbone_facts
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker


def test_a_backbone_that_is_well_is_one_row_and_each_fault_one_more(tmp_path: Path) -> None:
    found = settings.load({"TRUNKLINE_RUN": f"{tmp_path}/run"}, home=f"{tmp_path}/home")
    plane = SimulatedPlane()
    stage = Stage(found.places, plane, SimulatedSpeaker(plane))
    try:
        stage.put(*estates.whole())
        with stage.store.reading() as reader:
            well, = backbone_facts(reader, stage.speaker, found)
        assert well.present
        stage.put(estates.fault(kind="backboneLink", site="Amsterdam", to="westeurope", leg="primary"))
        with stage.store.reading() as reader:
            wrong = list(backbone_facts(reader, stage.speaker, found))
        assert {fact.name for fact in wrong} == {
            f"OSPFv{version} {way}" for version in (2, 3)
            for way in ("amsterdam primary to westeurope", "westeurope primary to amsterdam")}
        assert not any(fact.present for fact in wrong)
    finally:
        stage.close()
