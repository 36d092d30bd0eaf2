"""``trunkline up``: start the service, in the foreground or in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import click

from trunkline.cli.accounts import Accounts, read_accounts
from trunkline.cli.client import answers
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance, listens, port_is_free
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table
from trunkline.settings import PROFILE_NAMES, Endpoint

_START_DEADLINE_S = 30.0
_LOG_TAIL_LINES = 12


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Run in the background.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the HTTPS endpoint (TRUNKLINE_PORT, else 8443).")
@click.option("--simulation", is_flag=True, help="No real network: both drivers in memory. Needs no root.")
@click.option("--profile", type=click.Choice(PROFILE_NAMES), help="Numbers of the service (TRUNKLINE_PROFILE).")
@output_option
@pass_instance
def up(instance: Instance, detach: bool, port: int | None, simulation: bool, profile: str | None,
       as_json: bool) -> None:
    """Start the service.

    The first start creates a CA and local accounts and prints their secrets once; later they are read from the
    root-only file secrets.json under the home directory. Stopping the foreground service leaves the network
    running; 'trunkline down' removes it.
    """
    settings = replace(instance.settings, profile=profile or instance.settings.profile)
    instance = Instance(settings)
    endpoint = Endpoint(settings.endpoint.host, port or settings.endpoint.port)
    _check(instance, endpoint, simulation or settings.simulation)
    first = not settings.places.accounts.exists()
    log = settings.places.log / "supervisor.out" if detach else None
    child = instance.start(endpoint.port, simulation or settings.simulation, log)
    try:
        _await_health(child, endpoint, settings.places.ca, log)
        _show(instance, endpoint, first, as_json)
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if not detach:
        _stay(child)


def _check(instance: Instance, endpoint: Endpoint, simulation: bool) -> None:
    running = instance.running()
    if running:
        raise Failed(f"already running as process {running.pid} at {Endpoint(endpoint.host, running.port).url};"
                     " 'trunkline down' stops it.")
    if instance.settings.profile not in PROFILE_NAMES:
        raise Failed(f"TRUNKLINE_PROFILE is '{instance.settings.profile}'; choose one of {', '.join(PROFILE_NAMES)}.")
    events = Path(instance.settings.siem.file)
    if instance.settings.siem.file and (events.is_dir() or not events.absolute().parent.is_dir()):
        raise Failed(f"TRUNKLINE_EVENTS_FILE is '{events}'; it must be a file in a directory that exists.")
    if os.geteuid() and not simulation:
        raise Failed("building networks needs root; run this as root, or with --simulation and a --home of your own.")
    if not port_is_free(endpoint.host, endpoint.port):
        raise Failed(f"port {endpoint.port} of {endpoint.host} is taken; choose another with --port.")
    home = instance.settings.places.home
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        raise Failed(f"home {home} cannot be made ({problem.strerror}); choose another with --home.") from None


def _await_health(child: subprocess.Popen[bytes], endpoint: Endpoint, ca: Path, log: Path | None) -> None:
    with Progress().step("start the service") as step:
        while not (listens(endpoint.host, endpoint.port) and answers(endpoint.url, ca)):
            if child.poll() is not None:
                raise Failed(f"the supervisor ended with code {child.returncode}.{_tail(log)}")
            if step.elapsed_s > _START_DEADLINE_S:
                raise Failed(f"{endpoint.url} gave no answer within {_START_DEADLINE_S:.0f} s.{_tail(log)}")
            step.waiting(f"{endpoint.url} to answer")
            time.sleep(0.05)


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return "\n".join([f" Last lines of {log}:", *lines]) if lines else f" {log} is empty."


def _show(instance: Instance, endpoint: Endpoint, first: bool, as_json: bool) -> None:
    places = instance.settings.places
    accounts = read_accounts(places)
    if as_json:
        shown = accounts.with_secrets() if first else accounts.public()
        print_json({"endpoint": endpoint.url, "home": str(places.home), "log": str(places.log), **shown})
        return
    click.echo(f"Trunkline answers at {endpoint.url}  (home {places.home}, log {places.log})")
    if first:
        _show_secrets(accounts, places.secrets)
    click.echo("Next: trunkline az network express-route list-service-providers -o table  ·  eval \"$(trunkline env)\"")


def _show_secrets(accounts: Accounts, path: Path) -> None:
    print_table(("account", "client id", "secret", "subscription"),
                [(a.name, a.client_id, a.secret, a.subscription) for a in accounts.accounts],
                title=f"Accounts of tenant {accounts.tenant} (secrets are shown this once)")
    click.echo(f"They stay in {path}, readable for its owner alone. The service has hashes and does not need it: remove"
               " it when you have them, but then 'trunkline az' and our other commands cannot log in.")


def _stay(child: subprocess.Popen[bytes]) -> None:
    """Until the supervisor ends, by itself or because we are told to end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: child.terminate())
    code = child.wait()
    click.echo("The service has stopped; the network keeps running. 'trunkline down' removes it.", err=True)
    if code:
        raise Failed(f"the supervisor ended with code {code}.")
