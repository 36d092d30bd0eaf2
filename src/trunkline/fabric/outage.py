"""Outages: the outage programs on interfaces' hooks, and their rules.

Like impair, one set of programs and maps per node, pinned; a rule carries its own end, which the program keeps without
us. A rule for a whole node takes effect on all interfaces at once, for the programs are attached before it is written.
"""

from __future__ import annotations

from trunkline.fabric import carrier, interface, pins, relays, tc
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.bpf import outage_records as records
from trunkline.fabric.bpf.outage_records import Rule
from trunkline.fabric.interface import State
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Outage
from trunkline.settings import Places

_OBJECT = "outage"
_HOOKS = {"outage_in": tc.Hook.INGRESS, "outage_out": tc.Hook.EGRESS}
_OUTAGES, _VANISHED = "outages", "vanished"
_OWN = ("lo", interface.BRIDGE)  #: what of a node is no line
_CLOCKS_NS = 50_000_000  #: how far wall clock and boot clock may drift apart before a rule's times are set anew


def is_settled(visit: Visit, piece: Outage) -> bool:
    """What is not there cannot fail."""
    concerned = _concerned(visit, piece)
    if not concerned:
        return True
    if piece.link_down:
        return carrier.is_settled(visit, piece, concerned)
    home = pins.directory(visit.places, piece.node, _OBJECT)
    if not home.exists():
        return False
    with pins.opened(home, _OUTAGES, *_HOOKS) as (outages, *programs):
        held = libbpf.lookup(outages, _key(piece, concerned), records.RULE.size)
        wanted = [libbpf.identifier(program) for program in programs]
        return held is not None and _same(Rule.parse(held), records.compile_rule(piece)) and all(
            _attached(visit, piece.node, state) == wanted for state in concerned)


def ensure(visit: Visit, piece: Outage) -> None:
    concerned = _concerned(visit, piece)
    if not concerned:
        return
    _remove_other(visit, piece)
    if piece.link_down:
        carrier.ensure(visit, piece, concerned)
        return
    home = pins.directory(visit.places, piece.node, _OBJECT)
    pins.load(home, _OBJECT, *_HOOKS)
    channel, key = visit.channel(piece.node), _key(piece, concerned)
    with pins.opened(home, _OUTAGES, _VANISHED, *_HOOKS) as (outages, vanished, *programs):
        _forget_lost(visit, piece.node, (outages, vanished))
        for state in concerned:
            for (name, hook), program in zip(_HOOKS.items(), programs, strict=True):
                tc.attach(channel, state.index, program, name, hook, tc.Turn.OUTAGE)
        libbpf.insert(vanished, key, bytes(records.COUNTER.size * libbpf.cpus()))
        libbpf.update(outages, key, bytes(records.compile_rule(piece)))


def remove(visit: Visit, piece: Outage) -> None:
    """However it stands: it may have been written again with another mode."""
    carrier.remove(visit, piece)
    _remove_rule(visit, piece)


def _remove_other(visit: Visit, piece: Outage) -> None:
    """What it was before it was written again."""
    if piece.link_down:
        _remove_rule(visit, piece)
    else:
        carrier.remove(visit, piece)


def _remove_rule(visit: Visit, piece: Outage) -> None:
    """The programs go from the node with its last rule: what has none is handed on."""
    home = pins.directory(visit.places, piece.node, _OBJECT)
    if not visit.has(piece.node) or not home.exists():
        return
    concerned = _concerned(visit, piece)
    with pins.opened(home, _OUTAGES, _VANISHED) as keyed:
        for descriptor in keyed if concerned else ():
            libbpf.delete(descriptor, _key(piece, concerned))
        _forget_lost(visit, piece.node, tuple(keyed))
        if list(libbpf.rows(keyed[0], records.KEY.size, records.RULE.size)):
            return
    for state in interface.find_all(visit.channel(piece.node)):
        for hook in _HOOKS.values():
            tc.detach(visit.channel(piece.node), state.index, hook, tc.Turn.OUTAGE)
    forget(visit.places, piece.node)


def read(visit: Visit, piece: Outage) -> int:
    """Frames that have vanished since it stands."""
    home = pins.directory(visit.places, piece.node, _OBJECT)
    concerned = _concerned(visit, piece)
    if not concerned or not home.exists():
        return 0
    with pins.opened(home, _VANISHED) as (vanished,):
        counted = libbpf.lookup(vanished, _key(piece, concerned), records.COUNTER.size * libbpf.cpus())
    return sum(records.sum_counters(counted)) if counted else 0


def forget(places: Places, node: str) -> None:
    carrier.forget(places, node)
    pins.forget(places, node, _OBJECT)


def _concerned(visit: Visit, piece: Outage) -> list[State]:
    """Interfaces on which frames can vanish."""
    if not visit.has(piece.node):
        return []
    channel = visit.channel(piece.node)
    if not piece.interface:
        return [state for state in interface.find_all(channel)
                if state.name not in _OWN and not state.name.startswith(relays.TAP_PREFIX)]
    found = interface.find(channel, piece.interface)
    return [found] if found else []


def _key(piece: Outage, concerned: list[State]) -> bytes:
    return records.compile_key(piece, concerned[0].index if piece.interface else records.NODE)


def _attached(visit: Visit, node: str, state: State) -> list[int]:
    return [tc.attached(visit.channel(node), state.index, hook, tc.Turn.OUTAGE) for hook in _HOOKS.values()]


def _same(held: Rule, wanted: Rule) -> bool:
    drift_ns = max(abs(held.begun_ns - wanted.begun_ns), abs(held.until_ns - wanted.until_ns))
    return bytes(held)[16:] == bytes(wanted)[16:] and drift_ns < _CLOCKS_NS


def _forget_lost(visit: Visit, node: str, keyed: tuple[int, ...]) -> None:
    """Rules of interfaces that are gone: others may get their numbers."""
    present = {records.NODE, *(state.index for state in interface.find_all(visit.channel(node)))}
    for key, _ in list(libbpf.rows(keyed[0], records.KEY.size, records.RULE.size)):
        if records.index_of(key) not in present:
            for descriptor in keyed:
                libbpf.delete(descriptor, key)
