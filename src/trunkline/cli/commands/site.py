"""``trunkline site``: the customers' premises that exist."""

from __future__ import annotations

import click

from trunkline.cli.client import Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table


@click.group()
def site() -> None:
    """Customers' premises; estate files declare them ('trunkline apply')."""


@site.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """All sites."""
    with connected(instance) as clients:
        subscription = clients.accounts.customer_subscription
        found = list(clients.named("customer").list(f"/subscriptions/{subscription}/providers/Trunkline.Site/sites"))
    if as_json:
        print_json(found)
        return
    print_table(("site", "AS", "prefixes", "LAN", "routers", "hosts", "state"), [_row(one) for one in found])


def _row(site_: Json) -> tuple[object, ...]:
    properties = site_["properties"]
    return (site_["name"], properties["asn"], " ".join(properties["prefixes"]), properties["lan"],
            " ".join(f"{r['name']} ({r['daemon']})" for r in properties["routers"]),
            " ".join(f"{h['name']} {h['address']}" for h in properties.get("hosts", ())),
            properties["provisioningState"])
