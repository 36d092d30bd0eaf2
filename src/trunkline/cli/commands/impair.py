"""``trunkline impair``: line conditions on purpose, on one link, always for a while."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import asked
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.lookup import group_of, there
from trunkline.cli.options import lasting_option, output_option, pass_instance, print_json
from trunkline.cli.plain import sentence
from trunkline.cli.policies import LEGS
from trunkline.cli.progress import Progress
from trunkline.cli.status.rows import impairment_row
from trunkline.cli.tables import print_table

SPOTS = ("handoff", "trunk")
_HOW = "Write CIRCUIT LEG [handoff|trunk], or: link SITE SITE [LEG]."


@dataclass(frozen=True, slots=True)
class Target:
    """A link: its name in words, the id of the resource group where its impairments stand, and what names it there."""

    words: tuple[str, ...]
    group: str
    named: Json

    def matches(self, properties: Json) -> bool:
        return all(_plain(properties.get(name)) == _plain(value) for name, value in (
            {"leg": None, "at": "handoff"} | self.named).items())


def _plain(value: Any) -> Any:
    """References and sites are compared without regard to case."""
    text = value.get("id") if isinstance(value, dict) else value
    return text.lower() if isinstance(text, str) else text


class _Group(click.Group):
    """What is none of its commands is the target of ``set``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "set", self.commands["set"], args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, incomplete), *_complete(ctx, None, incomplete)]


def _complete(ctx: click.Context, _parameter: click.Parameter | None, incomplete: str) -> list[CompletionItem]:
    """The next word of a target, of what exists."""
    words = tuple(ctx.params.get("target") or ())
    found = asked(ctx, overview, None)
    if found is None:
        return []
    targets = [*(tuple(name.split(" ")) for name in _known({**found, "backbone": []})), *_spans(found)]
    following = {target[len(words)] for target in targets
                 if len(target) > len(words) and target[:len(words)] == words}
    return [CompletionItem(word) for word in sorted(following) if word.startswith(incomplete)]


def _percent(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d{1,3})?)%", text or "0%")
    if not found or float(found[1]) > 100:
        raise click.BadParameter(f"'{text}' is no rate; write 2%, 0.1% or 0.001% (at most 100%).")
    return float(found[1])


def _milliseconds(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d{1,3})?)(ms|s|)", text or "0")
    value = float(found[1]) * (1000 if found[2] == "s" else 1) if found else -1
    if not 0 <= value <= 10_000:
        raise click.BadParameter(f"'{text}' is no delay; write 20ms, 1.5ms or 2s (at most 10s).")
    return value


#: Option, property, how its value is read, help.
_CONDITIONS: tuple[tuple[str, str, Callable[..., float], str], ...] = (
    ("--loss", "lossInPercent", _percent, "Frames that vanish."),
    ("--duplicate", "duplicationInPercent", _percent, "Frames that arrive twice."),
    ("--corrupt", "corruptionInPercent", _percent, "Frames of which one bit is changed."),
    ("--reorder", "reorderingInPercent", _percent, "Frames held back so that others overtake them …"),
    ("--hold", "holdInMilliseconds", _milliseconds, "… for this long (5ms)."),
    ("--delay", "delayInMilliseconds", _milliseconds, "How much later frames arrive."),
    ("--jitter", "jitterInMilliseconds", _milliseconds, "By how much the delay varies, either way; order is kept."),
)


def _conditions(command: Callable[..., Any]) -> Callable[..., Any]:
    for option, name, read, text in reversed(_CONDITIONS):
        command = click.option(option, name, callback=read, metavar="RATE" if read is _percent else "TIME",
                               help=text)(command)
    return command


@click.group(cls=_Group, context_settings={"ignore_unknown_options": True})
def impair() -> None:
    """Impair a link on purpose, for a while: 'trunkline impair er1 primary --loss 2% --delay 20ms'.

    'trunkline impair set --help' tells all conditions. The same link again changes its conditions and begins their time
    anew. They end by themselves, also when the service is not running, and with 'trunkline down'.
    """


@impair.command("set")
@click.argument("target", nargs=-1, required=True, shell_complete=_complete)
@_conditions
@click.option("--direction", type=click.Choice(["in", "out", "both"]), default="both", show_default=True,
              help="As the edge sees it: in from the customer, out to the customer. On a backbone link: as the first "
              "site sees it.")
