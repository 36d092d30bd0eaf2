"""A model and a shape read one body together."""

from __future__ import annotations

from enum import StrEnum

import pytest

from trunkline.api import shaping
from trunkline.api.codec import decode
from trunkline.api.declaration import ResourceType
from trunkline.errors import Fault, Refused
from trunkline.model.resource import Json, Properties, ResourceId

RADIO = ResourceId("sub", "rg", "Test.Lab", ("radios",), ("r",))


class Mode(StrEnum):
    NONE = "None"
    FLOATING = "Floating"


class Inner(Properties):
    primary: bool = False


class Configuration(Properties):
    name: str = ""
    properties: Inner = Inner()


class Radio(Properties):
    auxiliary_mode: Mode = Mode.NONE
    ip_configurations: tuple[Configuration, ...] = ()


RADIOS = ResourceType("Test.Lab/radios", Radio, shape="NetworkInterfacePropertiesFormat")


def read(**properties: object) -> Json:
    return decode(RADIOS, RADIO, {"properties": properties}, None).properties


def test_the_model_reads_values_as_azure_spells_them() -> None:
    assert read(auxiliaryMode="FLOATING")["auxiliaryMode"] == "Floating"


def test_what_the_model_cannot_say_is_kept_at_every_depth() -> None:
    found = read(workloadType="x", ipConfigurations=[
        {"name": "a", "properties": {"PRIMARY": True, "privateIPAddress": "10.0.0.4", "tuner": 1}}])
    assert found == {"auxiliaryMode": "None", "workloadType": "x", "ipConfigurations": [
        {"name": "a", "properties": {"primary": True, "privateIPAddress": "10.0.0.4"}}]}


def test_what_model_and_shape_both_refuse_is_told_once() -> None:
    with pytest.raises(Refused) as refused:
        read(auxiliaryMode="Loud", enableIPForwarding="perhaps", workloadType=3)
    assert sorted(fault.target for fault in refused.value.faults) == [
        "properties.auxiliaryMode", "properties.enableIPForwarding", "properties.workloadType"]


def test_a_truth_value_is_no_number_to_a_model_either() -> None:
    class Volume(Properties):
        level: int = 0
        levels: tuple[int, ...] = ()
        loud: bool = False

    volumes = ResourceType("Test.Lab/volumes", Volume)
    with pytest.raises(Refused) as refused:
        decode(volumes, RADIO, {"properties": {"level": True, "levels": [1, False], "loud": True}}, None)
    assert [fault.target for fault in refused.value.faults] == ["properties.level", "properties.levels[1]"]
    assert all(isinstance(fault, Fault) and fault.code == "InvalidRequestFormat" for fault in refused.value.faults)


@pytest.mark.parametrize(("given", "found"), [
    ({"NAME": 1}, {"name": 1}), ({"name": 1, "Name": 2}, {"name": 1}), ({"Name": 2, "name": 1}, {"name": 1}),
    ({"other": 1}, {"other": 1}), ({}, {})])
def test_a_member_in_another_case_gives_way_to_the_one_that_is_spelt_right(given: Json, found: Json) -> None:
    assert shaping.named(given, ("name",)) == found
