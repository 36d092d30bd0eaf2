"""``trunkline maintenance``: work on the plant, announced, drained, and one leg at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from click.shell_completion import CompletionItem

from trunkline.cli import failing
from trunkline.cli.client import Client, Clients, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import asked
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.options import (
    account_option,
    in_seconds,
    operator_option,
    output_option,
    pass_instance,
    print_json,
)
from trunkline.cli.progress import Progress
from trunkline.cli.tables import instant, print_table
from trunkline.model.maintenance import MaintenanceState

LEGS, INSTANCES = ("primary", "secondary"), ("0", "1")
#: What names each kind, as one writes it.
NAMES = {"leg": ("circuit", "leg"), "edge": ("location", "leg"), "switch": ("provider", "location", "leg"),
         "gateway": ("gateway", "instance")}
_KINDS = {"gateway": "gatewayInstance"}
_GROUP, _PLANT = "trunkline-maintenance", "Trunkline.Plant"
_NETWORK = "Microsoft.Network"
#: What one that was cancelled comes to, and how long that may take: the service looks once a second.
_TAKEN_BACK, _TAKEN_BACK_S, _LOOK_S = (MaintenanceState.CANCELLED, MaintenanceState.RESTORING), 5.0, 0.2


@click.group()
def maintenance() -> None:
    """Announced work on the plant: drained before it begins, one leg or gateway instance at a time.

    It begins only while the other leg of every circuit that is in use is healthy, and ends by itself.
    """


def _complete_name(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Of what is in use, as for 'trunkline fail'."""
    kind = ctx.params.get("kind")
    known = asked(ctx, lambda clients: [row["words"] for row in overview(clients)["canFail"]], ())
    of_kind = [words if kind == "leg" else words[1:] for words in known
               if (words[0] == kind if kind != "leg" else words[0] not in failing.FORMS)]
    return failing.following(of_kind, ctx.params.get("names") or (), incomplete)


@maintenance.command()
@click.argument("kind", type=click.Choice(list(NAMES)))
@click.argument("names", nargs=-1, required=True, shell_complete=_complete_name)
@click.option("--start", callback=lambda _ctx, _parameter, value: moment(value) if value else None, metavar="TIME",
              help="When it begins: 2026-12-20T22:00 (UTC unless it says otherwise), or +15d, +2h from now.")
@click.option("--for", "seconds", callback=lambda _ctx, _parameter, value: in_seconds(value), default="2h",
              show_default=True, metavar="DURATION", help="How long the window is.")
@click.option("--now", "emergency", is_flag=True, help="At once, without the notice that is due: for emergencies.")
@click.option("--reason", required=True, help="What is done; customers read it.")
@click.option("--drain-at-most", "drain", callback=lambda _ctx, _parameter, value: in_seconds(value), default="5m",
              show_default=True, metavar="DURATION", help="Close sessions after this even if traffic stays.")
@click.option("--name", default="", help="Its name; by target and day unless given.")
@operator_option
@output_option
@pass_instance
def announce(instance: Instance, /, kind: str, names: tuple[str, ...], as_json: bool, **told: Any) -> None:
    """Announce work on a target, named as in 'trunkline fail':

    \b
      leg CIRCUIT LEG
      edge LOCATION LEG
      switch PROVIDER LOCATION LEG
      gateway GATEWAY INSTANCE
    """
    with connected(instance) as clients:
        name, client = told.pop("name"), clients.named(told.pop("account"))
        body = {**_target(clients, kind, names), **window(**told)}
        path = f"{_place(clients, client)}/{name or default_name(kind, names, body['startTime'])}"
        with Progress(quiet=as_json).step(f"announce maintenance of {kind} {' '.join(names)}") as step:
            made = client.put(path, {"properties": body}, step.waiting)
            step.note = made["name"]
    _tell([made], as_json)


@maintenance.command("list")
@account_option
@output_option
@pass_instance
def list_(instance: Instance, account: str, as_json: bool) -> None:
    """What is announced and was done; for '--account operator' all of it, else what concerns one."""
    with connected(instance) as clients:
        found = list(_seen(clients, account))
    _tell(found, as_json, whole=True)


