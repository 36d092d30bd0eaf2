"""Deleted vaults: listed, shown, purged, and brought back by a PUT with ``createMode`` recover; access policies, which
have a path of their own; and whether a name is free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trunkline.api import body as content
from trunkline.api import placement
from trunkline.api.codec import members
from trunkline.api.engine import listing, lock, shape, target, verbs, whereabouts
from trunkline.api.engine.turn import writing
from trunkline.api.envelope import NotAllowed
from trunkline.api.exchange import Answer, Awaited, Call, answer
from trunkline.api.keyvault import kept
from trunkline.api.resources.vaults import name_fault, taken
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault, NotFound
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader


def list_all(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = [one for one in reader.list(kept.DELETED_VAULT, call.names["subscription"]) if not kept.due(one)]
    return listing.page(call, found, lambda one: one.id.key, _show, lambda one: call.sees(one.id))


def get(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        return answer(_show(_found(reader, call)))


def purge(service: Service, call: Call) -> Answer:
    with writing(service, call) as turn:
        gone = _found(turn.writer, call)
        lock.check_delete(turn.writer, gone.id)
        if gone.properties.get("enablePurgeProtection"):
            raise Conflict("MethodNotAllowed", f"Operation 'DeletedVaultPurge' is not allowed: vault '{gone.id.name}' "
                           "has purge protection; it goes by itself when its retention ends.", status=405)
        turn.writer.delete(gone.id)
        turn.log(gone, "purge/action", "Succeeded")
    return Answer(200)


def check_name(service: Service, call: Call) -> Answer:
    name = str(content.object_in(call.headers, call.body).get("name", ""))
    fault = name_fault(name)
    reason = "AccountNameInvalid"
    if fault is None:
        with service.store.reading() as reader:
            fault = taken(reader, ResourceId(call.names["subscription"], "", kept.NAMESPACE, ("vaults",), (name,)))
        reason = "AlreadyExists"
    if fault is None:
        return answer({"nameAvailable": True})
    return answer({"nameAvailable": False, "reason": reason, "message": str(fault)})


def answer_to_vault(service: Service, call: Call) -> Answer | Awaited:
    """Any verb on one vault; a PUT may bring a deleted one back."""
    names = {**call.names, "namespace": kept.NAMESPACE, "rest": f"vaults/{call.names['vault']}"}
    call = replace(call, names=names)
    if call.method == "PUT":
        mode = members(content.object_in(call.headers, call.body), "properties", "properties").get("createMode")
        _forget_due(service, call)
        if str(mode).lower() == "recover":
            return _recover(service, call)
    return verbs.answer_to(service, call)


def _forget_due(service: Service, call: Call) -> None:
    """A deleted vault of that name whose time is over does not stand in the way."""
    with service.store.reading() as reader:
        over = [one for one in reader.find(kept.DELETED_VAULT, call.names["vault"]) if kept.due(one)]
    if over:
        with service.store.writing() as writer:
            for one in over:
                writer.delete(one.id)


def _recover(service: Service, call: Call) -> Answer:
    given = content.object_in(call.headers, call.body)
    wanted = ResourceId(call.names["subscription"], call.names["group"], kept.NAMESPACE, ("vaults",),
                        (call.names["vault"],))
    with writing(service, call) as turn:
        item = target.of(service.registry, wanted)
        if item is None or turn.writer.get(ResourceId(wanted.subscription, wanted.group)) is None:
            raise whereabouts.group_absent(wanted.group)
        lock.check_write(turn.writer, wanted)
        location = placement.location(given, kept.VAULT, None)
        gone = turn.writer.get(kept.deleted_vault_id(wanted, location))
        if gone is None or str(gone.system["was"]).lower() != wanted.key:
            raise NotFound(f"A deleted vault '{wanted.name}' of resource group '{wanted.group}' and location "
                           f"'{location}' was not found; az keyvault list-deleted shows what there is.",
                           "DeletedVaultNotFound")
        for one in tuple(kept.recovered(turn.writer, gone, wanted)):
            turn.writer.put(one)
        turn.writer.delete(gone.id)
        vault = turn.writer.get(wanted) or gone
        turn.log(vault, "write", "Succeeded")
        return answer(shape.body(service.registry, turn.writer, item, vault), 201)


def change_policies(service: Service, call: Call) -> Answer:
    """``PUT …/vaults/{vault}/accessPolicies/{add|replace|remove}``."""
    kind = call.names["kind"].lower()
    if kind not in _CHANGES:
        raise NotAllowed(call.method, *_CHANGES)
    given = members(content.object_in(call.headers, call.body), "properties", "properties").get("accessPolicies")
    vault = ResourceId(call.names["subscription"], call.names["group"], kept.NAMESPACE, ("vaults",),
                       (call.names["vault"],))
    with service.store.reading() as reader:
        found = reader.get(vault)
        item = target.of(service.registry, vault)
    if found is None or item is None:
        raise whereabouts.absent(vault)
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("objectId") for one in given):
        raise Fault("BadRequest", "properties.accessPolicies must be an array of policies, each with an objectId.",
                    "properties.accessPolicies")
    policies = _CHANGES[kind](found.properties.get("accessPolicies", []), given)
    written = verbs.patch(service, replace(call, body=_patch(policies)), item)
    if written.status != 200:
        return written
    return answer({"id": f"{found.id}/accessPolicies/", "type": "Microsoft.KeyVault/vaults/accessPolicies",
                   "location": found.location, "properties": {"accessPolicies": policies}})


def _patch(policies: list[Json]) -> bytes:
    return answer({"properties": {"accessPolicies": policies}}).content


def _others(before: Iterable[Json], given: Iterable[Json]) -> list[Json]:
    named = {str(one["objectId"]).lower() for one in given}
    return [one for one in before if str(one["objectId"]).lower() not in named]


_CHANGES = {
    "add": lambda before, given: [*_others(before, given), *given],
    "replace": lambda before, given: [*_others(before, given), *given],
    "remove": _others,
}


def _found(reader: Reader, call: Call) -> Resource:
    wanted = ResourceId(call.names["subscription"], "", kept.NAMESPACE, ("locations", "deletedVaults"),
                        (call.names["location"].replace(" ", "").lower(), call.names["vault"]))
    found = reader.get(wanted)
    if found is None or kept.due(found):
        raise NotFound(f"The vault '{wanted.name}' was not found among the deleted vaults of location "
                       f"'{call.names['location'][:40]}'.", "DeletedVaultNotFound")
    return found


def _show(gone: Resource) -> Json:
    protected = {"purgeProtectionEnabled": True} if gone.properties.get("enablePurgeProtection") else {}
    return {"id": str(gone.id), "name": gone.id.name, "type": "Microsoft.KeyVault/deletedVaults", "properties": {
        "vaultId": gone.system["was"], "location": gone.location, "tags": dict(gone.tags),
        "deletionDate": gone.system["deleted"], "scheduledPurgeDate": gone.system["purge"], **protected}}
