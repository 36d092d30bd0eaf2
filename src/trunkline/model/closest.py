"""Names that somebody may have meant by one that is none."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_MOST, _LONGEST = 3, 120
#: Below this likeness (0 to 1) a name is another one.
_ALIKE = 0.6


def closest(wanted: str, names: Iterable[str], alike: float = _ALIKE) -> list[str]:
    """Whatever the case; the likest first, then in their own order. ``alike``: what is less so is another one."""
    matcher = SequenceMatcher(None, "", wanted[:_LONGEST].casefold())
    found = []
    for name in dict.fromkeys(names):
        matcher.set_seq1(name.casefold())
        if matcher.quick_ratio() >= alike and (ratio := matcher.ratio()) >= alike:
            found.append((ratio, name))
    return [name for _, name in sorted(found, key=lambda one: -one[0])[:_MOST]]


def closest_first(wanted: str, names: Iterable[str]) -> list[str]:
    known = list(dict.fromkeys(names))
    near = closest(wanted, known)
    return [*near, *(name for name in known if name not in near)]


def did_you_mean(wanted: str, names: Iterable[str]) -> str:
    """A question to be put behind a refusal, with a space before it; empty where nothing is like it."""
    near = closest(wanted, names)
    return f" Did you mean {' or '.join(near)}?" if near else ""
