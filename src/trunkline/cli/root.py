"""The command ``trunkline``: global options, and the table of commands with their modules."""

from __future__ import annotations

import importlib

import click
from click.shell_completion import CompletionItem

from trunkline import __version__
from trunkline.cli.instance import locate

#: Command → (module under ``commands``, attribute, one line of help). In the order of a user's day.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("up", "up", "Start the service."),
    "down": ("down", "down", "Stop the service and remove its network from this machine."),
    "status": ("status", "status", "Circuits, legs, sessions, traffic and faults at a glance."),
    "counters": ("counters", "counters", "What circuits carried and dropped, and why, against their bandwidth."),
    "plant": ("plant", "plant", "Peering locations, regions, the backbone; paths, and the nearest location."),
    "routes": ("routes", "routes", "A circuit's looking glass: sessions, routes, and why each is where it is."),
    "doctor": ("doctor", "doctor", "What this machine has and lacks, and what follows."),
    "demo": ("demo", "demo", "Order a circuit, send packets, break a leg, clean up: all by itself."),
    "az": ("az", "az", "Run the Azure CLI against this service."),
    "env": ("environment", "env", "Print a shell's environment for az and the Azure SDKs."),
    "accounts": ("accounts", "accounts", "Who may log in: tenant, subscriptions, accounts."),
    "rekey": ("rekey", "rekey", "Encrypt the stored secrets with a new key."),
    "plan": ("plan", "plan", "What an estate file would change, and who would feel it."),
    "apply": ("estate", "apply", "Make an estate file true."),
    "delete": ("estate", "delete", "Delete what an estate file declares."),
    "site": ("site", "site", "Customers' premises."),
    "provider": ("provider", "provider", "The connectivity provider's side of circuits."),
    "fail": ("faults", "fail", "Make anything fail for a while: a leg, edge, link, location, region …"),
    "heal": ("faults", "heal", "End what fails on purpose."),
    "maintenance": ("maintenance", "maintenance", "Announced work: drained, one leg at a time, ended by itself."),
    "policy": ("policy", "policy", "What a peering's routers tell you, take from you and prefer."),
    "drain": ("drain", "drain", "Move traffic off a leg without loss, and keep it off."),
    "undrain": ("drain", "undrain", "Give a drained leg its traffic back."),
    "session": ("session", "session", "Close, open or refresh the BGP sessions of a leg."),
    "resiliency": ("resiliency", "resiliency", "How resilient the estate is, and what wins back each lost point."),
    "whatif": ("whatif", "whatif", "What failures would cost, by a model; and whether the network agrees."),
    "impair": ("impair", "impair", "Make a link lose, delay, repeat, corrupt or reorder frames, for a while."),
    "events": ("events", "events", "What is wrong with sessions and routes: leaks, hijacks, flaps, spoofers."),
    "contain": ("contain", "contain", "Act against an incident on a leg: drop prefixes, stop export, shut it."),
    "drill": ("drill", "drill", "Attack a running estate, or fail a part of it, and see what comes of it."),
    "certificate": ("certificate", "certificate", "Verify, show and compare the certificates of failover drills."),
    "nodes": ("nodes", "nodes", "The routers, switches and hosts of the network."),
    "exec": ("nodes", "exec_", "Run a command inside a node."),
    "vtysh": ("nodes", "vtysh", "Ask a router's FRR: what it knows, changing nothing."),
    "birdc": ("nodes", "birdc", "Ask a router's BIRD: what it knows, changing nothing."),
    "capture": ("nodes", "capture", "Watch frames inside a node with tcpdump."),
    "completion": ("completion", "completion", "Print a completion script for a shell."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(f"trunkline.cli.commands.{module}"), attribute)
        return found if isinstance(found, click.Command) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        words = [CompletionItem(name, help=line) for name, (_, _, line) in COMMANDS.items()
                 if name.startswith(incomplete)]
        return words or super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trunkline")
@click.option("--home", metavar="DIR", default="", help="Where this instance keeps its files (TRUNKLINE_HOME).")
@click.pass_context
def trunkline(ctx: click.Context, home: str) -> None:
    """A private cloud interconnect: ExpressRoute's API, real BGP, real packets.

    Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service is not running.
    """
    ctx.obj = locate(home)


def main() -> None:
    trunkline(prog_name="trunkline")
