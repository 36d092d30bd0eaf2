"""``trunkline doctor``: what this machine has and lacks."""

from __future__ import annotations

import click

from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table


@click.command()
@output_option
@pass_instance
def doctor(instance: Instance, as_json: bool) -> None:
    """What this machine has and lacks, and what follows. Everything is really tried."""
    with Progress(quiet=as_json).step("try kernel features and programs"):
        facts = [fact for fact in instance.assembly("doctor") if isinstance(fact, dict)]
    if as_json:
        print_json(facts)
        return
    print_table(("feature", "present", "detail", "what follows"),
                [(fact["name"], *(("yes", fact["detail"], "") if fact["present"]
                                  else ("no", fact["detail"], fact["consequence"]))) for fact in facts])
