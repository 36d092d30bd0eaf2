"""``trunkline fail`` and ``heal``: make anything fail that is in use, for a while, and end it."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from typing import Any

import click
from click.shell_completion import CompletionItem

from trunkline.cli import failing, whatif
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import asked
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import group_of
from trunkline.cli.options import in_seconds, output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


class _Group(click.Group):
    """What is none of its commands is what shall fail."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "now", self.commands["now"], args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, incomplete), *_complete(ctx, None, incomplete)]


def _complete(ctx: click.Context, _parameter: click.Parameter | None, incomplete: str) -> list[CompletionItem]:
    """The next word of a target, of what exists; for ``heal`` of what fails."""
    found: Json = asked(ctx, overview, {"faults": [], "canFail": []})
    known = [row["target"] for row in found["faults"]] if ctx.info_name == "heal" else [
        row["words"] for row in found["canFail"]]
    return failing.following(known, ctx.params.get("target") or (), incomplete)


def _flap(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> dict[str, float]:
    if text is None:
        return {}
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)/(\d+(?:\.\d+)?)(ms|s|m|)", text)
    down, up = (float(found[at]) * _UNITS[found[at + 1]] for at in (1, 3)) if found else (0.0, 0.0)
    if not (0.01 <= down <= 3600 and 0.01 <= up <= 3600):
        raise click.BadParameter(f"'{text}' is no DOWN/UP; write 500ms/2s or 5s/1m (10ms to 1h each).")
    return {"downInSeconds": down, "upInSeconds": up}


@click.group(cls=_Group, context_settings={"ignore_unknown_options": True})
def fail() -> None:
    """Make something fail on purpose, for a while: 'trunkline fail er1 primary' or 'fail edge Amsterdam primary'.

    CIRCUIT LEG, edge LOCATION LEG, switch PROVIDER LOCATION LEG, gateway GATEWAY INSTANCE, link SITE SITE [LEG], core
    SITE LEG, location LOCATION or region REGION; what is in use can fail. 'trunkline fail now --help' tells how. The
    same target again changes how it fails and begins its time anew. It ends by itself, also when the service is not
    running, and with 'trunkline heal'.
    """


@fail.command("now")
@click.argument("target", nargs=-1, required=True, shell_complete=_complete)
@click.option("--silent/--link-down", "silent", default=True, show_default=True,
              help="Frames vanish and no link goes down; or the links lose their carrier.")
@click.option("--direction", type=click.Choice(["in", "out", "both"]), default="both", show_default=True,
              help="Of a leg or link alone, as the edge (of a link: its first site) sees it.")
@click.option("--flap", callback=_flap, metavar="DOWN/UP", help="Come and go: 500ms/2s.")
@click.option("--for", "seconds", callback=lambda _ctx, _parameter, value: in_seconds(value), default="5m",
              metavar="DURATION", show_default=True, help="Heals by itself after this; at most 24h.")
@output_option
@pass_instance
def now_(instance: Instance, /, target: tuple[str, ...], seconds: int, as_json: bool, **how: Any) -> None:
    """Make TARGET fail, and tell what it takes away."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"fail {' '.join(target)} for {seconds} s") as step:
        found = overview(clients)
        wanted = failing.chosen(found["canFail"], target)
        body = {"properties": {**wanted["properties"], "mode": "silent" if how["silent"] else "linkDown",
                               "direction": how["direction"], "expiresInSeconds": seconds, **how["flap"]}}
        path = _path(clients, found, wanted)
        clients.named("operator").put(path, body, step.waiting)
        standing = overview(clients)["faults"]
        made: Json = next((row for row in standing if row["id"].lower() == path.lower()), {})
        step.note = f"takes away: {', '.join(failing.takes(made)) or 'nothing of yours'}" if made else "ended already"
        left = whatif.ask(clients, {"standing": True}) if made else {}
    if as_json:
        print_json({**made, "all": _told(left["states"][0]), "maintained": left["maintained"],
                    "whenGivenBack": _told(left["whenGivenBack"])} if made else {})
    for line in failing.left_by(standing, left) if made else ():
        progress.say(line)
    if made:
        progress.say(f"To end this one: trunkline heal {shlex.join(target)}")


def _told(state: Json | None) -> Json | None:
    return {word: state[word] for word in failing.COSTS} if state else None


def _path(clients: Clients, found: Json, wanted: Json) -> str:
    """In the group of what fails; plant is in none, so in that of the first circuit or else the first gateway."""
    properties = wanted["properties"]
    owners = [properties[name] for name in ("circuit", "gateway") if name in properties]
    some = next((one["id"] for one in (*owners, *found["circuits"], *found["gateways"])), "")
    return (f"/subscriptions/{clients.accounts.customer_subscription}/resourceGroups/{group_of(some)}"
            f"/providers/Trunkline.Plant/faults/{failing.name_of(wanted['words'])}")


@fail.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """What fails on purpose, how, until when, and what that takes away."""
    with connected(instance) as clients:
        rows = overview(clients)["faults"]
    if as_json:
        print_json(rows)
        return
    print_table(failing.COLUMNS, [failing.row(row, datetime.now(UTC)) for row in rows])
    if not rows:
        click.echo("Nothing fails on purpose.")


@click.command()
@click.argument("target", nargs=-1, shell_complete=_complete)
@output_option
@pass_instance
def heal(instance: Instance, target: tuple[str, ...], as_json: bool) -> None:
    """End what fails on purpose: the words of 'fail'; a circuit without a leg means both legs, and nothing all faults.
    """
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"heal {' '.join(target) or 'all'}") as step:
        found = overview(clients)
        standing: list[Any] = found["faults"]
        wanted = failing.matching(standing, target) if target else standing
        if target and not wanted and not any(target[0].lower() == one["name"].lower() for one in found["circuits"]):
            failing.chosen(found["canFail"], target)
        healed = [fault["id"] for fault in wanted if clients.named("operator").delete(fault["id"], step.waiting)]
        step.note = f"{len(healed)} fault{'' if len(healed) == 1 else 's'} ended"
    if as_json:
        print_json({"healed": healed})
