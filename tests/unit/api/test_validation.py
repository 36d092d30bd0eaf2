"""Pydantic's findings in ARM's words and ours."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from trunkline.api.validation import faults


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = 0
    names: tuple[str, ...] = ()
    wanted: bool = False
    start: AwareDatetime | None = None
    share: float = 0
    way: Literal["in", "out"] = "in"


@pytest.mark.parametrize(("given", "rule"), [
    ({"count": "many"}, "it must be a whole number"), ({"count": 1.5}, "it must be a whole number"),
    ({"names": "a"}, "it must be an array"), ({"wanted": "maybe"}, "it must be true or false"),
    ({"start": "tomorrow"}, "it must be a time; write one such as 2026-12-20T22:00:00Z"),
    ({"start": "2026-12-20T22:00:00"}, "it must be a time with its zone"), ({"share": "half"}, "it must be a number"),
    ({"names": [3]}, "it must be text"), ({"way": "up"}, "it must be one of 'in' or 'out'"),
    ({"colour": "red"}, "it is not known here; leave it out")])
def test_a_fault_says_field_rule_and_way_out_and_nothing_of_pydantic(given: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Wish.model_validate(given)
    fault, = faults(caught.value, "properties", "r1", ())
    assert f"properties.{next(iter(given))}" in str(fault)
    assert rule in str(fault)
    assert not any(word in str(fault) for word in ("Input", "should be", "parse", "Extra"))
