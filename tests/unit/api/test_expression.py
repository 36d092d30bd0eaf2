from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.deployments.expression import InvalidTemplate, evaluate
from trunkline.api.deployments.functions import functions
from trunkline.model.resource import Resource, ResourceId

GROUP = Resource(ResourceId("sub", "rg"), "westus", tags={"a": "b"})


def say(value: Any, **variables: Any) -> Any:
    known = functions(GROUP, "tenant", {"key": "s3", "list": [1, 2]}, variables, lambda name, *_: {"name": name})
    return evaluate(value, known)


@pytest.mark.parametrize(("text", "said"), [
    ("plain", "plain"), ("[[not]", "[not]"), ("['it''s']", "it's"), ("[parameters('KEY')]", "s3"),
    ("[concat('a-', parameters('key'), '-', 7)]", "a-s3-7"), ("[parameters('list')[1]]", 2),
    ("[concat(parameters('list'), parameters('list'))]", [1, 2, 1, 2]),
    ("[resourceGroup().location]", "westus"), ("[subscription().subscriptionId]", "sub"),
    ("[reference('x').name]", "x"), ("[format('{0}/{1}', 'a', 2)]", "a/2"), ("[toUpper('b')]", "B"),
    ("[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
     "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"),
    ("[resourceId('other', 'Test.Lab/boxes', 'b')]",
     "/subscriptions/sub/resourceGroups/other/providers/Test.Lab/boxes/b"),
])
def test_expressions_say(text: str, said: Any) -> None:
    assert say(text) == said


def test_expressions_inside_objects_and_variables_are_replaced() -> None:
    assert say({"a": ["[variables('v')]"]}, v="[concat('x', 'y')]") == {"a": ["xy"]}


@pytest.mark.parametrize(("text", "why"), [
    ("[copyIndex()]", "not offered"), ("[parameters('nope')]", "not found"), ("[concat(]", "ends too early"),
    ("[concat('a') 'b']", "cannot be read"), ("[]", "ends too early"), ("[toLower(1)]", "do not fit"),
    ("[resourceGroup().nope]", "not there"), ("[resourceId('x')]", "do not fit"),
    ("[variables('v')]", "needs itself"),
    ("[" + "concat(" * 50 + ")" * 50 + "]", "nests deeper"), ("[concat" + "()[concat" * 200 + "]", "nests deeper"),
])
def test_what_cannot_be_said_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidTemplate, match=why):
        say(text, v="[variables('v')]")


@given(st.text(alphabet="abc'()[].,0 -concatparameters", max_size=60))
def test_any_text_is_an_answer_or_an_invalid_template(text: str) -> None:
    with suppress(InvalidTemplate):
        say(f"[{text}]")
