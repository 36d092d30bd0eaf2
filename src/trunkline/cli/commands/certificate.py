"""``trunkline certificate``: what a failover drill has signed: verify, compare, and the public key."""

from __future__ import annotations

import re
from pathlib import Path

import click

from trunkline.cli.certificate import keys, shelf
from trunkline.cli.commands.drill_history import show
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table
from trunkline.diagnosis.drill.certificate import Certificate
from trunkline.diagnosis.drill.compare import Change, Tolerance, differences, failed_otherwise


@click.group()
def certificate() -> None:
    """Certificates of failover drills: verify, show, compare."""


certificate.add_command(show)


@certificate.command()
@click.argument("file", shell_complete=shelf.complete)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path),
              help="The public key that counts (PEM). By default this instance's, if it has one.")
@output_option
@pass_instance
def verify(instance: Instance, file: str, key: Path | None, as_json: bool) -> None:
    """Whether a certificate is as it was signed, and by whom.

    FILE: a file, the beginning of a kept one's id, or 'latest'. On a machine without a key, and without --key, only
    that nothing was changed since somebody signed it.
    """
    places = instance.settings.places
    path = shelf.find(places, file)
    document = shelf.read(path)
    by = keys.signer(document, places, key)
    if not by.known and (own := keys.own_public(places)):
        raise Failed(f"{path} was signed by {by.said} and not by this installation's key "
                     f"{keys.fingerprint(own)}. '--key FILE' names another that counts.")
    found = shelf.parsed(document, path)
    if as_json:
        print_json({"valid": True, "keyId": by.key_id, "signedBy": by.whose.rstrip(","), "trusted": by.known,
                    "id": found.id, "target": found.failed.target, "result": found.verdict.result})
        return
    click.echo(f"{path}: unchanged since {by.said} signed it.\n{found.failed.target}: {found.verdict.result}, "
               f"{found.began_at[:19]} UTC on {found.host}.")
    if not by.known:
        keys.warn(path, by)


def _tolerance(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> Tolerance:
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*(ms|%)", text or "")
    if text is None:
        return Tolerance()
    if not found:
        raise click.BadParameter(f"'{text}' is no tolerance; write 10ms or 10%.")
    return Tolerance(ms=float(found[1])) if found[2] == "ms" else Tolerance(percent=float(found[1]))


@certificate.command()
@click.argument("before", shell_complete=shelf.complete)
@click.argument("after", shell_complete=shelf.complete)
@click.option("--tolerance", callback=_tolerance, metavar="10ms|10%",
              help="Outages so near each other are the same. By default within an interval of the slowest BFD in "
              "force, and one of the datagrams: what two runs of one thing may differ by.")
@click.option("--anyway", is_flag=True, help="Also certificates of different failures.")
@output_option
@pass_instance
def diff(instance: Instance, /, before: str, after: str, tolerance: Tolerance, anyway: bool, as_json: bool) -> None:
    """What got better or worse from one certificate to another of the same failure. Exit code 1 if anything got worse.
    """
    places = instance.settings.places
    paths = [shelf.find(places, name) for name in (before, after)]
    documents = [shelf.read(path) for path in paths]
    for document, path in zip(documents, paths, strict=True):
        if not (by := keys.signer(document, places, None)).known:
            keys.warn(path, by)
    one, other = (shelf.parsed(document, path) for document, path in zip(documents, paths, strict=True))
    _comparable(one, other, anyway)
    found = differences(one, other, tolerance)
    if as_json:
        print_json([{"what": one.what, "before": one.before, "after": one.after, "change": one.change}
                    for one in found])
    else:
        print_table(("what", "before", "after", "change"), [(one.what, one.before, one.after, one.change)
                                                            for one in found])
        if not found:
            click.echo("Nothing differs.")
    worse = [one.what for one in found if one.change is Change.WORSE]
    if worse:
        raise Failed(f"worse than before: {'; '.join(worse)}")


def _comparable(one: Certificate, other: Certificate, anyway: bool) -> None:
    """Raises Failed where nothing could have got better or worse, for it is not the same that failed."""
    if not (apart := failed_otherwise(one, other)):
        return
    said = "; ".join(f"{each.what}: {each.before} in the first, {each.after} in the second" for each in apart)
    if not anyway:
        raise Failed(f"these are certificates of different failures ({said}), so nothing got better or worse; --anyway "
                     "shows where they differ.")
    click.echo(f"trunkline: these are certificates of different failures ({said}).", err=True)


@certificate.command()
@pass_instance
def key(instance: Instance) -> None:
    """The public key of this instance, for whoever wants to verify elsewhere (PEM)."""
    try:
        click.echo(keys.public_pem(instance.settings.places), nl=False)
    except OSError as problem:
        raise Failed(f"{instance.settings.places.signing_key}: {problem.strerror or problem}.") from None
