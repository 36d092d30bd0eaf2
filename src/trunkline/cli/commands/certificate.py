"""``trunkline certificate``: what a failover drill has signed: verify, compare, and the public key."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.certificate import keys, shelf
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table
from trunkline.diagnosis.drill.compare import Change, differences


@click.group()
def certificate() -> None:
    """Certificates of failover drills: verify, compare."""


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
    trusted = keys.read_public(key) if key else keys.own_public(places)
    by = keys.verify(document, trusted)
    found = shelf.parsed(document, path)
    if as_json:
        print_json({"valid": True, "keyId": by, "trusted": trusted is not None, "id": found.id,
                    "target": found.failed.target, "result": found.verdict.result})
        return
    whose = f"the trusted key {by}" if trusted else f"key {by}, which nothing here vouches for (--key FILE)"
    click.echo(f"{path}: unchanged since {whose} signed it.\n{found.failed.target}: {found.verdict.result}, "
               f"{found.began_at[:19]} UTC on {found.host}.")


@certificate.command()
@click.argument("before", shell_complete=shelf.complete)
@click.argument("after", shell_complete=shelf.complete)
@output_option
@pass_instance
def diff(instance: Instance, before: str, after: str, as_json: bool) -> None:
    """What got better or worse from one certificate to another. Exit code 1 if anything got worse."""
    places = instance.settings.places
    paths = [shelf.find(places, name) for name in (before, after)]
    documents = [shelf.read(path) for path in paths]
    for document in documents:
        keys.verify(document, None)
    found = differences(*(shelf.parsed(document, path) for document, path in zip(documents, paths, strict=True)))
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


@certificate.command()
@pass_instance
def key(instance: Instance) -> None:
    """The public key of this instance, for whoever wants to verify elsewhere (PEM)."""
    try:
        click.echo(keys.public_pem(instance.settings.places), nl=False)
    except OSError as problem:
        raise Failed(f"{instance.settings.places.signing_key}: {problem.strerror or problem}.") from None
