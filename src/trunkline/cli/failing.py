"""Faults in words: what can be made to fail, and what a fault takes away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from click.shell_completion import CompletionItem

from trunkline.cli import whatif
from trunkline.cli.client import Clients, Json
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import there, told_apart
from trunkline.cli.plain import sentence
from trunkline.cli.tables import duration
from trunkline.model.fault import ROUTER, WORDS, FaultKind, spellings, spelt

LEGS = ("primary", "secondary")
COLUMNS = ("fails", "how", "ends in", "takes away", "frames lost")
#: What a fault is of, by the first of its words; anything else is a circuit.
FORMS = {WORDS[kind]: f"{WORDS[kind]} {names}" for kind, names in {
    FaultKind.EDGE: "LOCATION LEG", FaultKind.SWITCH: "PROVIDER LOCATION LEG", FaultKind.INSTANCE: "GATEWAY INSTANCE",
    FaultKind.SPAN: "SITE SITE [LEG]", FaultKind.CORE: "SITE LEG", FaultKind.LOCATION: "LOCATION",
    FaultKind.REGION: "REGION"}.items()}
#: What becomes of pairs, by the model's words.
COSTS = {"lost": "Cut off", "gone": "An end is taken away", "partly": "Part of the flows is lost"}
#: What a what-if takes away beside.
LOSABLE = (*FORMS.values(), f"{ROUTER} SITE ROUTER")


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


def chosen(known: Sequence[Json], words: Sequence[str], forms: Sequence[str] = tuple(FORMS.values())) -> Json:
    """The target that words mean. Raises Failed with what there is. ``forms``: of what may be named."""
    for target in known:
        if spelt(words) in spellings(target["words"]):
            return target
    names = [" ".join(target["words"]) for target in known]
    of_kind = [name for name in names if [name.split(" ")[0]] == [word.lower() for word in words[:1]]]
    said = " ".join(words)
    told = sentence(there(of_kind or names, said, "; ")) if names else "Nothing is there yet that could fail."
    raise Failed(f"'{said}' is nothing that is in use and can fail. Write CIRCUIT LEG, or {', '.join(forms[:-1])} or "
                 f"{forms[-1]}. {told}")


def losable(clients: Clients, found: Json) -> list[Json]:
    """All that a what-if can take away: what can fail, and customers' own routers. ``found``: the overview."""
    subscription = clients.accounts.customer_subscription
    sites = list(clients.named("operator").list(f"/subscriptions/{subscription}/providers/Trunkline.Site/sites"))
    names = told_apart(sites)
    return [*found["canFail"], *({"words": [ROUTER, names[site["id"].lower()], router["name"]]}
                                 for site in sites for router in site["properties"]["routers"])]


def following(known: Iterable[Sequence[str]], said: Sequence[str], incomplete: str) -> list[CompletionItem]:
    """The next word of targets that begin with what was said."""
    begun = [word.casefold() for word in said]
    found = {words[len(begun)] for words in known
             if len(words) > len(begun) and [word.casefold() for word in words[:len(begun)]] == begun}
    return [CompletionItem(word) for word in sorted(found) if word.casefold().startswith(incomplete.casefold())]


def matching(faults: Iterable[Json], words: Sequence[str]) -> list[Json]:
    """Faults of a target; of both legs where a circuit or a link is named without one."""
    said = spelt(words)
    return [fault for fault in faults if said in spellings(fault["target"]) or (
        fault["target"][-1] in LEGS and said in spellings(fault["target"][:-1]))]


def name_of(words: Sequence[str]) -> str:
    """Of the resource; one for each target, so that failing it again renews its lease."""
    return "-".join("".join(letter if letter.isalnum() else "-" for letter in word) for word in words).lower()
