"""What caches serve: the last good VRPs, whatever becomes of their source; and what is told of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunkline.model.circuit import Leg
from trunkline.model.validator import RtrCache, Validator
from trunkline.model.vrp import SENTINELS, Bounds, Vrp, parse
from trunkline.reconcile import origins
from trunkline.reconcile.origins import Feed, Problem, Served, Source, Standing, judged, source_of
from trunkline.reconcile.rtr import Broken, Learned
from trunkline.settings import Places

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MANY = [Vrp(f"198.18.{number}.0/24", 24, 64500) for number in range(100)]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "run", tmp_path / "bpf")


class Bench:
    """A feed of the primary leg, and the operator's hands."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.validators: tuple[Validator, ...] = ()
        self.restart()

    def restart(self) -> None:
        self.feed = Feed(Leg.PRIMARY, self.places, lambda: self.validators)

    def write(self, *vrps: Vrp, text: str | None = None) -> None:
        whole = text if text is not None else json.dumps(
            {"roas": [{"prefix": one.prefix, "maxLength": one.max_length, "asn": one.asn} for one in vrps]})
        fresh = self.places.vrps.with_suffix(".new")
        fresh.write_text(whole)
        fresh.replace(self.places.vrps)

    def beat(self) -> tuple[bool, Standing]:
        return self.feed.beat(), self.feed.report.standing

    @property
    def served(self) -> set[Vrp]:
        """Without the sentinels."""
        return self.everything - set(SENTINELS)

    @property
    def everything(self) -> frozenset[Vrp]:
        return parse((self.places.served_vrps / "primary.json").read_text()).vrps


@pytest.fixture
def bench(places: Places) -> Bench:
    return Bench(places)


def test_without_any_source_no_origin_is_known_and_routers_know_that_they_have_data(bench: Bench) -> None:
    assert bench.beat() == (True, Standing.NOT_CONFIGURED)
    assert bench.everything == set(SENTINELS)
    assert bench.beat() == (False, Standing.NOT_CONFIGURED)
    assert not bench.feed.report.alarming


def test_the_file_in_the_home_is_served_and_followed(bench: Bench) -> None:
    bench.write(*MANY[:2])
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.everything == {*MANY[:2], *SENTINELS}
    assert bench.beat() == (False, Standing.GOOD)
    bench.write(*MANY[1:3])
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == set(MANY[1:3])


def test_a_first_file_that_is_broken_leaves_routers_without_data(bench: Bench) -> None:
    bench.beat()
    bench.write(text="{")
    assert bench.beat() == (True, Standing.NO_DATA)
    assert bench.everything == set()
    assert "not JSON" in bench.feed.report.reason
    bench.write(*MANY[:1])
    assert bench.beat() == (True, Standing.GOOD)


def _gone(bench: Bench) -> None:
    bench.places.vrps.unlink()


def _pipe(bench: Bench) -> None:
    bench.places.vrps.unlink()
    os.mkfifo(bench.places.vrps)


@pytest.mark.parametrize(("spoil", "standing", "words"), [
    (lambda bench: bench.write(text='{"roas": ['), Standing.REJECTED, "not JSON"),
    (lambda bench: bench.write(text=""), Standing.REJECTED, "not JSON"),
    (lambda bench: bench.write(text='{"roas": [{"prefix": "x"}]}'), Standing.REJECTED, r"roas\[0\].prefix"),
    (lambda bench: bench.write(), Standing.REJECTED, "no VRPs at all"),
    (lambda bench: bench.write(*MANY[:10]), Standing.REJECTED, "90 % less"),
    (lambda bench: bench.write(*(one._replace(asn=0) for one in MANY)), Standing.REJECTED, "100 % of the origins"),
    (lambda bench: bench.write(*MANY, Vrp("0.0.0.0/0", 32, 0)), Standing.REJECTED, "more address space"),
    (lambda bench: bench.places.vrps.write_bytes(b"\xff\xfe"), Standing.REJECTED, "utf-8"),
    (_gone, Standing.UNREACHABLE, "there is no .*vrps.json"),
    (_pipe, Standing.REJECTED, "no regular file"),
])
def test_whatever_becomes_of_the_file_the_last_good_vrps_stay_and_it_is_told(
        bench: Bench, spoil: Callable[[Bench], None], standing: Standing, words: str) -> None:
    bench.write(*MANY)
    bench.beat()
    spoil(bench)
    assert bench.beat() == (False, standing)
    assert bench.served == set(MANY)
    assert bench.feed.report.alarming
    assert bench.beat() == (False, standing)
    assert re.search(words, bench.feed.report.reason)
    assert "stay in force" in bench.feed.report.reason
    bench.restart()
    assert bench.beat() == (False, standing)
    assert bench.served == set(MANY)
    bench.places.vrps.unlink(missing_ok=True)
    bench.write(*MANY[1:])
    assert bench.beat() == (True, Standing.GOOD)


