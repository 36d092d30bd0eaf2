"""Faults in words: what can be made to fail, and what a fault takes away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from trunkline.cli import whatif
from trunkline.cli.client import Json
from trunkline.cli.failure import Failed
from trunkline.cli.tables import duration
from trunkline.model.fault import WORDS, FaultKind

LEGS = ("primary", "secondary")
COLUMNS = ("fails", "how", "ends in", "takes away", "frames lost")
#: What a fault is of, by the first of its words; anything else is a circuit.
FORMS = {WORDS[kind]: f"{WORDS[kind]} {names}" for kind, names in {
    FaultKind.EDGE: "LOCATION LEG", FaultKind.SWITCH: "PROVIDER LOCATION LEG", FaultKind.INSTANCE: "GATEWAY INSTANCE",
    FaultKind.SPAN: "SITE SITE [LEG]", FaultKind.CORE: "SITE LEG", FaultKind.LOCATION: "LOCATION",
    FaultKind.REGION: "REGION"}.items()}
HOW = "Write CIRCUIT LEG, or " + ", ".join(list(FORMS.values())[:-1]) + f" or {FORMS['region']}."
#: What becomes of pairs, by the model's words.
COSTS = {"lost": "Cut off", "gone": "An end is taken away", "partly": "Part of the flows is lost"}
_TOLD = 12  #: most targets that a message names


def row(fault: Json, now: datetime) -> tuple[object, ...]:
    left_s = (datetime.fromisoformat(fault["expiresAt"]) - now).total_seconds()
    return (" ".join(fault["target"]), manner(fault), duration(left_s) if left_s > 0 else "ended",
            ", ".join(takes(fault)) or "nothing of yours", f"{fault['framesVanished']:,}")


def manner(fault: Json) -> str:
    how = "link down" if fault["mode"] == "linkDown" else "silent"
    way = "" if fault["direction"] == "both" else f" {fault['direction']}"
    flap = f", {fault['downInSeconds']:g} s down, {fault['upInSeconds']:g} s up" if fault["upInSeconds"] else ""
    return f"{how}{way}{flap}"


def takes(fault: Json) -> Iterator[str]:
    """Legs of circuits and instances of gateways."""
    for circuit in dict.fromkeys(leg["circuit"] for leg in fault["legs"]):
        legs = [leg["leg"] for leg in fault["legs"] if leg["circuit"] == circuit]
        yield f"{circuit} on both legs" if len(legs) == len(LEGS) else f"{circuit} {legs[0]}"
    yield from (f"{one['gateway']} instance {one['instance']}" for one in fault["gatewayInstances"])


def without_leg(faults: Iterable[Json], closed: Iterable[str] = ()) -> list[str]:
    """Circuits that have no leg left by all faults together. ``closed``: legs that are out of use beside them."""
    legs = {(leg["circuit"], leg["leg"]) for fault in faults for leg in fault["legs"]}
    legs |= {(name.rpartition(" ")[0], name.rpartition(" ")[2]) for name in closed}
    return sorted({circuit for circuit, _ in legs if all((circuit, leg) in legs for leg in LEGS)})


def left_by(faults: Sequence[Json], found: Json) -> Iterator[str]:
    """What all faults together cost, as the model says. ``found``: what stands now, of ``trunkline whatif``."""
    held = found["maintained"]
    now, later = (list(_costs(state, without)) for state, without in (
        (found["states"][0], without_leg(faults, [one["failure"] for one in held])),
        (found["whenGivenBack"] or found["states"][0], without_leg(faults))))
    yield from now
    if later != now:
        closed = ", ".join(f"{one['failure']} (maintenance {one['maintenance']})" for one in held)
        yield f"So it is while work goes on at {closed}, which is given back once its twin is seen to fail. Then:"
        yield from (f"  {line}" for line in later or ["Nothing that is known of."])


def _costs(state: Json, without: Sequence[str]) -> Iterator[str]:
    pairs = [f"{told}: {whatif.ends(state[word])}." for word, told in COSTS.items() if state[word]]
    yield from pairs
    if without:
        yield f"No leg is left of {', '.join(without)}."
    if state["fates"] and not pairs:
        yield "Everything that was connected still is."


def chosen(known: Sequence[Json], words: Sequence[str]) -> Json:
    """The target that words mean. Raises Failed with what there is."""
    for target in known:
        if _same(target["words"], words):
            return target
    names = [" ".join(target["words"]) for target in known]
    of_kind = [name for name in names if name.split(" ")[0] == words[0]] if words[0] in FORMS else []
    there = of_kind or names
    more = f" and {len(there) - _TOLD} more" if len(there) > _TOLD else ""
    told = f"There are: {'; '.join(there[:_TOLD])}{more}." if there else "Nothing is there yet that could fail."
    raise Failed(f"'{' '.join(words)}' is nothing that is in use and can fail. {HOW} {told}")


def matching(faults: Iterable[Json], words: Sequence[str]) -> list[Json]:
    """Faults of a target; of both legs where a circuit or a link is named without one."""
    return [fault for fault in faults if _same(fault["target"], words) or (
        fault["target"][-1] in LEGS and _same(fault["target"][:-1], words))]


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    """A link's ends may be told in either order, and a region as in ids."""
    mine, theirs = _plain(one), _plain(other)
    turned = [theirs[0], *theirs[2:0:-1], *theirs[3:]] if theirs[:1] == ["link"] and len(theirs) > 2 else theirs
    return mine in (theirs, turned)


def _plain(words: Sequence[str]) -> list[str]:
    """A leg may be called one."""
    plain = [word.replace(" ", "").casefold() for word in words]
    return plain[1:] if plain[:1] == ["leg"] else plain


def name_of(words: Sequence[str]) -> str:
    """Of the resource; one for each target, so that failing it again renews its lease."""
    return "-".join("".join(letter if letter.isalnum() else "-" for letter in word) for word in words).lower()
