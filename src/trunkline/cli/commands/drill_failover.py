"""``trunkline drill failover``: something fails on purpose, and it is proven what came of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from trunkline.cli.certificate import keys, shelf, told
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import Number, output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.rehearsal import record
from trunkline.cli.rehearsal.drain import Drain
from trunkline.cli.rehearsal.ground import Ground, look
from trunkline.cli.rehearsal.lease import Lease
from trunkline.cli.rehearsal.play import Drill
from trunkline.cli.rehearsal.preflight import Plan, Wish, plan
from trunkline.cli.rehearsal.series import Item, items, refusal
from trunkline.cli.rehearsal.targets import USAGE, Target, all_legs, complete, parse
from trunkline.cli.tables import print_table
from trunkline.diagnosis.drill.certificate import Certificate, Result, rendered

#: Exit code of a drill that a condition stopped; 1 is one that failed.
ABORTED = 4


class Aborted(Failed):
    exit_code = ABORTED


@dataclass(slots=True)
class Course:
    """Drills one after another. ``stops``: at the first that is not passed; what is not as it was, or was interrupted,
    is never failed further. ``rows``: of the summary."""

    instance: Instance
    clients: Clients
    progress: Progress
    stops: bool
    made: list[Certificate] = field(default_factory=list)
    rows: list[Json] = field(default_factory=list)

    def run(self, chosen: tuple[Item, ...]) -> None:
        for place, item in enumerate(chosen):
            if len(chosen) > 1:
                self.progress.say(f"Drill {place + 1} of {len(chosen)}")
            try:
                one, path = _play(self.instance, self.clients, item, self.progress)
            except Failed as refused:
                if len(chosen) == 1:
                    raise
                self.rows.append(told.bare(item.target.said, item.wish.mode, "refused", reasons=[refused.message]))
            else:
                self.made.append(one)
                self.rows.append(told.row(one, path))
            if not self._goes_on():
                self.rows += [told.bare(rest.target.said, rest.wish.mode, "not played")
                              for rest in chosen[place + 1:]]
                return

    def _goes_on(self) -> bool:
        result = self.rows[-1]["result"]
        if result == Result.INTERRUPTED or self.rows[-1]["restored"] is False:
            return False
        return result == Result.PASSED or not self.stops


@click.command(help="Fail something on purpose under the drill's own traffic, restore it, and sign what was measured."
               f"\n\nTARGET: {USAGE}.\n\nThe failure stands on a lease of seconds at the edge: if the drill or the "
               "service is killed, it ends by itself. Exit code 0 passed, 1 failed or refused, 4 stopped by a "
               "condition.")
@click.argument("target", nargs=-1, metavar="TARGET...", shell_complete=complete)
@click.option("--all-legs", is_flag=True, help="Each leg of the circuits that are named, or of all, one after another.")
@click.option("--plan", "file", type=click.Path(dir_okay=False, exists=True, path_type=Path), metavar="FILE",
              help="Drills one after another, as a YAML or JSON file lists them. Refused as a whole, with everything "
              "wrong in it; stops at the first that is not passed.")
@click.option("--keep-going", is_flag=True, help="With several: go on after one that is not passed, if it is restored.")
@click.option("--drain", is_flag=True, help="Planned work: make paths longer first, then fail. Nothing may be lost.")
@click.option("--dry-run", is_flag=True, help="Say what would fail and what is left, and fail nothing.")
@click.option("--force", is_flag=True, help="Also where the network is not well, or something loses its last way.")
@click.option("--hold", "hold_s", type=Number(1, 600), default=5.0, show_default=True, metavar="SECONDS",
              help="How long it stays failed, at least as long as it may take to be noticed.")
@click.option("--within", "outage_ms", type=Number(0), metavar="MILLISECONDS",
              help="Longest outage of what has a second way. By default detection by the timers in force, and 1 s.")
@click.option("--heal-within", "healing_ms", type=Number(0), default=1_000.0, show_default=True,
              metavar="MILLISECONDS", help="Longest outage of the same while what failed returns.")
@click.option("--abort-after", "abort_outage_s", type=Number(0.2), metavar="SECONDS",
              help="Stop when something with a second way stays dark for so long.")
@click.option("--abort-loss", "abort_loss_percent", type=Number(0, 100), default=5.0, show_default=True,
              metavar="PERCENT", help="Stop when flows that were not failed lose more within a second.")
@told.written_options
@output_option
@pass_instance
def failover(instance: Instance, /, target: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    every, file, dry_run, force, keep_going = (
        asked.pop(name) for name in ("all_legs", "file", "dry_run", "force", "keep_going"))
    files = {name: asked.pop(name) for name in ("html", "pdf")}
    if bool(target or every) is bool(file):
        raise click.UsageError(f"name what is to fail: {USAGE}; or --all-legs, or --plan FILE and nothing else.")
    told.room_for(files)
    if os.geteuid():
        raise Failed("the drill's datagrams are sent inside of nodes, and that needs root.")
    instance.require_running()
    with connected(instance) as clients:
        clients.accounts.able("operator")
        ground = look(clients)
        chosen = items(file, ground, Wish(**asked), force) if file else tuple(
            Item(one, Wish(**asked), force) for one in _named(ground, target, every))
        plans = tuple(_planned(instance, clients, ground, chosen, dry_run, file))
        if dry_run:
            _print_plans(plans, as_json)
            return
        course = Course(instance, clients, Progress(), stops=bool(file) and not keep_going)
        course.run(chosen)
    _told(course, as_json, files, listed=bool(file))


def _named(ground: Ground, target: tuple[str, ...], every: bool) -> tuple[Target, ...]:
    found = all_legs(ground, target) if every else (parse(target, ground),)
    if not found:
        raise Failed("no leg of these circuits is Established, so none can be failed; 'trunkline status' says why.")
    return found


def _planned(instance: Instance, clients: Clients, ground: Ground, chosen: tuple[Item, ...], dry_run: bool,
             file: Path | None) -> Iterator[Plan]:
    """For a dry run, and for a file, none of whose drills begins before all of them may."""
    if not (dry_run or file):
        return
    refused = []
    for item in chosen:
        found = plan(clients, instance.settings.places, ground, item.target, item.wish)
        yield found
        refused += [f"'{item.target.said}': {trouble}" for trouble in found.troubles
                    if not (item.forced and found.pairs)]
    if refused and file and not dry_run:
        raise refusal(file, refused)


def _play(instance: Instance, clients: Clients, item: Item, progress: Progress) -> tuple[Certificate, Path]:
    places, target = instance.settings.places, item.target
    found = plan(clients, places, look(clients), target, item.wish)
    drained = Drain.of(clients.named("operator"), found.ground.ways, target.fault, found.hold_s) \
        if item.wish.drain else None
    if found.troubles and not (item.forced and found.pairs):
        raise Failed(f"'{target.said}' is not drilled: {'; '.join(found.troubles)}. --dry-run shows all, --force "
                     "drills all the same.")
    progress.heading(f"Failover drill: {target.said}")
    lease = Lease(clients.named("operator"), target, _path(clients, target))
    trace = record.begun(found, lease)
    with shelf.begun(places, trace):
        played = Drill(clients, places, found, lease, progress, drained).run()
        return _kept(record.certificate(found, played, lease, places, trace["id"]), instance, progress)


def _path(clients: Clients, target: Target) -> str:
    return (f"/subscriptions/{clients.accounts.customer_subscription}/resourceGroups/{target.group}"
            f"/providers/Trunkline.Plant/faults/drill-{secrets.token_hex(3)}")


def _kept(made: Certificate, instance: Instance, progress: Progress) -> tuple[Certificate, Path]:
    """What cannot be kept is printed: the drill was, and what it failed is restored."""
    try:
        _, path = record.kept(made, instance.settings.places)
    except OSError as problem:
        print_json(rendered(made))
        raise Failed(f"the drill has ended and {'everything' if made.restored else 'not everything'} is restored, but "
                     f"its certificate cannot be kept in {instance.settings.places.certificates}: "
                     f"{problem.strerror or problem}. It is printed here, without a signature.") from None
    progress.say(f"Certificate {made.id[:8]}: {path}")
    return made, path


# ── what is printed ────────────────────────────────────────────────────────────────────────────────────────────────


def _told(course: Course, as_json: bool, files: dict[str, Path | None], listed: bool) -> None:
    """``listed``: by a file, of which there is one summary."""
    own = keys.own_public(course.instance.settings.places)
    signed = f"this installation's key {keys.fingerprint(own)}" if own else ""
    for one in course.made:
        told.write(one, signed, files, apart=len(course.rows) > 1)
    certificates = [rendered(one) for one in course.made]
    if as_json and listed:
        passed = sum(row["result"] == Result.PASSED for row in course.rows)
        print_json({"passed": passed, "of": len(course.rows), "drills": course.rows, "certificates": certificates})
    elif as_json:
        print_json(certificates if len(course.rows) > 1 else certificates[0])
    else:
        for one in course.made:
            told.print_certificate(one)
        if len(course.rows) > 1:
            told.print_rows(course.rows, title="All drills")
    _judged(course.rows)


def _judged(rows: list[Json]) -> None:
    bad = [row for row in rows if row["result"] not in (Result.PASSED, "not played")]
    left = sum(row["result"] == "not played" for row in rows)
    said = "; ".join(f"{row['target']} {row['result']}: {'; '.join(row['reasons'])}" for row in bad)
    more = f"; {left} more not played" if left else ""
    if any(row["result"] == Result.ABORTED for row in bad):
        raise Aborted(said + more)
    if bad:
        raise Failed(said + more)


def _print_plans(plans: tuple[Plan, ...], as_json: bool) -> None:
    shown = [one.shown() for one in plans]
    if as_json:
        print_json(shown if len(shown) > 1 else shown[0])
        return
    for planned in shown:
        _print_plan(planned)


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
