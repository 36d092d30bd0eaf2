"""Everything that the service observes, table by table; or what of it is about one circuit."""

from __future__ import annotations

from datetime import datetime

import click

from trunkline.cli import failing, global_reach
from trunkline.cli.client import Json
from trunkline.cli.commands import contain
from trunkline.cli.plain import plain
from trunkline.cli.status import causes, rows
from trunkline.cli.tables import print_table


def show(found: Json, now: datetime) -> None:
    circuits = found["circuits"]
    print_table(rows.CIRCUITS, map(rows.circuit_row, circuits), title="Circuits")
    print_table(rows.PORTS, map(rows.port_row, found["directPorts"]), title="Direct ports")
    print_table(rows.LEG_ROWS, [row for circuit in circuits for row in rows.leg_rows(circuit, now)], title="Legs")
    print_table(global_reach.COLUMNS, global_reach.rows(circuits, now), title="Global Reach")
    print_table(rows.CONNECTIONS, map(rows.connection_row, found["connections"]), title="Connections")
    print_table(rows.GATEWAYS, map(rows.gateway_row, found["gateways"]), title="Gateways")
    print_table(rows.HUBS, map(rows.hub_row, found["hubs"]), title="Virtual WAN hubs")
    print_table(rows.SESSIONS, rows.session_rows(found, now), title="Sessions")
    print_table(rows.ERRORS, rows.errors(found, now), title="Errors")
    print_table(rows.MEMBERS, [rows.member_row(exchange, member) for exchange in found["exchanges"]
                               for member in exchange["members"]], title="Exchanges")
    print_table(rows.VALIDATION, [rows.validation_row(row, now) for row in found["originValidation"]],
                title="Origin validation")
    print_table(rows.PUBLIC, map(rows.public_row, found["publicPrefixes"]), title="Microsoft peering")
    print_table(rows.REGISTRIES, map(rows.registry_row, found["registries"]), title="Registries")
    print_table(rows.DROPS, rows.drops(found), title="Drops")
    show_trouble(found, now)
    print_table(rows.BACKBONE, map(rows.link_row, found["backbone"]), title="Backbone")
    print_table(global_reach.REMARKS, global_reach.remarks(circuits), title="Global Reach, remarks")


def show_trouble(found: Json, now: datetime) -> None:
    """What somebody did on purpose, and what is not as it should be."""
    print_table(failing.COLUMNS, [failing.row(row, now) for row in found["faults"]], title="Faults")
    print_table(rows.WORK, map(rows.work_row, found["maintenances"]), title="Maintenance")
    print_table(rows.CONDITIONS, [rows.impairment_row(row, now) for row in found["impairments"]],
                title="Line conditions")
    print_table(contain.COLUMNS, map(contain.row, found["containments"]), title="Contained")
    print_table(("operation", "resource", "waiting for"),
                [(o["kind"], o["resource"], o["waitingFor"] or "-") for o in found["operations"]], title="In progress")
    missing_links = [(f"{link['port']} {link['link']}", link["degraded"]) for link in found["directPorts"]]
    print_table(("what", "why it is not whole"),
                [*(row for row in missing_links if row[1]), *rows.degraded(found)], title="Degraded")
    print_table(("failed resource",), [(each,) for each in found["failed"]], title="Failed")


def nodes(found: Json) -> str:
    missing = [node["name"] for node in found["nodes"] if not node["present"]]
    return f"{len(found['nodes'])} nodes" + (f", missing: {', '.join(missing)}" if missing else ", all present")


def about(found: Json, circuit: Json) -> Json:
    """``found`` without what is not of the circuit. ``circuit``: as ARM tells it."""
    key = circuit["id"].lower()
    connections = [one for one in found["connections"] if one["circuitId"].lower() == key]
    gateways = {one["gatewayId"].lower() for one in connections}
    return {
        **found,
        "circuits": [one for one in found["circuits"] if one["id"].lower() == key],
        "ports": [one for one in found["ports"] if one["resource"].lower() == key],
        "directPorts": [one for one in found["directPorts"] if key in map(str.lower, one["circuitIds"])],
        "connections": connections,
        "gateways": [one for one in found["gateways"] if one["id"].lower() in gateways],
        "faults": [one for one in found["faults"] if any(leg["id"].lower() == key for leg in one["legs"])],
        "impairments": [one for one in found["impairments"] if (one["circuitId"] or "").lower() == key],
        "maintenances": [one for one in found["maintenances"]
                         if {part["id"] for part in one["affected"]} & {key, *gateways}],
        "publicPrefixes": [one for one in found["publicPrefixes"] if one["circuitId"].lower() == key],
        "containments": [one for one in found["containments"]
                         if one["properties"]["circuit"]["id"].lower() == key],
        "operations": [one for one in found["operations"] if _is_of(one["resource"], key)],
        "degraded": [one for one in found["degraded"] if key in one["scope"].lower().split("|")],
        "failed": [one for one in found["failed"] if _is_of(one, key)],
        "nodes": [one for one in found["nodes"] if one["resource"].lower() == key],
        **{part: [] for part in ("hubs", "exchanges", "routers", "backbone", "originValidation", "registries")},
    }


def _is_of(resource: str, key: str) -> bool:
    """It, or what is within it."""
    return f"{resource.lower()}/".startswith(f"{key}/")


def heading(found: Json, url: str, simulated: bool, usual_profile: str) -> None:
    click.echo(f"Trunkline at {url}{', simulated' if simulated else ''}")
    if found["profile"] != usual_profile:
        click.echo(f"Profile {found['profile']}: its numbers are not those of profile {usual_profile}.")
    for line in causes.headlines(found["circuits"]):
        click.secho(plain(line), fg="red", bold=True)
