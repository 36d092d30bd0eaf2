"""What may fail, in the words of ``trunkline fail``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
from click.shell_completion import CompletionItem
from pydantic import ValidationError

from trunkline.cli.client import Json
from trunkline.cli.commands.status import LEGS
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import complete_circuit, group_of
from trunkline.cli.rehearsal.ground import Ground, circuit_named
from trunkline.diagnosis.drill.ways import said
from trunkline.model.fault import FaultKind, RehearsedFault

#: Kinds by word, and the members that the words behind it fill.
_GRAMMAR: dict[str, tuple[FaultKind, tuple[str, ...]]] = {
    "edge": (FaultKind.EDGE, ("location", "leg")),
    "switch": (FaultKind.SWITCH, ("provider", "location", "leg")),
    "gateway": (FaultKind.INSTANCE, ("gateway", "instance")),
    "link": (FaultKind.SPAN, ("site", "to", "leg")),
    "core": (FaultKind.CORE, ("site", "leg")),
    "location": (FaultKind.LOCATION, ("location",)),
    "region": (FaultKind.REGION, ("region",)),
}
USAGE = ("CIRCUIT LEG, edge LOCATION LEG, switch PROVIDER LOCATION LEG, gateway GATEWAY INSTANCE, link SITE SITE "
         "[LEG], core SITE LEG, location LOCATION, region REGION")
#: Planned work is on one leg: Azure's failover test lengthens the paths of one link of a circuit.
DRAINABLE = (FaultKind.LEG, FaultKind.EDGE, FaultKind.SWITCH)


def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Circuits and kinds; behind them legs, which most end with."""
    if ctx.params.get("target"):
        return [CompletionItem(leg) for leg in LEGS if leg.startswith(incomplete.lower())]
    kinds = [CompletionItem(word, help=" ".join(members)) for word, (_, members) in _GRAMMAR.items()
             if word.startswith(incomplete.lower())]
    return [*kinds, *complete_circuit(ctx, parameter, incomplete)]


@dataclass(frozen=True, slots=True)
class Target:
    """``group``: the resource group in which the fault stands."""

    fault: RehearsedFault
    group: str

    @property
    def said(self) -> str:
        return said(self.fault)


def parse(words: Sequence[str], ground: Ground) -> Target:
    """Raises Failed, with what there is."""
    kind, *rest = words
    if kind.lower() in _GRAMMAR:
        return _target(_GRAMMAR[kind.lower()], rest, ground)
    if len(words) == 2:
        circuit = circuit_named(ground, kind)
        return Target(_fault(FaultKind.LEG, {"circuit": {"id": circuit["id"]}, "leg": rest[0].lower()}),
                      group_of(circuit["id"]))
    raise click.UsageError(f"'{' '.join(words)}' names nothing that can fail; write {USAGE}.")


def all_legs(ground: Ground, wanted: Sequence[str]) -> tuple[Target, ...]:
    """Of the circuits that are named, or of all."""
    chosen = [circuit_named(ground, name) for name in wanted] or ground.circuits
    return tuple(parse((circuit["id"], leg), ground) for circuit in chosen for leg in LEGS
                 if circuit["legs"][leg]["bgp"] == "Established")


def _target(form: tuple[FaultKind, tuple[str, ...]], words: Sequence[str], ground: Ground) -> Target:
    kind, members = form
    needed = len(members) - (kind is FaultKind.SPAN)
    if not needed <= len(words) <= len(members):
        raise click.UsageError(f"{kind.value} is named by {', '.join(members)}; write {USAGE}.")
    given: Json = dict(zip(members, words, strict=False))
    if "gateway" in given:
        given["gateway"] = {"id": _gateway(ground, given["gateway"])}
    if "leg" in given:
        given["leg"] = given["leg"].lower()
    return Target(_fault(kind, given), _group(ground))


def _fault(kind: FaultKind, given: Json) -> RehearsedFault:
    try:
        return RehearsedFault.model_validate({"kind": kind, **given})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"])) or kind.value
        raise Failed(f"{where}: {first['msg']}; write {USAGE}.") from None


def _gateway(ground: Ground, name: str) -> str:
    found = sorted({link.gateway for link in ground.links if link.gateway.rpartition("/")[2] == name.lower()})
    if len(found) != 1:
        known = ", ".join(sorted({link.gateway.rpartition("/")[2] for link in ground.links})) or "none"
        raise Failed(f"there is no one gateway '{name}' with a circuit; there are {known}.")
    return found[0]


def _group(ground: Ground) -> str:
    if not ground.circuits:
        raise Failed("there is no circuit, so there is nothing to fail; 'trunkline apply' orders some.")
    return group_of(ground.circuits[0]["id"])
