"""HTTP of deployments: PUT, GET, list, DELETE, validate, operations and their status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote
from uuid import uuid4

from trunkline.api import body as content
from trunkline.api import composite
from trunkline.api.deployments.expression import InvalidTemplate
from trunkline.api.deployments.functions import Scene, Words
from trunkline.api.deployments.jsonc import relaxed
from trunkline.api.deployments.run import Run, TemplateRefused, Told, outputs
from trunkline.api.deployments.template import Template, parse
from trunkline.api.deployments.vaulted import resolved
from trunkline.api.deployments.whatif import change, untouched
from trunkline.api.engine import listing, lock, operations, shape, target, whereabouts
from trunkline.api.engine.filter import condition
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.engine.write import Written
from trunkline.api.envelope import error
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.groups import DEPLOYMENTS
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault, Refused
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId, now
from trunkline.store import Reader, Writer

_NAME = re.compile(r"[\w().-]{1,64}", re.ASCII)

_CANCELED: Json = {"code": "DeploymentCanceled", "message": "The deployment was canceled.", "details": []}

_WORDS = {OperationStatus.IN_PROGRESS: "Running"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a template wrote. ``symbols``: ids by symbolic name."""

    written: tuple[Written, ...] = ()
    symbols: Json = field(default_factory=dict)


class _RolledBack(Exception):
    """A validation ends: what it wrote must not stay."""


def _group(call: Call) -> ResourceId:
    return ResourceId(call.names["subscription"], call.names["group"])


def _id(call: Call) -> ResourceId:
    namespace, kind = DEPLOYMENTS.split("/")
    return ResourceId(call.names["subscription"], call.names["group"], namespace, (kind,), (call.names["name"],))


def put(service: Service, call: Call) -> Answer:
    """A template that cannot be read is refused; one whose resources are refused is a deployment that failed."""
    template, words = _words(service, call, _template(service, call))
    try:
        return _put(service, call, template, words)
    except TemplateRefused as refused:
        return _put(service, call, template, refused)


def _words(service: Service, call: Call, template: Template) -> tuple[Template, Words]:
    """With its defaults and variables, which need no estate, evaluated before a transaction begins."""
    with service.store.reading() as reader:
        group = _present(reader, call)
    scene = Scene(group, service.accounts.tenant, call.names["name"])
    with _not_too_deep():
        given = Words(scene, template.values, template.variables, template.defaults)
        template = template.settled(given.parameter)
        words = Words(scene, template.values, template.variables)
        words.evaluate_variables()
    return template, words


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise InvalidTemplate("its variables or dependencies are nested too deeply; make the chain shorter."
                              ) from error


def _put(service: Service, call: Call, template: Template, words: Words | TemplateRefused) -> Answer:
    refused = words if isinstance(words, TemplateRefused) else None
    with writing(service, call) as turn:
        group = _present(turn.writer, call)
        existing = turn.writer.get(_id(call))
        if existing and turn.writer.running(existing.id):
            raise Conflict("DeploymentActive", f"Unable to edit or replace deployment '{existing.id.name}': previous "
                           "deployment is still active; wait until it has ended.")
        lock.check_write(turn.writer, _id(call))
        done = _run(turn, group, template, words, call.names["name"]) if isinstance(words, Words) else Done()
        operation = _operation(call, done.written)
        stored = turn.writer.put(_resource(existing, call, template, done, operation))
        operation = replace(operation, resource=stored.id)
        turn.writer.begin(operation)
        if refused:
            _fail(turn.writer, operation, refused)
        turn.log(stored, "write", "Failed" if refused else "Accepted")
    return answer(_show(stored, operation), 200 if existing else 201, _header(call, operation))


def _fail(writer: Writer, operation: Operation, refused: TemplateRefused) -> None:
    failure = composite.failure(composite.DEPLOY, [error(one) for one in refused.faults])
    writer.set_status(operation.resource, {"outputs": {}, "error": failure, "ended": now().isoformat()})
    writer.finish(operation.id, OperationStatus.FAILED, error=failure)


