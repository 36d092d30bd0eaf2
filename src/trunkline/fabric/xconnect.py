"""Cross-connects and policers: rows in the maps of their node's xconnect program."""

from __future__ import annotations

from trunkline.errors import Degraded, DriverFailure
from trunkline.fabric import interface, switchboard, tap, tc
from trunkline.fabric.bpf import libbpf, records
from trunkline.fabric.bpf.records import ENTRIES, PLACE, POLICERS, PORTS, Kind, Wiring
from trunkline.fabric.interface import State
from trunkline.fabric.switchboard import PROGRAM, Board, Opened
from trunkline.fabric.visit import Visit
from trunkline.intent.network import CrossConnect, Policer, Tap


def is_settled(visit: Visit, piece: CrossConnect) -> bool:
    if not visit.has(piece.node) or not switchboard.exists(visit.places, piece.node):
        return False
    ingress, egress = _indexes(visit, piece)
    with switchboard.reading(visit.places, piece.node) as opened:
        wiring = Wiring(ingress, egress, opened.place(records.meter_name(piece)), _policer(opened, piece))
        held = opened.lookup(ENTRIES, records.compile_key(piece, ingress))
        return (held == records.compile_entry(piece, wiring) and opened.lookup(PORTS, PLACE.pack(ingress)) is not None
                and tc.attached(visit.channel(piece.node), ingress) == libbpf.identifier(opened.descriptor(PROGRAM)))


def ensure(visit: Visit, piece: CrossConnect) -> None:
    """The meters first: from the first frame on, each is counted."""
    ingress, egress = _indexes(visit, piece)
    with switchboard.writing(visit, piece.node) as board:
        meter = board.take(records.meter_name(piece))
        _count_port(board, piece, ingress, meter)
        entry = records.compile_entry(piece, Wiring(ingress, egress, meter, _policer(board, piece)))
        board.put(ENTRIES, records.compile_key(piece, ingress), entry)
        tc.attach(visit.channel(piece.node), ingress, board.descriptor(PROGRAM), PROGRAM)


def remove(visit: Visit, piece: CrossConnect, keep_counter: bool = False) -> None:
    """The filter stays on its port until the port goes: what arrives there unconnected is still dropped and counted."""
    if not visit.has(piece.node) or not switchboard.exists(visit.places, piece.node):
        return
    with switchboard.writing(visit, piece.node) as board:
        ingress = interface.find(visit.channel(piece.node), piece.ingress)
        if ingress is None or not _may_use(visit, piece, ingress):
            board.forget_lost()
        else:
            board.delete(ENTRIES, records.compile_key(piece, ingress.index))
        if keep_counter:
            return
        name = records.meter_name(piece)
        if ingress and board.lookup(PORTS, PLACE.pack(ingress.index)) == PLACE.pack(board.place(name)):
            board.put(PORTS, PLACE.pack(ingress.index), PLACE.pack(_port_meter(board, piece.ingress)))
        board.give(name)


def is_policing(visit: Visit, piece: Policer) -> bool:
    if not visit.has(piece.node) or not switchboard.exists(visit.places, piece.node):
        return False
    with switchboard.reading(visit.places, piece.node) as opened:
        place = opened.place(records.compile_name(piece.name, Kind.POLICER))
        return bool(place) and opened.lookup(POLICERS, PLACE.pack(place)) == records.compile_policer(piece)


def ensure_policer(visit: Visit, piece: Policer) -> None:
    """Another bandwidth is one write; what was let through so far is remembered elsewhere."""
    if not visit.has(piece.node):
        raise DriverFailure(f"node {piece.node} does not exist")
    with switchboard.writing(visit, piece.node) as board:
        place = board.take(records.compile_name(piece.name, Kind.POLICER))
        board.put(POLICERS, PLACE.pack(place), records.compile_policer(piece))


def remove_policer(visit: Visit, piece: Policer) -> None:
    """Not while an entry names it: who took its place next would set that entry's rate."""
    if not visit.has(piece.node) or not switchboard.exists(visit.places, piece.node):
        return
    with switchboard.writing(visit, piece.node) as board:
        name = records.compile_name(piece.name, Kind.POLICER)
        if board.is_named(board.place(name)):
            board.forget_lost()
        if board.is_named(board.place(name)):
            raise DriverFailure(f"{piece.node}'s policer {piece.name} is still named by a cross-connect")
        board.give(name)


def _policer(opened: Opened, piece: CrossConnect) -> int:
    if not piece.policer:
        return records.NONE
    place = opened.place(records.compile_name(piece.policer, Kind.POLICER))
    if not place:
        raise DriverFailure(f"{piece.node} has no policer {piece.policer}")
    return place


def _count_port(board: Board, piece: CrossConnect, ingress: int, meter: int) -> None:
    """What comes in on an attachment's own port counts on it; other ports have meters of their own."""
    key = PLACE.pack(ingress)
    if not piece.match:
        board.put(PORTS, key, PLACE.pack(meter))
    elif board.lookup(PORTS, key) is None:
        board.put(PORTS, key, PLACE.pack(_port_meter(board, piece.ingress)))


def _port_meter(board: Board, interface_name: str) -> int:
    return board.take(records.compile_name(interface_name, Kind.PORT))


def _may_use(visit: Visit, piece: CrossConnect, state: State) -> bool:
    return tap.may_use(visit, Tap(piece.node, state.name, owner=piece.owner), state)


def _indexes(visit: Visit, piece: CrossConnect) -> tuple[int, int]:
    found = []
    for name in (piece.ingress, piece.egress):
        state = interface.find(visit.channel(piece.node), name)
        if state is None:
            raise Degraded(f"{piece.node} has no interface {name} to connect")
        if not _may_use(visit, piece, state):
            raise DriverFailure(f"{name} of {piece.node} belongs to somebody else: nothing is connected over it")
        found.append(state.index)
    return found[0], found[1]
