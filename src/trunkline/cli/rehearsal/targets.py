"""What may fail, in the words of ``trunkline fail``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
from click.shell_completion import CompletionItem

from trunkline.cli import failing
from trunkline.cli.client import Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.completing import asked
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import group_of
from trunkline.cli.rehearsal.ground import Ground, circuit_named
from trunkline.model.fault import FaultKind, RehearsedFault

USAGE = ", ".join(["CIRCUIT LEG", *failing.FORMS.values()])
#: Planned work is on one leg: Azure's failover test lengthens the paths of one link of a circuit.
_DRAINABLE = (FaultKind.LEG, FaultKind.EDGE, FaultKind.SWITCH)


def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The next word of what is in use and can fail."""
    known = asked(ctx, lambda clients: [row["words"] for row in overview(clients)["canFail"]],
                  [[kind] for kind in failing.FORMS])
    return failing.following(known, ctx.params.get("target") or (), incomplete)


@dataclass(frozen=True, slots=True)
class Target:
    """``said``: as one would write it; ``group``: the resource group in which the fault stands."""

    fault: RehearsedFault
    said: str
    group: str


def parse(words: Sequence[str], ground: Ground) -> Target:
    """Raises Failed, with what there is."""
    known = ground.found["canFail"]
    found = _leg(words, ground) or failing.chosen(known, words)
    fault = RehearsedFault.model_validate(found["properties"])
    owner = fault.circuit or fault.gateway
    return Target(fault, " ".join(found["words"]), owner.target.group if owner else _group(ground))


def _leg(words: Sequence[str], ground: Ground) -> Json | None:
    """Of a circuit, which may be named by its id or service key too."""
    if words[0].lower() in failing.FORMS or len(words) != 2:
        return None
    wanted, leg = str(circuit_named(ground, words[0])["id"]).lower(), words[1].lower()
    for target in ground.found["canFail"]:
        circuit = target["properties"].get("circuit") or {"id": ""}
        if (circuit["id"].lower(), target["properties"].get("leg")) == (wanted, leg):
            return dict(target)
    return None


def require_drainable(target: Target) -> None:
    """Raises Failed."""
    if target.fault.kind not in _DRAINABLE:
        raise Failed(f"'{target.said}' cannot be drained: that is for planned work on a leg, an edge or a switch; what "
                     "else fails takes both legs, or none.")


def all_legs(ground: Ground, wanted: Sequence[str]) -> tuple[Target, ...]:
    """Of the circuits that are named, or of all."""
    chosen = [circuit_named(ground, name) for name in wanted] or ground.circuits
    return tuple(parse((circuit["id"], leg), ground) for circuit in chosen for leg in LEGS
                 if circuit["legs"][leg]["bgp"] == "Established")


def _group(ground: Ground) -> str:
    if not ground.circuits:
        raise Failed("there is no circuit, so there is nothing to fail; 'trunkline apply' orders some.")
    return group_of(ground.circuits[0]["id"])
