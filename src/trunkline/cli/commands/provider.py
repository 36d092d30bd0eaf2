"""``trunkline provider``: what a connectivity provider does with a circuit that a customer has ordered."""

from __future__ import annotations

import click

from trunkline.cli.client import Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import NETWORK
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.provisioning import NOT_PROVISIONED, PROVISIONED, service_key, turn
from trunkline.cli.tables import print_table


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
@click.argument("circuit", metavar="SERVICE_KEY|CIRCUIT")
@output_option
@pass_instance
def provision(instance: Instance, circuit: str, as_json: bool) -> None:
    """Connect a circuit (Provisioned)."""
    _turn(instance, circuit, PROVISIONED, as_json)


@provider.command()
@click.argument("circuit", metavar="SERVICE_KEY|CIRCUIT")
@output_option
@pass_instance
def deprovision(instance: Instance, circuit: str, as_json: bool) -> None:
    """Disconnect a circuit (NotProvisioned).

    Its customer may delete it from then on.
    """
    _turn(instance, circuit, NOT_PROVISIONED, as_json)


def _turn(instance: Instance, wanted: str, state: str, as_json: bool) -> None:
    with connected(instance) as clients, Progress(quiet=as_json).step(f"turn {wanted} to {state}") as step:
        found, changed = turn(clients, service_key(clients, wanted), state, step.waiting)
        step.note = "" if changed else "it was so already"
    if as_json:
        print_json(found)
