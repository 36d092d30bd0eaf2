"""``trunkline events``: what the monitor has seen of sessions and routes, now and as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Client, Clients, Json, RequestFailed, connected
from trunkline.cli.completing import asked
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import Command, account_option, in_seconds, output_option, pass_instance, print_json
from trunkline.cli.plain import plain
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table

SEVERITIES = ("informational", "low", "medium", "high", "critical")
STATES = ("open", "contained", "closed")
_COLUMNS = ("event", "last seen", "severity", "kind", "state", "count", "where", "what")
_VERBS = {"severity": "ge", "kind": "eq", "state": "eq"}
_WAIT_S = 20


@click.group(invoke_without_command=True)
@click.option("--since", metavar="DURATION", callback=lambda _ctx, _parameter, value: value and in_seconds(value),
              help="Seen within this time, such as 10m or 1h; without it, all that are kept.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="At least so grave.")
@click.option("--kind", metavar="KIND", default="", help="Of one kind, such as prefixHijack.")
@click.option("--state", type=click.Choice(STATES), help="Only those that are so.")
@click.option("--follow", is_flag=True, help="Go on, and print each event as it begins, changes and ends.")
@account_option
@output_option
@click.pass_context
def events(ctx: click.Context, /, since: int | None, follow: bool, account: str, as_json: bool,
           **wanted: str | None) -> None:
    """Security events, what changed last first.

    As the operator (--account operator) of everybody; else of the account's subscription. With --follow and -o json
    each line is one event. 'trunkline events show EVENT' has the evidence and what to do.
    """
    if ctx.invoked_subcommand:
        return
    comparisons = [f"lastSeen ge '{(datetime.now(UTC) - timedelta(seconds=since)).isoformat()}'"] if since else []
    comparisons += [f"{name} {verb} '{wanted[name]}'" for name, verb in _VERBS.items() if wanted[name]]
    instance: Instance = ctx.obj
    with connected(instance) as clients:
        client = clients.named(account)
        query = f"{_path(clients, account)}?api-version=2026-01-01&$filter={quote(' and '.join(comparisons))}"
        if follow:
            _follow(client, query, as_json)
            return
        rows = list(client.list(query))
    if as_json:
        print_json(rows)
        return
    print_table(_COLUMNS, map(_row, rows))
    if not rows:
        click.echo("No event.")


def _event_argument(command: Command) -> Command:
    return click.argument("event", shell_complete=lambda ctx, _parameter, incomplete: complete_event(ctx, incomplete))(
        command)


def _verb(word: str, told: str) -> None:
    """What is said of an event, by the last word of its path."""
    @events.command("ack" if word == "acknowledge" else word, help=told)
    @_event_argument
    @account_option
    @output_option
    @pass_instance
    def said(instance: Instance, event: str, account: str, as_json: bool) -> None:
        _post(instance, event, account, word, as_json)


_verb("acknowledge", "Say that somebody looks after an event.")
_verb("close", "End an event; the same is not told again while it goes on. What is contained stays so ('undo' ends "
      "that).")


@events.command()
@_event_argument
@account_option
@output_option
@pass_instance
def show(instance: Instance, event: str, account: str, as_json: bool) -> None:
    """One event with its evidence, whom it concerns, and what to do."""
    with connected(instance) as clients:
        found = _found(clients, account, event)
    if as_json:
        print_json(found)
        return
    told = found["properties"]
    for name in ("kind", "severity", "state", "summary", "firstSeen", "lastSeen", "ended", "count", "source",
                 "acknowledgedBy", "suggestedAction"):
        if told[name]:
            click.echo(f"{name:16} {plain(str(told[name]))}")
    for one in told["affected"]:
        click.echo(f"{one['role']:16} {one['id']}")
    for one in told["containments"]:
        click.echo(f"{'containment':16} {one}")
    click.echo(json.dumps(told["evidence"], indent=2))


@events.command()
@_event_argument
@output_option
@pass_instance
def undo(instance: Instance, event: str, as_json: bool) -> None:
    """Take back what was done about an event; no policy does it again."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"undo event {event}") as step:
        standing = _found(clients, "operator", event)["properties"]["containments"]
        undone = [one for one in standing if clients.named("operator").delete(one, step.waiting)]
        step.note = f"{len(undone)} undone"
    if as_json:
        print_json({"undone": undone})


def complete_event(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Names of events that go on; nothing while the service is not running."""
    found = asked(ctx, lambda clients: list(clients.named("operator").list(
        f"{_path(clients, 'operator')}?api-version=2026-01-01")), ())
    return [CompletionItem(one["name"], help=one["properties"]["summary"]) for one in found
            if one["properties"]["state"] != "closed" and one["name"].startswith(incomplete)]


def _path(clients: Clients, account: str) -> str:
    tail = "/providers/Trunkline.Security/events"
    return tail if account == "operator" else f"/subscriptions/{clients.accounts.customer_subscription}{tail}"


def _found(clients: Clients, account: str, event: str) -> Json:
    """By name, whoever's it is: its own id says the subscription."""
    rows = clients.named(account).list(f"{_path(clients, account)}?api-version=2026-01-01")
    found = next((row for row in rows if row["name"] == event.lower()), None)
    if found is None:
        raise Failed(f"there is no event '{event}'; 'trunkline events' lists those that are.")
    return found


def _post(instance: Instance, event: str, account: str, word: str, as_json: bool) -> None:
    with connected(instance) as clients:
        made = clients.named(account).post(f"{_found(clients, account, event)['id']}/{word}")
    if as_json:
        print_json(made)
    else:
        click.echo(f"{event}: {word}d" if word.endswith("e") else f"{event}: {word}")


def _follow(client: Client, query: str, as_json: bool) -> None:
    """Until interrupted, or the service ends. It holds each question until there is news."""
    known: dict[str, object] = {}
    try:
        for one in (one for page in _news(client, query) for one in page):
            shape = _shape(one["properties"])
            if known.get(one["name"]) != shape:
                known[one["name"]] = shape
                click.echo(json.dumps(one) if as_json else _line(one))
    except RequestFailed as refused:
        if refused.status < 500:
            raise
        raise Failed("the service has ended, and no more events come from it.") from None


def _shape(told: Json) -> tuple[object, ...]:
    """What makes an event worth a new line: also that it has been seen twice as often."""
    return (told["severity"], told["state"], told["acknowledgedBy"], tuple(told.get("prefixes", ())),
            int(told["count"]).bit_length())


def _line(event: Json) -> str:
    told = event["properties"]
    return (f"{told['lastSeen'][:19]}  {told['severity']:13} {told['kind']:20} {told['state']:9} {_where(told):16} "
            f"{event['name']}  {plain(told['summary'])}")


def _news(client: Client, query: str) -> Iterator[list[Json]]:
    revision = client.get(f"{query}&$top=1")["revision"]
    while True:
        answer = client.get(f"{query}&after={revision}&wait={_WAIT_S}")
        revision = answer["revision"]
        yield answer["value"]


def _row(event: Json) -> tuple[object, ...]:
    told = event["properties"]
    return (event["name"], told["lastSeen"][:19], told["severity"], told["kind"], told["state"], told["count"],
            _where(told), told["summary"])


def _where(told: Json) -> str:
    return str(told["source"]).rpartition("/")[2] + (f" {told['leg']}" if told["leg"] else "")
