"""``trunkline plant``: peering locations, regions and the backbone between them; paths, and the nearest location."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from trunkline.cli import plant as told
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import asked, beginning
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table
from trunkline.model import own_plant, plant_files
from trunkline.model.plant_export import exported

_LINKS = ("site", "to", "leg", "km", "ms one way", "state", "system or kind")
#: Of a path, and of locations ranked.
_MOST_PROVIDERS = 4

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completing(*kinds: str, sites: bool = False) -> Complete:
    """Names of the plant, and of the customer's sites; nothing while the service is not running."""
    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return beginning(asked(ctx, names, ()), incomplete)

    def names(clients: Clients) -> list[str]:
        found = [one["name"] for kind in kinds for one in told.listed(clients, kind)]
        return [*found, *(one["name"] for one in _sites(clients))] if sites else found
    return complete


def _sites(clients: Clients) -> list[Json]:
    subscription = clients.accounts.customer_subscription
    return list(clients.named("customer").list(f"/subscriptions/{subscription}/providers/Trunkline.Site/sites"))


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also what your estate does not use.")
@output_option
@click.pass_context
def plant(ctx: click.Context, everything: bool, as_json: bool) -> None:
    """Peering locations, regions and the backbone's links that your estate uses, with their observed state."""
    if ctx.invoked_subcommand:
        return
    with connected(ctx.ensure_object(Instance)) as clients:
        found = {kind: told.listed(clients, kind) for kind in ("peeringLocations", "regions", "backboneLinks")}
        found["backboneLinks"] = told.with_states(found["backboneLinks"], overview(clients).get("backbone", []))
    shown = found if everything else {kind: [one for one in rows if one["properties"]["used"]]
                                      for kind, rows in found.items()}
    if as_json:
        print_json(shown)
        return
    _show(shown)
    if not everything:
        click.echo(f"There are {len(found['peeringLocations'])} peering locations, {len(found['regions'])} regions and "
                   f"{len(found['backboneLinks'])} links; --all shows them.")


def _show(found: dict[str, list[Json]]) -> None:
    print_table(("peering location", "area", "zone", "local regions", "nearest", "Direct", "buildings", "providers",
                 "used"), [_location_row(one) for one in found["peeringLocations"]], title="Peering locations")
    print_table(("region", "name", "area", "local of", "used"),
                [(one["name"], one["properties"]["displayName"], one["properties"]["geopoliticalArea"],
                  ", ".join(one["properties"]["localOf"]) or "-", _used(one)) for one in found["regions"]],
                title="Regions")
    print_table(_LINKS, [row for link in found["backboneLinks"] for row in told.leg_rows(link)],
                title="Backbone, each leg a plane of its own")


def _location_row(place: Json) -> tuple[object, ...]:
    said = place["properties"]
    return (place["name"], said["geopoliticalArea"] or "-", said["zone"] or "-", ", ".join(said["localRegions"]) or "-",
            said["nearestRegion"], "yes" if said["expressRouteDirect"] else "-",
            " / ".join(said["sites"].values()) if said["metro"] else "-", len(said["providers"]), _used(place))


def _used(one: Json) -> str:
    return "by " + ", ".join(name.rpartition("/")[2] for name in one["properties"]["usedBy"]) \
        if one["properties"]["used"] else "-"


@plant.command()
@click.argument("name", shell_complete=_completing("peeringLocations"))
@output_option
@pass_instance
def location(instance: Instance, name: str, as_json: bool) -> None:
    """One peering location: where it is, who sells circuits there, which metro it is of."""
    with connected(instance) as clients:
        found = told.location_named(clients, name)
    if as_json:
        print_json(found)
        return
    said = found["properties"]
    print_table(("", found["name"]), [
        ("address", said["address"] or "-"), ("position", f"{said['latitude']}, {said['longitude']}"),
        ("area", said["geopoliticalArea"] or "-"), ("price zone", said["zone"] or "-"),
        ("local regions", ", ".join(said["localRegions"]) or "-"), ("nearest region", said["nearestRegion"]),
        ("ExpressRoute Direct", "yes" if said["expressRouteDirect"] else "no"),
        ("legs end at", " / ".join(f"{leg}: {site}" for leg, site in said["sites"].items())),
        ("metros", ", ".join(said["cityPairs"]) or "-"), ("used", _used(found)),
        ("providers", ", ".join(said["providers"]) or "-")])


@plant.command()
@click.argument("start", metavar="A", shell_complete=_completing("peeringLocations", "regions"))
@click.argument("end", metavar="B", shell_complete=_completing("peeringLocations", "regions"))
@output_option
@pass_instance
def path(instance: Instance, start: str, end: str, as_json: bool) -> None:
    """How both legs get from one place to another: peering locations, metros or regions."""
    with connected(instance) as clients:
        found = told.ask(clients, "path", {"from": start, "to": end})
    if as_json:
        print_json(found)
        return
    print_table(("leg", "km", "round trip ms", "by way of"), [
        (leg, f"{way['lengthInKilometers']:,.0f}", f"{way['roundTripInMilliseconds']:.2f}", " → ".join(way["sites"]))
        for leg, way in found["legs"].items()])


@plant.command()
@click.option("--site", "site", required=True, metavar="NAME|LAT,LON", shell_complete=_completing(
    "peeringLocations", sites=True), help="Your site (with a position), degrees, or a city with a peering location.")
@click.option("--region", required=True, shell_complete=_completing("regions"), help="Where your network is.")
@click.option("--top", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many to show.")
@output_option
@pass_instance
def nearest(instance: Instance, site: str, region: str, top: int, as_json: bool) -> None:
    """The peering locations by which a site reaches a region, the quickest first.

    Round trips are light's in fibre: from the site over 1.6 times the great circle, then along the backbone. Where
    that is too far for a line of its own (2,200 km of fibre), access is by the backbone's cables; what is nearer comes
    first.
    """
    with connected(instance) as clients:
        found = told.ask(clients, "nearest", {"region": region, **told.starting_at(clients, site)})
    found["value"] = found["value"][:top]
    if as_json:
        print_json(found)
        return
    print_table(("peering location", "km away", "access", "primary ms", "secondary ms", "SKU", "zone", "Direct",
                 "providers"), map(_nearest_row, found["value"]), title=f"Round trips to {found['region']}")


def _nearest_row(one: Json) -> tuple[object, ...]:
    trips = (f"{one['legs'][leg]['roundTripInMilliseconds']:.2f}" for leg in told.LEGS)
    access = "line" if one["accessLine"] else "cables"
    return (one["peeringLocation"], f"{one['distanceInKilometers']:,}", access, *trips, one["scope"],
            one["zone"] or "-", "yes" if one["expressRouteDirect"] else "-", _providers(one["providers"]))


def _providers(names: list[str]) -> str:
    left = len(names) - _MOST_PROVIDERS
    return ", ".join(names[:_MOST_PROVIDERS]) + (f" and {left} more" if left > 0 else "")


@plant.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@output_option
@pass_instance
def export(instance: Instance, directory: Path, as_json: bool) -> None:
    """Write this instance's plant as files of an operator's own (docs/plant.md). Needs no service."""
    kept = instance.settings.places.plant_in_use
    own_plant.use(plant_files.read(kept) if plant_files.present(kept) else None)
    files = told.written(directory, dict(exported()))
    if as_json:
        print_json([str(file) for file in files])
        return
    click.echo(f"{', '.join(file.name for file in files)} are in {directory}. Copied to "
               f"{instance.settings.places.plant}, they are the plant from the next start on.")
