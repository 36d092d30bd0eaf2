"""The data plane's operations on secrets, as azure-keyvault-secrets and az send them (api-version 7.x and later).

Each answers one request about one vault, whose caller is known and allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from trunkline.api import body as content
from trunkline.api import placement, validation
from trunkline.api.access.changes import claims
from trunkline.api.engine import listing
from trunkline.api.envelope import NotAllowed, refuse
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.keyvault import kept
from trunkline.api.resources.vaults import recoverable
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound
from trunkline.model.operation import Activity
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId, now
from trunkline.model.vault import Permission, SecretProperties
from trunkline.store import Reader, Writer

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}", re.ASCII)

#: Rows on a page, as in Azure.
_PAGE = 25

VALUE = kept.VALUE


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one vault. ``base``: the vault's address, as identifiers bear it."""

    service: Service
    call: Call
    vault: Resource
    base: str
    names: Sequence[str] = ()

    @property
    def secret(self) -> ResourceId:
        return kept.secret_id(self.vault.id, self.names[0])

    @property
    def deleted(self) -> ResourceId:
        return kept.deleted_secret_id(self.vault.id, self.names[0])


Operation = Callable[[Asked], Answer]


def resolve(method: str, path: str) -> tuple[Permission, Operation, tuple[str, ...]]:
    """What a path below the vault's address asks for, and what the caller must be allowed to do."""
    pieces = tuple(path.strip("/").split("/"))
    found = [(methods, names) for pattern, methods in _PATHS if (names := _matched(pattern, pieces)) is not None]
    if not found:
        raise Fault("NotSupported", f"'/{'/'.join(pieces)[:100]}' is not offered: this vault keeps secrets, not keys "
                    "or certificates, and makes no backups. Use /secrets and /deletedsecrets.", status=404)
    methods, names = found[0]
    if method not in methods:
        raise NotAllowed(method, *methods)
    return *methods[method], names


def _matched(pattern: str, pieces: Sequence[str]) -> tuple[str, ...] | None:
    words = pattern.split("/")
    if len(words) != len(pieces):
        return None
    if any(word != "*" and word != piece.lower() for word, piece in zip(words, pieces, strict=True)):
        return None
    return tuple(piece for word, piece in zip(words, pieces, strict=True) if word == "*")


def set_secret(asked: Asked) -> Answer:
    """A new version."""
    given = content.object_in(asked.call.headers, asked.call.body)
    _check_name(asked.names[0])
    model = _read(given)
    if model.value is None:
        raise _bad("Property 'value' of a secret is required but was not given; add it.", "value")
    with asked.service.store.writing() as writer:
        if writer.get(asked.deleted):
            raise recoverable(asked.names[0])
        version = _store(writer, asked.secret, model, placement.tags(given))
        _log(writer, asked, "write")
    return answer({VALUE: model.value, **_shown(asked, version)})


def _store(writer: Writer, secret: ResourceId, model: SecretProperties, tags: dict[str, str]) -> Resource:
    existing = writer.get(secret)
    number = int(existing.system["number"]) + 1 if existing else 1
    name = kept.fresh_version()
    stored = writer.put(replace(existing or Resource(secret), system={"current": name, "number": number}, secrets={},
                                state=ProvisioningState.SUCCEEDED))
    return writer.put(kept.new_version(stored.id, name, number, model, tags))


def get_secret(asked: Asked) -> Answer:
    """The only answer that tells a value, besides that of the PUT which brought it."""
    with asked.service.store.reading() as reader:
        version = _version(reader, asked)
    if not kept.attributes(version).enabled:
        raise Fault("Forbidden", "Operation get is not allowed on a disabled secret.", status=403)
    return answer({VALUE: version.secrets[VALUE], **_shown(asked, version)})


