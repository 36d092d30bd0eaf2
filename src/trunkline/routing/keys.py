"""Passwords in printed configurations: which of them have changed, and a text that keeps the old ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trunkline.intent.bgp import Router, Session
from trunkline.model.site import Daemon
from trunkline.routing.naming import identifier, password_text

#: Where a session's password stands in a configuration: nothing of another session lies between.
_PLACES = {
    Daemon.BIRD: r"(\nprotocol bgp '{name}' \{{\n(?:  .*\n)*?  password \")([^\"\n]+)(\";\n)",
    Daemon.FRR: r"(\n *neighbor {peer} password )(\S+)(\n)",
}


_BIRD, _CHANNEL = "\nprotocol bgp ", "\n  ipv"


@dataclass(frozen=True, slots=True)
class Rotation:
    """``keys``: new ones, by the addresses of peers whose session has the old one. ``text``: as wished, but for these.
    """

    text: str
    keys: Mapping[str, str] = field(default_factory=dict)
    sessions: frozenset[str] = frozenset()


def rotation(active: str, wished: str, router: Router, up: Collection[str]) -> Rotation:
    """``active``: what the daemon was told. ``up``: names of sessions that are Established, and are to stay so."""
    text, keys, names = wished, dict[str, str](), set[str]()
    for session in router.sessions:
        place, new = _place(router.daemon, session), password_text(session.password)
        old = place.search(active)
        if not new or old is None or old[2] == new or session.name not in up or not _set_up_alike(old, place, wished):
            continue
        text = place.sub(lambda found, known=old[2]: f"{found[1]}{known}{found[3]}", text)  # type: ignore[misc]
        keys[session.peer_address] = new
        names.add(session.name)
    return Rotation(text, keys, frozenset(names))


def _set_up_alike(old: re.Match[str], place: re.Pattern[str], wished: str) -> bool:
    """Whether BIRD would keep the session but for its password: all that stands before its channel is the same."""
    new = place.search(wished)
    return new is not None and new[1] == old[1] and _rest(old) == _rest(new)


def _rest(found: re.Match[str]) -> str:
    return found.string[found.end(2):].partition(_CHANNEL)[0] if found[1].startswith(_BIRD) else ""


def _place(daemon: Daemon, session: Session) -> re.Pattern[str]:
    return re.compile(_PLACES[daemon].format(
        name=re.escape(identifier(session.name)), peer=re.escape(session.peer_address)))


def any_other(active: str, router: Router) -> bool:
    """Whether any session has another password than the daemon was told of."""
    found = ((_place(router.daemon, session).search(active), password_text(session.password))
             for session in router.sessions)
    return any(new and old is not None and old[2] != new for old, new in found)
