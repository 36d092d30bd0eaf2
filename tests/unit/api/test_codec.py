from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arm import lab
from trunkline.api.codec import Decoded, decode
from trunkline.errors import Fault, Refused
from trunkline.model.resource import Resource, ResourceId

BOXES = lab("provider").types["test.lab/boxes"]
BOX = ResourceId("sub", "rg", "Test.Lab", ("boxes",), ("b",))


def read(properties: Any, existing: Resource | None = None, **top: Any) -> Decoded:
    return decode(BOXES, BOX, {"properties": properties, **top}, existing)


def refused(properties: Any, **top: Any) -> list[Fault]:
    with pytest.raises(Fault) as raised:
        read(properties, **top)
    return list(raised.value.faults) if isinstance(raised.value, Refused) else [raised.value]


def test_defaults_are_stored_and_absence_is_not() -> None:
    assert read({}).properties == {"size": 1}


def test_what_is_not_of_the_model_is_ignored() -> None:
    assert read({"size": 2, "provisioningState": "Succeeded", "serial": 7}).properties == {"size": 2}


def test_the_envelope_keeps_what_is_declared() -> None:
    assert read({}, sku={"name": "big"}, zones=["1"]).envelope == {"sku": {"name": "big"}}


def test_secrets_are_split_off_at_any_depth() -> None:
    found = read({"password": "hush", "lock": {"code": "1234"}})
    assert found.secrets == {"password": "hush", "lock.code": "1234"}
    assert found.properties == {"size": 1, "lock": {}}


OLD = Resource(BOX, properties={"size": 1, "lock": {}, "note": "keep"}, secrets={"password": "old", "lock.code": "9"})


@pytest.mark.parametrize(("given", "kept"), [
    ({"lock": {}}, {"password": "old", "lock.code": "9"}),
    ({"lock": {"code": "8"}, "password": "new"}, {"password": "new", "lock.code": "8"}),
    ({"lock": {"code": None}, "password": ""}, {}),
    ({}, {"password": "old"}),
])
def test_a_secret_left_out_stays_and_an_empty_one_goes(given: Any, kept: dict[str, str]) -> None:
    assert read(given, OLD).secrets == kept


def test_members_that_an_update_may_leave_out_stay() -> None:
    assert read({}, OLD).properties["note"] == "keep"
    assert read({"note": "new"}, OLD).properties["note"] == "new"


def test_all_faults_come_together_with_field_value_rule_and_way_out() -> None:
    size, prefix = refused({"size": 5000, "basePrefix": "10.0.0.0"})
    assert (size.code, size.target) == ("InvalidPropertyValue", "properties.size")
    assert "'properties.size'" in str(size)
    assert "'5000'" in str(size)
    assert "must be 1000 or less; write a number that is" in str(size)
    assert (prefix.code, prefix.target) == ("InvalidAddressPrefixFormat", "properties.basePrefix")


def test_another_json_type_is_a_format_fault() -> None:
    fault, = refused({"size": {"not": "a number"}})
    assert (fault.code, fault.target) == ("InvalidRequestFormat", "properties.size")


def test_the_value_of_a_secret_is_never_shown() -> None:
    fault, = refused({"password": "far-too-long-a-secret"})
    assert fault.target == "properties.password"
    assert "far-too-long" not in str(fault)


@pytest.mark.parametrize(("lids", "target"), [
    ("junk", "properties.lids"), ([1], "properties.lids"), ([{}], "properties.lids[0].name"),
    ([{"name": "a"}, {"name": "A"}], "properties.lids[1].name"),
])
def test_inline_children_need_a_list_of_named_objects(lids: Any, target: str) -> None:
    fault, = refused({"lids": lids})
    assert fault.target == target


def test_no_word_about_children_differs_from_no_children() -> None:
    assert read({}).inline == {}
    assert read({"lids": None}).inline == {}
    assert read({"lids": []}).inline == {"lids": ()}


_NAMES = st.sampled_from(["size", "password", "lock", "code", "lids", "name", "note", "basePrefix"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=12)


@given(JUNK, st.booleans())
def test_any_json_is_a_wish_or_a_fault(junk: Any, again: bool) -> None:
    with suppress(Fault):
        assert "password" not in read(junk, OLD if again else None).properties
