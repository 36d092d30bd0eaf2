"""``trunkline contain``: what is done against an incident on a leg, always for a while, and policies that do it."""

from __future__ import annotations

import hashlib
from typing import Any

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients, Json, RequestFailed, connected
from trunkline.cli.commands.events import SEVERITIES
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.lookup import complete_circuit, group_of
from trunkline.cli.options import lasting_option, output_option, pass_instance, print_json
from trunkline.cli.policies import LEGS, PEERINGS
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table

ACTIONS = ("alert", "dropPrefix", "stopExport", "shutLeg")
COLUMNS = ("name", "circuit", "leg", "peering", "action", "prefixes", "until", "by", "reason")
_SECURITY = "providers/Trunkline.Security"


class _Group(click.Group):
    """What is none of its commands is the circuit of ``set``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "set", self.commands["set"], args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, incomplete), *complete_circuit(ctx, self.params[0], incomplete)]


@click.group(cls=_Group, context_settings={"ignore_unknown_options": True})
@click.help_option("-h", "--help")
def contain() -> None:
    """Act against an incident: 'trunkline contain er1 primary --drop 10.10.0.0/16 --for 1h'.

    'trunkline contain set --help' tells all options. It ends by itself; 'undo' ends it at once.
    """


@contain.command("set")
@click.argument("circuit", shell_complete=complete_circuit)
@click.argument("leg", type=click.Choice(LEGS))
@click.option("--drop", "prefixes", multiple=True, metavar="PREFIX", help="Refuse routes to exactly this prefix.")
@click.option("--stop-export", is_flag=True, help="Tell nobody what the customer announces there.")
@click.option("--shut", is_flag=True, help="Close the leg's sessions with the customer.")
@click.option("--peering", type=click.Choice(list(PEERINGS)), help="One of the circuit's; without it, all.")
@click.option("--confirm-lock-out", is_flag=True, help="Also if no usable session remains.")
@lasting_option("1h", "Ends by itself after this.")
@click.option("--reason", default="", help="Shown with it.")
@output_option
@pass_instance
def set_(instance: Instance, /, circuit: str, leg: str, prefixes: tuple[str, ...], seconds: int, as_json: bool,
         **what: Any) -> None:
    """Contain a leg."""
    actions = [action for action, wanted in (
        ("dropPrefix", prefixes), ("stopExport", what["stop_export"]), ("shutLeg", what["shut"])) if wanted]
    if len(actions) != 1:
        raise click.UsageError("name exactly one of --drop, --stop-export and --shut.")
    action = actions[0]
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"contain {leg} of {circuit} for {seconds} s") as step:
        found = find_circuit(clients, circuit)
        wish = {"circuit": {"id": found["id"]}, "leg": leg, "action": action, "expiresInSeconds": seconds,
                "reason": what["reason"], **({"prefixes": list(prefixes)} if prefixes else {}),
                **({"peering": PEERINGS[what["peering"]]} if what["peering"] else {}),
                **({"confirmLockOut": True} if what["confirm_lock_out"] else {})}
        path = _path(found, leg + (f"-{what['peering']}" if what["peering"] else ""), action, prefixes)
        try:
            made = clients.named("operator").put(path, {"properties": wish}, step.waiting)
        except RequestFailed as refused:
            if refused.code == "ContainmentLocksOut":
                raise Failed(f"{refused} Here that is --confirm-lock-out.") from None
            raise
    if as_json:
        print_json(made)


@contain.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """What is contained, why and until when; and policies that contain by themselves."""
    with connected(instance) as clients:
        rows, policies = standing(clients), _policies(clients)
    if as_json:
        print_json({"containments": rows, "policies": policies})
        return
    print_table(COLUMNS, map(row, rows))
    if not rows:
        click.echo("Nothing is contained.")
    if policies:
        click.echo()
        print_table(("policy", "of", "severity", "reactions", "lasts", "dry run"), map(_policy_row, policies))


@contain.command()
@click.argument("circuit", required=False, shell_complete=complete_circuit)
@click.argument("leg", type=click.Choice(LEGS), required=False)
@output_option
@pass_instance
def undo(instance: Instance, circuit: str | None, leg: str | None, as_json: bool) -> None:
    """End containments: of a leg, a circuit, or all."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients, progress.step(f"undo {circuit or 'all'} {leg or ''}".rstrip()) as step:
        wanted = find_circuit(clients, circuit)["id"].lower() if circuit else ""
        undone = [one["id"] for one in standing(clients) if _is(one, wanted, leg)]
        for each in undone:
            clients.named("operator").delete(each, step.waiting)
        step.note = f"{len(undone)} undone"
        acting = [] if as_json else _policies(clients)
    if as_json:
        print_json({"undone": undone})
    for one in acting if undone else ():
        click.echo(f"Policy {one['name']} contains again when a new event comes: "
                   f"'trunkline contain policy {_whose(one)} --remove' ends that.")


