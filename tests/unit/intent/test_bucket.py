"""The arithmetic of a policer."""

from __future__ import annotations

import pytest

from trunkline.intent.bucket import LONGEST_NS, SHIFT, Bucket, bucket, conforms, is_full

RATES = [10**6, 50 * 10**6, 200 * 10**6, 10**9, 10**10, 10**11, 4 * 10**11]
PERIOD_NS = (1 << 64) >> 10  #: after which the clock begins again
WORD = 1 << 64


@pytest.mark.parametrize("rate_bps", RATES)
@pytest.mark.parametrize("size", [46, 1500, 65_536])
def test_the_rate_is_right_to_a_thousandth(rate_bps: int, size: int) -> None:
    """A sender that offers twice as much as may pass, until the burst no longer counts."""
    given = bucket(rate_bps, 1)
    frames, clock, passed = 20_000, 0, 0
    each_ns = max(1, size * 8 * 10**9 // rate_bps // 2)
    size = size if each_ns > 1 else size * 4
    for step in range(frames):
        fits, clock = conforms(clock, given, size, 10**9 + step * each_ns)
        passed += size * fits
    took_ns = frames * each_ns
    most = rate_bps * (took_ns + given.burst_ns) / 8e9
    assert passed <= most * 1.001
    assert passed >= min(frames * size, rate_bps * took_ns / 8e9 * 0.999) - size


@pytest.mark.parametrize("rate_bps", RATES)
def test_the_pace_is_right_to_a_thousandth(rate_bps: int) -> None:
    assert bucket(rate_bps, 300).pace == pytest.approx((8e9 * 2**SHIFT) / rate_bps, rel=1e-3)


@pytest.mark.parametrize("rate_bps", RATES)
def test_nothing_overflows_a_word(rate_bps: int) -> None:
    """Frames of half a megabyte are the largest that the kernel makes (BIG TCP)."""
    given = bucket(rate_bps, 300)
    assert 524_288 * given.pace < WORD
    assert given.burst_ns << 10 < WORD >> 1


def test_without_pace_everything_passes() -> None:
    assert conforms(7, Bucket(), 10**9, 5) == (True, 7)


def test_a_burst_passes_at_once_and_no_more() -> None:
    given, clock = bucket(8 * 10**9, 1), 0
    fits, clock = conforms(clock, given, 1_000_000, 5 * 10**9)
    assert fits
    assert conforms(clock, given, 1, 5 * 10**9) == (False, clock)
    assert not is_full(clock, 5 * 10**9)
    assert is_full(clock, 5 * 10**9 + 1_000_001)


def test_a_frame_passes_whole_or_not_at_all() -> None:
    given = bucket(50 * 10**6, 1)
    fits, clock = conforms(0, given, 131_072, 10**9)
    assert fits
    assert conforms(clock, given, 65_536, 10**9 + 5_000_000) == (False, clock)
    assert conforms(clock, given, 30_000, 10**9 + 5_000_000)[0]


@pytest.mark.parametrize("rate_bps", RATES)
def test_a_whole_gso_frame_passes_with_the_headers_of_each_segment(rate_bps: int) -> None:
    """64 KB of TCP with timestamps in segments of 1,448 bytes, and as IPv6 in the least MTU of 1,280."""
    for size in (65_535 + 45 * 52, 65_535 + 54 * 72):
        assert conforms(0, bucket(rate_bps, 1), size, 10**9)[0]


@pytest.mark.parametrize("rate_bps", [1_000, 64_000, 256_000, 10**6])
def test_no_burst_is_longer_than_the_clock_reaches(rate_bps: int) -> None:
    assert bucket(rate_bps, 20_000).burst_ns <= LONGEST_NS


@pytest.mark.parametrize("days", [0.01, 103, 105, 120, 207, 210, 330])
def test_a_bucket_that_never_began_or_was_left_long_ago_is_full(days: float) -> None:
    """Whatever the uptime: half of the clock's period is 104 days."""
    given, now = bucket(50 * 10**6, 300), int(days * 86_400 * 10**9)
    assert is_full(0, now)
    fits, clock = conforms(0, given, 1_500, now)
    assert fits
    assert not is_full(clock, now)
    much_later = now + 120 * 86_400 * 10**9
    assert is_full(clock, much_later)
    assert conforms(clock, given, 1_800_000, much_later)[0]


def test_a_burst_just_taken_is_not_mistaken_for_one_of_long_ago() -> None:
    """The longest that there is."""
    given, now = bucket(1_000, 20_000), 120 * 86_400 * 10**9
    most = given.burst_ns // 8_000_000
    fits, clock = conforms(0, given, most, now)
    assert fits
    assert not is_full(clock, now)
    assert not conforms(clock, given, 100, now)[0]


def test_another_rate_goes_on_from_where_the_bucket_is() -> None:
    slow, fast, start = bucket(8 * 10**8, 100), bucket(16 * 10**8, 100), 10**9
    _, clock = conforms(0, slow, 10_000_000, start)
    assert not conforms(clock, fast, 100, start)[0]
    assert not conforms(clock, fast, 10_000_100, start + 50_000_000)[0]
    assert conforms(clock, fast, 10_000_000, start + 50_000_000)[0]


def test_the_clock_may_wrap() -> None:
    given = bucket(8 * 10**9, 1)
    before = PERIOD_NS - 500
    fits, clock = conforms(0, given, 600_000, before)
    assert fits
    assert not conforms(clock, given, 600_000, PERIOD_NS + 500)[0]
    assert conforms(clock, given, 300_000, PERIOD_NS + 500)[0]
