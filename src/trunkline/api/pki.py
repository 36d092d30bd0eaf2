"""Our own certificate authority and the endpoint's certificate: ECDSA P-256, under ``home/pki``, keys for root alone.

The CA's certificate is what clients must trust (``REQUESTS_CA_BUNDLE``). The server's certificate is renewed at start
when it ends within a month or does not name this host; the CA is only ever created, so trust in it lasts.
"""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trunkline.api.private import write_private
from trunkline.settings import Places

_CA_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=397)  #: what browsers and curl accept at most
_RENEW_BEFORE = timedelta(days=30)
#: Clocks of clients may be behind by so much.
_BACKDATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def server_certificate(places: Places) -> tuple[Path, Path]:
    """Paths of the certificate chain and the key for the HTTPS server, created or renewed when needed."""
    directory = places.ca.parent
    certificate, key = directory / "server.pem", directory / "server.key"
    with _alone(directory):
        ca = _load(places.ca, directory / "ca.key") or _create_ca(places.ca, directory / "ca.key")
        present = _load(certificate, key)
        if present is None or not _serves(present.certificate, ca.certificate):
            _create_server(ca, certificate, key)
    return certificate, key


def _names() -> tuple[str, ...]:
    """OpenSSL takes no wildcard with a single label behind it, others do; so the vaults' names stand there too."""
    host = socket.gethostname()
    return tuple(dict.fromkeys(("localhost", "*.localhost", "*.vault.localhost", *([host] if _is_dns(host) else []))))


def _is_dns(host: str) -> bool:
    return bool(host) and host.isascii() and all(part.replace("-", "").isalnum() for part in host.split("."))


def _load(certificate: Path, key: Path) -> _Pair | None:
    """What is there, if it is whole and fits together."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or found.public_key() != private.public_key():
        return None
    return _Pair(found, private)


def _serves(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    if certificate.not_valid_after_utc - datetime.now(UTC) < _RENEW_BEFORE or certificate.issuer != ca.subject:
        return False
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(_names()) <= set(named.get_values_for_type(x509.DNSName))


def _create_ca(path: Path, key_path: Path) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # The serial stands in the name, so that a new CA is never taken for an old one in a client's trust store.
    subject = _subject(f"Trunkline CA {serial:040x}"[:48])
    builder = (
        _builder(subject, subject, key.public_key(), _CA_LIFE).serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    pair = _Pair(builder.sign(key, hashes.SHA256()), key)
    _save(pair, path, key_path)
    return pair


def _create_server(ca: _Pair, path: Path, key_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(name) for name in _names()]
    addresses = [x509.IPAddress(ip_address(text)) for text in ("127.0.0.1", "::1")]
    builder = (
        _builder(_subject("Trunkline"), ca.certificate.subject, key.public_key(), _SERVER_LIFE)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    _save(_Pair(builder.sign(ca.key, hashes.SHA256()), key), path, key_path)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey,
             life: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
            .not_valid_before(now - _BACKDATE).not_valid_after(now - _BACKDATE + life))


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates, encipher_only=False,
        decipher_only=False)


def _save(pair: _Pair, path: Path, key_path: Path) -> None:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(key_path, key)
    write_private(path, pair.certificate.public_bytes(Encoding.PEM), mode=0o644)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two processes that start together create one CA."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
