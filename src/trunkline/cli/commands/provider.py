"""``trunkline provider``: what a connectivity provider does with a circuit that a customer has ordered."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import click

from trunkline.cli.client import Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import NETWORK, complete_circuit
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.provisioning import (
    NOT_PROVISIONED,
    PROVISIONED,
    approve,
    bind,
    disapprove,
    is_announced,
    service_key,
    throttle,
    turn,
    unbind,
)
from trunkline.cli.tables import print_table
from trunkline.model.throttle import THROTTLE_MOST_MBPS


class Bandwidth(click.ParamType[int]):
    """A number of Mbit/s; 0 stands for none."""

    name = "mbps"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).lower()
        if text == "none":
            return 0
        if not text.isdecimal() or not 1 <= int(text) <= THROTTLE_MOST_MBPS:
            self.fail(f"'{value}' is no bandwidth; write whole Mbit/s from 1 to {THROTTLE_MOST_MBPS:,}, or none.",
                      param, ctx)
        return int(text)


@click.group()
def provider() -> None:
    """The connectivity provider's side of circuits."""


@provider.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """Ordered circuits."""
    with connected(instance) as clients:
        subscription = clients.accounts.provider_subscription
        found = list(clients.named("provider").list(
            f"/subscriptions/{subscription}/providers/{NETWORK}/expressRouteCrossConnections"))
    if as_json:
        print_json(found)
        return
    print_table(("service key", "location", "Mbps", "S-tag", "provider state"), [_row(one) for one in found])


def _row(twin_: Json) -> tuple[object, ...]:
    properties = twin_["properties"]
    return (twin_["name"], properties.get("peeringLocation", "-"), properties.get("bandwidthInMbps", "-"),
            properties.get("sTag", "-"), properties.get("serviceProviderProvisioningState", "-"))


@provider.command()
@click.argument("circuit", metavar="SERVICE_KEY|CIRCUIT", shell_complete=complete_circuit)
@output_option
@pass_instance
def provision(instance: Instance, circuit: str, as_json: bool) -> None:
    """Connect a circuit (Provisioned)."""
    _turn(instance, circuit, PROVISIONED, as_json)


@provider.command()
@click.argument("circuit", metavar="SERVICE_KEY|CIRCUIT", shell_complete=complete_circuit)
@output_option
@pass_instance
def deprovision(instance: Instance, circuit: str, as_json: bool) -> None:
    """Disconnect a circuit (NotProvisioned).

    Its customer may delete it from then on.
    """
    _turn(instance, circuit, NOT_PROVISIONED, as_json)


@provider.command("throttle")
@click.argument("circuit", metavar="SERVICE_KEY|CIRCUIT", shell_complete=complete_circuit)
@click.argument("mbps", metavar="MBPS|none", type=Bandwidth())
@output_option
@pass_instance
def throttle_(instance: Instance, circuit: str, mbps: int, as_json: bool) -> None:
    """Limit a circuit in the provider's own network, on each leg and in each direction.

    It stays when the customer orders another bandwidth from the cloud, and only operators change it. "none" takes it
    away.
    """
    told = f"{mbps} Mbps" if mbps else "no limit"
    with connected(instance) as clients, Progress(quiet=as_json).step(f"throttle {circuit}: {told}") as step:
        found = throttle(clients, circuit, mbps or None, step.waiting)
    if as_json:
        print_json(found)


@provider.command("approve-prefix")
@click.argument("circuit", metavar="CIRCUIT", shell_complete=complete_circuit)
@click.argument("prefix")
@click.option("--evidence", default="", help="What was shown: a letter of authorization, a ticket.")
@click.option("--revoke", is_flag=True, help="Take the approval back.")
@click.option("--in-advance", is_flag=True, help="Also if the circuit does not mean to announce it yet.")
@output_option
@pass_instance
def approve_prefix(instance: Instance, /, circuit: str, prefix: str, as_json: bool, **wanted: Any) -> None:
    """Vouch for a public prefix of a circuit's Microsoft peering that no registry knows.

    Only operators may. Registries are files of route objects in the instance's home, under "registries".
    """
    words = "revoke" if wanted["revoke"] else "approve"
    if not _is_prefix(prefix):
        raise click.BadParameter(f"'{prefix}' is no prefix; write one without host bits, such as 104.1.0.0/24.")
    with connected(instance) as clients, Progress(quiet=as_json).step(f"{words} {prefix} of {circuit}") as step:
        if not wanted["revoke"] and not wanted["in_advance"]:
            is_announced(clients, circuit, prefix)
        if wanted["revoke"]:
            disapprove(clients, circuit, prefix, step.waiting)
            found: Json = {}
        else:
            found = approve(clients, circuit, prefix, wanted["evidence"], step.waiting)
    if as_json:
        print_json(found)


@provider.command("bind-asn")
@click.argument("circuit", metavar="CIRCUIT", shell_complete=complete_circuit)
@click.argument("asn", type=click.IntRange(1, 4_294_967_295))
@click.option("--evidence", default="", help="What was shown: a letter, a ticket.")
@click.option("--revoke", is_flag=True, help="Take the binding back.")
@output_option
@pass_instance
def bind_asn(instance: Instance, circuit: str, asn: int, evidence: str, revoke: bool, as_json: bool) -> None:
    """Say that a public AS number is that of the circuit's subscription.

    What registries say of the AS number then counts for its Microsoft peerings, without a validation id in route
    objects. Only operators may.
    """
    words = "unbind" if revoke else "bind"
    with connected(instance) as clients, Progress(quiet=as_json).step(f"{words} AS{asn}") as step:
        if revoke:
            unbind(clients, circuit, asn, step.waiting)
            found: Json = {}
        else:
            found = bind(clients, circuit, asn, evidence, step.waiting)
    if as_json:
        print_json(found)


def _is_prefix(text: str) -> bool:
    try:
        return bool(ip_network(text))
    except ValueError:
        return False


def _turn(instance: Instance, wanted: str, state: str, as_json: bool) -> None:
    with connected(instance) as clients, Progress(quiet=as_json).step(f"turn {wanted} to {state}") as step:
        found, changed = turn(clients, service_key(clients, wanted), state, step.waiting)
        step.note = "" if changed else "it was so already"
    if as_json:
        print_json(found)
