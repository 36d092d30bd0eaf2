"""What the drivers do to a thing of which one member changes: the table on which every plan stands.

A member that is not named costs the most that its kind can cost, so that what is added later is never promised too
much. What is promised is proven on packets (tests/network/test_change_classes.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from trunkline.intent.bgp import Router, Session
from trunkline.intent.change.classes import ChangeClass
from trunkline.intent.network import (
    Cache,
    Capacity,
    CrossConnect,
    Filter,
    Hygiene,
    Impairment,
    Interface,
    Link,
    Lookup,
    Node,
    Outage,
    Piece,
    Policer,
    Port,
    Responder,
    Rewriting,
    Route,
    Sentry,
    Tunnel,
)

Item = Piece | Router | Session

_HITLESS, _SOFT, _RESET, _ANEW = (ChangeClass.HITLESS, ChangeClass.SOFT_REFRESH, ChangeClass.SESSION_RESET,
                                  ChangeClass.RECREATE)

#: Of what is changed in place, by kind: the class of any member that is not in ``MEMBERS``.
DEFAULTS: Mapping[type, ChangeClass] = {
    Session: _RESET, Router: _RESET, Filter: _HITLESS, Hygiene: _HITLESS, Lookup: _HITLESS, Sentry: _HITLESS,
    Policer: _HITLESS, Capacity: _HITLESS, Cache: _HITLESS, Rewriting: _HITLESS, Responder: _HITLESS,
    Impairment: _HITLESS, Outage: _RESET, Route: _SOFT}

#: By kind and member; ``end.`` stands for each end of a link or tunnel.
MEMBERS: Mapping[tuple[type, str], ChangeClass] = {
    (Session, "import_policy"): _SOFT, (Session, "export_policy"): _SOFT, (Session, "group"): _SOFT,
    (Session, "enforce_first_as"): _SOFT, (Session, "prefix_limit"): _HITLESS, (Session, "limit_action"): _HITLESS,
    (Session, "closed_by"): _HITLESS, (Session, "bfd"): _HITLESS,
    (Router, "origins"): _SOFT, (Router, "daemon"): _ANEW, (Router, "lapses_at"): _HITLESS,
    (Node, "sysctls"): _HITLESS, (Node, "forwarding"): _HITLESS,
    (Link, "end.mtu"): _HITLESS, (Link, "end.strict"): _HITLESS, (Link, "end.proxy_arp"): _HITLESS,
    (Link, "end.up"): _RESET, (Tunnel, "end.mtu"): _HITLESS, (Port, "mtu"): _HITLESS, (Port, "up"): _RESET,
    (CrossConnect, "mtu"): _HITLESS, (CrossConnect, "policer"): _HITLESS, (Outage, "expires"): _HITLESS,
}

#: Members that hold addresses: further ones are put beside those that are there.
_ADDRESSES = ("loopback", "addresses")

#: What costs nobody anything when it goes or comes: it only bounds, filters, counts or answers.
_QUIET = (Filter, Hygiene, Lookup, Sentry, Policer, Capacity, Cache, Rewriting, Responder)

#: What is made to harm: it may close sessions when it comes, whatever it stands on, and nothing when it goes.
HARM = (Impairment, Outage)


def differing(old: object, new: object) -> Iterator[str]:
    """Members that differ, of two things of one kind; of a link's or tunnel's ends, theirs."""
    for member in fields(old):  # type: ignore[arg-type]
        was, now = getattr(old, member.name), getattr(new, member.name)
        if was == now or (isinstance(old, Router) and member.name == "sessions"):
            continue
        if isinstance(was, Interface) and isinstance(now, Interface):
            yield from (f"end.{inner}" for inner in differing(was, now))
        else:
            yield member.name


def cost(old: Item, member: str, new: Item) -> ChangeClass:
    """Of one member that differs, as ``differing`` names it."""
    kind = type(old)
    if member.rpartition(".")[2] in _ADDRESSES and _only_more(old, member, new):
        return _HITLESS
    if isinstance(old, Session) and isinstance(new, Session) and member == "password":
        return _HITLESS if old.password and new.password else _RESET  # sockets take another key, never a first one
    return MEMBERS.get((kind, member), DEFAULTS.get(kind, _ANEW))


def _only_more(old: Item, member: str, new: Item) -> bool:
    """An end is told from the other by its name, which is the same before and after."""
    held = {getattr(one, "name", ""): one for one in _holders(old)}
    return all(set(getattr(held.get(getattr(one, "name", "")), member.rpartition(".")[2], ())) <= set(
        getattr(one, member.rpartition(".")[2])) for one in _holders(new))


def _holders(item: Item) -> tuple[Node | Interface, ...]:
    match item:
        case Link():
            return item.a, item.b
        case Tunnel():
            return (item.end,)
        case Node():
            return (item,)
    return ()


def cost_of_going(item: Item) -> ChangeClass:
    """Of something that is there no more, and nothing in its place."""
    if isinstance(item, (*_QUIET, *HARM)):
        return _HITLESS
    if isinstance(item, Route):
        return _SOFT
    return _RESET if isinstance(item, Session) else _ANEW


def cost_of_coming(item: Item) -> ChangeClass:
    """To all that was there before; nothing of its own can be harmed."""
    if isinstance(item, HARM):
        return _RESET
    return _SOFT if isinstance(item, Route) else _HITLESS
