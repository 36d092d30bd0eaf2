"""``trunkline counters``: what each leg of a circuit has carried and dropped, and at which bandwidth."""

from __future__ import annotations

from collections.abc import Iterator

import click

from trunkline.cli import global_reach
from trunkline.cli.client import Json, connected
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import complete_circuit, there
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.status.rows import reasons
from trunkline.cli.tables import megabytes, print_table

_COLUMNS = ("circuit", "peering", "leg", "direction", "packets", "bytes", "dropped packets", "dropped at its port",
            "Mbps", "provider Mbps", "provider dropped")


@click.command()
@click.argument("circuit", required=False, default="", shell_complete=complete_circuit)
@output_option
@pass_instance
def counters(instance: Instance, circuit: str, as_json: bool) -> None:
    """What circuits have carried and dropped, and why.

    CIRCUIT: its name, GROUP/NAME or id; all circuits without it. Direction "in" is from the customer, over Global Reach
    towards the other circuit. Bytes are those of Ethernet frames without tags. "Dropped at its port": frames that had
    no way at a port which is the circuit's alone, as with a wrong VLAN; other ports are told by 'trunkline status'. All
    reasons: docs/handoff.md, "What is counted".
    """
    instance.require_running()
    with connected(instance) as clients:
        found = chosen(overview(clients)["circuits"], circuit)
    rows = [row for one in found for row in _rows(one)]
    if as_json:
        print_json(rows)
        return
    print_table(_COLUMNS, [_line(row) for row in rows])
    if not rows:
        click.echo("No peering that carries packets yet: trunkline az network express-route peering create --help")


def chosen(circuits: list[Json], wanted: str) -> list[Json]:
    """Those of that name; raises Failed if there is none."""
    found = [one for one in circuits if not wanted or wanted.lower() in _names(one)]
    if wanted and not found:
        known = there([one["name"] for one in circuits], wanted)
        raise Failed(f"there is no circuit '{wanted}'; {known}. Write one of these, or nothing for all.")
    return found


def _names(circuit: Json) -> tuple[str, ...]:
    name, group = str(circuit["name"]).lower(), str(circuit["id"]).split("/")[4].lower()
    return name, f"{group}/{name}", str(circuit["id"]).lower()


def _rows(circuit: Json) -> Iterator[Json]:
    for leg in LEGS:
        told = circuit["legs"][leg]
        for counted in told["counters"]:
            yield {"circuit": circuit["name"], "id": circuit["id"], "leg": leg, **counted,
                   "bandwidthInMbps": circuit["bandwidthInMbps"], "throttleInMbps": told["throttleInMbps"]}
    yield from global_reach.counters(circuit)


def _line(row: Json) -> tuple[object, ...]:
    return (row["circuit"], row["peering"].removeprefix("Azure").removesuffix("Peering").lower(), row["leg"],
            row["direction"], f"{row['packets']:,}", megabytes(row["bytes"]), _packets(row["drops"]),
            _packets(row["port"]["drops"]), row["bandwidthInMbps"], row["throttleInMbps"] or "-",
            f"{row['throttled']['packets']:,}" if row["throttleInMbps"] else "-")


def _packets(drops: Json) -> str:
    return reasons({reason: counter["packets"] for reason, counter in drops.items()})
