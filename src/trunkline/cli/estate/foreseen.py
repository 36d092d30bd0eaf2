"""A plan in a table's words, and as an exit code. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from trunkline.cli.client import Json
from trunkline.cli.estate.foresee import Foreseen, spread
from trunkline.cli.lookup import told_apart

#: Of ``trunkline plan``. 1 to 3 are what they are everywhere: refused, wrong usage, and nobody there.
NOTHING, INTERRUPTS, CHANGES = 0, 4, 5

#: A class of the service in words.
CLASSES = {"none": "none", "hitless": "hitless", "softRefresh": "soft refresh", "sessionReset": "session reset",
           "recreate": "re-create"}
_INTERRUPTING = ("sessionReset", "recreate")
_DEEDS = {"Create": "(new)", "Delete": "(deleted)"}

COLUMNS = ("resource", "field", "before", "after", "class", "touches", "outage")


def exit_code(found: Foreseen) -> int:
    """``INTERRUPTS``: some change closes sessions or replaces interfaces, and no other leg carries meanwhile."""
    rows = found.told["changes"]
    if not rows:
        return NOTHING
    return INTERRUPTS if any(map(_interrupts, rows)) else CHANGES


def _interrupts(touch: Json) -> bool:
    return touch["class"] in _INTERRUPTING and not touch["otherLegCarries"]


def harmful(found: Foreseen) -> list[str]:
    """What nobody should do without having been asked, a line each."""
    return [_harm(change, field) for change, field in spread(found.told)
            if _interrupts(field or change) or (field or change)["class"] == "recreate"]


def _harm(change: Json, field: Json | None) -> str:
    label, named, before, after, cost, touches, felt = _row(change, field)
    values = f": {before} → {after}" if field else ""
    return f"{' '.join(filter(None, (label, named)))}{values} ({cost}; {touches}; outage {felt})"


def table(found: Foreseen) -> list[tuple[str, ...]]:
    return [_row(change, field) for change, field in spread(found.told)]


def _row(change: Json, field: Json | None) -> tuple[str, ...]:
    touch = field or change
    named = str(field["path"]).removeprefix("properties.") if field else _DEEDS.get(change["changeType"], "")
    return (str(change["label"]), named, _value(field, "before"), _value(field, "after"),
            CLASSES[touch["class"]], touched(touch), outage(touch))


def _value(field: Json | None, name: str) -> str:
    if field is None or name not in field:
        return "-"
    value: Any = field[name]
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def touched(touch: Json) -> str:
    """Legs by circuit, with the number of sessions; where some are interrupted, those alone."""
    legs = [one for one in touch["legs"] if one["interrupted"]] or touch["legs"]
    by_circuit: dict[str, list[str]] = defaultdict(list)
    for one in legs:
        by_circuit[one.get("circuit", {}).get("id", "another subscription's")].append(one["leg"])
    sessions = sum(len(one["sessions"]) for one in legs)
    names = told_apart([{"id": one, "name": one.rpartition("/")[2]} for one in by_circuit])
    named = "; ".join(f"{names[circuit.lower()]} {' and '.join(sides)}" for circuit, sides in by_circuit.items())
    return f"{named} ({sessions} session{'' if sessions == 1 else 's'})" if sessions else named or "-"


def outage(touch: Json) -> str:
    if touch["class"] not in _INTERRUPTING:
        return "none"
    if touch["otherLegCarries"]:
        return "none: the other leg carries"
    return f"up to {touch['outageSeconds']:g} s"
