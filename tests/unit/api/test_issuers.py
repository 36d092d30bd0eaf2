from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from trunkline.api.access.issuers import Issuer, Issuers
from trunkline.errors import Fault

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider(BaseHTTPRequestHandler):
    """An OpenID Connect issuer: discovery and keys."""

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        told = {"jwks_uri": f"{base}/keys"} if self.path.startswith("/.well-known") else {"keys": [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "one", "use": "sig"}]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def issuer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def token(issuer: str, key: rsa.RSAPrivateKey = KEY, **claims: object) -> str:
    every = {"iss": issuer, "aud": "trunkline", "sub": "repo:a", "exp": time.time() + 60, **claims}
    return jwt.encode(every, key, "RS256", {"kid": "one"})


def test_a_trusted_issuers_token_is_its_accounts(issuer: str) -> None:
    issuers = Issuers((Issuer(issuer, "trunkline", {"repo:a": "customer"}),))
    assert issuers.account_of(token(issuer)) == "customer"
    assert issuers.account_of(token("https://elsewhere")) == ""


@pytest.mark.parametrize(("claims", "code"), [
    ({"aud": "other"}, "InvalidAuthenticationToken"), ({"exp": 1}, "ExpiredAuthenticationToken"),
    ({"sub": "repo:b"}, "InvalidAuthenticationToken")])
def test_what_does_not_fit_is_refused(issuer: str, claims: dict[str, object], code: str) -> None:
    with pytest.raises(Fault) as refused:
        Issuers((Issuer(issuer, "trunkline", {"repo:a": "customer"}),)).account_of(token(issuer, **claims))
    assert (refused.value.code, refused.value.status) == (code, 401)


def test_a_forged_signature_is_refused(issuer: str) -> None:
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Fault, match="invalid"):
        Issuers((Issuer(issuer, "trunkline", {"repo:a": "customer"}),)).account_of(token(issuer, forger))