def _reactions(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> list[Json]:
    found = []
    for text in texts:
        kind, _, action = text.partition("=")
        if action not in ACTIONS:
            raise click.BadParameter(f"'{text}' is no reaction; write KIND=ACTION, such as prefixHijack=dropPrefix; "
                                     f"actions are {', '.join(ACTIONS)}.")
        found.append({"kind": kind, "action": action})
    return found


@contain.command()
@click.argument("circuit", required=False, shell_complete=complete_circuit)
@click.option("--remove", is_flag=True, help="Contain no more by itself; what is contained stays until 'undo'.")
@click.option("--on", "reactions", multiple=True, callback=_reactions, metavar="KIND=ACTION",
              help="What follows an event of a kind; may stand several times.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="high", show_default=True, help="From this one on.")
@lasting_option("1h", "How long each containment lasts.")
@click.option("--most-prefixes", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--most-sessions", type=click.IntRange(0, 1000), default=2, show_default=True)
@click.option("--most-percent", type=click.IntRange(1, 100), default=50, show_default=True)
@click.option("--allow-last-path", is_flag=True, help="Also where nobody else brings the prefix.")
@click.option("--everywhere", is_flag=True, help="The operator's own: for all subscriptions, above their policies.")
@click.option("--dry-run", is_flag=True, help="Only tell in events what would be done.")
@output_option
@pass_instance
def policy(instance: Instance, /, circuit: str | None, reactions: list[Json], severity: str, seconds: int,
           as_json: bool, **limits: int | bool) -> None:
    """Contain by itself from now on: for a circuit, or without one for the whole subscription."""
    if circuit and limits["everywhere"]:
        raise click.UsageError("--everywhere is for all circuits of all subscriptions; name no circuit beside it.")
    if bool(reactions) == limits["remove"]:
        raise click.UsageError("give --on KIND=ACTION for a policy, or --remove to take it away.")
    progress = Progress(quiet=as_json)
    if limits["remove"]:
        _remove(instance, circuit, bool(limits["everywhere"]), as_json)
        return
    with connected(instance) as clients, progress.step(f"policy for {circuit or 'the subscription'}") as step:
        found = find_circuit(clients, circuit) if circuit else None
        wish = {"reactions": reactions, "minimumSeverity": severity, "expiresInSeconds": seconds,
                "maxPrefixes": limits["most_prefixes"], "maxSessions": limits["most_sessions"],
                "maxPercent": limits["most_percent"], "allowLastPath": limits["allow_last_path"],
                "dryRun": limits["dry_run"], **({"circuit": {"id": found["id"]}} if found else {})}
        path = _policy_path(clients, found, limits["everywhere"])
        made = clients.named("operator").put(path, {"properties": wish}, step.waiting)
    if as_json:
        print_json(made)


def _remove(instance: Instance, circuit: str | None, everywhere: bool, as_json: bool) -> None:
    with connected(instance) as clients:
        wanted = find_circuit(clients, circuit)["id"].lower() if circuit else ""
        found = [one["id"] for one in _policies(clients) if _is_everywhere(one) == everywhere
                 and one["properties"].get("circuit", {}).get("id", "").lower() == wanted]
        if not found:
            of = "of the operator" if everywhere else f"of {circuit or 'the subscription'}"
            raise Failed(f"there is no containment policy {of}; 'trunkline contain list' shows those that are.")
        progress = Progress(quiet=as_json)
        for one in found:
            with progress.step(f"remove policy {one.rpartition('/')[2]}") as step:
                clients.named("operator").delete(one, step.waiting)
    if as_json:
        print_json({"removed": found})


def _policies(clients: Clients) -> list[Json]:
    operator, accounts = clients.named("operator"), clients.accounts
    return [*operator.list(f"/subscriptions/{accounts.customer_subscription}/{_SECURITY}/containmentPolicies"),
            *operator.list(f"/subscriptions/{accounts.provider_subscription}/providers/Trunkline.Plant"
                           "/containmentPolicies")]


def _is_everywhere(policy: Json) -> bool:
    return "/trunkline.plant/" in policy["id"].lower()


def _whose(policy: Json) -> str:
    """As the command is given it."""
    circuit = policy["properties"].get("circuit")
    return "--everywhere" if _is_everywhere(policy) else circuit["id"].rpartition("/")[2] if circuit else ""


def _policy_row(policy: Json) -> tuple[object, ...]:
    told = policy["properties"]
    return (policy["name"], _whose(policy) or "the subscription", told.get("minimumSeverity", "high"),
            " ".join(f"{one['kind']}={one.get('action', 'alert')}" for one in told["reactions"]),
            f"{told.get('expiresInSeconds', 3600)} s", "yes" if told.get("dryRun") else "no")


def _policy_path(clients: Clients, circuit: Json | None, everywhere: int | bool) -> str:
    """Beside the circuit, or in a group of its own, for a resource stands in one; an operator's where no tenant is."""
    subscription, namespace = clients.accounts.customer_subscription, _SECURITY
    if everywhere:
        subscription, namespace = clients.accounts.provider_subscription, "providers/Trunkline.Plant"
    if circuit:
        group, name = group_of(circuit["id"]), circuit["name"]
    else:
        group, name = "trunkline-security", "everywhere" if everywhere else "subscription"
        clients.named("operator").put(f"/subscriptions/{subscription}/resourceGroups/{group}",
                                      {"location": "westeurope"})
    return f"/subscriptions/{subscription}/resourceGroups/{group}/{namespace}/containmentPolicies/{name}"


def _path(circuit: Json, leg: str, action: str, prefixes: tuple[str, ...]) -> str:
    """The same again is the same containment."""
    mark = f"-{hashlib.blake2b(' '.join(sorted(prefixes)).encode(), digest_size=4).hexdigest()}" if prefixes else ""
    return (f"/subscriptions/{circuit['id'].split('/')[2]}/resourceGroups/{group_of(circuit['id'])}/{_SECURITY}"
            f"/containments/{circuit['name']}-{leg}-{action}{mark}")


def row(containment: Json) -> tuple[object, ...]:
    """As ``COLUMNS`` has it."""
    told = containment["properties"]
    return (containment["name"], told["circuit"]["id"].rpartition("/")[2], told["leg"], told.get("peering", "all"),
            told["action"], " ".join(told.get("prefixes", ())), told["expiresAt"][:19],
            f"policy {told['policy']}" if "policy" in told else "hand", told.get("reason", ""))


def standing(clients: Clients) -> list[Json]:
    """Operators' policies write theirs into the provider's subscription."""
    both = dict.fromkeys((clients.accounts.customer_subscription, clients.accounts.provider_subscription))
    return [one for subscription in both
            for one in clients.named("operator").list(f"/subscriptions/{subscription}/{_SECURITY}/containments")]


def _is(containment: Json, circuit: str, leg: str | None) -> bool:
    told = containment["properties"]
    return (not circuit or told["circuit"]["id"].lower() == circuit) and leg in (None, told["leg"])
