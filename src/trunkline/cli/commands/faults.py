"""``trunkline fail`` and ``heal``: rehearse the silent loss of a leg."""

from __future__ import annotations

import click

from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.lookup import complete_circuit, group_of
from trunkline.cli.options import in_seconds, output_option, pass_instance, print_json
from trunkline.cli.progress import Progress

LEGS = ("primary", "secondary")


@click.command()
@click.argument("circuit", shell_complete=complete_circuit)
@click.argument("leg", type=click.Choice(LEGS))
@click.option("--for", "seconds", callback=lambda _ctx, _parameter, value: in_seconds(value), default="5m",
              metavar="DURATION", show_default=True, help="Heals by itself after this.")
@output_option
@pass_instance
def fail(instance: Instance, circuit: str, leg: str, seconds: int, as_json: bool) -> None:
    """Make a leg fail silently: frames vanish in both directions, no link goes down."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"fail leg {leg} of {circuit} for {seconds} s") as step:
        found = find_circuit(clients, circuit)
        body = {"properties": {"circuit": {"id": found["id"]}, "leg": leg, "kind": "leg",
                               "expiresInSeconds": seconds}}
        made = clients.named("operator").put(_path(found, leg), body, step.waiting)
    if as_json:
        print_json(made)


@click.command()
@click.argument("circuit", shell_complete=complete_circuit)
@click.argument("leg", type=click.Choice(LEGS), required=False)
@output_option
@pass_instance
def heal(instance: Instance, circuit: str, leg: str | None, as_json: bool) -> None:
    """End rehearsed failures of a circuit, of both legs unless one is named."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"heal {circuit}{f' {leg}' if leg else ''}") as step:
        found = find_circuit(clients, circuit)
        healed = [fault["id"] for fault in _faults(clients, found, leg)
                  if clients.named("operator").delete(fault["id"], step.waiting)]
        step.note = f"{len(healed)} fault{'' if len(healed) == 1 else 's'} ended"
    if as_json:
        print_json({"healed": healed})


def _path(circuit: Json, leg: str) -> str:
    subscription = circuit["id"].split("/")[2]
    return (f"/subscriptions/{subscription}/resourceGroups/{group_of(circuit['id'])}"
            f"/providers/Trunkline.Plant/faults/{circuit['name']}-{leg}")


def _faults(clients: Clients, circuit: Json, leg: str | None) -> list[Json]:
    subscription = circuit["id"].split("/")[2]
    found = clients.named("operator").list(f"/subscriptions/{subscription}/providers/Trunkline.Plant/faults")
    return [fault for fault in found if fault["properties"]["kind"] == "leg"
            and fault["properties"]["circuit"]["id"].lower() == circuit["id"].lower()
            and leg in (None, fault["properties"]["leg"])]
