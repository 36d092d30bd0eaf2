"""Templates as quickstarts and Bicep make them: loops, conditions, defaults, nested children, symbols, what-if."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arm import Arm, Reply, lab
from trunkline.api.resources import registry


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


def box(name: str = "b", **more: Any) -> dict[str, Any]:
    return {"type": "Test.Lab/boxes", "name": name, "apiVersion": "2025-01-01",
            "location": "[resourceGroup().location]", "properties": {}, **more}


def body(*resources: Any, values: Any = None, **more: Any) -> dict[str, Any]:
    template = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": list(resources), **more}
    return {"properties": {"mode": "Incremental", "template": template,
                           "parameters": {name: {"value": one} for name, one in (values or {}).items()}}}


def at(arm: Arm, tail: str = "", name: str = "d1") -> str:
    return f"{arm.group}/providers/Microsoft.Resources/deployments/{name}{tail}"


def deploy(arm: Arm, sent: Any) -> Any:
    made = arm.ask("PUT", at(arm), sent)
    assert made.status in (200, 201), made.body
    arm.network.settle()
    found = arm.ask("GET", at(arm)).body["properties"]
    assert found["provisioningState"] == "Succeeded", found
    return {name: one.get("value") for name, one in found.get("outputs", {}).items()}


def refused(arm: Arm, sent: Any) -> Reply:
    got = arm.ask("POST", at(arm, "/validate"), sent)
    assert got.status == 400, got.body
    return got


def boxes(arm: Arm) -> list[str]:
    return [one["name"] for one in arm.ask("GET", arm.at("boxes")).body["value"]]


def test_a_loop_makes_as_many_as_it_counts(arm: Arm) -> None:
    loop = {"name": "all", "count": "[parameters('many')]"}
    last = box("last", dependsOn=["all"], properties={"note": "[concat('after', reference('b2').size)]"})
    deploy(arm, body(last, box("[concat('b', copyIndex(1))]", copy=loop, properties={"size": "[copyIndex(5)]"}),
                     parameters={"many": {"type": "int", "minValue": 1}}, values={"many": 2}))
    assert boxes(arm) == ["b1", "b2", "last"]
    assert arm.ask("GET", arm.at("boxes/last")).body["properties"]["note"] == "after6"


def test_an_empty_loop_makes_nothing_and_nothing_waits_for_it(arm: Arm) -> None:
    deploy(arm, body(box("x", copy={"name": "none", "count": 0}), box("y", dependsOn=["none"])))
    assert boxes(arm) == ["y"]


def test_loops_stand_in_properties_variables_and_outputs(arm: Arm) -> None:
    lid = {"name": "[concat('lid', copyIndex('lids'))]",
           "properties": {"colour": "[variables('hues')[copyIndex('lids')]]"}}
    hues = {"name": "hues", "count": 2, "input": "[concat('h', copyIndex('hues'))]"}
    told = deploy(arm, body(
        box(properties={"copy": [{"name": "lids", "count": 2, "input": lid}]}), variables={"copy": [hues]},
        outputs={"all": {"type": "array", "copy": {"count": 3, "input": "[mul(copyIndex(), 10)]"}}}))
    assert told == {"all": [0, 10, 20]}
    shown = arm.ask("GET", arm.at("boxes/b")).body["properties"]["lids"]
    assert [(one["name"], one["properties"]["colour"]) for one in shown] == [("lid0", "h0"), ("lid1", "h1")]


def test_what_a_condition_leaves_out_stops_nobody(arm: Arm) -> None:
    deploy(arm, body(box("no", condition="[equals(parameters('kind'), 'big')]"),
                     box("yes", dependsOn=["[resourceId('Test.Lab/boxes', 'no')]", "no"],
                         properties={"note": "[if(equals(1, 2), reference('no').size, 'without')]"}),
                     parameters={"kind": {"type": "string", "defaultValue": "small",
                                          "allowedValues": ["small", "big"]}},
                     outputs={"gone": {"type": "string", "condition": False, "value": "[reference('no').size]"},
                              "there": {"type": "string", "value": "[reference('yes').note]"}}))
    assert boxes(arm) == ["yes"]
    assert arm.ask("GET", at(arm)).body["properties"]["outputs"] == {"there": {"type": "string", "value": "without"}}


def test_defaults_are_expressions_too(arm: Arm) -> None:
    parameters = {"place": {"type": "string", "defaultValue": "[resourceGroup().location]"},
                  "name": {"type": "string", "defaultValue": "[format('{0}-{1:D3}', parameters('place'), 7)]"},
                  "size": {"type": "int", "defaultValue": "[add(1, 2)]"},
                  "mark": {"type": "string", "defaultValue": "[newGuid()]"},
                  "literal": {"type": "string", "defaultValue": "unused"}}
    told = deploy(arm, body(
        box("[parameters('name')]", properties={"size": "[parameters('size')]"}), parameters=parameters,
        values={"literal": "[add(1, 2)]"}, outputs={"mark": {"type": "string", "value": "[parameters('mark')]"},
                                                    "literal": {"type": "string", "value": "[parameters('literal')]"}}))
    assert boxes(arm) == ["westus-007"]
    assert (len(told["mark"]), told["literal"]) == (36, "[add(1, 2)]")


def test_children_inside_their_parent_come_after_it(arm: Arm) -> None:
    lid = {"type": "lids", "name": "top", "apiVersion": "2025-01-01", "properties": {"colour": "red"}}
    deploy(arm, body(box("[toLower('B')]", resources=[lid])))
    assert arm.ask("GET", arm.at("boxes/b/lids/top")).body["properties"]["colour"] == "red"


def test_symbols_name_resources(arm: Arm) -> None:
    arm.make(arm.at("boxes/old"), {"location": "westus", "properties": {"size": 9}})
    sent = body(values={}, languageVersion="2.0", outputs={
        "size": {"type": "int", "value": "[reference('made').size]"}})
    sent["properties"]["template"]["resources"] = {
        "before": {"existing": True, "type": "Test.Lab/boxes", "apiVersion": "2025-01-01", "name": "old"},
        "made": box("new", dependsOn=["before"], properties={"size": "[reference('before').size]"})}
    assert deploy(arm, sent) == {"size": 9}


@pytest.mark.parametrize(("sent", "why"), [
    (body(box(copy={"name": "l", "count": 801})), "count from 0 to 800"),
    (body(box(copy={"name": "l", "count": 2})), "defined multiple times"),
    (body(box(copy={"count": 2})), "with name and count"),
    (body(box("[copyIndex()]")), "not offered"),
    (body(box(properties={"note": "[copyIndex('x')]"})), "not offered"),
    (body(box(), variables={"copy": [{"name": "v", "count": 800, "input": {"copy": [
        {"name": "w", "count": 800, "input": {"copy": [{"name": "x", "count": 800, "input": "y"}]}}]}}]}),
     "expressions make"),
    (body(box(), variables={"v": "[range(0, 10001)]"}), "do not fit"),
    (body(box(), variables={"v": "[mul(4611686018427387904, 4)]"}), "cannot be read"),
    (body(box(), variables={"v": "[div(1, 0)]"}), "do not fit"),
    (body(box(), variables={"v": "[if('x', 1, 2)]"}), "no truth value"),
    (body(box(), parameters={"p": {"type": "string", "defaultValue": "[parameters('p')]"}}), "needs itself"),
    (body(box(), parameters={"p": {"type": "int", "defaultValue": "[resourceGroup().location]"}}), "not of its type"),
    (body(box(), parameters={"p": {"type": "string", "maxLength": 2}}, values={"p": "abc"}), "maxLength 2"),
    (body(box(), variables={"v": "[newGuid()]"}), "not offered"),
])
def test_what_is_wrong_with_a_template_is_told(arm: Arm, sent: Any, why: str) -> None:
    got = refused(arm, sent)
    assert got.code == "InvalidTemplate"
    assert why in got.message


def test_what_if_tells_and_changes_nothing(arm: Arm) -> None:
    for name in ("same", "other", "beside"):
        arm.make(arm.at(f"boxes/{name}"), {"location": "westus", "properties": {"size": 1}})
    sent = body(*(box(name, properties={"size": size}) for name, size in (("new", 1), ("same", 1), ("other", 2))))
    got = arm.ask("POST", at(arm, "/whatIf"), sent)
    assert (got.status, got.body["status"]) == (200, "Succeeded")
    changes = {one["resourceId"].rpartition("/")[2]: one for one in got.body["properties"]["changes"]}
    assert {name: one["changeType"] for name, one in changes.items()} == {
        "new": "Create", "same": "NoChange", "other": "Modify", "beside": "Ignore"}
    assert changes["other"]["delta"] == [
        {"path": "properties.size", "propertyChangeType": "Modify", "before": 1, "after": 2}]
    assert boxes(arm) == ["beside", "other", "same"]
    assert arm.ask("GET", arm.at("boxes/other")).body["properties"]["size"] == 1


def test_a_deployment_shows_its_template_and_its_steps(arm: Arm) -> None:
    sent = body(box())
    arm.ask("PUT", at(arm), sent)
    arm.network.settle()
    assert arm.ask("POST", at(arm, "/exportTemplate")).body == {"template": sent["properties"]["template"]}
    row, = arm.ask("GET", at(arm, "/operations")).body["value"]
    assert arm.ask("GET", at(arm, f"/operations/{row['operationId']}")).body == row
    assert arm.ask("GET", at(arm, "/operations/nope")).code == "DeploymentOperationNotFound"


def test_deployments_are_found_by_state(arm: Arm) -> None:
    deploy(arm, body(box()))
    listed = f"{at(arm, name='')[:-1]}?api-version=2025-04-01&$filter=provisioningState%20eq%20"
    assert [len(arm.ask("GET", f"{listed}'{word}'").body["value"]) for word in ("Succeeded", "Failed")] == [1, 0]


def test_a_subscription_takes_no_templates(arm: Arm) -> None:
    base = f"{arm.subscription}/providers/Microsoft.Resources/deployments"
    assert arm.ask("GET", base).body == {"value": []}
    assert arm.ask("PUT", f"{base}/d", body(box())).code == "SubscriptionDeploymentsNotSupported"


# ── secrets of a vault as parameters ───────────────────────────────────────────────────────────────────────────────

VAULT = {"tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47", "sku": {"family": "A", "name": "standard"},
         "enableRbacAuthorization": True}


def test_a_parameter_is_a_secret_of_a_vault_that_opens_itself(tmp_path: Path) -> None:
    arm = Arm(tmp_path / "other", registry)
    arm.create_group()
    vault = f"{arm.group}/providers/Microsoft.KeyVault/vaults/kv1"
    arm.ask("PUT", vault, {"location": "westus", "properties": VAULT})
    arm.ask("PUT", f"{vault}/secrets/first", {"properties": {"value": "hush"}})
    copied = {"type": "Microsoft.KeyVault/vaults/secrets", "name": "kv1/second", "apiVersion": "2023-07-01",
              "properties": {"value": "[parameters('key')]"}}
    sent = body(copied, parameters={"key": {"type": "securestring"}})
    reference = {"keyVault": {"id": vault}, "secretName": "first"}
    sent["properties"]["parameters"] = {"key": {"reference": reference}}
    closed = arm.ask("PUT", at(arm), sent)
    assert closed.code == "KeyVaultParameterReferenceAuthorizationFailed"
    arm.ask("PUT", vault, {"location": "westus", "properties": {**VAULT, "enabledForTemplateDeployment": True}})
    deploy(arm, sent)
    told = arm.ask("GET", "/vaults/kv1/secrets/second?api-version=7.4").body["value"]
    assert told == "hush"
    assert "hush" not in str(arm.ask("GET", at(arm)).body)
    reference["secretName"] = "nope"
    assert arm.ask("PUT", at(arm), sent).code == "KeyVaultParameterReferenceSecretRetrieveFailed"
    arm.close()
