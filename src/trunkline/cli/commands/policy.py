"""``trunkline policy``: what a peering's edge routers tell the customer, take from the customer, and prefer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import click

from trunkline.cli import policies
from trunkline.cli.client import Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import complete_circuit
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.policies import Manner, Where, changing, differences, flat, located, print_changes, written
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table

_RANGE = re.compile(r"([0-9A-Fa-f.:]+/\d+)(?:\[(\d*)(-?)(\d*)\])?")


def prefix_range(text: str) -> Json:
    """``10.0.0.0/8``, ``10.0.0.0/8[16-24]``, ``[16-]`` for 16 or longer, ``[-24]`` for 24 or shorter, ``[16]``."""
    found = _RANGE.fullmatch(text)
    if not found or (found[2] is not None and not found[2] and not found[4]):
        raise click.BadParameter(f"'{text}' is no prefix; write 10.0.0.0/8, or with lengths 10.0.0.0/8[16-24].")
    prefix, first, dash, last = found.groups()
    lengths = {"ge": first, "le": last if dash else first}
    return {"prefix": prefix, **{word: int(length) for word, length in lengths.items() if length}}


def _ranges(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> list[Json]:
    return [prefix_range(text) for text in texts]


def _preferences(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in texts:
        community, sign, preference = text.partition("=")
        if not sign or not preference.isdecimal():
            raise click.BadParameter(f"'{text}' is none; write COMMUNITY=PREFERENCE, for example 65010:200=200.")
        found[community] = int(preference)
    return found


def _switched(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> bool | None:
    return None if text is None else text == "on"


_SWITCH: Json = {"type": click.Choice(["on", "off"]), "callback": _switched}
_LIST: Json = {"multiple": True, "callback": _ranges, "metavar": "PREFIX[GE-LE]"}
#: Option, dotted member, how it is read, help. In the order of a route's way: to the customer, from the customer, both.
SETTINGS: tuple[tuple[str, str, Json, str], ...] = (
    ("--prepend", "advertise.prepend", {"type": int}, "Told: how often 12076 stands in the path beyond the one time."),
    ("--med", "advertise.med", {"type": int}, "Told: MULTI_EXIT_DISC."),
    ("--deny", "advertise.deny", _LIST, "Told: not these prefixes; may be given several times, as all lists."),
    ("--permit", "advertise.permit", _LIST, "Told: these prefixes alone."),
    ("--community", "advertise.communities", {"multiple": True}, "Told: with these communities added."),
    ("--accept-deny", "accept.deny", _LIST, "Taken: not these prefixes."),
    ("--accept-permit", "accept.permit", _LIST, "Taken: these prefixes alone."),
    ("--local-pref", "accept.localPreference", {"type": int}, "Taken: the cloud's preference (100 by default)."),
    ("--local-pref-community", "accept.localPreferenceByCommunity",
     {"multiple": True, "callback": _preferences, "metavar": "COMMUNITY=N"},
     "Taken: the cloud's preference for routes with your community."),
    ("--bfd", "bfd.enabled", _SWITCH, "BFD. Resets the session."),
    ("--bfd-interval", "bfd.intervalInMilliseconds", {"type": int}, "BFD's interval, 300 to 750 ms."),
    ("--gtsm", "gtsm", _SWITCH, "TTL security (RFC 5082), at both ends. Resets the session."),
    ("--hold", "timers.holdTimeInSeconds", {"type": int}, "Hold time, 10 to 180 s. Resets the session."),
    ("--keepalive", "timers.keepaliveTimeInSeconds", {"type": int}, "Keepalive time, 3 to 60 s. Resets the session."),
)
_OPTIONS = {option for option, *_ in SETTINGS}


class _Group(click.Group):
    """A circuit without a command before it is shown, or set where something is to be set."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        name = "set" if _OPTIONS & {arg.partition("=")[0] for arg in args} else "show"
        return name, self.commands[name], args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        known = complete_circuit(ctx, click.Argument(["circuit"]), incomplete)
        return [*super().shell_complete(ctx, incomplete), *known]


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    for option, member, how, text in reversed(SETTINGS):
        command = click.option(option, member.replace(".", "__"), help=text, **how)(command)
    return command