def validate(service: Service, call: Call) -> Answer:
    """Everything a PUT would check, and nothing of it kept."""
    shown: Json = {}
    template, words = _words(service, call, _template(service, call))
    try:
        with writing(service, call) as turn:
            done = _run(turn, _present(turn.writer, call), template, words, call.names["name"])
            operation = _operation(call, done.written)
            resource = _resource(None, call, template, done, operation)
            shown = _show(resource, replace(operation, status=OperationStatus.SUCCEEDED))
            shown["properties"]["validatedResources"] = [{"id": str(one.resource.id)} for one in done.written]
            raise _RolledBack
    except _RolledBack:
        return answer(shown)


def what_if(service: Service, call: Call) -> Answer:
    """What a PUT would change, found by making it and keeping nothing; what the client may not read is left out."""
    changes: list[Json] = []
    template, words = _words(service, call, _template(service, call))
    try:
        with writing(service, call) as turn:
            group = _present(turn.writer, call)
            before = _bodies(turn, group)
            done = _run(turn, group, template, words, call.names["name"])
            after = _bodies(turn, group)
            named = {one.resource.id.key for one in done.written}
            changes = [change(before.get(key), after[key]) for key in sorted(named & after.keys())]
            changes += [untouched(body) for key, body in before.items() if key not in named]
            changes = [one for one in changes if service.permissions.sees(
                call.account, ResourceId.parse(one["resourceId"]))]
            raise _RolledBack
    except _RolledBack:
        return answer({"status": "Succeeded", "properties": {"correlationId": call.correlation_id, "changes": changes}})


def _bodies(turn: Turn, group: Resource) -> dict[str, Json]:
    """Of everything in the group that has a type, as it will be answered when what is under way has ended."""
    for one in turn.writer.within(group.id):
        if one.state in (ProvisioningState.CREATING, ProvisioningState.UPDATING):
            turn.writer.set_status(one.id, state=ProvisioningState.SUCCEEDED)
    found = ((one, target.of(turn.registry, one.id)) for one in turn.writer.within(group.id))
    return {one.id.key: shape.body(turn.registry, turn.writer, item, one) for one, item in found
            if item and not item.kind.extension}


def export(service: Service, call: Call) -> Answer:
    """The template as it was sent."""
    return answer({"template": json.loads(_stored(service, call).secrets.get("template", "{}"))})


def get(service: Service, call: Call) -> Answer:
    return answer(_shown(service, _stored(service, call)))