def _complete_announced(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names; of what is over only to be shown."""
    account = str(ctx.params.get("account") or "operator")
    found = asked(ctx, lambda clients: list(_seen(clients, account)), ())
    return [CompletionItem(one["name"], help=one["properties"]["state"]) for one in found
            if one["name"].lower().startswith(incomplete.lower())
            and (ctx.info_name == "show" or not MaintenanceState(one["properties"]["state"]).final)]


@maintenance.command()
@click.argument("name", shell_complete=_complete_announced)
@operator_option
@output_option
@pass_instance
def show(instance: Instance, name: str, account: str, as_json: bool) -> None:
    """One maintenance, with what it waits for and how it went; for another account the notice that it has."""
    with connected(instance) as clients:
        found = _find(clients, account, name)
    if as_json:
        print_json(found)
        return
    _tell([found], as_json=False)
    print_table(("at", "state", "why"), [(instant(one["at"]), one["state"], one["why"] or "-")
                                         for one in found["properties"].get("history", ())])


@maintenance.command()
@click.argument("name", shell_complete=_complete_announced)
@operator_option
@output_option
@pass_instance
def cancel(instance: Instance, name: str, account: str, as_json: bool) -> None:
    """Take a maintenance back: one that has begun gives traffic back at once."""
    with connected(instance) as clients, Progress(quiet=as_json).step(f"cancel maintenance {name}") as step:
        clients.named(account).post(f"{_find(clients, 'operator', name)['id']}/cancel")
        found, end = _find(clients, "operator", name), time.monotonic() + _TAKEN_BACK_S
        while found["properties"]["state"] not in _TAKEN_BACK and time.monotonic() < end:
            step.waiting("the service to take it back")
            time.sleep(_LOOK_S)
            found = _find(clients, "operator", name)
    _tell([found], as_json)


# ── what is sent ───────────────────────────────────────────────────────────────────────────────────────────────────


def moment(text: str) -> datetime:
    """ISO 8601, in UTC unless it has an offset; or so long from now."""
    if found := re.fullmatch(r"\+(\d+)([dhms])", text):
        unit = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}[found[2]]
        return datetime.now(UTC) + timedelta(**{unit: int(found[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is no time; write 2026-12-20T22:00, or +15d from now.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def window(*, start: datetime | None, seconds: int, emergency: bool, reason: str, drain: int) -> Json:
    if (start is None) != emergency:
        raise click.UsageError("give --start TIME, or --now for an emergency, and not both.")
    begin = start or datetime.now(UTC)
    return {"startTime": begin.isoformat(), "endTime": (begin + timedelta(seconds=seconds)).isoformat(),
            "reason": reason, "emergency": emergency, "drainInSeconds": drain}


def named(kind: str, names: tuple[str, ...]) -> dict[str, str]:
    """By what names this kind; a leg and an instance are words of their own."""
    wanted = NAMES[kind]
    if len(names) != len(wanted):
        raise click.UsageError(f"a {kind} is named by {' '.join(one.upper() for one in wanted)}; "
                               f"{len(names)} given.")
    found = dict(zip(wanted, names, strict=True))
    for word, known in (("leg", LEGS), ("instance", INSTANCES)):
        if word in found and found[word] not in known:
            raise click.UsageError(f"'{found[word]}' is no {word}; write {' or '.join(known)}.")
    return found


def default_name(kind: str, names: tuple[str, ...], start: str) -> str:
    told = re.sub(r"[^A-Za-z0-9]+", "-", "-".join((kind, *names))).strip("-").lower()[:50]
    return f"{told}-{datetime.fromisoformat(start):%Y%m%d-%H%M}"


def _target(clients: Clients, kind: str, names: tuple[str, ...]) -> Json:
    found: Json = {**named(kind, names), "kind": _KINDS.get(kind, kind)}
    if "circuit" in found:
        found["circuit"] = {"id": find_circuit(clients, found["circuit"])["id"]}
    if "gateway" in found:
        found |= {"gateway": {"id": _gateway(clients, found["gateway"])}, "instance": int(found["instance"])}
    return found


def _gateway(clients: Clients, wanted: str) -> str:
    """By name or id, of the customer's subscription."""
    if wanted.startswith("/"):
        return wanted
    subscription = clients.accounts.customer_subscription
    known = [one["id"] for one in clients.named("operator").list(
        f"/subscriptions/{subscription}/providers/{_NETWORK}/virtualNetworkGateways")
        if str(one["name"]).lower() == wanted.lower()]
    if len(known) != 1:
        raise Failed(f"there {'is no gateway' if not known else 'are several gateways'} '{wanted}'; write its id.")
    return str(known[0])


def _place(clients: Clients, client: Client) -> str:
    """In a group of the operator's own, where no tenant is."""
    group = f"/subscriptions/{clients.accounts.provider_subscription}/resourceGroups/{_GROUP}"
    client.put(group, {"location": "westeurope"})
    return f"{group}/providers/{_PLANT}/maintenances"


# ── what is shown ──────────────────────────────────────────────────────────────────────────────────────────────────


def _all(clients: Clients) -> Iterator[Json]:
    for subscription in dict.fromkeys((clients.accounts.provider_subscription,
                                       clients.accounts.customer_subscription)):
        yield from clients.named("operator").list(f"/subscriptions/{subscription}/providers/{_PLANT}/maintenances")


def _noticed(clients: Clients, account: str) -> Iterator[Json]:
    own = clients.named(account).account.subscription
    return clients.named(account).list(f"/subscriptions/{own}/providers/{_PLANT}/notices")


def _seen(clients: Clients, account: str) -> Iterator[Json]:
    return _all(clients) if account == "operator" else _noticed(clients, account)


def _find(clients: Clients, account: str, name: str) -> Json:
    for one in _seen(clients, account):
        if name.lower() in (str(one["name"]).lower(), str(one["id"]).lower()):
            return one
    raise Failed(f"there is no maintenance '{name}' for {account}; 'trunkline maintenance list --account {account}' "
                 "shows all.")


def _tell(found: list[Json], as_json: bool, whole: bool = False) -> None:
    if as_json:
        print_json(found if whole else found[0])
        return
    print_table(("maintenance", "state", "from", "to", "takes", "reason", "waits for"), map(_row, found))
    if not found:
        click.echo("Nothing is announced.")


def _row(one: Json) -> tuple[object, ...]:
    told = one["properties"]
    takes = ", ".join(f"{part.get('leg') or 'instance ' + str(part.get('instance'))} of "
                      f"{part['id'].rpartition('/')[2]}" for part in told["affected"])
    return (one["name"], told["state"], instant(told["startTime"]), instant(told["endTime"]), takes or "nothing yet",
            told["reason"], told["why"] or "-")

