"""Secrets as hashes: scrypt (RFC 7914) with its cost beside it, and a quick way to know one again.

A secret that we made has 256 random bits, which no dictionary holds, so its hash need not be dear; a password that a
person chose gets the cost that OWASP asks for at least (N = 2^14, r = 8, p = 5 would be its full strength; one lane
here, and failed attempts are slowed besides, see ``Attempts``).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, b64encode

#: CPU and memory cost as a power of two: 2 ms and 1 MiB; 50 ms and 16 MiB.
_RANDOM_COST, _CHOSEN_COST = 10, 14
_BLOCK, _LANES = 8, 1
_MEMORY_BYTES = 64 * 1024 * 1024

#: Right secrets that are remembered; beyond this all are forgotten and hashed again.
_REMEMBERED = 4096

#: So many wrong secrets within so many seconds, and it is over for the rest of them: of one account from one address,
#: of one account from everywhere (so that a stranger does not lock its owner out), of all accounts from one address.
_MOST_WRONG, _MOST_OF_ACCOUNT, _MOST_FROM_ADDRESS, _WINDOW_S = 10, 100, 100, 60.0


def new_secret() -> str:
    return secrets.token_hex(32)


def hashed(secret: str, chosen: bool = False) -> str:
    """``chosen``: by a person, not by ``new_secret``."""
    cost, salt = _CHOSEN_COST if chosen else _RANDOM_COST, secrets.token_bytes(16)
    return f"scrypt${cost}${b64encode(salt).decode()}${b64encode(_derive(secret, salt, cost)).decode()}"


def chosen(stored: str) -> bool:
    """Whether a person chose it."""
    return stored.startswith(f"scrypt${_CHOSEN_COST}$")


def _derive(secret: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=2 ** cost, r=_BLOCK, p=_LANES, maxmem=_MEMORY_BYTES, dklen=32)


def matches(stored: str, secret: str) -> bool:
    """Takes as long for a wrong secret as for a right one."""
    _, cost, salt, digest = stored.split("$")
    return hmac.compare_digest(_derive(secret, b64decode(salt), int(cost)), b64decode(digest))


#: What is compared when there is no such account, so that the answer takes as long.
NOBODY = hashed(new_secret())


class Memory:
    """Knows right secrets again by a keyed hash, whose key dies with the process: microseconds instead of scrypt's
    milliseconds. A new secret has a new stored hash, and with it nothing is remembered."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()

    def matches(self, stored: str, secret: str) -> bool:
        mark = hmac.digest(self._key, f"{stored}\0{secret}".encode(), "sha256")
        if mark in self._known:
            return True
        if not matches(stored, secret):
            return False
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known.add(mark)
        return True


class Attempts:
    """Slows guessing: who was wrong too often waits until the window has passed. Used from several threads."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[str, str], tuple[float, ...]] = {}

    def locked(self, account: str, address: str) -> bool:
        """``account``: empty when there is none to guess at. ``address``: empty for this process itself."""
        return any(len(self._recent(key)) >= most for key, most in self._keys(account, address))

    def wrong(self, account: str, address: str) -> None:
        for key, _ in self._keys(account, address):
            recent = self._recent(key)
            self._wrong.pop(key, None)
            self._wrong[key] = (*recent, time.monotonic())
        for key in tuple(self._wrong)[:max(0, len(self._wrong) - _REMEMBERED)]:  # those that were wrong longest ago
            self._wrong.pop(key, None)

    @staticmethod
    def _keys(account: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
        """What is counted, and how many are too many."""
        own = (((account, address), _MOST_WRONG), ((account, "*"), _MOST_OF_ACCOUNT)) if account else ()
        return (*own, (("", address), _MOST_FROM_ADDRESS)) if address else own

    def _recent(self, key: tuple[str, str]) -> tuple[float, ...]:
        begin = time.monotonic() - _WINDOW_S
        return tuple(moment for moment in self._wrong.get(key, ()) if moment > begin)
