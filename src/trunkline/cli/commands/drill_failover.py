"""``trunkline drill failover``, ``list``, ``show``: something fails on purpose, and it is proven what came of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import click

from trunkline.cli import failing
from trunkline.cli.certificate import keys, shelf
from trunkline.cli.certificate.page import page
from trunkline.cli.certificate.paper import paper
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import Command, Number, output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.rehearsal import record
from trunkline.cli.rehearsal.drain import Drain
from trunkline.cli.rehearsal.ground import look
from trunkline.cli.rehearsal.lease import Lease
from trunkline.cli.rehearsal.play import Drill
from trunkline.cli.rehearsal.preflight import Wish, plan
from trunkline.cli.rehearsal.targets import USAGE, Target, all_legs, complete, parse
from trunkline.cli.tables import console, print_table
from trunkline.diagnosis.drill.certificate import Certificate, Result, rendered

#: Exit code of a drill that a condition stopped; 1 is one that failed.
ABORTED = 4


class Aborted(Failed):
    exit_code = ABORTED


def _written(command: Command) -> Command:
    """``--html`` and ``--pdf``."""
    form = click.Path(dir_okay=False, path_type=Path)
    found = click.option("--pdf", type=form, metavar="FILE", help="Write the certificate on paper.")(command)
    return click.option("--html", type=form, metavar="FILE", help="Write the certificate as a web page.")(found)


@click.command(help="Fail something on purpose under the drill's own traffic, restore it, and sign what was measured."
               f"\n\nTARGET: {USAGE}.\n\nThe failure stands on a lease of seconds at the edge: if the drill or the "
               "service is killed, it ends by itself. Exit code 0 passed, 1 failed or refused, 4 stopped by a "
               "condition.")
@click.argument("target", nargs=-1, metavar="TARGET...", shell_complete=complete)
@click.option("--all-legs", is_flag=True, help="Each leg of the circuits that are named, or of all, one after another.")
@click.option("--drain", is_flag=True, help="Planned work: make paths longer first, then fail. Nothing may be lost.")
@click.option("--dry-run", is_flag=True, help="Say what would fail and what is left, and fail nothing.")
@click.option("--force", is_flag=True, help="Also where the network is not well, or something loses its last way.")
@click.option("--hold", "hold_s", type=Number(1, 600), default=5.0, show_default=True, metavar="SECONDS",
              help="How long it stays failed, at least as long as it may take to be noticed.")
@click.option("--within", "outage_ms", type=Number(0), metavar="MILLISECONDS",
              help="Longest outage of what has a second way. By default detection by the timers in force, and 1 s.")
@click.option("--abort-after", "abort_outage_s", type=Number(0.2), metavar="SECONDS",
              help="Stop when something with a second way stays dark for so long.")
@click.option("--abort-loss", "abort_loss_percent", type=Number(0, 100), default=5.0, show_default=True,
              metavar="PERCENT", help="Stop when flows that were not failed lose more within a second.")
@_written
@output_option
@pass_instance
def failover(instance: Instance, /, target: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    every, dry_run, force = (asked.pop(name) for name in ("all_legs", "dry_run", "force"))
    files = {name: asked.pop(name) for name in ("html", "pdf")}
    if not (target or every):
        raise click.UsageError(f"name what is to fail: {USAGE}; or --all-legs.")
    _have_room(files)
    if os.geteuid():
        raise Failed("the drill's datagrams are sent inside of nodes, and that needs root.")
    instance.require_running()
    progress = Progress(quiet=dry_run)
    wish = Wish(**asked)
    with connected(instance) as clients:
        clients.accounts.able("operator")
        ground = look(clients)
        targets = all_legs(ground, target) if every else (parse(target, ground),)
        if not every:
            failing.chosen(ground.found["canFail"], target)
        if not targets:
            raise Failed("no leg of these circuits is Established, so none can be failed; 'trunkline status' says why.")
        made: list[Json | Certificate] = []
        for one in targets:
            made.append(_one(instance, clients, one, wish, progress, (dry_run, force)))
            if not _goes_on(made[-1]):
                break
    _told(made, as_json, dry_run, files)


def _have_room(files: dict[str, Path | None]) -> None:
    """Before anything fails."""
    for path in filter(None, files.values()):
        if not path.absolute().parent.is_dir():
            raise Failed(f"{path} cannot be written: there is no directory {path.absolute().parent}.")


def _goes_on(last: Json | Certificate) -> bool:
    """What is not as it was is not failed further."""
    return not isinstance(last, Certificate) or (
        last.restored and last.verdict.result in (Result.PASSED, Result.FAILED))


def _one(instance: Instance, clients: Clients, target: Target, wish: Wish, progress: Progress,
         how: tuple[bool, bool]) -> Json | Certificate:
    """``how``: whether it is only planned, and whether troubles count for nothing."""
    places, (dry_run, force) = instance.settings.places, how
    found = plan(clients, places, look(clients), target, wish)
    drained = Drain.of(clients.named("operator"), found.ground.ways, target.fault, found.hold_s) \
        if wish.drain else None
    if dry_run:
        return found.shown()
    if found.troubles and not (force and found.pairs):
        raise Failed(f"'{target.said}' is not drilled: {'; '.join(found.troubles)}. --dry-run shows all, --force "
                     "drills all the same.")
    progress.heading(f"Failover drill: {target.said}")
    lease = Lease(clients.named("operator"), target, _path(clients, target))
    played = Drill(clients, places, found, lease, progress, drained).run()
    return _kept(record.certificate(found, played, lease, places), instance, progress)


def _path(clients: Clients, target: Target) -> str:
    return (f"/subscriptions/{clients.accounts.customer_subscription}/resourceGroups/{target.group}"
            f"/providers/Trunkline.Plant/faults/drill-{secrets.token_hex(3)}")


def _kept(made: Certificate, instance: Instance, progress: Progress) -> Certificate:
    """What cannot be kept is printed: the drill was, and what it failed is restored."""
    try:
        _, path = record.kept(made, instance.settings.places)
    except OSError as problem:
        print_json(rendered(made))
        raise Failed(f"the drill has ended and {'everything' if made.restored else 'not everything'} is restored, but "
                     f"its certificate cannot be kept in {instance.settings.places.certificates}: "
                     f"{problem.strerror or problem}. It is printed here, without a signature.") from None
    progress.say(f"Certificate {made.id[:8]}: {path}")
    return made


# ── what is printed ────────────────────────────────────────────────────────────────────────────────────────────────


def _told(made: list[Json | Certificate], as_json: bool, dry_run: bool, files: dict[str, Path | None]) -> None:
    certificates = [one for one in made if isinstance(one, Certificate)]
    for one in certificates:
        _write(one, files, apart=len(certificates) > 1)
    if as_json:
        shown = [rendered(one) if isinstance(one, Certificate) else one for one in made]
        print_json(shown if len(shown) > 1 else shown[0])
    elif dry_run:
        for planned in made:
            if not isinstance(planned, Certificate):
                _print_plan(planned)
    else:
        for one in certificates:
            print_certificate(one)
    _judged(certificates)


def _judged(certificates: list[Certificate]) -> None:
    bad = [one for one in certificates if one.verdict.result is not Result.PASSED]
    said = "; ".join(f"{one.failed.target} {one.verdict.result}: {'; '.join(one.verdict.reasons)}" for one in bad)
    if any(one.verdict.result is Result.ABORTED for one in bad):
        raise Aborted(said)
    if bad:
        raise Failed(said)


def _write(made: Certificate, files: dict[str, Path | None], apart: bool) -> None:
    """``apart``: several are written, each beside the name that was given."""
    for form, path in files.items():
        if path:
            at = path.with_stem(f"{path.stem}-{made.id[:8]}") if apart else path
            try:
                shelf.write(at.absolute(), page(made) if form == "html" else paper(made))
            except OSError as problem:
                raise Failed(f"{at} cannot be written: {problem.strerror or problem}. The certificate is kept: "
                             f"'trunkline drill show {made.id[:8]} --{form} FILE'.") from None


def _print_plan(planned: Json) -> None:
    print_table(("pair", "falls", "left", "why nothing is left"), [
        (one["pair"], ", ".join(one["falls"]) or "-", ", ".join(one["left"]) or "nothing", one["reason"] or "-")
        for one in planned["expectations"]], title=f"If {planned['target']} failed")
    bounds = planned["bounds"]
    click.echo(f"An outage of {bounds['outageMs']:,.0f} ms is allowed where something is left; stopped after "
               f"{bounds['abortOutageS']:g} s in the dark.")
    for one in planned["unmeasured"]:
        click.echo(f"Not measured: {one['prefix']}: {one['reason']}.")
    for trouble in planned["troubles"]:
        click.echo(f"Would be refused without --force: {trouble}.")


def print_certificate(one: Certificate) -> None:
    print_table(("towards", "pair", "leg before", "flows hit", "sent", "lost", "outage", "reordered"), [
        (row.prefix, row.pair, row.leg or "?", f"{row.flows_hit}/{row.flows}", f"{row.sent:,}", row.lost,
         f"{row.outage_ms:,.0f} ms", row.reordered) for row in one.measures],
        title=f"{one.failed.target} failed ({one.failed.mode}), {one.began_at[:19].replace('T', ' ')} UTC")
    for lone in one.unprotected:
        click.echo(f"No second way: {lone.pair}: {lone.reason}.")
    console().print(f"{one.verdict.result}: worst outage {one.worst_outage_ms:,.0f} ms, {one.lost} of {one.sent:,} "
                    f"datagrams lost, {'restored' if one.restored else 'NOT restored'}")


# ── history ────────────────────────────────────────────────────────────────────────────────────────────────────────


@click.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """Certificates of this instance's failover drills, the newest first."""
    found = list(shelf.all_of(instance.settings.places))
    if as_json:
        print_json([{"id": one.id, "file": str(path), "beganAt": one.began_at, "target": one.failed.target,
                     "mode": one.failed.mode, "result": one.verdict.result, "worstOutageMs": one.worst_outage_ms,
                     "lost": one.lost, "restored": one.restored} for path, one in found])
        return
    print_table(("certificate", "began", "failed", "how", "verdict", "worst outage", "lost", "no second way"), [
        (one.id[:8], one.began_at[:19].replace("T", " "), one.failed.target, one.failed.mode, one.verdict.result,
         f"{one.worst_outage_ms:,.0f} ms", one.lost, len(one.unprotected) or "-") for _, one in found])
    if not found:
        click.echo("No failover drill was played here yet; 'trunkline drill failover' plays one.")


@click.command()
@click.argument("certificate", default="latest", shell_complete=shelf.complete)
@_written
@output_option
@pass_instance
def show(instance: Instance, /, certificate: str, as_json: bool, **files: Path | None) -> None:
    """One certificate: a file, the beginning of its id, or the latest. One that was changed is not shown."""
    path = shelf.find(instance.settings.places, certificate)
    document = shelf.read(path)
    found = shelf.parsed(document, path)
    keys.verify(document, None)
    _write(found, files, apart=False)
    if as_json:
        print_json(document)
    else:
        print_certificate(found)
