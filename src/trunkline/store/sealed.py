"""Secrets at rest: documents that hold one are encrypted (AES-256-GCM) before they reach the database.

Sealed is what a resource keeps apart as its secrets, what an action answers, and any other document in which a member
bears the name of a secret (a generated authorization key). A sealed document is one JSON string, ``s1:KEY:TEXT``, that
names its key; the keys are in a file that root alone reads, the first for writing, all for reading.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.errors import StoreFailure, Unsupported

_MARK = '"s1:'
_NONCE_BYTES = 12

#: Members whose text is a secret, wherever they stand.
_TELLING = re.compile(
    r'"([A-Za-z.]*authorizationKey|[A-Za-z.]*sharedKey|[A-Za-z.]*password|cak|ckn|radiusServerSecret)":"[^"]',
    re.IGNORECASE)

_decode = json.JSONDecoder().raw_decode

#: Keys of all stores that this process has opened, by their ids: a statement's plan is shared by all of them.
_KNOWN: dict[str, AESGCM] = {}


class Hidden(dict[str, Any]):
    """A document that is sealed whatever its members are called."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An action's answer, which may be a key under any name: sealed unless there is nothing."""

    value: object


def answered(value: object) -> Answered | None:
    return None if value is None else Answered(value)


class Ring:
    """The keys of one store, called to render a document: psycopg takes two methods of the same code for one and the
    same. Without any key, what would have to be sealed is refused."""

    def __init__(self, path: Path | None) -> None:
        found = _keys(path) if path else []
        self._current = _id(found[0]) if found else ""
        for key in found:
            _KNOWN.setdefault(_id(key), AESGCM(key))

    def __call__(self, value: object) -> str:
        """In ASCII: a client may send half a surrogate pair, which no database takes as text."""
        plain = value.value if isinstance(value, Answered) else value
        text = json.dumps(plain, separators=(",", ":"))
        whole = isinstance(value, Hidden | Answered) and bool(plain)
        return self._seal(text) if whole or _TELLING.search(text) else text

    def _seal(self, text: str) -> str:
        if not self._current:
            raise Unsupported("The store has no key to encrypt secrets with; open it with the path of a key file.")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + _KNOWN[self._current].encrypt(nonce, text.encode(), None)
        return f'{_MARK}{self._current}:{b64encode(sealed).decode()}"'

    def current(self, text: str) -> bool:
        """Whether a stored document needs no other key than the one for writing."""
        return not text.startswith(_MARK) or text.startswith(f"{_MARK}{self._current}:")


def parse(text: str | bytes) -> Any:
    """What a ``Ring`` wrote: no blanks around it, and often an empty object."""
    if text == "{}":
        return {}
    plain = text if isinstance(text, str) else text.decode()
    return _decode(_opened(plain) if plain.startswith(_MARK) else plain)[0]


def _opened(text: str) -> str:
    key, _, coded = text[len(_MARK):-1].partition(":")
    sealed = b64decode(coded)
    try:
        return _KNOWN[key].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
    except (KeyError, InvalidTag) as problem:
        raise StoreFailure(f"A secret in the store is encrypted with key {key}, which is not in the key file; restore "
                           "the file that belongs to this database.") from problem


def add_key(path: Path) -> None:
    """A new one for writing; the others stay for reading."""
    _write(path, [secrets.token_bytes(32), *_keys(path)])


def drop_keys(path: Path) -> None:
    """All but the one for writing."""
    _write(path, _keys(path)[:1])


def _keys(path: Path) -> list[bytes]:
    if not path.exists():
        _create(path)
    try:
        found = [b64decode(line, validate=True) for line in path.read_text(encoding="ascii").split()]
    except ValueError:
        found = []
    if not found or any(len(key) != 32 for key in found):
        raise Unsupported(f"{path} is not as it was written; restore it, for without it the secrets in the store are "
                          "lost.")
    return found


def _create(path: Path) -> None:
    """Two processes that start together agree on the first one's."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    _write(fresh, [secrets.token_bytes(32)])
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _write(path: Path, keys: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def _id(key: bytes) -> str:
    return sha256(b"trunkline store\0" + key).hexdigest()[:8]
