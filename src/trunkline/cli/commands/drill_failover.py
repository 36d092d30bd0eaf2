"""``trunkline drill failover``: something fails on purpose, and it is proven what came of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
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
from trunkline.cli.rehearsal.play import Drill, listening
from trunkline.cli.rehearsal.preflight import Plan, Wish, plan
from trunkline.cli.rehearsal.series import Item, Listed, listed, refusal
from trunkline.cli.rehearsal.targets import USAGE, Target, all_legs, complete, parse, require_drainable
from trunkline.cli.tables import print_table
from trunkline.diagnosis.drill.certificate import Certificate, Result, rendered
from trunkline.settings import Places

#: What became of a drill that was not begun any more.
NOT_PLAYED = "not played"


class Aborted(Failed):
    """A condition stopped a drill."""

    exit_code = 4


class Interrupted(Failed):
    """Whoever ran it wanted an end, by Ctrl-C (as shells tell it) or another signal."""

    exit_code = 130


@dataclass(slots=True)
class Course:
    """Drills one after another. ``stops``: at the first that is not passed; what is not as it was, or was interrupted,
    is never failed further. ``asked``: somebody wants an end. ``rows``: of the summary."""

    instance: Instance
    clients: Clients
    progress: Progress
    stops: bool
    asked: Event
    made: list[Certificate] = field(default_factory=list)
    rows: list[Json] = field(default_factory=list)

    def run(self, chosen: tuple[Item, ...]) -> None:
        for place, item in enumerate(chosen):
            if len(chosen) > 1:
                self.progress.say(f"Drill {place + 1} of {len(chosen)}")
            try:
                one, path = _play(self, item)
            except Failed as refused:
                if len(chosen) == 1:
                    raise
                result = NOT_PLAYED if isinstance(refused, Interrupted) else "refused"
                self.rows.append(told.bare(item.target.said, item.wish.mode, result, reasons=[refused.message]))
            else:
                self.made.append(one)
                self.rows.append(told.row(one, path))
            if not self._goes_on():
                self.rows += [told.bare(rest.target.said, rest.wish.mode, NOT_PLAYED)
                              for rest in chosen[place + 1:]]
                return

    def _goes_on(self) -> bool:
        result = self.rows[-1]["result"]
        if self.asked.is_set() or result == Result.INTERRUPTED or self.rows[-1]["restored"] is False:
            return False
        return result == Result.PASSED or not self.stops

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended it; not where all was over by then."""
        return self.asked.is_set() and any(row["result"] in (Result.INTERRUPTED, NOT_PLAYED) for row in self.rows)


@click.command(help="Fail something on purpose under the drill's own traffic, restore it, and sign what was measured."
               f"\n\nTARGET: {USAGE}.\n\nThe failure stands on a lease of seconds at the edge: if the drill or the "
               "service is killed, it ends by itself. Exit code 0 passed, 1 failed or refused, 4 stopped by a "
               "condition, 130 interrupted and restored.")
@click.argument("target", nargs=-1, metavar="TARGET...", shell_complete=complete)
@click.option("--all-legs", is_flag=True, help="Each leg of the circuits that are named, or of all, one after another.")
@click.option("--plan", "file", type=click.Path(dir_okay=False, exists=True, path_type=Path), metavar="FILE",
              help="Drills one after another, as a YAML or JSON file lists them. Refused as a whole, with everything "
              "wrong in it; stops at the first that is not passed.")
@click.option("--keep-going", is_flag=True, help="With several: go on after one that is not passed, if it is restored.")
@click.option("--drain", is_flag=True, help="Planned work: make paths longer first, then fail. Nothing may be lost.")
@click.option("--dry-run", is_flag=True, help="Say what would fail and what is left, and fail nothing; exit code 1 "
              "where the drill would be refused.")
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
    with connected(instance) as clients, listening() as end:
        clients.accounts.able("operator")
        ground, wish = look(clients), Wish(**asked)
        chosen = listed(file, ground, wish, force) if file else Listed(tuple(
            Item(one, wish, force) for one in _named(ground, target, every, wish.drain)))
        if file or dry_run:
            plans = tuple(_plans(clients, instance.settings.places, ground, chosen.items, end))
            if dry_run:
                _print_plans(chosen.items, plans, as_json)
            _refuse(file, chosen, plans)
        if dry_run:
            return
        course = Course(instance, clients, Progress(), bool(file) and not keep_going, end)
        course.run(chosen.items)
    _told(course, as_json, files, listed=bool(file))