def head(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        return Answer(204 if reader.get(_id(call)) else 404)


def list_all(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        if reader.get(_group(call)) is None:
            raise whereabouts.group_absent(call.names["group"])
        found = reader.list(DEPLOYMENTS, call.names["subscription"], call.names["group"])
    rows = [(one.id.key, _shown(service, one)) for one in found if call.sees(one.id)]
    if text := call.query.get("$filter", "").strip():
        test = condition(text, {"provisioningState": "properties.provisioningState"})
        rows = [row for row in rows if test(row[1])]
    return listing.page(call, rows, lambda row: row[0], lambda row: row[1])


def delete(service: Service, call: Call) -> Answer:
    with writing(service, call) as turn:
        lock.check_delete(turn.writer, _id(call))
        if found := turn.writer.get(_id(call)):
            turn.writer.delete(found.id)
            turn.log(found, "delete", "Succeeded")
    return Answer(204)


def status(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        operation = operations.find(reader, call.names["operation"], call.names["subscription"])
    if operation.resource.key != _id(call).key:
        raise operations.unknown(operation.id)
    operation = composite.settle(service.store, operation, {composite.DEPLOY: ending(service)})
    body: Json = {"status": _WORDS.get(operation.status, operation.status.value)}
    if operation.error:
        body["error"] = operation.error
    return answer(body, headers={} if operation.status.final else operations.SOON)


def steps(service: Service, call: Call) -> Answer:
    """One row for each resource of a deployment."""
    stored = _stored(service, call)
    with service.store.reading() as reader:
        found = [reader.operation(one) for one in stored.properties["operations"]]
    return answer({"value": [_step(stored, one) for one in found if one]})


def step(service: Service, call: Call) -> Answer:
    stored = _stored(service, call)
    wanted = call.names["operation"].lower()
    with service.store.reading() as reader:
        found = reader.operation(wanted) if wanted in stored.properties["operations"] else None
    if found is None:
        raise Fault("DeploymentOperationNotFound", f"Deployment '{stored.id.name}' has no operation '{wanted[:80]}'; "
                    "list its operations.", status=404)
    return answer(_step(stored, found))


def cancel(service: Service, call: Call) -> Answer:
    """What it has written by then goes on and stays, as in Azure."""
    stored = _stored(service, call)
    _shown(service, stored)
    with writing(service, call) as turn:
        running = turn.writer.running(stored.id)
        if not running:
            raise Conflict("DeploymentCannotBeCanceled", f"Deployment '{stored.id.name}' has ended; only one that runs "
                           "can be canceled.")
        for operation in running:
            turn.writer.finish(operation.id, OperationStatus.CANCELED, error=_CANCELED)
        turn.writer.set_status(stored.id, {"outputs": {}, "error": _CANCELED, "ended": now().isoformat()})
        turn.log(stored, "cancel/action", "Succeeded")
    return Answer(204)


def ending(service: Service) -> composite.Ending:
    """What a deployment leaves behind: its outputs, or why it failed."""
    def end(writer: Writer, operation: Operation, wrong: Json | None) -> Json | None:
        stored = writer.get(operation.resource)
        group = writer.get(ResourceId(operation.resource.subscription, operation.resource.group))
        if stored is None or group is None:
            return wrong
        told: Json = {}
        if wrong is None and composite.forgotten(writer, operation):
            parts = (writer.get(ResourceId.parse(one)) for one in stored.properties["resources"])
            wrong = composite.failed_parts(
                operation.action, [one for one in parts if one and one.state is ProvisioningState.FAILED])
        if wrong is None:
            try:
                with _not_too_deep():
                    scene = Scene(group, service.accounts.tenant, stored.id.name)
                    told = outputs(Told(service.registry, writer, scene, _sight(service, stored)), stored.properties)
            except Fault as fault:
                wrong = {"code": "DeploymentOutputEvaluationFailed", "message": str(fault), "details": []}
        writer.set_status(stored.id, {"outputs": told, "error": wrong, "ended": now().isoformat()})
        return wrong
    return end


def _sight(service: Service, stored: Resource) -> Callable[[ResourceId], bool]:
    """What the author of a deployment may read now."""
    author = service.tokens.account(str(stored.properties.get("author", "")))
    return lambda resource: author is not None and service.permissions.sees(author, resource)


def _template(service: Service, call: Call) -> Template:
    if not _NAME.fullmatch(call.names["name"]):
        raise Fault("InvalidDeploymentName", f"The deployment name '{call.names['name'][:80]}' is invalid: it may have "
                    "1 to 64 letters, digits, '.', '-', '_', '(' and ')'; choose another.", "name")
    with service.store.reading() as reader:
        return parse(resolved(content.object_in(call.headers, relaxed(call.body)), reader,
                              partial(service.permissions.permits, call.account)))


def _present(reader: Reader, call: Call) -> Resource:
    group = reader.get(_group(call))
    if group is None:
        raise whereabouts.group_absent(call.names["group"])
    if group.deleting:
        raise Conflict("ResourceGroupBeingDeleted", f"The resource group '{group.id.group}' is in deprovisioning state "
                       "and cannot perform this operation; wait until it is gone.")
    return group


def _run(turn: Turn, group: Resource, template: Template, words: Words, name: str) -> Done:
    with _not_too_deep(), _refused_whole(name):
        run = Run(turn, group, template, words)
        return Done(run.write(), run.symbols())


@contextmanager
def _refused_whole(name: str) -> Iterator[None]:
    try:
        yield
    except Refused as several:
        raise TemplateRefused(name, several.faults) from several
    except Fault as fault:
        if fault.code in ("InvalidTemplate", "AuthorizationFailed"):
            raise
        raise TemplateRefused(name, (fault,)) from fault


def _operation(call: Call, written: tuple[Written, ...]) -> Operation:
    return Operation(
        id=str(uuid4()), resource=_id(call), kind=OperationKind.DEPLOYMENT, action=composite.DEPLOY,
        waits_for=tuple(one.operation.id for one in written if one.operation), api_version=call.api_version)


def _resource(existing: Resource | None, call: Call, template: Template, done: Done,
              operation: Operation) -> Resource:
    """What is kept of a template: enough for its outputs, nothing that is secure. The template itself, which may say
    more than it should, is kept among the secrets."""
    properties: Json = {
        "operation": operation.id, "operations": list(operation.waits_for), "parameters": template.shown(),
        "values": template.plain(), "variables": template.variables, "outputs": template.outputs,
        "templateHash": template.hash, "correlationId": call.correlation_id, "timestamp": now().isoformat(),
        "resources": [str(one.resource.id) for one in done.written], "symbols": done.symbols,
        "author": call.account.object_id,
    }
    return replace(existing or Resource(_id(call)), properties=properties, status={"outputs": {}},
                   secrets={"template": json.dumps(template.source)},
                   state=ProvisioningState.SUCCEEDED)


def _stored(service: Service, call: Call) -> Resource:
    with service.store.reading() as reader:
        found = reader.get(_id(call))
        missing = None if found else reader.get(_group(call))
    if found is None and missing is None:
        raise whereabouts.group_absent(call.names["group"])
    if found is None:
        raise Fault("DeploymentNotFound", f"Deployment '{call.names['name'][:80]}' could not be found.", status=404)
    return found


def _shown(service: Service, stored: Resource) -> Json:
    with service.store.reading() as reader:
        operation = reader.operation(stored.properties["operation"])
    if operation is None:
        return _show(stored, None)
    operation = composite.settle(service.store, operation, {composite.DEPLOY: ending(service)})
    with service.store.reading() as reader:
        return _show(reader.get(stored.id) or stored, operation)


def _show(stored: Resource, operation: Operation | None) -> Json:
    kept, told = stored.properties, stored.status
    ended = OperationStatus.CANCELED if told.get("error") == _CANCELED else (
        OperationStatus.FAILED if told.get("error") else OperationStatus.SUCCEEDED)
    state = operation.status if operation else ended
    properties: Json = {
        "templateHash": kept["templateHash"], "parameters": kept["parameters"], "mode": "Incremental",
        "provisioningState": _WORDS.get(state, state.value), "timestamp": told.get("ended", kept["timestamp"]),
        "duration": "PT0S", "correlationId": kept["correlationId"], "providers": [], "dependencies": [],
        "outputResources": [{"id": one} for one in kept["resources"]],
    }
    if told.get("outputs"):
        properties["outputs"] = told["outputs"]
    if wrong := told.get("error"):
        properties["error"] = wrong
    return {"id": str(stored.id), "name": stored.id.name, "type": DEPLOYMENTS, "properties": properties}


def _step(stored: Resource, operation: Operation) -> Json:
    target = {"id": str(operation.resource), "resourceType": operation.resource.type,
              "resourceName": "/".join(operation.resource.names)}
    message = {"statusMessage": {"error": operation.error}} if operation.error else {}
    return {
        "id": f"{stored.id}/operations/{operation.id}", "operationId": operation.id,
        "properties": {
            "provisioningOperation": "Create",
            "provisioningState": _WORDS.get(operation.status, operation.status.value),
            "timestamp": (operation.finished or operation.created).isoformat(), "duration": "PT0S",
            "statusCode": "Conflict" if operation.error else "OK", "targetResource": target, **message}}


def _header(call: Call, operation: Operation) -> dict[str, str]:
    """A group's name may have letters that no header can hold."""
    path = f"{quote(str(_id(call)), safe='/()')}/operationStatuses/{operation.id}"
    return {"azure-asyncoperation": f"{call.origin}{path}?api-version={call.api_version}", **operations.SOON}
