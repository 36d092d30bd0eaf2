"""Whether packets did what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flow:
    sent: int
    lost: int


def disagreement(fate: str, flows: Sequence[Flow]) -> str:
    """What is wrong with a prediction; empty if nothing is. Of a pair that is partly lost some flows go through and
    others do not, by their ports: there have to be so many that it is no chance if all do the same."""
    sent, lost = sum(one.sent for one in flows), sum(one.lost for one in flows)
    said = f"{sent - lost} of {sent} datagrams in {len(flows)} flows were answered"
    if fate == "kept":
        return f"{said}, and all should be" if lost else ""
    if fate in ("lost", "gone"):
        return f"{said}, and none should be" if lost < sent else ""
    return f"{said}, and some should be and others not" if lost in (0, sent) else ""