def test_a_raised_bound_lets_the_operator_take_what_was_not_believed(bench: Bench) -> None:
    bench.validators = (Validator(file=str(bench.places.vrps)),)
    bench.write(*MANY)
    bench.beat()
    bench.write(*MANY[:10])
    assert bench.beat() == (False, Standing.REJECTED)
    bench.validators = (Validator(file=str(bench.places.vrps), lost_bound_in_percent=95),)
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == set(MANY[:10])


def test_a_set_that_is_eaten_in_small_steps_is_compared_with_a_day_ago(bench: Bench) -> None:
    """Also when it is so small at last that it could be written by hand, and over a restart."""
    left = list(MANY)
    while bench.write(*left) or bench.beat()[1] is Standing.GOOD:
        bench.restart()
        left = left[:int(len(left) * 0.85)]
    assert bench.feed.report.standing is Standing.REJECTED
    assert "compared with a day ago, it has 72 VRPs where there were 100" in bench.feed.report.reason
    assert bench.served == set(MANY[:85])
    bench.write(*MANY[:81])
    assert bench.beat() == (True, Standing.GOOD)


def test_origins_that_are_turned_in_small_steps_are_compared_with_a_day_ago(bench: Bench) -> None:
    turned = [one._replace(asn=0) for one in MANY]
    for count in (0, 4, 8):
        bench.write(*turned[:count], *MANY[count:])
        found = bench.beat()
    assert found == (False, Standing.REJECTED)
    assert "compared with a day ago, it makes 8 % of the origins invalid" in bench.feed.report.reason


def test_after_a_raised_bound_what_was_taken_is_what_is_compared_with(bench: Bench) -> None:
    usual = Validator(file=str(bench.places.vrps))
    for count, validator in ((100, usual), (10, usual.model_copy(update={"lost_bound_in_percent": 95})), (10, usual),
                             (9, usual)):
        bench.validators = (validator,)
        bench.write(*MANY[:count])
        assert bench.beat()[1] is Standing.GOOD


def test_local_exceptions_are_applied_and_broken_ones_change_nothing(bench: Bench, tmp_path: Path) -> None:
    slurm = tmp_path / "slurm.json"
    slurm.write_text(json.dumps({
        "slurmVersion": 1, "validationOutputFilters": {"prefixFilters": [{"prefix": MANY[0].prefix}]},
        "locallyAddedAssertions": {"prefixAssertions": [{"prefix": "10.0.0.0/8", "asn": 65010}]}}))
    bench.validators = (Validator(file=str(bench.places.vrps), slurm_file=str(slurm)),)
    bench.write(*MANY[:2])
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == {MANY[1], Vrp("10.0.0.0/8", 8, 65010)}
    slurm.write_text("{")
    assert bench.beat() == (False, Standing.REJECTED)


def test_a_named_source_that_never_gave_data_leaves_routers_without(bench: Bench, tmp_path: Path) -> None:
    bench.validators = (Validator(file=str(tmp_path / "none.json")),)
    assert bench.beat() == (True, Standing.NO_DATA)
    assert bench.everything == set()


class Caches:
    """Stands for ``fetch``."""

    def __init__(self) -> None:
        self.vrps: frozenset[Vrp] | None = frozenset(MANY)
        self.known: list[Learned | None] = []
        self.serial = 0  #: or as often as it was asked

    def __call__(self, _host: str, _port: int, known: Learned | None = None) -> Learned:
        self.known.append(known)
        if self.vrps is None:
            raise Broken("nobody there")
        return Learned(1, 1, self.serial or len(self.known), self.vrps)


