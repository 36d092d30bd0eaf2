"""Template deployments as az and the SDKs send them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from arm import Arm, Reply, lab
from trunkline.model.resource import now


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


def box(name: str = "b", **properties: Any) -> dict[str, Any]:
    return {"type": "Test.Lab/boxes", "name": name, "apiVersion": "2025-01-01", "dependsOn": [],
            "location": "[resourceGroup().location]", "properties": properties}


def template(*resources: Any, outputs: Any = None, parameters: Any = None, values: Any = None,
             **more: Any) -> dict[str, Any]:
    return {"properties": {
        "mode": "incremental", "parameters": values or {}, **more.pop("deployment", {}),
        "template": {"$schema": "x", "contentVersion": "1.0.0.0", "parameters": parameters or {}, "variables": {},
                     "resources": list(resources), "outputs": outputs or {}, **more}}}


def path(arm: Arm, name: str = "d1", tail: str = "") -> str:
    return f"{arm.group}/providers/Microsoft.Resources/deployments/{name}{tail}"


def deploy(arm: Arm, body: Any) -> Reply:
    return arm.ask("PUT", path(arm), body)


SECURE = {"key": {"type": "securestring"}}


def test_a_deployment_ends_when_its_resources_are_realised(arm: Arm) -> None:
    body = template(box(password="[parameters('key')]", size=4), parameters=SECURE, values={"key": {"value": "hush"}},
                    outputs={"resource": {"type": "object", "value": "[reference('b')]"}})
    made = deploy(arm, body)
    assert (made.status, made.state) == (201, "Running")
    url = made.headers["azure-asyncoperation"]
    assert "/deployments/d1/operationStatuses/" in url
    assert arm.follow(url).body == {"status": "Running"}
    arm.network.settle()
    assert arm.follow(url).body == {"status": "Succeeded"}
    found = arm.ask("GET", path(arm)).body["properties"]
    assert found["provisioningState"] == "Succeeded"
    assert found["outputs"]["resource"]["value"]["size"] == 4
    assert found["outputs"]["resource"]["value"]["provisioningState"] == "Succeeded"
    assert found["outputResources"] == [{"id": arm.at("boxes/b")}]
    assert found["parameters"] == {"key": {"type": "securestring"}}
    with arm.store.reading() as reader:
        stored = reader.list("Test.Lab/boxes")[0]
        kept = reader.list("Microsoft.Resources/deployments")[0]
    assert stored.secrets == {"password": "hush"}
    assert "hush" not in str((kept.properties, kept.status))


def test_resources_are_written_after_what_they_depend_on(arm: Arm) -> None:
    strap = {"type": "Test.Lab/straps", "name": "[concat('s', '1')]", "apiVersion": "2025-01-01", "location": "westus",
             "dependsOn": ["[resourceId('Test.Lab/boxes', 'b')]"],
             "properties": {"box": {"id": "[resourceId('Test.Lab/boxes', 'b')]"}}}
    lid = {"type": "Test.Lab/boxes/lids", "name": "b/top", "apiVersion": "2025-01-01", "dependsOn": ["b"],
           "properties": {"colour": "[concat('size', reference('b').size)]"}}
    assert deploy(arm, template(strap, lid, box(size=3))).status == 201
    arm.network.settle()
    assert arm.ask("GET", path(arm)).state == "Succeeded"
    assert arm.ask("GET", arm.at("boxes/b/lids/top")).body["properties"]["colour"] == "size3"
    assert arm.ask("GET", arm.at("straps/s1")).status == 200


def test_a_refused_resource_fails_the_deployment_and_leaves_nothing(arm: Arm) -> None:
    made = deploy(arm, template(box("good"), box("bad", size=13)))
    assert made.status == 201
    told = arm.follow(made.headers["azure-asyncoperation"]).body
    assert (told["status"], told["error"]["code"]) == ("Failed", "DeploymentFailed")
    assert told["error"]["details"][0]["code"] == "UnluckySize"
    assert arm.ask("GET", path(arm)).state == "Failed"
    assert arm.ask("GET", arm.at("boxes/good")).status == 404
    assert arm.network.settle() == []


def test_a_resource_that_fails_later_fails_the_deployment(arm: Arm) -> None:
    made = deploy(arm, template(box("b")))
    arm.network.settle(failing="b")
    told = arm.follow(made.headers["azure-asyncoperation"]).body
    assert told["error"]["details"][0]["code"] == "LinkDown"
    steps = arm.ask("GET", path(arm, tail="/operations")).body["value"]
    assert [one["properties"]["provisioningState"] for one in steps] == ["Failed"]


def test_validation_keeps_nothing(arm: Arm) -> None:
    good = arm.ask("POST", path(arm, tail="/validate"), template(box()))
    assert (good.status, good.body["properties"]["validatedResources"]) == (200, [{"id": arm.at("boxes/b")}])
    bad = arm.ask("POST", path(arm, tail="/validate"), template(box(size=13)))
    assert (bad.status, bad.code) == (400, "InvalidTemplateDeployment")
    assert bad.body["error"]["details"][0]["code"] == "UnluckySize"
    assert arm.ask("GET", arm.at("boxes/b")).status == 404
    assert arm.ask("GET", path(arm)).code == "DeploymentNotFound"
    assert arm.network.words == []


@pytest.mark.parametrize(("body", "code", "why"), [
    ({"properties": {}}, "InvalidDeployment", "templateLink"),
    (template(deployment={"mode": "Complete"}), "DeploymentModeNotSupported", "Incremental"),
    (template("junk"), "InvalidTemplate", "array of objects"),
    (template({"name": "b"}), "InvalidTemplate", "has no 'type'"),
    (template({**box(), "copy": {"count": 2}}), "InvalidTemplate", "'copy'"),
    (template({**box(), "dependsOn": ["nope"]}), "InvalidTemplate", "not defined"),
    (template({**box(), "dependsOn": ["b"]}), "InvalidTemplate", "circular"),
    (template({**box(), "dependsOn": 5}), "InvalidTemplate", "dependsOn"),
    (template({**box("b/c")}), "InvalidTemplate", "as many pieces"),
    (template({**box(), "type": "Test.Lab/crates"}), "InvalidTemplateDeployment", ""),
    (template(box(note="[newGuid()]")), "InvalidTemplate", "not offered"),
    (template(parameters=SECURE), "InvalidTemplate", "not provided"),
    (template(values={"x": {"value": 1}}), "InvalidTemplate", "do not correspond"),
    (template(parameters=SECURE, values={"key": {"value": 1}}), "InvalidTemplate", "not of its type"),
    (template({**box(), "type": "Microsoft.Resources/deployments"}), "InvalidTemplate", "nested"),
])
def test_what_is_no_template_for_us_is_refused_with_the_reason(arm: Arm, body: Any, code: str, why: str) -> None:
    refused = arm.ask("POST", path(arm, tail="/validate"), body)
    assert (refused.status, refused.code) == (400, code)
    assert why in refused.message


def test_an_output_of_a_secret_tells_nothing(arm: Arm) -> None:
    outputs = {"quiet": {"type": "securestring", "value": "[parameters('key')]"}}
    made = deploy(arm, template(parameters=SECURE, values={"key": {"value": "hush"}}, outputs=outputs))
    assert arm.follow(made.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}
    assert arm.ask("GET", path(arm)).body["properties"]["outputs"] == {"quiet": {"type": "securestring"}}


def test_a_running_deployment_is_not_replaced(arm: Arm) -> None:
    deploy(arm, template(box()))
    assert deploy(arm, template(box())).code == "DeploymentActive"
    arm.network.settle()
    arm.ask("GET", path(arm))
    assert deploy(arm, template(box())).status == 200


def test_deployments_are_listed_and_deleted_without_their_resources(arm: Arm) -> None:
    deploy(arm, template(box()))
    arm.network.settle()
    listed = arm.ask("GET", path(arm, "")[:-1]).body["value"]
    assert [(one["name"], one["properties"]["provisioningState"]) for one in listed] == [("d1", "Succeeded")]
    assert arm.ask("DELETE", path(arm)).status == 204
    assert arm.ask("HEAD", path(arm)).status == 404
    assert arm.ask("GET", arm.at("boxes/b")).status == 200


def test_a_template_gives_nobody_more_rights(arm: Arm) -> None:
    plant = {**box(), "type": "Trunkline.Plant/edges"}
    arm.account = "provider"
    assert deploy(arm, template(plant)).code == "AuthorizationFailed"


def of_another(arm: Arm) -> str:
    """A box of the customer; whoever asks from now on is the provider, in a group of its own."""
    made = arm.make(arm.at("boxes/theirs"), {"location": "westus", "properties": {"note": "mine"}})
    arm.account = "provider"
    assert arm.ask("PUT", own_group(arm), {"location": "westus"}).status == 201
    return str(made["id"])


def own_group(arm: Arm) -> str:
    return f"/subscriptions/{arm.accounts.provider_subscription}/resourceGroups/own"


def test_outputs_tell_nothing_of_what_the_author_may_not_read(arm: Arm) -> None:
    theirs, at = of_another(arm), own_group(arm) + "/providers/Microsoft.Resources/deployments/d1"
    for reference in (f"[reference('{theirs}')]", f"[reference('{theirs.upper()}', '2025-01-01', 'Full')]"):
        arm.ask("PUT", at, template(outputs={"stolen": {"type": "object", "value": reference}}))
        found = arm.ask("GET", at)
        assert found.body["properties"]["error"]["code"] == "DeploymentOutputEvaluationFailed"
        assert "mine" not in str(found.body)


def test_resources_tell_nothing_of_what_the_author_may_not_read(arm: Arm) -> None:
    theirs, at = of_another(arm), own_group(arm) + "/providers/Microsoft.Resources/deployments/d1"
    refused = arm.ask("PUT", at, template(box(note=f"[reference('{theirs}').note]")))
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")


def test_outputs_are_what_the_author_may_read_whoever_asks(arm: Arm) -> None:
    of_another(arm)
    arm.account = "operator"
    own = f"{own_group(arm)}/providers/Test.Lab/boxes/own"
    arm.make(own, {"location": "westus", "properties": {"size": 7}})
    arm.ask("PUT", path(arm), template(outputs={"size": {"type": "int", "value": f"[reference('{own}').size]"}}))
    arm.account = "customer"
    assert arm.ask("GET", path(arm)).body["properties"]["outputs"]["size"]["value"] == 7


def test_a_chain_of_variables_that_is_too_deep_is_refused_before_a_transaction_begins(
        arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = {"v0": "x", **{f"v{n}": f"[variables('v{n - 1}')]" for n in range(1, 256)}}
    monkeypatch.setattr(arm.store, "writing", None)
    refused = deploy(arm, template(variables=dict(reversed(chain.items()))))
    assert (refused.status, refused.code) == (400, "InvalidTemplate")
    assert "nested too deeply" in refused.message


def test_too_many_variables_are_refused(arm: Arm) -> None:
    refused = deploy(arm, template(variables={f"v{n}": n for n in range(257)}))
    assert "256 are allowed" in refused.message


def test_a_deployment_whose_failure_was_forgotten_has_failed(arm: Arm) -> None:
    deploy(arm, template(box()))
    arm.network.settle(failing="b")
    with arm.store.writing() as writer:
        writer.prune(*[now() + timedelta(seconds=1)] * 2)
    assert arm.ask("GET", path(arm)).state == "Failed"


def test_a_group_may_have_a_name_of_any_letters(arm: Arm) -> None:
    group = f"{arm.subscription}/resourceGroups/{quote('группа')}"
    assert arm.ask("PUT", group, {"location": "westus"}).status == 201
    made = arm.ask("PUT", f"{group}/providers/Microsoft.Resources/deployments/d1", template())
    assert made.status == 201
    assert arm.follow(made.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}


def test_a_canceled_deployment_leaves_what_it_has_written(arm: Arm) -> None:
    url = deploy(arm, template(box())).headers["azure-asyncoperation"]
    assert arm.ask("POST", path(arm, tail="/cancel")).status == 204
    told = arm.follow(url).body
    assert (told["status"], told["error"]["code"]) == ("Canceled", "DeploymentCanceled")
    assert arm.ask("GET", path(arm)).body["properties"]["provisioningState"] == "Canceled"
    arm.network.settle()
    assert arm.ask("GET", arm.at("boxes/b")).body["properties"]["provisioningState"] == "Succeeded"
    again = arm.ask("POST", path(arm, tail="/cancel"))
    assert (again.status, again.body["error"]["code"]) == (409, "DeploymentCannotBeCanceled")


def test_operations_of_a_deployment_are_read_one_by_one_and_by_their_old_path(arm: Arm) -> None:
    deploy(arm, template(box()))
    row, = arm.ask("GET", path(arm, tail="/operations")).body["value"]
    old = f"{arm.group}/deployments/d1/operations/{row['operationId']}"
    assert arm.ask("GET", old).body == arm.ask("GET", path(arm, tail=f"/operations/{row['operationId']}")).body == row
    assert arm.ask("GET", path(arm, tail="/operations/other")).status == 404
