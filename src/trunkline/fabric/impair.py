"""Impairments: the impair programs on an interface's hooks and their rules, and a relay where frames are held.

Like xconnect, one set of programs and maps per node, pinned; the pins are the memory. A rule carries its own end, which
the program and the relay keep without us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trunkline.errors import Degraded
from trunkline.fabric import interface, pins, relays, tc
from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.bpf.impair_records import Rule
from trunkline.fabric.relays import Detour, Maps
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Harm, Impairment
from trunkline.settings import Places

_OBJECT = "impair"
_HOOKS = {False: ("impair_in", tc.Hook.INGRESS), True: ("impair_out", tc.Hook.EGRESS)}
_RETURN = "impair_return"
_RULES, _COUNTERS, _TAPS, _RETURNS, _RELAYED = "rules", "counters", "taps", "returns", "relayed"
_KEYED = (_RULES, _COUNTERS, _RELAYED)  #: maps with a row for each impairment
_CLOCKS_NS = 2_000_000_000  #: how far wall clock and boot clock may drift apart before a rule's end is set anew


def directory(places: Places, node: str) -> Path:
    return pins.directory(places, node, _OBJECT)


def is_settled(visit: Visit, piece: Impairment) -> bool:
    if not visit.has(piece.node) or not directory(visit.places, piece.node).exists():
        return False
    state = interface.find(visit.channel(piece.node), piece.interface)
    if state is None:
        return False
    name, hook = _HOOKS[piece.leaving]
    wanted = records.compile_rule(piece)
    with pins.opened(directory(visit.places, piece.node), _RULES, _TAPS, name) as (rules, taps, program):
        held = libbpf.lookup(rules, records.compile_key(piece, state.index), records.RULE.size)
        attached = tc.attached(visit.channel(piece.node), state.index, hook, tc.Turn.IMPAIR)
        return (held is not None and _same(Rule.parse(held), wanted) and attached == libbpf.identifier(program)
                and relays.runs(taps, wanted.tap) == _needs_relay(wanted))


def ensure(visit: Visit, piece: Impairment) -> None:
    state = interface.find(visit.channel(piece.node), piece.interface)
    if state is None:
        raise Degraded(f"{piece.node} has no interface {piece.interface} to impair")
    try:
        _ensure(visit, piece, state)
    except libbpf.Full as full:
        raise libbpf.Full(f"node {piece.node} can hold no more impairments: {full}; clear some of them") from None


def _ensure(visit: Visit, piece: Impairment, state: interface.State) -> None:
    """A relay that is no longer needed leaves while its rule still stands, so that it leaves in order; one that is
    needed is there before the first frame comes."""
    home = directory(visit.places, piece.node)
    pins.load(home, _OBJECT, *(name for name, _ in _HOOKS.values()), _RETURN)
    key, rule = records.compile_key(piece, state.index), records.compile_rule(piece)
    detour = Detour(piece.node, key, rule.tap, state.index, piece.leaving)
    name, hook = _HOOKS[piece.leaving]
    with pins.opened(home, _RULES, _COUNTERS, _TAPS, _RETURNS, _RELAYED, _RETURN, name) as found:
        rules, counters, taps, returns, relayed, back, program = found
        _forget_lost(visit, piece.node, returns, (rules, counters, relayed))
        if not _needs_relay(rule):
            relays.end(visit.places, detour)
        libbpf.insert(counters, key, bytes(records.COUNTER.size * libbpf.cpus()))
        libbpf.insert(relayed, key, bytes(records.RELAYED.size))
        libbpf.update(rules, key, bytes(rule))
        if _needs_relay(rule) and relays.runs(taps, rule.tap):
            relays.look(visit.places, detour)
        elif _needs_relay(rule):
            relays.start(visit, detour, Maps(rules, taps, returns, relayed, back))
        tc.attach(visit.channel(piece.node), state.index, program, name, hook, tc.Turn.IMPAIR)


def remove(visit: Visit, piece: Impairment) -> None:
    """The programs stay on the interface if other rules are for it: what has no rule is handed on. What another build
    has put there goes whole."""
    if not visit.has(piece.node):
        return
    state = interface.find(visit.channel(piece.node), piece.interface)
    index = state.index if state else 0
    key = records.compile_key(piece, index)
    relays.end(visit.places, Detour(piece.node, key, records.tap_number(piece), index, piece.leaving))
    left = _forget_rule(visit, piece.node, key)
    if state and (index, int(piece.leaving)) not in left:
        tc.detach(visit.channel(piece.node), index, _HOOKS[piece.leaving][1], tc.Turn.IMPAIR)
    if not left:
        forget(visit.places, piece.node)


def _forget_rule(visit: Visit, node: str, key: bytes) -> list[tuple[int, int]]:
    """Answers on which interfaces and hooks others are left."""
    home = directory(visit.places, node)
    if not home.exists():
        return []
    with pins.opened(home, _RETURNS, *_KEYED) as (returns, *keyed):
        for descriptor in keyed:
            libbpf.delete(descriptor, key)
        _forget_lost(visit, node, returns, keyed)
        return [records.KEY.unpack(held)[:2] for held, _ in _rows(keyed[0])]


def read(visit: Visit, piece: Impairment) -> Harm:
    """Zeros for one that does not stand."""
    if not visit.has(piece.node) or not directory(visit.places, piece.node).exists():
        return Harm()
    state = interface.find(visit.channel(piece.node), piece.interface)
    if state is None:
        return Harm()
    key = records.compile_key(piece, state.index)
    with pins.opened(directory(visit.places, piece.node), _COUNTERS, _RELAYED) as (counters, relayed):
        counted = libbpf.lookup(counters, key, records.COUNTER.size * libbpf.cpus())
        told = libbpf.lookup(relayed, key, records.RELAYED.size)
    if counted is None or told is None:
        return Harm()
    seen, lost, duplicated, detoured, missed = records.sum_counters(counted)
    _, corrupted, reordered, overflowed = records.RELAYED.unpack(told)
    overflowed += interface.dropped(visit.channel(piece.node), relays.tap_name(records.tap_number(piece)))
    return Harm(seen, lost, duplicated, detoured, missed, corrupted, reordered, overflowed)


def forget(places: Places, node: str) -> None:
    """End the node's relays, which would keep its namespace alive, and unpin."""
    relays.end_all(places, node)
    pins.forget(places, node, _OBJECT)


