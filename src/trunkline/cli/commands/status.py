"""``trunkline status``: the estate at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import duration, megabytes, print_table

LEGS = ("primary", "secondary")


def overview(clients: Clients) -> Json:
    """What the service observes now, of the customer's subscription."""
    subscription = clients.accounts.customer_subscription
    found: Json = clients.named("operator").post(f"/subscriptions/{subscription}/providers/Trunkline.Plant/status", {})
    return found


@click.command()
@output_option
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """Circuits, legs, sessions, traffic, nodes and faults, as observed now."""
    running = instance.require_running()
    with connected(instance) as clients:
        found = overview(clients)
    if as_json:
        print_json({"endpoint": instance.url(), "pid": running.pid, "simulation": running.simulation, **found})
        return
    now = datetime.now(UTC)
    click.echo(f"Trunkline at {instance.url()}{', simulated' if running.simulation else ''}")
    print_table(("circuit", "provider", "location", "Mbps", "S-tag", "state", "circuit state", "provider state"),
                [_circuit_row(circuit) for circuit in found["circuits"]], title="Circuits")
    print_table(("circuit", "leg", "BGP", "BFD", "since", "prefixes in/out", "bytes in/out", "fault"),
                [row for circuit in found["circuits"] for row in _leg_rows(circuit, now)], title="Legs")
    print_table(("router", "daemon", "AS", "session", "peer", "peer AS", "state", "BFD", "since", "received", "sent"),
                list(_session_rows(found, now)), title="Sessions")
    print_table(("session", "of", "last error"), list(_errors(found)), title="Errors")
    print_table(("edge port", "location", "leg", "dropped packets"), list(_drops(found)), title="Ports")
    _show_rest(found)


def _circuit_row(circuit: Json) -> tuple[object, ...]:
    provider = "Direct port" if circuit.get("direct") else circuit["provider"]
    return (circuit["name"], provider, circuit["location"] or "-", circuit["bandwidthInMbps"], circuit["stag"] or "-",
            circuit["provisioningState"], circuit["circuitProvisioningState"],
            circuit["serviceProviderProvisioningState"])


def _leg_rows(circuit: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    for name in LEGS:
        leg = circuit["legs"][name]
        customer = next((s for s in leg["sessions"] if s["group"] == "customer"), None)
        traffic = leg["traffic"]
        yield (circuit["name"], name, leg["bgp"], (customer or {}).get("bfd") or "-", since(customer, now),
               f"{customer['received']}/{customer['sent']}" if customer else "-",
               f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}",
               "FAULT" if leg["fault"] else "failover test" if leg.get("failoverTest") else "-")


def _routers(found: Json) -> Iterator[Json]:
    for circuit in found["circuits"]:
        for session in (s for leg in LEGS for s in circuit["legs"][leg]["sessions"]):
            yield {"node": session["node"], "daemon": "bird", "asn": 12076, "sessions": [session]}
    yield from found["routers"]


def _session_rows(found: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    for router in _routers(found):
        for session in router["sessions"]:
            yield (router["node"], router["daemon"], router["asn"], session["name"], session["peer"],
                   session["peerAsn"], session["state"], session["bfd"] or "-", since(session, now),
                   session["received"], session["sent"])


def _errors(found: Json) -> Iterator[tuple[object, ...]]:
    """Why sessions are not up, where their daemons say it."""
    for router in _routers(found):
        for session in router["sessions"]:
            if session["state"] != "Established" and session["lastError"]:
                yield session["name"], router["node"], session["lastError"]


def _drops(found: Json) -> Iterator[tuple[object, ...]]:
    for port in found["ports"]:
        dropped = ", ".join(f"{reason} {packets}" for reason, packets in port["drops"].items() if packets)
        if dropped:
            yield port["node"], port["location"], port["leg"], dropped


def since(session: Json | None, now: datetime) -> str:
    """How long a session has been in its state."""
    if not session or not session.get("since"):
        return "-"
    return duration(max(0.0, (now - datetime.fromisoformat(session["since"])).total_seconds()))


def _show_rest(found: Json) -> None:
    print_table(("operation", "resource", "waiting for"),
                [(o["kind"], o["resource"], o["waitingFor"] or "-") for o in found["operations"]], title="In progress")
    print_table(("failed resource",), [(each,) for each in found["failed"]], title="Failed")
    nodes = found["nodes"]
    missing = [node["name"] for node in nodes if not node["present"]]
    click.echo(f"{len(nodes)} nodes" + (f", missing: {', '.join(missing)}" if missing else ", all present"))
    if not found["circuits"]:
        click.echo("No circuit yet: trunkline az network express-route create --help")
