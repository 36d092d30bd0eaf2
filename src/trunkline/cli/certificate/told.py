"""Certificates as tables for people's eyes."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.certificate import shelf
from trunkline.cli.certificate.page import healing, page, protected, unprotected
from trunkline.cli.certificate.paper import paper
from trunkline.cli.client import Json
from trunkline.cli.failure import Failed
from trunkline.cli.options import Command
from trunkline.cli.tables import console, print_table
from trunkline.diagnosis.drill.certificate import Certificate


def written_options(command: Command) -> Command:
    """``--html`` and ``--pdf``."""
    form = click.Path(dir_okay=False, path_type=Path)
    found = click.option("--pdf", type=form, metavar="FILE", help="Write the certificate on paper.")(command)
    return click.option("--html", type=form, metavar="FILE", help="Write the certificate as a web page.")(found)


def print_certificate(one: Certificate) -> None:
    """A pair that is the only one is said once, for room."""
    title = f"{one.failed.target} failed ({one.failed.mode}), {one.began_at[:19].replace('T', ' ')} UTC"
    pairs = {row.pair for row in one.measures}
    several = len(pairs) > 1
    print_table(("towards", *(("pair",) if several else ()), "leg before", "hit", "sent", "lost", "outage",
                 "healing", "late"), [
        (row.prefix, *((row.pair,) if several else ()), row.leg or "?", f"{row.flows_hit}/{row.flows}",
         f"{row.sent:,}", row.lost, f"{row.outage_ms:,.0f} ms",
         f"{row.healing_lost} lost, {row.healing_ms:,.0f} ms" if row.healing_lost else "-", row.reordered)
        for row in one.measures], title=title if several else f"{title}: {''.join(pairs)}")
    for lone in one.unprotected:
        click.echo(f"No second way: {lone.pair}: {lone.reason}.")
    for left_out in one.unmeasured:
        click.echo(f"Not measured: {left_out.prefix}: {left_out.reason}.")
    console().print(f"{one.verdict.result}: protected pairs: {protected(one)}; unprotected: {unprotected(one)}; "
                    f"while it healed: {healing(one)}; {one.lost:,} of {one.sent:,} datagrams lost; "
                    f"{'restored' if one.restored else 'NOT restored'}")


def row(one: Certificate, path: Path | None) -> Json:
    """As ``drill list`` and the summary of several tell it."""
    return {"id": one.id, "file": str(path) if path else None, "beganAt": one.began_at, "target": one.failed.target,
            "mode": one.failed.mode, "result": one.verdict.result.value, "protectedOutageMs": one.protected_ms,
            "unprotectedOutageMs": one.unprotected_ms, "unprotectedPrefixes": list(one.lone_prefixes),
            "lost": one.lost, "lostWhileHealing": one.healing_lost, "restored": one.restored,
            "reasons": list(one.verdict.reasons)}


def print_rows(rows: list[Json], title: str = "") -> None:
    """On 80 columns words are folded, and none is cut in what is usual."""
    print_table(("id", "began", "failed", "verdict", "outage", "no second way", "lost"), [
        (str(one["id"] or "-")[:8], str(one["beganAt"] or "-")[:16].replace("T", " "),
         f"{one['target']}, {one['mode']}", one["result"], _ms(one["protectedOutageMs"]), _lone(one),
         "-" if one["lost"] is None else one["lost"]) for one in rows], title=title)


def bare(target: str, mode: str, result: str, **more: object) -> Json:
    """The same of a drill that made no certificate."""
    return {"id": None, "file": None, "beganAt": None, "target": target, "mode": mode, "result": result,
            "protectedOutageMs": None, "unprotectedOutageMs": None, "unprotectedPrefixes": [], "lost": None,
            "lostWhileHealing": None, "restored": None, "reasons": [], **more}


def _lone(one: Json) -> str:
    count = len(one["unprotectedPrefixes"])
    return f"{count} prefixes, {_ms(one['unprotectedOutageMs'])}" if count else "-"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def room_for(files: dict[str, Path | None]) -> None:
    """Before anything fails. Raises Failed."""
    for path in filter(None, files.values()):
        if not path.absolute().parent.is_dir():
            raise Failed(f"{path} cannot be written: there is no directory {path.absolute().parent}.")


def write(made: Certificate, signed: str, files: dict[str, Path | None], apart: bool) -> None:
    """``apart``: several are written, each beside the name that was given."""
    for form, path in files.items():
        if path:
            at = path.with_stem(f"{path.stem}-{made.id[:8]}") if apart else path
            try:
                shelf.write(at.absolute(), page(made, signed) if form == "html" else paper(made, signed))
            except OSError as problem:
                raise Failed(f"{at} cannot be written: {problem.strerror or problem}. The certificate is kept: "
                             f"'trunkline drill show {made.id[:8]} --{form} FILE'.") from None