def _named(ground: Ground, target: tuple[str, ...], every: bool, drain: bool) -> tuple[Target, ...]:
    found = all_legs(ground, target) if every else (parse(target, ground),)
    if not found:
        raise Failed("no leg of these circuits is Established, so none can be failed; 'trunkline status' says why.")
    if drain:
        for one in found:
            require_drainable(one)
    return found


def _plans(clients: Clients, places: Places, ground: Ground, chosen: tuple[Item, ...], end: Event) -> Iterator[Plan]:
    for one in chosen:
        _go_on(end)
        yield plan(clients, places, ground, one.target, one.wish)


def _go_on(end: Event) -> None:
    """Raises Interrupted where somebody wants an end, while nothing is failed."""
    if end.is_set():
        raise Interrupted("interrupted before anything was failed.")


def _refuse(file: Path | None, chosen: Listed, plans: tuple[Plan, ...]) -> None:
    """Raises Failed with all that is wrong: of a file no drill begins before all of them may."""
    refused = [(item, found) for item, found in zip(chosen.items, plans, strict=True) if found.is_refused(item.forced)]
    if file and (faults := (*chosen.faults, *(item.fault(trouble) for item, found in refused
                                              for trouble in found.troubles))):
        raise refusal(file, faults)
    if refused:
        raise Failed("\n".join(found.refusal for _, found in refused))


def _play(course: Course, item: Item) -> tuple[Certificate, Path]:
    clients, target, places = course.clients, item.target, course.instance.settings.places
    found = plan(clients, places, look(clients), target, item.wish)
    drained = Drain.of(clients.named("operator"), found.ground.ways, target.fault, found.hold_s) \
        if item.wish.drain else None
    if found.is_refused(item.forced):
        raise Failed(f"{found.refusal} --dry-run shows what would be left.")
    _go_on(course.asked)
    course.progress.heading(f"Failover drill: {target.said}")
    lease = Lease(clients.named("operator"), target, _path(clients, target))
    trace = record.begun(found, lease, drained)
    with shelf.begun(places, trace):
        played = Drill(clients, places, found, lease, course.progress, course.asked, drained).run()
        return _kept(record.certificate(found, played, lease, places, trace["id"]), course.instance, course.progress)


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
    _judged(course.rows, course.interrupted)


def _judged(rows: list[Json], interrupted: bool) -> None:
    bad = [row for row in rows if row["result"] not in (Result.PASSED, NOT_PLAYED)]
    left = sum(row["result"] == NOT_PLAYED for row in rows)
    said = "; ".join(f"{row['target']} {row['result']}: {'; '.join(row['reasons'])}" for row in bad)
    more = f"; {left} more not played" if left else ""
    if interrupted:
        raise Interrupted((said or "interrupted") + more)
    if any(row["result"] == Result.ABORTED for row in bad):
        raise Aborted(said + more)
    if bad:
        raise Failed(said + more)


def _print_plans(chosen: tuple[Item, ...], plans: tuple[Plan, ...], as_json: bool) -> None:
    shown = [{**found.shown(), "refused": found.is_refused(item.forced)}
             for item, found in zip(chosen, plans, strict=True)]
    if as_json:
        print_json(shown[0] if len(shown) == 1 else shown)
        return
    for planned in shown:
        _print_plan(planned)


def _print_plan(planned: Json) -> None:
    print_table(("pair", "falls", "left"), [
        (one["pair"], ", ".join(one["falls"]) or "-", ", ".join(one["left"]) or "nothing")
        for one in planned["expectations"]], title=f"If {planned['target']} failed")
    for one in planned["expectations"]:
        if not one["protected"]:
            click.echo(f"No second way: {one['pair']}: {one['reason']}.")
    bounds = planned["bounds"]
    click.echo(f"An outage of {bounds['outageMs']:,.0f} ms is allowed where something is left; stopped after "
               f"{bounds['abortOutageS']:g} s in the dark.")
    for one in planned["unmeasured"]:
        click.echo(f"Not measured: {one['prefix']}: {one['reason']}.")
    for trouble in () if planned["refused"] else planned["troubles"]:
        click.echo(f"Drilled all the same, by --force: {trouble}.")
