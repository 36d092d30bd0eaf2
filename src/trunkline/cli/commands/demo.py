"""``trunkline demo``: the main job by itself, measured, with nothing left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import click

from trunkline.cli.azure import find_az
from trunkline.cli.client import connected
from trunkline.cli.demo import acts
from trunkline.cli.demo.acts import Play
from trunkline.cli.demo.cloud import AzCloud, HttpsCloud
from trunkline.cli.demo.failover import fail_over
from trunkline.cli.demo.leftovers import Leftovers
from trunkline.cli.demo.result import Result
from trunkline.cli.demo.stage import Stage
from trunkline.cli.demo.world import WorldResult, two_continents
from trunkline.cli.failure import Failed
from trunkline.cli.options import output_option, print_json
from trunkline.cli.progress import Progress

_ACTS = (
    ("The customer orders a circuit", acts.order_circuit),
    ("The customer's site, its cross connect, and the provider's consent", acts.build_site),
    ("The cloud's side: network, machine, gateway", acts.build_cloud),
    ("Peering and connection", acts.order_peering),
    ("Routes and first packets", acts.await_packets),
    ("Traffic", acts.exchange_packets),
    ("The truth, read from daemons, kernel and eBPF counters", acts.read_tables),
    ("A leg fails silently, and heals", fail_over),
)


@click.command()
@click.option("--az", "az_mode", type=click.Choice(["auto", "yes", "no"]), default="auto", show_default=True,
              help="Order with the real az; auto: if it is installed.")
@click.option("--keep", is_flag=True, help="Leave everything running in the end.")
@click.option("--global", "worldwide", is_flag=True, help="Another story: two continents, Global Reach, a region lost, "
              "and the certificate of what that cost.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="With --global: write the certificate as a web page.")
@output_option
def demo(az_mode: str, keep: bool, worldwide: bool, html: Path | None, as_json: bool) -> None:
    """Order a circuit, bring BGP up, send packets, break a leg, clean up: all by itself.

    Plays on an instance of its own (temporary home, free port); what runs already is not touched.
    """
    if os.geteuid():
        raise Failed("building networks needs root.")
    if az_mode == "yes" and not find_az():
        raise Failed("the Azure CLI is not installed; 'make demo AZ=1' installs it beside the project.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if html and not worldwide:
        raise click.UsageError("--html is of --global, whose drill ends in a certificate.")
    progress = Progress()
    result: Result | WorldResult = WorldResult() if worldwide else Result()
    with_az = az_mode != "no" and bool(find_az())
    problem = _play(progress, result, partial(_tell, html=html, with_az=with_az), keep)
    result.passed = problem is None and not result.leftovers
    if as_json:
        print_json(result.as_json())
    else:
        result.show()
    if not result.passed:
        raise Failed(problem or f"the demo left behind: {', '.join(result.leftovers)}")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _play(progress: Progress, result: Result | WorldResult, tell: Callable[..., None], keep: bool) -> str | None:
    """Why it did not work; ``None`` when it did. Whatever happens, the stage is cleared."""
    leftovers = Leftovers()
    stage = Stage()
    problem: str | None = None
    try:
        tell(stage, progress, result)
    except Failed as failure:
        problem = failure.format_message()
    except KeyboardInterrupt:
        problem = "interrupted"
    if keep and problem is None:
        progress.say(f"\nKept running: trunkline --home {stage.home} status … down --purge")
        return None
    return _clear(stage, leftovers, progress, result) or problem


def _tell(stage: Stage, progress: Progress, result: Result | WorldResult, html: Path | None, with_az: bool) -> None:
    progress.heading(f"trunkline up -d  (home {stage.home}, port {stage.port})")
    with progress.step("start the service") as step:
        stage.trunkline("up", "-d", "--port", str(stage.port), "-o", "json", watch=step.waiting)
    if isinstance(result, WorldResult):
        two_continents(stage, progress, result, html)
    else:
        _one_circuit(stage, progress, result, with_az)


def _one_circuit(stage: Stage, progress: Progress, result: Result, with_az: bool) -> None:
    with connected(stage.instance) as clients:
        cloud = AzCloud(stage) if with_az else HttpsCloud(clients.named("customer"))
        play = Play(stage, clients, cloud, progress, result)
        for title, act in _ACTS:
            progress.heading(f"{title}  [{cloud.name}]" if act is acts.order_circuit else title)
            act(play)


def _clear(stage: Stage, leftovers: Leftovers, progress: Progress, result: Result | WorldResult) -> str | None:
    progress.heading("trunkline down --purge")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    places = stage.instance.settings.places
    leftovers.note_namespaces(places)
    try:
        with progress.step("stop the service, remove the network"):
            stage.close()
    except Failed as failure:
        return failure.format_message()
    finally:
        with progress.step("compare the machine with what it was before") as step:
            result.leftovers = leftovers.found(places)
            step.note = ", ".join(result.leftovers) or "nothing left"
    return None
