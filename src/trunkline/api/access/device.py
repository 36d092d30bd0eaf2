"""Device codes (RFC 8628): given out, shown to a person, approved by an account's password, asked for until they end.

They live in this process's memory for a quarter of an hour; a restart ends them, and the client begins again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

LIFE_S, INTERVAL_S = 900, 2
#: A client whose clock or network is a little fast is not told to slow down.
_LEEWAY_S = 0.3
#: Codes at the same time, of all and of one address, so that nobody ends another's; beyond that the oldest end.
_MOST, _MOST_OF_ADDRESS = 1000, 100
#: Without vowels, so that no word comes out, and without what looks alike.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(slots=True)
class Code:
    """``account``: the object id of who approved it. ``interval_s`` grows by five when the client asks too often."""

    device_code: str
    user_code: str
    client: str
    scope: str
    end: float
    address: str = ""
    account: str = ""
    declined: bool = False
    interval_s: float = INTERVAL_S
    asked_at: float = float("-inf")


class Codes:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._guard = clock, threading.Lock()
        self._codes: dict[str, Code] = {}

    def begin(self, client: str, scope: str, address: str = "") -> Code:
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        code = Code(secrets.token_urlsafe(48), f"{letters[:4]}-{letters[4:]}", client, scope, self._clock() + LIFE_S,
                    address)
        with self._guard:
            own = [key for key, one in self._codes.items() if one.address == address]
            for key in own[:max(0, len(own) - _MOST_OF_ADDRESS + 1)]:
                del self._codes[key]
            while len(self._codes) >= _MOST:
                del self._codes[next(iter(self._codes))]
            self._codes[code.device_code] = code
        return code

    def waiting(self, user_code: str) -> Code | None:
        """The one that a person types, if it still waits for a word."""
        wanted = "".join(piece for piece in user_code.upper() if piece.isalnum())
        with self._guard:
            return next((one for one in self._codes.values() if one.user_code.replace("-", "") == wanted
                         and not one.account and not one.declined and one.end > self._clock()), None)

    def ask(self, device_code: str, client: str) -> Code | str:
        """The code when it was approved, which ends it; else RFC 8628's error: ``authorization_pending``,
        ``slow_down``, ``authorization_declined``, ``expired_token`` or ``bad_verification_code``."""
        with self._guard:
            code, moment = self._codes.get(device_code), self._clock()
            if code is None or code.client != client:
                return "bad_verification_code"
            early, code.asked_at = moment - code.asked_at < code.interval_s - _LEEWAY_S, moment
            ended = "expired_token" if code.end <= moment else "authorization_declined" if code.declined else ""
            if ended or code.account:
                del self._codes[device_code]
                return ended or code
            if early:
                code.interval_s += 5
                return "slow_down"
            return "authorization_pending"
