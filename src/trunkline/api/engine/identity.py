"""``identity`` of a resource: the managed identities it names must exist; an answer says who they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, Resource, ResourceId

USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"

_TYPES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned")


def typed(envelope: Json) -> Json:
    """``az network express-route port identity assign`` names an identity and leaves out the type."""
    given = envelope.get("identity")
    if not isinstance(given, dict) or given.get("type") or not given.get("userAssignedIdentities"):
        return envelope
    return {**envelope, "identity": {**given, "type": "UserAssigned"}}


def faults(resource: Resource, estate: Estate) -> Iterator[Fault]:
    """Of the envelope of a wish."""
    given = resource.envelope.get("identity")
    if given is None:
        return
    kind = str(given.get("type", "")) if isinstance(given, dict) else ""
    if kind.replace(" ", "").lower() not in {one.replace(" ", "").lower() for one in _TYPES}:
        yield Fault("InvalidIdentityType", f"identity.type '{kind[:40]}' is none of {'; '.join(_TYPES)}; write one of "
                    "these.", "identity.type")
        return
    if "systemassigned" in kind.lower():
        yield Fault("SystemAssignedIdentityNotSupported", f"identity.type '{kind}' is not offered for "
                    f"'{resource.id.type}'; create a user-assigned identity (az identity create) and use "
                    "'UserAssigned'.", "identity.type")
    if "userassigned" in kind.lower() and not given.get("userAssignedIdentities"):
        yield Fault("InvalidIdentityValues", "identity.userAssignedIdentities must name at least one identity with "
                    "type UserAssigned; add one.", "identity.userAssignedIdentities")
    for text in _named(resource.envelope):
        if _find(text, estate) is None:
            yield Fault("FailedIdentityOperation", f"Identity operation for resource '{resource.id}' failed with error "
                        "'Failed to perform resource identity operation. Status: 'BadRequest'. Response: "
                        f"'Resource '{text[:200]}' was not found.''. Create it, or name another.",
                        "identity.userAssignedIdentities")


def links(resource: Resource) -> frozenset[str]:
    """Keys of the identities it names."""
    found = set()
    for text in _named(resource.envelope):
        with suppress(Fault):
            found.add(ResourceId.parse(text).key)
    return frozenset(found)


def shown(envelope: Json, estate: Estate) -> Json:
    """The envelope as it is answered."""
    if "identity" not in envelope or not _named(envelope):
        return envelope
    told: Json = {}
    for text in _named(envelope):
        found = _find(text, estate)
        told[text] = {name: found.system[name] for name in ("principalId", "clientId")} if found else {}
    return {**envelope, "identity": {**envelope["identity"], "userAssignedIdentities": told}}


def _named(envelope: Json) -> tuple[str, ...]:
    given = envelope.get("identity")
    named = given.get("userAssignedIdentities") if isinstance(given, dict) else None
    return tuple(named) if isinstance(named, dict) else ()


def _find(text: str, estate: Estate) -> Resource | None:
    try:
        wanted = ResourceId.parse(text)
    except Fault:
        return None
    return estate.get(wanted) if wanted.type.lower() == USER_ASSIGNED.lower() else None
