"""Ranges of AS numbers as regular expressions, because FRR matches AS paths as text. Pure."""

from __future__ import annotations


def patterns(first: int, last: int) -> tuple[str, ...]:
    """Expressions that together match exactly the decimal numbers from ``first`` to ``last``.

    The range is cut where digits turn over, so that in each piece every digit is a class of its own:
    64512 … 65534 becomes 6451[2-9], 645[2-9][0-9], 64[6-9][0-9][0-9], 65[0-4][0-9][0-9], 655[0-2][0-9], 6553[0-4].
    """
    found = []
    while first <= last:
        end = _piece_end(first, last)
        found.append("".join(_digits(a, b) for a, b in zip(str(first), str(end), strict=True)))
        first = end + 1
    return tuple(found)


def _piece_end(first: int, last: int) -> int:
    """The furthest end of a piece that begins at ``first``: trailing zeros may run through all digits, the digit
    before them as far as ``last`` allows."""
    span = 1
    while first % (span * 10) == 0 and first + span * 10 - 1 <= last and first:
        span *= 10
    most = 9 - first // span % 10
    fitting = (last - first + 1) // span - 1
    return first + span * (min(most, fitting) + 1) - 1


def _digits(low: str, high: str) -> str:
    return low if low == high else f"[{low}-{high}]"
