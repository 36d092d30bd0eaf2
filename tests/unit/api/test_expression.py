from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.deployments.expression import InvalidTemplate, evaluate
from trunkline.api.deployments.functions import Scene, Words
from trunkline.model.resource import Resource, ResourceId

GROUP = Resource(ResourceId("sub", "rg"), "westus", tags={"a": "b"})


def say(value: Any, **variables: Any) -> Any:
    words = Words(Scene(GROUP, "tenant"), {"key": "s3", "list": [1, 2]}, variables)
    return evaluate(value, words.beside(lambda name, *_: {"name": name}))


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


def doubling(times: int, pattern: str, first: Any = "x") -> dict[str, Any]:
    """Each variable says the one before it twice."""
    return {"v0": first, **{f"v{n}": json.loads(pattern.replace("BEFORE", f"variables('v{n - 1}')"))
                            for n in range(1, times + 1)}}


@pytest.mark.parametrize("pattern", [
    '"[concat(BEFORE, BEFORE)]"', '["[BEFORE]", "[BEFORE]"]', '{"a": "[BEFORE]", "b": "[BEFORE]"}',
    '"[format(\'{0}{0}{0}{0}{0}{0}{0}{0}\', BEFORE)]"',
])
def test_expressions_that_grow_without_end_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidTemplate, match="repeat less"):
        say("[string(variables('v60'))]", **doubling(60, pattern))


def test_a_variable_is_evaluated_once() -> None:
    seen = say("[concat(variables('v40').a, variables('v40').b)]",
               **doubling(40, '{"a": "[BEFORE.a]", "b": "[BEFORE.b]"}', {"a": "x", "b": "y"}))
    assert seen == "xy"


def test_variables_know_nothing_of_the_estate() -> None:
    with pytest.raises(InvalidTemplate, match="'reference' is not offered"):
        say("[variables('v')]", v="[reference('x')]")


def test_an_endless_expression_is_refused() -> None:
    with pytest.raises(InvalidTemplate, match="24576 are allowed"):
        say(f"[concat({','.join(['1'] * 20_000)})]")
