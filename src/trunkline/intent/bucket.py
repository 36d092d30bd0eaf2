"""The arithmetic of a policer: a token bucket kept as a clock (``fabric/bpf/police.h`` says the same in C).

Bandwidth counts bytes of the network layer, so it is the same whatever tags a hand-off has.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Of pace: time per byte in 2^-20 ns.
SHIFT = 20
#: Of the clock: time in 2^-10 ns.
TICK = 10
#: Bursts are shorter than 2^33 ns: a clock further ahead was left behind long ago, or never started.
REACH = 33
LONGEST_NS = (1 << REACH) - 1

_WORD = 1 << 64
_FRAME_BYTES = 131_072  #: more than the largest frame weighs once it is cut for the wire, each segment with its headers


@dataclass(frozen=True, slots=True)
class Bucket:
    """``pace``: how long a byte takes; zero lets everything through. ``burst_ns``: how far ahead the clock may run."""

    pace: int = 0
    burst_ns: int = 0


def bucket(bandwidth_bps: int, burst_ms: int) -> Bucket:
    """Rounded: wrong by less than one in forty thousand at 400 Gbit/s. The burst has room for a whole GSO frame, which
    could never pass otherwise; below 122 kbit/s that would be longer than the clock reaches."""
    whole = (8 * 10**9 << SHIFT) + bandwidth_bps // 2
    burst_ns = max(burst_ms * 1_000_000, _FRAME_BYTES * 8 * 10**9 // bandwidth_bps + 1)
    return Bucket(whole // bandwidth_bps, min(burst_ns, LONGEST_NS))


def conforms(clock: int, given: Bucket, byte_count: int, now_ns: int) -> tuple[bool, int]:
    """Whether so many bytes may pass now, and the clock afterwards."""
    cost = byte_count * given.pace >> SHIFT - TICK
    now = (now_ns << TICK) % _WORD
    ahead = (clock - now) % _WORD
    ahead = 0 if _is_stale(ahead) else ahead
    if given.pace and ahead + cost > given.burst_ns << TICK:
        return False, clock
    return True, (now + ahead + cost) % _WORD if given.pace else clock


def is_full(clock: int, now_ns: int) -> bool:
    """Whether nothing is taken from the bucket at this moment."""
    return _is_stale((clock - (now_ns << TICK)) % _WORD)


def _is_stale(ahead: int) -> bool:
    return ahead >> REACH + TICK != 0