@click.group(cls=_Group, context_settings={"ignore_unknown_options": True})
def policy() -> None:
    """Show or change what a peering's edge routers tell you and take from you.

    'trunkline policy er1' shows, 'trunkline policy er1 --leg secondary --prepend 3' changes, 'trunkline policy unset
    er1 --leg secondary' takes away. Without --leg both legs are meant; what a leg says itself counts more.
    """


@policy.command()
@located("Only this leg's.")
@output_option
@pass_instance
def show(instance: Instance, where: Where, as_json: bool) -> None:
    """The policies of a peering."""
    with connected(instance) as clients:
        at = where.of(clients)
        places = [at] if at.leg else [policies.Place(at.circuit, at.peering, one) for one in ("", *policies.LEGS)]
        told = [one for one in policies.standing(clients, at.circuit) if any(each.holds(one) for each in places)]
    if as_json:
        print_json(told)
        return
    print_table(("leg", "member", "value"), [
        (one["properties"].get("leg", "both"), member, written(value))
        for one in told for member, value in flat(policies.said(one)).items()])
    if not told:
        click.echo("No policy: all routes are exchanged, on both legs alike.")


@policy.command("set")
@located("Only this leg; both without it.")
@_settings
@changing
@pass_instance
def set_(instance: Instance, /, where: Where, manner: Manner, **given: object) -> None:
    """Change what is named; all else stays as it is. A list that is given replaces the one before."""
    asked = {name.replace("__", "."): value for name, value in given.items() if value not in (None, (), [], {})}
    if not asked:
        raise click.UsageError("name something to set, such as --prepend 3 ('trunkline policy set --help').")
    _change(instance, where, lambda wish: _with(wish, asked), manner)


@policy.command()
@located("Only this leg's policy; without it, the one of both.")
@click.argument("members", nargs=-1)
@changing
@pass_instance
def unset(instance: Instance, where: Where, members: tuple[str, ...], manner: Manner) -> None:
    """Take away MEMBERS (such as advertise.prepend, or accept), or the whole policy without any."""
    _change(instance, where, lambda wish: _without(wish, members), manner)


def _change(instance: Instance, where: Where, change: Callable[[Json], Json], manner: Manner) -> None:
    progress = Progress(quiet=manner.as_json)
    with connected(instance) as clients:
        at = where.of(clients)
        before = policies.said(policies.found(clients, at))
        after = change(before)
        changed, made = differences(before, after), None
        legs = policies.legs_apart(clients, at)
        if not manner.dry_run:
            with progress.step(f"change policy of {at.circuit['name']} {at.peering} {at.leg or 'both legs'}") as step:
                made = policies.stored(clients, at, after, step.waiting, manner.confirmed)
    if manner.as_json:
        print_json({"changes": changed, "dryRun": manner.dry_run, "policy": made})
        return
    print_changes(changed)
    for leg in () if at.leg or changed else legs:
        click.echo(f"The {leg} leg has a policy of its own; add --leg {leg} to change it.")


def _with(wish: Json, asked: Json) -> Json:
    """``asked``: by dotted member."""
    after: Json = json.loads(json.dumps(wish))
    for path, value in asked.items():
        inner, _, name = path.rpartition(".")
        (after.setdefault(inner, {}) if inner else after)[name] = list(value) if isinstance(value, tuple) else value
    return after


def _without(wish: Json, members: tuple[str, ...]) -> Json:
    after: Json = json.loads(json.dumps(wish)) if members else {}
    for path in members:
        inner, _, name = path.rpartition(".")
        holder = after.get(inner) if inner else after
        if not isinstance(holder, dict) or name not in holder:
            raise click.BadParameter(f"the policy says nothing of '{path}'; it has "
                                     f"{', '.join(flat(wish)) or 'no member at all'}.")
        del holder[name]
        if inner and not holder:
            del after[inner]
    return after
