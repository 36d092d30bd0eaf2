"""Routing rules. Ours are those that bear the protocol ``static``; the kernel's three are left alone."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys

from trunkline.fabric import netlink, rtnl
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import MAIN, Lookup, Verdict

_FIXED_BYTES = 12
_MAIN_TABLE, _PROTOCOL_STATIC = 254, 4
_FRA_DST, _FRA_IIFNAME, _FRA_GOTO, _FRA_PRIORITY = 1, 3, 4, 6
_FRA_SUPPRESS_PREFIXLEN, _FRA_TABLE, _FRA_PROTOCOL = 14, 15, 21
_ANY_LENGTH = 0xFFFF_FFFF

_ACTIONS = {Verdict.TABLE: 1, Verdict.GOTO: 2, Verdict.UNREACHABLE: 7}
_VERDICTS = {number: verdict for verdict, number in _ACTIONS.items()}

#: All that tells two rules apart: priority, verdict, target, interface, destination, longer than, family.
Row = tuple[int, Verdict, int, str, str, int, int]

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def is_settled(visit: Visit, lookup: Lookup) -> bool:
    return visit.has(lookup.node) and _row(lookup) in _rules(visit, lookup.node, lookup.family)


def ensure(visit: Visit, lookup: Lookup) -> None:
    """The new one stands before another of its place goes, so no packet finds none."""
    channel = visit.channel(lookup.node)
    create = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    channel.tell(message(rtnl.RTM_NEWRULE, create, _row(lookup)), errno.EEXIST)
    for row in _others(channel, lookup):
        channel.tell(message(rtnl.RTM_DELRULE, 0, row), errno.ENOENT)


def remove(visit: Visit, lookup: Lookup) -> None:
    if visit.has(lookup.node):
        visit.channel(lookup.node).tell(message(rtnl.RTM_DELRULE, 0, _row(lookup)), errno.ENOENT)


def _row(lookup: Lookup) -> Row:
    to = str(ipaddress.ip_network(lookup.to)) if lookup.to else ""
    longer_than = lookup.longer_than if lookup.verdict is Verdict.TABLE else -1
    return lookup.priority, lookup.verdict, lookup.target, lookup.interface, to, longer_than, lookup.family


def _others(channel: Channel, lookup: Lookup) -> list[Row]:
    """What has the same key and says something else."""
    mine = _row(lookup)
    same = (lookup.priority, lookup.interface or mine[4])
    return [row for row in read(channel, lookup.family) if (row[0], row[3] or row[4]) == same and row != mine]


def message(kind: int, flags: int, row: Row) -> bytes:
    priority, verdict, target, interface, to, longer_than, family = row
    network = ipaddress.ip_network(to) if to else None
    fields = {
        "family": _FAMILIES[family],
        "dst_len": network.prefixlen if network else 0,
        "action": _ACTIONS[verdict],
    }
    pairs: list[tuple[str, object]] = [("FRA_PRIORITY", priority), ("FRA_PROTOCOL", _PROTOCOL_STATIC)]
    if network:
        pairs.append(("FRA_DST", str(network.network_address)))
    if interface:
        pairs.append(("FRA_IIFNAME", interface))
    if verdict is Verdict.GOTO:
        pairs.append(("FRA_GOTO", target))
    if verdict is Verdict.TABLE:
        pairs += [("FRA_TABLE", target or _MAIN_TABLE)]
        pairs += [("FRA_SUPPRESS_PREFIXLEN", longer_than)] if longer_than >= 0 else []
    return netlink.encode(rtnl.fibrulemsg, kind, flags, fields, pairs)


# Reading


def _rules(visit: Visit, node: str, family: int) -> frozenset[Row]:
    return visit.remember((f"rules{family}", node), lambda: read(visit.channel(node), family))


_QUESTIONS = {family: netlink.encode(rtnl.fibrulemsg, rtnl.RTM_GETRULE, 0, {"family": number})
              for family, number in _FAMILIES.items()}


def read(channel: Channel, family: int) -> frozenset[Row]:
    """Our rules, as far as they have a verdict that we use."""
    return frozenset(row for body in channel.dump(_QUESTIONS[family]) if (row := parse(body)))


def parse(body: bytes) -> Row | None:
    """The body of an RTM_NEWRULE message."""
    length, verdict = body[1], _VERDICTS.get(body[7])
    found = netlink.attributes(body, _FIXED_BYTES)
    if verdict is None or found.get(_FRA_PROTOCOL, b"") != bytes([_PROTOCOL_STATIC]):
        return None
    target = _number(found, _FRA_GOTO) if verdict is Verdict.GOTO else _number(found, _FRA_TABLE)
    to = f"{socket.inet_ntop(body[0], found[_FRA_DST])}/{length}" if _FRA_DST in found else ""
    longer_than = _number(found, _FRA_SUPPRESS_PREFIXLEN, _ANY_LENGTH)
    return (
        _number(found, _FRA_PRIORITY), verdict, MAIN if target == _MAIN_TABLE else target,
        found.get(_FRA_IIFNAME, b"").rstrip(b"\0").decode(), to,
        -1 if longer_than == _ANY_LENGTH or verdict is not Verdict.TABLE else longer_than,
        4 if body[0] == socket.AF_INET else 6)


def _number(found: dict[int, bytes], attribute: int, without: int = 0) -> int:
    return int.from_bytes(found[attribute], sys.byteorder) if attribute in found else without
