"""The key by which an instance signs certificates (Ed25519, RFC 8032), and signatures by it.

It is made at its first use, for root alone. Whoever has the public key can verify; a certificate carries it too, which
proves that nothing was changed, and not who signed.
"""

from __future__ import annotations

import os
import tempfile
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import click
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trunkline.cli.client import Json
from trunkline.cli.failure import Failed
from trunkline.diagnosis.drill.certificate import KIND, VERSION, signable
from trunkline.settings import Places

_ALGORITHM = "Ed25519"


def signing_key(places: Places) -> Ed25519PrivateKey:
    path = places.signing_key
    with suppress(FileNotFoundError):
        return _loaded(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".signing.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # of two that make one at the same time the first counts
            os.link(name, path)
    finally:
        os.unlink(name)
    return _loaded(path)


def _loaded(path: Path) -> Ed25519PrivateKey:
    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise Failed(f"{path} holds no Ed25519 key; move it away, and the next drill makes another.")
    return found


def public_pem(places: Places) -> str:
    return signing_key(places).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(path: Path) -> bytes:
    """The raw key of a PEM file."""
    try:
        found = load_pem_public_key(path.read_bytes())
    except OSError as problem:
        raise Failed(f"{path} cannot be read: {problem.strerror}.") from None
    except ValueError:
        raise Failed(f"{path} is no public key in PEM, which begins with '-----BEGIN PUBLIC KEY-----'; 'trunkline "
                     "certificate key' prints the one of the instance that signed.") from None
    if not isinstance(found, Ed25519PublicKey):
        raise Failed(f"{path} is a public key of another kind than {_ALGORITHM}.")
    return found.public_bytes_raw()


def own_public(places: Places) -> bytes | None:
    """Of this instance, if it has signed anything yet."""
    return signing_key(places).public_key().public_bytes_raw() if places.signing_key.exists() else None


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature an unchanged certificate bears. ``whose``: in words; ``known``: it is one that counts here."""

    key_id: str
    whose: str
    known: bool

    @property
    def said(self) -> str:
        return f"{self.whose} {self.key_id}"


def signer(document: Json, places: Places, key: Path | None) -> Signer:
    """``key``: the only one that counts, instead of this installation's. Raises Failed where that did not sign, or
    something was changed since; without ``key`` what another installation signed is told as unknown."""
    if key:
        return Signer(verify(document, read_public(key)), f"the key in {key},", known=True)
    own, said = own_public(places), document.get("signature")
    if own and isinstance(said, dict) and said.get("keyId") == fingerprint(own):
        return Signer(verify(document, own), "this installation's key", known=True)
    return Signer(verify(document, None), "a key that is unknown here,", known=False)


def warn(path: Path, by: Signer) -> None:
    """Of a certificate that nobody here can vouch for."""
    click.echo(f"trunkline: {path} was signed by {by.said} and not by this installation: nothing was changed since, "
               "but who signed is not known. '--key FILE' names the key that ought to have.", err=True)


def fingerprint(public: bytes) -> str:
    return sha256(public).hexdigest()[:16]


def signed(document: Json, key: Ed25519PrivateKey) -> Json:
    public = key.public_key().public_bytes_raw()
    return {**document, "signature": {
        "algorithm": _ALGORITHM, "keyId": fingerprint(public), "publicKey": b64encode(public).decode(),
        "value": b64encode(key.sign(signable(document))).decode()}}


def verify(document: Json, trusted: bytes | None) -> str:
    """The fingerprint of the key that signed; raises Failed unless nothing was changed since. ``trusted``: the only key
    that counts."""
    if (document.get("kind"), document.get("version")) != (KIND, VERSION):
        raise Failed(f"this is no {KIND} of version {VERSION}.")
    said = document.get("signature")
    if not isinstance(said, dict) or said.get("algorithm") != _ALGORITHM:
        raise Failed(f"the certificate bears no {_ALGORITHM} signature.")
    try:
        public, value = (b64decode(str(said.get(name, "")), validate=True) for name in ("publicKey", "value"))
        Ed25519PublicKey.from_public_bytes(trusted or public).verify(value, signable(document))
    except (InvalidSignature, ValueError):
        by_another = trusted is not None and fingerprint(trusted) != said.get("keyId")
        raise Failed(
            f"it was signed by key {str(said.get('keyId'))[:16]}, not by the one that is trusted here, "
            f"{fingerprint(trusted)}. '--key FILE' names another." if by_another and trusted else
            "the signature does not fit: the certificate was changed after it was signed. Do not rely on it.") from None
    return fingerprint(trusted or public)