def update_secret(asked: Asked) -> Answer:
    """Attributes, content type and tags of one version; the value never changes."""
    given = content.object_in(asked.call.headers, asked.call.body)
    _read(given)
    with asked.service.store.writing() as writer:
        version = _version(writer, asked)
        changed = {name: given[name] for name in ("contentType",) if given.get(name) is not None}
        attributes = {**version.properties["attributes"], **_writable(given.get("attributes"))}
        version = writer.put(replace(
            version, properties={**version.properties, **changed, "attributes": attributes},
            tags=placement.tags(given) if given.get("tags") is not None else version.tags,
            system={**version.system, "updated": int(now().timestamp())}))
        _log(writer, asked, "write")
    return answer(_shown(asked, version))


def delete_secret(asked: Asked) -> Answer:
    with asked.service.store.writing() as writer:
        secret = _present(writer, asked)
        for one in tuple(kept.deleted(writer, secret, asked.deleted, asked.vault.properties)):
            writer.put(one)
        writer.delete(secret.id)
        _log(writer, asked, "delete")
        return answer(_shown_deleted(writer, asked, _present_deleted(writer, asked)))


def recover_secret(asked: Asked) -> Answer:
    with asked.service.store.writing() as writer:
        gone = _present_deleted(writer, asked)
        for one in tuple(kept.recovered(writer, gone, asked.secret)):
            writer.put(one)
        writer.delete(gone.id)
        _log(writer, asked, "recover/action")
        return answer(_shown(asked, kept.versions(writer, asked.secret)[0]))


def purge_secret(asked: Asked) -> Answer:
    if asked.vault.properties.get("enablePurgeProtection"):
        raise Fault("Forbidden", "Operation purge is not allowed: the vault has purge protection; the secret goes by "
                    "itself when its retention ends.", status=403)
    with asked.service.store.writing() as writer:
        writer.delete(_present_deleted(writer, asked).id)
        _log(writer, asked, "purge/action")
    return Answer(204)


def get_deleted(asked: Asked) -> Answer:
    with asked.service.store.reading() as reader:
        return answer(_shown_deleted(reader, asked, _present_deleted(reader, asked)))


def no_backup(_asked: Asked) -> Answer:
    raise Fault("NotSupported", "Backups of secrets are not offered: they could be restored nowhere else. Get the "
                "secret and keep it, or rely on its recovery.")


def list_secrets(asked: Asked) -> Answer:
    with asked.service.store.reading() as reader:
        found = reader.children(asked.vault.id, kept.SECRET)
        newest = [kept.versions(reader, one.id)[0] for one in found]
    return _page(asked, newest, lambda one: _shown(asked, one, versioned=False))


def list_versions(asked: Asked) -> Answer:
    with asked.service.store.reading() as reader:
        found = sorted(kept.versions(reader, _present(reader, asked).id), key=lambda one: one.id.key)
    return _page(asked, found, lambda one: _shown(asked, one))


def list_deleted(asked: Asked) -> Answer:
    with asked.service.store.reading() as reader:
        found = [one for one in reader.children(asked.vault.id, kept.DELETED_SECRET) if not kept.due(one)]
        shown = {one.id.key: _shown_deleted(reader, asked, one, versioned=False) for one in found}
    return _page(asked, found, lambda one: shown[one.id.key])


def _page(asked: Asked, rows: Sequence[Resource], show: Callable[[Resource], Json]) -> Answer:
    call = asked.call
    most = call.query.get("maxresults", str(_PAGE))
    if not most.isdecimal() or not 1 <= int(most[:6]) <= _PAGE:
        raise _bad(f"maxresults '{most[:20]}' is not a whole number from 1 to {_PAGE}; write one.", "maxresults")
    return listing.page(replace(call, query={**call.query, "$top": most}), rows, lambda one: one.id.key, show)


def _version(reader: Reader, asked: Asked) -> Resource:
    secret = _present(reader, asked)
    wanted = asked.names[1] if len(asked.names) > 1 else str(secret.system["current"])
    found = reader.get(kept.version_id(secret.id, wanted))
    if found is None:
        raise _absent(f"{asked.names[0]}/{wanted[:40]}")
    return found


