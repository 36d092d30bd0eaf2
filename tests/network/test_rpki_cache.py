"""Caches of VRPs: real StayRTR, asked by our own client from the router's node."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rights import NOTHING, rights
from trunkline.diagnosis.validation import Validation, check_validation
from trunkline.fabric import cache, namespace
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.compile import compile
from trunkline.intent.compile.validation import validated
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Cache, Node, Piece, Role
from trunkline.model.circuit import Leg
from trunkline.model.event import EventKind
from trunkline.model.profile import AZURE
from trunkline.model.validator import RtrCache
from trunkline.model.validator import Validator as Source
from trunkline.model.vrp import SENTINELS, Vrp
from trunkline.reconcile.origins import Feed, Standing
from trunkline.reconcile.rtr import Learned, fetch
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

ONE, TWO = Vrp("198.51.100.0/24", 24, 64500), Vrp("2001:db8:1::/48", 64, 64501)
FOUND = validated("router", "Amsterdam", Leg.PRIMARY)
PLANT = compile(FOUND.scope, Snapshot(), AZURE)
CACHE = next(piece for piece in PLANT.pieces if isinstance(piece, Cache))
PIECES: tuple[Piece, ...] = (*PLANT.pieces, Node("router", Role.VRF), FOUND.link)


class Validator:
    """A file, what follows it, and a router that asks the cache."""

    def __init__(self, places: Places, plane: LinuxPlane) -> None:
        self.places, self.plane = places, plane
        self.sources: tuple[Source, ...] = ()
        self.beyond = ""  #: namespace from which sources are asked; else the test's own
        self.restart()
        self.known: Learned | None = None

    def restart(self) -> None:
        self.feed = Feed(Leg.PRIMARY, self.places, lambda: self.sources)

    def write(self, *vrps: Vrp) -> None:
        self.text(json.dumps({"roas": [{"prefix": one.prefix, "maxLength": one.max_length, "asn": one.asn}
                                       for one in vrps]}))

    def text(self, text: str) -> None:
        self.places.home.mkdir(exist_ok=True)
        fresh = self.places.home / "fresh"
        fresh.write_text(text)
        fresh.replace(self.places.vrps)

    def follow(self) -> Standing:
        """One look at the file, and what a pass over the scope would do."""
        with inside(self.beyond) if self.beyond else nullcontext():
            self.feed.beat()
        if CACHE.key not in self.plane.observe([CACHE]):
            self.plane.apply(Change(ensure=PIECES))
        return self.feed.report.standing

    def told(self) -> frozenset[Vrp]:
        """What the router has, without the sentinels."""
        with inside(self.places.namespace_prefix + "router"):
            self.known = fetch(FOUND.source.address, FOUND.source.port, self.known)
        assert not self.known.vrps or self.known.vrps > set(SENTINELS)
        return self.known.vrps - set(SENTINELS)

    @property
    def pid(self) -> int:
        return int((cache.directory(self.places) / CACHE.node / "stayrtr.pid").read_text())


@contextmanager
def inside(name: str) -> Iterator[None]:
    descriptor = namespace.descriptor(name)
    try:
        with namespace.entered(descriptor):
            yield
    finally:
        os.close(descriptor)


@pytest.fixture
def validator(places: Places, plane: LinuxPlane) -> Validator:
    return Validator(places, plane)


def test_a_router_is_told_what_stands_in_the_file_and_what_changes(validator: Validator) -> None:
    validator.write(ONE)
    assert validator.follow() is Standing.GOOD
    assert validator.told() == {ONE}
    pid = validator.pid
    assert rights(pid) == NOTHING, "although it reads what lies in root's own directories"
    log = cache.directory(validator.places) / CACHE.node / "stayrtr.log"
    log.write_bytes(bytes(2 << 20))
    validator.write(ONE, TWO)
    assert validator.follow() is Standing.GOOD
    until(lambda: validator.told() == {ONE, TWO}, 5, "the router told of the second VRP")
    assert validator.pid == pid
    assert log.stat().st_size < 1 << 20
    assert validator.plane.observe(PIECES) == {piece.key for piece in PIECES}


def test_a_broken_file_changes_nothing_for_the_router(validator: Validator) -> None:
    validator.write(ONE, TWO)
    validator.follow()
    serial = validator.told() and validator.known
    validator.text("{")
    assert validator.follow() is Standing.REJECTED
    assert validator.told() == {ONE, TWO}
    assert validator.known == serial


def test_without_data_the_router_is_told_that_there_are_none(validator: Validator) -> None:
    validator.text("{")
    assert validator.follow() is Standing.NO_DATA
    assert validator.told() == frozenset()
    assert validator.known
    assert validator.known.vrps == frozenset()


def test_a_killed_cache_is_not_as_described_and_comes_back_with_its_data(validator: Validator) -> None:
    validator.write(ONE)
    validator.follow()
    os.kill(validator.pid, signal.SIGKILL)
    until(lambda: not validator.plane.observe([CACHE]), 5, "its death seen")
    validator.known = None
    validator.follow()
    assert validator.told() == {ONE}


def test_a_cache_in_a_node_that_was_lost_starts_again_in_the_new_one(validator: Validator) -> None:
    validator.write(ONE)
    validator.follow()
    ghost = validator.pid
    namespace.delete(validator.places.namespace_prefix + CACHE.node)
    validator.follow()
    validator.known = None
    assert validator.told() == {ONE}
    assert validator.pid != ghost
    until(lambda: not Path(f"/proc/{ghost}/ns/net").exists(), 5, "the ghost ended")


def test_a_removed_cache_leaves_nothing(validator: Validator) -> None:
    validator.write(ONE)
    validator.follow()
    pid = validator.pid
    validator.plane.apply(Change(remove=PIECES))
    until(lambda: not Path(f"/proc/{pid}/ns/net").exists(), 5, "StayRTR ended")
    assert not (cache.directory(validator.places) / CACHE.node).exists()


def test_anybodys_cache_that_ends_or_stands_still_is_an_alarm_and_opens_no_door(
        validator: Validator, tmp_path: Path) -> None:
    """A StayRTR that is not ours, in a node beyond."""
    with foreign(validator, tmp_path / "foreign.json") as stayrtr:
        until(lambda: validator.told() == {ONE, TWO}, 5, "the router to be told")
        before = validator.known
        assert alarms(validator) == []
        a_day_passes(validator)
        assert validator.follow() is Standing.STALE
        assert "it has told nothing new for 25 hours" in validator.feed.report.reason
        assert alarms(validator) == [EventKind.VALIDATION_STALE]
        stayrtr.kill()
        stayrtr.wait()
        validator.restart()
        assert validator.follow() is Standing.UNREACHABLE
        assert alarms(validator) == [EventKind.VALIDATION_DEAD]
        until(lambda: validator.told() == {ONE, TWO}, 5, "the router to keep what it had")
        assert before
        assert before.vrps == validator.known.vrps  # type: ignore[union-attr]


@contextmanager
def foreign(validator: Validator, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    validator.write(ONE, TWO)
    validator.places.vrps.replace(file)
    validator.plane.apply(Change(ensure=(Node("beyond", Role.HOST),)))
    validator.beyond = validator.places.namespace_prefix + "beyond"
    validator.sources = (Source(cache=RtrCache(address="127.0.0.1", port=8282)),)
    words = ["ip", "netns", "exec", validator.beyond, "stayrtr", "-bind", "127.0.0.1:8282", "-cache", str(file),
             "-checktime=false", "-metrics.addr", "", "-loglevel", "error"]
    with subprocess.Popen(words) as stayrtr:
        try:
            until(lambda: answers(validator), 10, "the cache to answer")
            yield stayrtr
        finally:
            stayrtr.kill()


def answers(validator: Validator) -> bool:
    """Each look is of a feed that has not asked yet: it asks no more often than every five seconds."""
    validator.restart()
    return validator.follow() is Standing.GOOD


def a_day_passes(validator: Validator) -> None:
    """What is served was news then; the control plane starts anew."""
    path = validator.places.served_vrps / "primary.json"
    found = json.loads(path.read_text())
    found["metadata"]["made"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    path.write_text(json.dumps(found))
    validator.restart()


def alarms(validator: Validator) -> list[EventKind]:
    told = validator.feed.report
    found = Validation(told.leg, told.source, told.standing, told.vrps, told.reason)
    return [one.kind for one in check_validation([found])]