def _needs_relay(rule: Rule) -> bool:
    return rule.detour > 0 and rule.until_ns > records.boottime_ns()


def _same(held: Rule, wanted: Rule) -> bool:
    return bytes(held)[8:] == bytes(wanted)[8:] and abs(held.until_ns - wanted.until_ns) < _CLOCKS_NS


def _rows(rules: int) -> Iterator[tuple[bytes, bytes]]:
    return libbpf.rows(rules, records.KEY.size, records.RULE.size)


def _forget_lost(visit: Visit, node: str, returns: int, keyed: Sequence[int]) -> None:
    """What interfaces that are gone have left. A relay among it would go on to write where its line was, and keep the
    one from starting that serves the interface once it is back under another number."""
    present = _present(visit, node)
    for key, rule in list(_rows(keyed[0])):
        index, leaving, _ = records.KEY.unpack(key)
        if index not in present:
            relays.end(visit.places, Detour(node, key, Rule.parse(rule).tap, index, bool(leaving)))
            for descriptor in keyed:
                libbpf.delete(descriptor, key)
    present = _present(visit, node)  # without the TAPs of relays that have just ended
    for tap, _ in list(libbpf.rows(returns, records.TAP.size, records.RETURN.size)):
        if records.TAP.unpack(tap)[0] not in present:
            libbpf.delete(returns, tap)


def _present(visit: Visit, node: str) -> set[int]:
    return {state.index for state in interface.find_all(visit.channel(node))}