def _present(reader: Reader, asked: Asked) -> Resource:
    _check_name(asked.names[0])
    found = reader.get(asked.secret)
    if found is None:
        raise _absent(asked.names[0])
    return found


def _present_deleted(reader: Reader, asked: Asked) -> Resource:
    _check_name(asked.names[0])
    found = reader.get(asked.deleted)
    if found is None or kept.due(found):
        raise NotFound(f"Deleted Secret not found: {asked.names[0]}", "SecretNotFound")
    return found


def _absent(name: str) -> NotFound:
    return NotFound(f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this "
                    "secret you may be able to recover it using the correct recovery command.", "SecretNotFound")


def _bad(message: str, target: str = "") -> Fault:
    return Fault("BadParameter", message, target)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _bad(f"The request URI contains an invalid name: {name[:130]}; it must have 1 to 127 letters, digits and "
                   "hyphens.", "name")


def _read(given: Json) -> SecretProperties:
    try:
        return SecretProperties.model_validate(given)
    except ValidationError as error:
        found: Iterable[Fault] = validation.faults(error, "", "secret", (VALUE,))
    refuse([_bad(str(one), one.target) for one in found])
    raise AssertionError("a ValidationError without errors")


def _writable(attributes: object) -> Json:
    given = attributes if isinstance(attributes, dict) else {}
    return {name: given[name] for name in ("enabled", "nbf", "exp") if given.get(name) is not None}


def _shown(asked: Asked, version: Resource, versioned: bool = True) -> Json:
    secret = version.id.parent or version.id
    identifier = f"{asked.base}/secrets/{secret.name}" + (f"/{version.id.name}" if versioned else "")
    shown: Json = {"id": identifier, "attributes": kept.shown_attributes(version, asked.vault.properties)}
    if "contentType" in version.properties:
        shown["contentType"] = version.properties["contentType"]
    return {**shown, "tags": dict(version.tags)}


def _shown_deleted(reader: Reader, asked: Asked, secret: Resource, versioned: bool = True) -> Json:
    newest = kept.versions(reader, secret.id)[0]
    return {"recoveryId": f"{asked.base}/deletedsecrets/{secret.id.name}", "deletedDate": _second(secret, "deleted"),
            "scheduledPurgeDate": _second(secret, "purge"), **_shown(asked, newest, versioned)}


def _second(secret: Resource, name: str) -> int:
    return int(datetime.fromisoformat(str(secret.system[name])).timestamp())


def _log(writer: Writer, asked: Asked, verb: str) -> None:
    """Who wrote which secret; never what."""
    account = asked.call.account
    writer.log(Activity(asked.secret, f"{kept.SECRET}/{verb}", account.client_id, asked.call.correlation_id,
                        "Succeeded", more={"claims": claims(account)}))


_Methods = dict[str, tuple[Permission, Operation]]

_PATHS: tuple[tuple[str, _Methods], ...] = (
    ("secrets", {"GET": (Permission.LIST, list_secrets)}),
    ("secrets/restore", {"POST": (Permission.SET, no_backup)}),
    ("secrets/*", {"GET": (Permission.GET, get_secret), "PUT": (Permission.SET, set_secret),
                   "DELETE": (Permission.DELETE, delete_secret), "PATCH": (Permission.SET, update_secret)}),
    ("secrets/*/backup", {"POST": (Permission.GET, no_backup)}),
    ("secrets/*/versions", {"GET": (Permission.LIST, list_versions)}),
    ("secrets/*/*", {"GET": (Permission.GET, get_secret), "PATCH": (Permission.SET, update_secret)}),
    ("deletedsecrets", {"GET": (Permission.LIST, list_deleted)}),
    ("deletedsecrets/*", {"GET": (Permission.GET, get_deleted), "DELETE": (Permission.PURGE, purge_secret)}),
    ("deletedsecrets/*/recover", {"POST": (Permission.RECOVER, recover_secret)}),
)
