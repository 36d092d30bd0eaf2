"""What a drill that was killed may have left: whether its failure stands, asked of whoever knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from trunkline.cli.certificate.shelf import Begun
from trunkline.cli.client import Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.instance import Instance
from trunkline.cli.rehearsal.lease import LEASE_S
from trunkline.cli.tables import duration

#: Beyond what any drill holds a failure for, its lease and that of longer paths included.
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Remains:
    """``stands``: None where the service, which alone knows, does not tell. ``left_s``: until the failure ends by
    itself; of longer paths only that they stand is told, on which ``legs``."""

    stands: bool | None
    left_s: float = 0.0
    legs: tuple[str, ...] = ()

    def said(self, drill: Begun) -> str:
        name = f"{drill.id[:8]} ({drill.target})"
        if self.stands is None:
            return (f"What {name} had failed may still stand, and the service does not tell; at the edge it ends by "
                    f"itself, {LEASE_S} s after the drill was killed.")
        if not self.stands:
            return f"Nothing that {name} had failed still stands."
        parts = [*([f"the failure stands for another {duration(self.left_s)} at most; 'trunkline heal {drill.target}' "
                    "ends it now"] if self.left_s else []),
                 *([f"paths over {', '.join(self.legs)} are still longer, until their own lease ends"]
                   if self.legs else [])]
        return f"Of {name} {'; '.join(parts)}."

    def as_json(self) -> Json:
        return {"stands": self.stands, "endsInSeconds": round(self.left_s, 1) if self.left_s else None,
                "longerPaths": list(self.legs)}


def standing(instance: Instance) -> Json | None:
    """What the service says; None where it does not run, or not for us."""
    try:
        with connected(instance) as clients:
            return overview(clients)
    except click.ClickException:
        return None


def remains(drill: Begun, found: Json | None, now: datetime) -> Remains:
    if now - datetime.fromisoformat(drill.began_at) > _LONGEST:
        return Remains(stands=False)
    if found is None:
        return Remains(stands=None)
    ends = [datetime.fromisoformat(one["expiresAt"]) for one in found["faults"]
            if one["id"].lower() == drill.fault_id.lower()]
    left_s = max(0.0, *((end - now).total_seconds() for end in ends)) if ends else 0.0
    legs = tuple(f"{circuit['name']} {leg}" for circuit in found["circuits"] for where, leg in drill.drained
                 if circuit["id"].lower() == where.lower() and circuit["legs"][leg]["failoverTest"])
    return Remains(bool(left_s or legs), left_s, legs)


def now() -> datetime:
    return datetime.now(UTC)