@pytest.fixture
def caches(monkeypatch: pytest.MonkeyPatch) -> Caches:
    found = Caches()
    monkeypatch.setattr(origins, "fetch", found)
    monkeypatch.setattr(origins, "_ASK_S", 0.0)
    return found


def test_a_cache_is_asked_for_changes_and_its_death_leaves_the_last_good(bench: Bench, caches: Caches) -> None:
    bench.validators = (Validator(cache=RtrCache(address="rtr.example", port=8282)),)
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.beat() == (False, Standing.GOOD)
    assert caches.known[0] is None
    assert caches.known[1] == Learned(1, 1, 1, frozenset(MANY))
    caches.vrps = None
    assert bench.beat() == (False, Standing.UNREACHABLE)
    assert bench.served == set(MANY)
    caches.vrps = frozenset(MANY)
    assert bench.beat() == (False, Standing.GOOD)


def test_a_poisoned_cache_is_not_believed_for_as_long_as_it_is(bench: Bench, caches: Caches) -> None:
    bench.validators = (Validator(cache=RtrCache(address="rtr.example")),)
    bench.beat()
    caches.vrps = frozenset(one._replace(asn=0) for one in MANY)
    assert bench.beat() == (False, Standing.REJECTED)
    assert bench.beat() == (False, Standing.REJECTED)
    assert bench.served == set(MANY)
    caches.vrps = frozenset(MANY[1:])
    assert bench.beat() == (True, Standing.GOOD)


def test_what_one_cache_said_is_not_gone_on_from_at_another(bench: Bench, caches: Caches) -> None:
    bench.validators = (Validator(cache=RtrCache(address="one.example")),)
    bench.beat()
    bench.validators = (Validator(cache=RtrCache(address="two.example")),)
    caches.vrps = None
    assert bench.beat() == (False, Standing.UNREACHABLE)
    caches.vrps = frozenset(MANY[:5])
    assert bench.beat() == (True, Standing.GOOD)
    assert caches.known == [None, None, None]


