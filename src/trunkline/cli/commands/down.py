"""``trunkline down``: stop the service and take its network away."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import click

from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress

#: What the service and this command line keep under home; nothing else there is ever removed.
_KEPT_FILES = ("trunkline.db", "trunkline.db-wal", "trunkline.db-shm", "trunkline.db-journal", "accounts.json",
               "secrets.json", "issuers.json", "store.key", ".accounts.lock")
_KEPT_DIRECTORIES = ("pki", "az", "log", "rpki", "registries/.last-good")


@click.command()
@click.option("--purge", is_flag=True, help="Also forget everything stored: estate, accounts, CA, logs.")
@output_option
@pass_instance
def down(instance: Instance, purge: bool, as_json: bool) -> None:
    """Stop the service and remove its network from this machine.

    Removes exactly what belongs to this instance. The stored estate stays, and the next 'trunkline up' builds it
    again, unless --purge is given. Doing it twice does no harm.
    """
    running = instance.running()
    simulation = instance.settings.simulation or bool(running and running.simulation)
    if os.geteuid() and not simulation and running:
        raise Failed("removing networks needs root.")
    progress = Progress(quiet=as_json)
    with progress.step("stop the service"):
        stopped = instance.stop()
    removed: list[object] = []
    if not simulation and not os.geteuid():
        with progress.step("remove the network") as step:
            removed = instance.assembly("sweep")
            step.note = f"{len(removed)} removed" if removed else "nothing was there"
    instance.forget_run()
    home = instance.settings.places.home
    purged = _purge(home) if purge else []
    if as_json:
        print_json({"stopped": stopped, "removed": removed, "purged": purged})
        return
    for each in (*removed, *purged):
        click.echo(f"removed {each}")
    if purge and home.exists():
        click.echo(f"{home} itself stays{_why_it_stays(home)}")
    if not (stopped or removed or purged):
        click.echo("Nothing was running.")


def _purge(home: Path) -> list[str]:
    removed = []
    for name in _KEPT_FILES:
        if (home / name).exists():
            (home / name).unlink()
            removed.append(str(home / name))
    for name in _KEPT_DIRECTORIES:
        if (home / name).is_dir():
            shutil.rmtree(home / name)
            removed.append(str(home / name))
    if home.is_dir():
        with suppress(OSError):  # a mount point, or others keep something there
            home.rmdir()
            removed.append(str(home))
    return removed


def _why_it_stays(home: Path) -> str:
    if home.is_mount():
        return ": it is a mount point."
    others = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
    return f": it holds {', '.join(others)}." if others else "."
