"""Capacities: the gateway programs on the interfaces of a gateway's instances, which share one loaded set, pinned under
the name that they share. Another size is another set: its map of flows has another length. It takes the old one's
counters over and replaces its programs one by one, each in one step; flows are learned anew from their next packets.
"""

from __future__ import annotations

import os
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import interface, pins, tc
from trunkline.fabric.bpf import gateway_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.tc import Turn
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Capacity, CapacityCounters
from trunkline.settings import Places

PROGRAM, INWARD, OUTWARD = "gateway", "gateway_in", "gateway_out"
LIMITS, STATE, FLOWS, COUNTERS = "limits", "state", "flows", "counters"
_ONLY = records.KEY.pack(0)
_PLACES = [records.KEY.pack(place) for place in range(len(records.DIRECTIONS) * len(records.VERDICTS))]


def directory(places: Places, shared: str) -> Path:
    return pins.directory(places, shared, PROGRAM)


def is_settled(visit: Visit, piece: Capacity) -> bool:
    home, wish = directory(visit.places, piece.shared), records.compile_limits(piece)
    if not visit.has(piece.node) or not home.exists() or _held(home)[: len(wish)] != wish:
        return False
    with pins.opened(home, INWARD, OUTWARD) as (inward, outward):
        return all(tc.attached(visit.channel(piece.node), _index(visit, piece, name), priority=Turn.CAPACITY)
                   == libbpf.identifier(program)
                   for names, program in ((piece.inward, inward), (piece.outward, outward)) for name in names)


def ensure(visit: Visit, piece: Capacity) -> None:
    home, wish = directory(visit.places, piece.shared), records.compile_limits(piece)
    if not home.exists() or records.parse_sets(_held(home)) != records.sets(piece):
        _load(home, piece, wish)
    with pins.opened(home, LIMITS, INWARD, OUTWARD) as (limits, inward, outward):
        held = libbpf.lookup(limits, _ONLY, records.LIMITS_BYTES) or b""
        if held[: len(wish)] != wish:
            libbpf.update(limits, _ONLY, wish + held[len(wish):])
        for names, program, part in ((piece.inward, inward, INWARD), (piece.outward, outward, OUTWARD)):
            for name in names:
                tc.attach(visit.channel(piece.node), _index(visit, piece, name), program, part, priority=Turn.CAPACITY)


def remove(visit: Visit, piece: Capacity) -> None:
    if visit.has(piece.node):
        channel = visit.channel(piece.node)
        for name in (*piece.inward, *piece.outward):
            if found := interface.find(channel, name):
                tc.detach(channel, found.index, priority=Turn.CAPACITY)
    pins.forget(visit.places, piece.shared, PROGRAM)


def read(places: Places, shared: str) -> CapacityCounters:
    home = directory(places, shared)
    if not home.exists():
        return CapacityCounters()
    with pins.opened(home, STATE, COUNTERS) as (state, counters):
        flows = records.parse_flows(libbpf.lookup(state, _ONLY, records.STATE.size) or bytes(records.STATE.size))
        return records.parse_counters(flows, _rows(counters))


def _held(home: Path) -> bytes:
    with pins.opened(home, LIMITS) as (limits,):
        return libbpf.lookup(limits, _ONLY, records.LIMITS_BYTES) or bytes(records.LIMITS_BYTES)


def _rows(counters: int) -> list[bytes]:
    width = records.COUNTER.size * libbpf.cpus()
    return [libbpf.lookup(counters, place, width) or bytes(width) for place in _PLACES]


def _load(home: Path, piece: Capacity, wish: bytes) -> None:
    """Its limits stand before the first packet meets it."""
    half = pins.beside(home, PROGRAM, INWARD, OUTWARD, room=records.sets(piece), only=FLOWS)
    with pins.opened(half, LIMITS, COUNTERS) as (limits, counters):
        libbpf.update(limits, _ONLY, wish + os.urandom(records.SEED.size))
        if home.exists():
            with pins.opened(home, COUNTERS) as (old,):
                for place, row in zip(_PLACES, _rows(old), strict=True):
                    libbpf.update(counters, place, row)
    pins.settle(half, home)


def _index(visit: Visit, piece: Capacity, name: str) -> int:
    found = interface.find(visit.channel(piece.node), name)
    if found is None:
        raise DriverFailure(f"{piece.node} has no interface {name} to bound")
    return found.index