def test_a_set_that_could_not_be_written_is_written_when_there_is_room(
        bench: Bench, caches: Caches, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.validators = (Validator(cache=RtrCache(address="rtr.example")),)
    bench.beat()
    caches.vrps = frozenset(MANY[1:])
    with monkeypatch.context() as full:
        full.setattr(origins.os, "fsync", _no_room)
        assert bench.beat() == (False, Standing.UNREACHABLE)
        assert bench.served == set(MANY)
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == set(MANY[1:])


def test_a_file_that_could_not_be_read_once_is_read_when_it_can_be(
        bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write(*MANY)
    bench.beat()
    bench.write(*MANY[1:])
    with monkeypatch.context() as full:
        full.setattr(origins.os, "fsync", _no_room)
        assert bench.beat() == (False, Standing.UNREACHABLE)
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == set(MANY[1:])


def _no_room(_file: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_cache_that_was_never_reached_leaves_routers_without_data(bench: Bench, caches: Caches) -> None:
    bench.validators = (Validator(cache=RtrCache(address="rtr.example")),)
    caches.vrps = None
    assert bench.beat() == (True, Standing.NO_DATA)
    assert "nobody there" in bench.feed.report.reason
    assert bench.everything == set()


@pytest.mark.parametrize(("generated", "obtained", "cache", "standing"), [
    (NOW - timedelta(hours=23), NOW, False, Standing.GOOD),
    (NOW - timedelta(hours=25), NOW, False, Standing.STALE),
    (None, NOW, True, Standing.GOOD),
    (NOW - timedelta(hours=25), NOW, True, Standing.STALE),
    (None, NOW - timedelta(hours=25), True, Standing.STALE),
])
def test_old_data_stay_in_force_and_are_told(
        generated: datetime | None, obtained: datetime, cache: bool, standing: Standing) -> None:
    source = Source(Path("/vrps"), RtrCache(address="rtr.example") if cache else None)
    found = judged(Leg.PRIMARY, source, Served(str(source), 5, obtained, generated), Problem(), NOW)
    assert found.standing is standing
    assert ("stay in force" in found.reason) is (standing is Standing.STALE)


def test_a_file_that_tells_no_time_is_as_old_as_it_was_written(bench: Bench) -> None:
    bench.write(*MANY)
    hour_ago, days_ago = (datetime.now(UTC) - timedelta(hours=hours) for hours in (1, 50))
    os.utime(bench.places.vrps, (hour_ago.timestamp(),) * 2)
    assert bench.beat() == (True, Standing.GOOD)
    os.utime(bench.places.vrps, (days_ago.timestamp(),) * 2)
    assert bench.beat()[1] is Standing.STALE
    assert "its data are 50 hours old, and 24 are allowed; they stay in force" in bench.feed.report.reason
    assert bench.served == set(MANY)
    bench.validators = (Validator(file=str(bench.places.vrps), stale_after_in_hours=100),)
    assert bench.beat()[1] is Standing.GOOD


def test_a_cache_whose_serial_stands_still_is_told_over_restarts_too_and_moving_ends_it(
        bench: Bench, caches: Caches) -> None:
    bench.validators = (Validator(cache=RtrCache(address="rtr.example")),)
    caches.serial = 7
    bench.beat()
    a_day_ago(bench)
    assert bench.beat() == (True, Standing.STALE), "what stands in the file is told whole, so it is written anew"
    assert bench.beat() == (False, Standing.STALE)
    assert "it has told nothing new for 25 hours" in bench.feed.report.reason
    assert bench.served == set(MANY)
    caches.serial = 8
    assert bench.beat() == (False, Standing.GOOD)


def a_day_ago(bench: Bench) -> None:
    """What is served was news then; the control plane starts anew."""
    path = bench.places.served_vrps / "primary.json"
    found = json.loads(path.read_text())
    found["metadata"]["made"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    path.write_text(json.dumps(found))
    bench.restart()


def test_what_a_validator_said_goes_with_it_and_the_file_in_the_home_counts_again(
        bench: Bench, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.json", Vrp("192.0.2.0/24", 24, 64501)
    bench.write(ours)
    bench.beat()
    theirs.write_text(json.dumps({"roas": [
        {"prefix": one.prefix, "maxLength": one.max_length, "asn": one.asn} for one in MANY]}))
    bench.validators = (Validator(file=str(theirs)),)
    bench.beat()
    assert bench.served == set(MANY)
    bench.validators = ()
    assert bench.beat() == (True, Standing.GOOD)
    assert bench.served == {ours}


def test_without_a_file_in_the_home_nothing_is_known_once_the_validator_is_gone(bench: Bench, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps({"roas": [{"prefix": "192.0.2.0/24", "maxLength": 24, "asn": 64501}]}))
    bench.validators = (Validator(file=str(theirs)),)
    bench.beat()
    theirs.unlink()
    assert bench.beat() == (False, Standing.UNREACHABLE)
    bench.restart()
    bench.validators = ()
    assert bench.beat() == (True, Standing.NOT_CONFIGURED)
    assert bench.everything == set(SENTINELS)


def test_the_door_is_shut_where_the_file_in_the_home_is_broken_when_the_validator_goes(
        bench: Bench, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps({"roas": [{"prefix": "192.0.2.0/24", "maxLength": 24, "asn": 64501}]}))
    bench.validators = (Validator(file=str(theirs)),)
    bench.beat()
    bench.write(text="nonsense")
    bench.validators = ()
    assert bench.beat() == (True, Standing.NO_DATA)
    assert bench.everything == set()


def test_a_legs_own_validator_goes_before_one_of_both(places: Places) -> None:
    both, own = Validator(file="/both"), Validator(file="/own", leg=Leg.SECONDARY, lost_bound_in_percent=50)
    assert source_of(Leg.PRIMARY, (both, own), places).file == Path("/both")
    assert source_of(Leg.SECONDARY, (both, own), places).file == Path("/own")
    assert source_of(Leg.SECONDARY, (own,), places).bounds == Bounds(50, 5)
    assert not source_of(Leg.PRIMARY, (own,), places).named