@lasting_option("5m", "Ends by itself after this; at most 24h.")
@output_option
@pass_instance
def set_(instance: Instance, /, target: tuple[str, ...], direction: str, seconds: int, as_json: bool,
         **conditions: float) -> None:
    """Give a link conditions.

    TARGET is CIRCUIT LEG [handoff|trunk], by default the customer's hand-off; or 'link SITE SITE [LEG]', a link of the
    backbone, whose traffic leaves it when it is bad enough.
    """
    if not any(value for name, value in conditions.items() if name != "holdInMilliseconds"):
        raise click.UsageError("name at least one of --loss, --duplicate, --corrupt, --reorder and --delay; "
                               "'--loss 100% --direction in' is a one-way failure.")
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"impair {' '.join(target)} for {seconds} s") as step:
        found = _target(clients, target)
        asked = {name: value for name, value in conditions.items() if value}
        body = {"properties": {**found.named, "direction": direction, "expiresInSeconds": seconds, **asked}}
        made = clients.named("operator").put(_path(found, direction), body, step.waiting)
    if as_json:
        print_json(made)


@impair.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """Which links are impaired, until when, and what has happened to frames."""
    with connected(instance) as clients:
        rows = overview(clients)["impairments"]
    if as_json:
        print_json(rows)
        return
    print_table(("circuit", "leg", "link", "direction", "conditions", "ends in", "frames"),
                [impairment_row(row, datetime.now(UTC)) for row in rows])
    if not rows:
        click.echo("No link is impaired.")


@impair.command()
@click.argument("target", nargs=-1, shell_complete=_complete)
@output_option
@pass_instance
def clear(instance: Instance, target: tuple[str, ...], as_json: bool) -> None:
    """Make a link whole again; without TARGET, all links."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"clear {' '.join(target) or 'all links'}") as step:
        wanted = _target(clients, target) if target else None
        cleared = [one["id"] for one in _standing(clients) if wanted is None or wanted.matches(one["properties"])]
        for each in cleared:
            clients.named("operator").delete(each, step.waiting)
        step.note = f"{len(cleared)} ended"
    if as_json:
        print_json({"cleared": cleared})


def _standing(clients: Clients) -> list[Json]:
    subscription = clients.accounts.customer_subscription
    return list(clients.named("operator").list(f"/subscriptions/{subscription}/providers/Trunkline.Plant/impairments"))


def _path(target: Target, direction: str) -> str:
    words = [*(word for word in target.words if word != "handoff"), "" if direction == "both" else direction]
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(filter(None, words)))
    return f"{target.group}/providers/Trunkline.Plant/impairments/{name}"


# ── targets ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _target(clients: Clients, words: tuple[str, ...]) -> Target:
    match words:
        case ["link", site, to] | ["link", site, to, "primary" | "secondary"]:
            return _span(overview(clients), site, to, words[3:])
        case [name, leg, *rest] if leg in LEGS and len(rest) <= 1 and (not rest or rest[0] in SPOTS):
            found = find_circuit(clients, name)
            at = rest[0] if rest else SPOTS[0]
            return Target((str(found["name"]), leg, at), _group(found["id"]),
                          {"circuit": {"id": found["id"]}, "leg": leg, "at": at})
    raise Failed(f"'{' '.join(words)}' is no link. {_HOW} {_told(overview(clients), ' '.join(words))}")


def _group(circuit: str) -> str:
    return f"/subscriptions/{circuit.split('/')[2]}/resourceGroups/{group_of(circuit)}"


def _span(found: Json, site: str, to: str, leg: tuple[str, ...]) -> Target:
    """Its impairments stand in the group of the first circuit: where there is none, the backbone has no links."""
    if not found["circuits"]:
        raise Failed("there is no circuit yet, so there are no links of the backbone.")
    named: Json = {"at": "link", "site": site, "to": to, **({"leg": leg[0]} if leg else {})}
    return Target(("link", site, to, *leg), _group(found["circuits"][0]["id"]), named)


def _known(found: Json) -> list[str]:
    """Every target, as one would write it."""
    own = [f"{circuit['name']} {leg} {link}" for circuit in found["circuits"]
           for leg, links in circuit["links"].items() for link in links]
    return [*own, *(" ".join(f'"{word}"' if " " in word else word for word in words) for words in _spans(found))]


def _spans(found: Json) -> list[tuple[str, ...]]:
    return [("link", link["site"], link["to"], link["leg"]) for link in found["backbone"]]


def _told(found: Json, wanted: str) -> str:
    known = _known(found)
    return sentence(there(known, wanted)) if known else "There is no link at all yet."
