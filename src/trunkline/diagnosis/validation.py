"""Where origins' validation data come from, and whether they are what they should be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.diagnosis.evidence import Finding, Place
from trunkline.intent.bgp import Router
from trunkline.model.event import EventKind
from trunkline.model.site import Daemon

#: By the standing's own word (reconcile.origins).
_KINDS: Mapping[str, EventKind] = {
    "Stale": EventKind.VALIDATION_STALE, "Rejected": EventKind.VALIDATION_REJECTED,
    "Unreachable": EventKind.VALIDATION_DEAD, "NoData": EventKind.VALIDATION_DEAD}
#: No tenant's: operators alone are told.
_OWNER = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Trunkline.Plant/validators/{}"


@dataclass(frozen=True, slots=True)
class Validation:
    """What a leg's routers validate with."""

    leg: str
    source: str
    standing: str
    vrps: int
    reason: str


def check_validation(found: Iterable[Validation]) -> Iterator[Finding]:
    for one in found:
        if kind := _KINDS.get(one.standing):
            place = Place(Router("", Daemon.BIRD, 0, ""), _OWNER.format(one.leg))
            yield Finding(kind, f"{kind}|{one.leg}", f"validation data of the {one.leg} leg from {one.source}: "
                          f"{one.reason or one.standing}", place,
                          evidence={"leg": one.leg, "source": one.source, "standing": one.standing, "vrps": one.vrps,
                                    "reason": one.reason})
