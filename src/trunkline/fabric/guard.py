"""Sentries: the guard program on a VRF's interface towards its customer. All VRFs of an edge share one loaded program
and its maps, so an attachment costs a filter and a row, and one read tells all of an edge's counters.
"""

from __future__ import annotations

from pathlib import Path

from trunkline.fabric import interface, pins, tc
from trunkline.fabric.bpf import guard_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Counter, Direction, PortCounters, Sentry, Where
from trunkline.settings import Places

PROGRAM, SENTRIES, REFUSED = "guard", "sentries", "refused"


def directory(places: Places, edge: str) -> Path:
    return pins.directory(places, edge, PROGRAM)


def is_settled(visit: Visit, piece: Sentry) -> bool:
    home = directory(visit.places, piece.edge)
    if not visit.has(piece.node) or not home.exists():
        return False
    wish = records.compile_sentry(piece)
    with pins.opened(home, SENTRIES, PROGRAM) as (sentries, program):
        held = libbpf.lookup(sentries, records.KEY.pack(piece.index), records.SENTRY_BYTES) or b""
        attached = tc.attached(visit.channel(piece.node), piece.index)
        return held[: len(wish)] == wish and attached == libbpf.identifier(program)


def ensure(visit: Visit, piece: Sentry) -> None:
    """Its row first: without one, everything is refused. Only another row is written: it begins with full buckets, and
    without what the program remembers of the session."""
    home = directory(visit.places, piece.edge)
    wish = records.compile_sentry(piece)
    pins.load(home, PROGRAM)
    with pins.opened(home, SENTRIES, PROGRAM) as (sentries, program):
        held = libbpf.lookup(sentries, records.KEY.pack(piece.index), records.SENTRY_BYTES) or b""
        if held[: len(wish)] != wish:
            libbpf.update(sentries, records.KEY.pack(piece.index), wish + records.UNUSED)
        tc.attach(visit.channel(piece.node), piece.index, program, PROGRAM)


def remove(visit: Visit, piece: Sentry) -> None:
    """With its counters. What still stands behind the filter is let in by nobody, so the filter goes first."""
    if visit.has(piece.node) and interface.find(visit.channel(piece.node), piece.interface):
        tc.detach(visit.channel(piece.node), piece.index)
    home = directory(visit.places, piece.edge)
    if home.exists():
        with pins.opened(home, SENTRIES, REFUSED) as (sentries, refused):
            libbpf.delete(sentries, records.KEY.pack(piece.index))
            for reason in range(len(records.REASONS)):
                libbpf.delete(refused, records.REFUSED_KEY.pack(piece.index, reason))


def read_counters(places: Places, edge: str) -> PortCounters:
    """What the sentries of an edge refused, in one read of each map at most. What came where there is no sentry belongs
    to no attachment."""
    home = directory(places, edge)
    if not home.exists():
        return PortCounters({})
    drops: dict[Where, dict[str, Counter]] = {}
    ports: dict[str, dict[str, Counter]] = {}
    with pins.opened(home, SENTRIES, REFUSED) as (sentries, refused):
        found = list(libbpf.rows(refused, records.REFUSED_KEY.size, records.REFUSALS.size * libbpf.cpus()))
        known = dict(libbpf.rows(sentries, records.KEY.size, records.SENTRY_BYTES)) if found else {}
    for key, row in found:
        index, reason = records.REFUSED_KEY.unpack(key)
        sentry = known.get(records.KEY.pack(index))
        counters = (drops.setdefault((records.parse_name(sentry), Direction.IN), {}) if sentry
                    else ports.setdefault(f"#{index}", {}))
        counters[records.REASONS[reason]] = records.sum_refusals(row)
    return PortCounters({}, drops, ports)


def forget(places: Places, edge: str) -> None:
    pins.forget(places, edge, PROGRAM)
