"""Names and numbers that daemons can carry in place of ours: identifiers, group numbers, quoted secrets. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from trunkline.errors import Unsupported
from trunkline.intent.bgp import LOCAL, Router
from trunkline.model.bgp import family_of
from trunkline.model.resource import Secret

_SAFE = re.compile(r"[A-Za-z0-9_.:-]{1,48}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]")
#: Both daemons take these in a password without quoting rules of their own.
_PASSWORD = re.compile(r"[A-Za-z0-9_.,:;@%+=/~^*-]{1,80}")

#: Group number of what a router originates itself.
LOCAL_GROUP = 1


def identifier(name: str) -> str:
    """``name`` if every daemon can carry it, else a likeness with a hash; stable, so that a reload finds it again."""
    if _SAFE.fullmatch(name):
        return name
    return f"{_UNSAFE.sub('-', name)[:36]}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def group_number(group: str) -> int:
    """The mark that routes of ``group`` carry inside a daemon. A hash, so that a new group renumbers no other."""
    if group == LOCAL:
        return LOCAL_GROUP
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=4).digest()) % (2**32 - 3) + 2


def families(router: Router) -> tuple[int, ...]:
    """Address families a router speaks; IPv4 always, so that an empty router is a legal one. Link-state routers speak
    both."""
    if router.igp:
        return 4, 6
    spoken = {family_of(session.peer_address) for session in router.sessions}
    return tuple(sorted(spoken | {family_of(origin.prefix) for origin in router.origins} | {4}))


def password_text(password: Secret | None) -> str:
    """The clear text for a configuration file; empty without password."""
    if password is None:
        return ""
    text = password.get_secret_value()
    if not _PASSWORD.fullmatch(text):
        raise Unsupported("a session's password has characters that BGP daemons cannot read; use letters and digits")
    return text


def redact(message: str, router: Router) -> str:
    """A daemon's message without the router's passwords."""
    keys = (key for session in router.sessions
            for key in (session.password, session.bfd_key.key if session.bfd_key else None))
    return without(message, map(password_text, keys))


def without(message: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            message = message.replace(secret, "***")
    return message
