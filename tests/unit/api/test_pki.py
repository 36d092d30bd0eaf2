from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from trunkline.api import pki
from trunkline.settings import Places


def _shake_hands(places: Places, name: str) -> str:
    """A TLS handshake between the certificate and a client that trusts the CA alone; the name of the cipher."""
    certificate, key = pki.server_certificate(places)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(places.ca))
    near, far = socket.socketpair()

    def serve() -> None:
        with served.wrap_socket(far, server_side=True, do_handshake_on_connect=False) as line:
            try:
                line.do_handshake()
            except ssl.SSLError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with trusting.wrap_socket(near, server_hostname=name) as line:
            return str(line.version())
    finally:
        near.close()
        thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost", "keys.vault.localhost"])
def test_a_client_that_trusts_the_ca_trusts_the_server(places: Places, name: str) -> None:
    assert _shake_hands(places, name) == "TLSv1.3"


def test_no_other_name_is_served(places: Places) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(places, "example.com")


def test_keys_are_private_and_certificates_are_not(places: Places) -> None:
    certificate, key = pki.server_certificate(places)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (certificate, key, places.ca, key.parent / "ca.key")}
    assert modes == {"server.pem": 0o644, "server.key": 0o600, "ca.pem": 0o644, "ca.key": 0o600}


def test_a_second_start_changes_nothing(places: Places) -> None:
    before = [path.read_bytes() for path in pki.server_certificate(places)]
    assert [path.read_bytes() for path in pki.server_certificate(places)] == before


def test_a_certificate_near_its_end_is_renewed_by_the_same_ca(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "_SERVER_LIFE", timedelta(days=20))
    path, _ = pki.server_certificate(places)
    ca, old = places.ca.read_bytes(), _end(path)
    monkeypatch.undo()
    pki.server_certificate(places)
    assert _end(path) > old + timedelta(days=300)
    assert places.ca.read_bytes() == ca


def test_a_lost_key_is_replaced(places: Places) -> None:
    _, key = pki.server_certificate(places)
    key.write_text("not a key")
    assert _shake_hands(places, "localhost") == "TLSv1.3"


def _end(path: Path) -> datetime:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.astimezone(UTC)
