"""Functions of the template language, by Azure's documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkline.api.deployments.expression import InvalidTemplate, evaluate
from trunkline.api.deployments.functions import Scene, Words
from trunkline.api.deployments.jsonc import relaxed
from trunkline.model.resource import Resource, ResourceId

SCENE = Scene(Resource(ResourceId("s", "rg1"), "westus"), "tenant", "d1")


@pytest.mark.parametrize(("text", "expected"), [
    ("[add(1, 2)]", 3), ("[sub(1, 2)]", -1), ("[mul(3, 4)]", 12), ("[div(-7, 2)]", -3), ("[mod(-7, 2)]", -1),
    ("[int('4')]", 4), ("[bool('true')]", True), ("[min(3, 1, 2)]", 1), ("[max(createArray(3, 1))]", 3),
    ("[range(2, 3)]", [2, 3, 4]), ("[equals('a', 'A')]", False), ("[equals(1, 1)]", True), ("[less(1, 2)]", True),
    ("[and(true(), not(false()))]", True), ("[or(false(), false())]", False), ("[coalesce(null(), 'x')]", "x"),
    ("[contains('abc', 'b')]", True), ("[contains(createArray(1, 2), 3)]", False),
    ("[contains(createObject('Name', 1), 'name')]", True), ("[empty('')]", True), ("[length('abc')]", 3),
    ("[first('abc')]", "a"), ("[last(createArray(1, 2))]", 2), ("[take('abc', 2)]", "ab"), ("[skip('abc', 2)]", "c"),
    ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
    ("[union(createObject('a', createObject('b', 1)), createObject('a', createObject('c', 2)))]",
     {"a": {"b": 1, "c": 2}}),
    ("[intersection(createArray(1, 2), createArray(2, 3))]", [2]), ("[array('x')]", ["x"]),
    ("[items(createObject('b', 2, 'a', 1))]", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("[tryGet(createObject('a', 1), 'b')]", None), ("[indexOf('Hello', 'l')]", 2), ("[startsWith('Abc', 'aB')]", True),
    ("[endsWith('abc', 'C')]", True),
    ("[replace('a-b', '-', '')]", "ab"), ("[join(createArray('a', 'b'), ',')]", "a,b"),
    ("[split('a;b,c', createArray(';', ','))]", ["a", "b", "c"]), ("[padLeft(7, 3, '0')]", "007"),
    ("[substring('abcdef', 2, 3)]", "cde"), ("[trim(' x ')]", "x"), ("[string(createArray(1))]", "[1]"),
    ("[string(true())]", "True"), ("[base64('one')]", "b25l"), ("[base64ToString('b25l')]", "one"),
    ("[json('{\"a\": 1}').a]", 1), ("[uriComponent('a b')]", "a%20b"),
    ("[cidrSubnet('10.144.0.0/20', 24, 1)]", "10.144.1.0/24"), ("[cidrHost('10.144.3.0/24', 1)]", "10.144.3.2"),
    ("[parseCidr('10.144.0.0/20').lastUsable]", "10.144.15.254"),
    ("[guid('a', 'b')]", "@guid"), ("[length(uniqueString(resourceGroup().id))]", 13),
    ("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
     "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r"),
    ("[extensionResourceId('/x', 'Microsoft.Authorization/locks', 'l')]",
     "/x/providers/Microsoft.Authorization/locks/l"),
    ("[deployment().name]", "d1"), ("[tenant().tenantId]", "tenant"),
    ("[if(true(), 1, variables('nowhere'))]", 1), ("[if(false(), div(1, 0), 2)]", 2),
    ("[if(true(), if(false(), 1, 2), createObject('a', 1).b)]", 2),
])
def test_a_function_says_what_azures_says(text: str, expected: Any) -> None:
    found = evaluate(text, Words(SCENE, {}, {}).known)
    if expected == "@guid":
        assert found == evaluate(text, Words(SCENE, {}, {}).known)
        assert len(found) == 36
    else:
        assert found == expected


@pytest.mark.parametrize("text", [
    "[substring('abc', 2, 5)]", "[range(0, 99999)]", "[padLeft('a', 99999999)]", "[not('x')]", "[int('x')]",
    "[createObject('a')]", "[cidrSubnet('10.0.0.0/24', 25, 9)]", "[mod(1, 0)]", "[base64ToString('%')]",
    "[if(1, 2, 3)]",
])
def test_arguments_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(InvalidTemplate):
        evaluate(text, Words(SCENE, {}, {}).known)


def test_a_template_may_come_as_az_sends_it() -> None:
    sent = b'{"mode": "x: y // no", template:{ // why\n /* long\n one */ "a": "two\nlines"}}'
    assert json.loads(relaxed(sent)) == {"mode": "x: y // no", "template": {"a": "two\nlines"}}
