"""``trunkline status``: the estate at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from trunkline.cli import failing, global_reach
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands import contain
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import duration, megabytes, print_table
from trunkline.settings import PROFILE_NAMES

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
        found = {**overview(clients), "containments": contain.standing(clients)}
    if as_json:
        print_json({"endpoint": instance.url(), "pid": running.pid, "simulation": running.simulation, **found})
        return
    now = datetime.now(UTC)
    click.echo(f"Trunkline at {instance.url()}{', simulated' if running.simulation else ''}")
    if found["profile"] != PROFILE_NAMES[0]:
        click.echo(f"Profile {found['profile']}: its numbers are not those of profile {PROFILE_NAMES[0]}.")
    print_table(("circuit", "provider", "location", "Mbps", "S-tag", "state", "circuit state", "provider state"),
                [_circuit_row(circuit) for circuit in found["circuits"]], title="Circuits")
    print_table(("port", "link", "location", "admin", "line protocol", "plugged into", "light rx/tx dBm", "circuits",
                 "bytes in/out"), [_link_row(link) for link in found["directPorts"]], title="Direct ports")
    print_table(("circuit", "leg", "family", "BGP", "BFD", "since", "prefixes in/out", "bytes in/out", "fault"),
                [row for circuit in found["circuits"] for row in _leg_rows(circuit, now)], title="Legs")
    print_table(global_reach.COLUMNS, global_reach.rows(found["circuits"], now), title="Global Reach")
    print_table(("connection", "gateway", "SKU", "circuit", "status", "FastPath"),
                [(c["name"], c["gateway"], c["sku"], c["circuit"], c["status"], c["fastPath"])
                 for c in found["connections"]], title="Connections")
    print_table(("gateway", "SKU", "Mbps", "packets/s", "flows", "passed in/out", "dropped in/out"),
                [_gateway_row(gateway) for gateway in found["gateways"]], title="Gateways")
    print_table(("hub", "prefix", "route table", "associated", "propagating", "sessions", "routes"),
                [_hub_row(row) for row in found["hubs"]], title="Virtual WAN hubs")
    print_table(("router", "daemon", "AS", "session", "peer", "peer AS", "state", "BFD", "since", "received", "sent"),
                list(_session_rows(found, now)), title="Sessions")
    print_table(("session", "of", "not up for", "last error"), list(_errors(found, now)), title="Errors")
    print_table(("exchange", "member", "AS", "addresses", "sessions", "accepted of received", "kept out at the port"),
                [_member_row(exchange, member) for exchange in found["exchanges"] for member in exchange["members"]],
                title="Exchanges")
    print_table(("leg", "VRPs from", "state", "VRPs", "since", "what is wrong"),
                [_validation_row(row, now) for row in found["originValidation"]], title="Origin validation")
    print_table(("circuit", "public prefix", "AS", "state", "said by"),
                [(one["circuit"], one["prefix"], one["asn"], one["state"], one["by"] or "-")
                 for one in found["publicPrefixes"]], title="Microsoft peering")
    print_table(("registry file", "route objects", "since", "what is wrong"),
                [(one["file"], one["objects"], one["read"] or "-", one["problem"] or "-")
                 for one in found["registries"]], title="Registries")
    print_table(("dropped at", "of", "leg", "packets"), list(_drops(found)), title="Drops")
    print_table(failing.COLUMNS, [failing.row(row, now) for row in found["faults"]], title="Faults")
    print_table(("impaired", "leg", "link", "direction", "conditions", "ends in", "frames"),
                [impairment_row(row, now) for row in found["impairments"]], title="Line conditions")
    print_table(("link", "leg", "km", "OSPF", "OSPFv3", "lost", "round trip", ""), map(link_row, found["backbone"]),
                title="Backbone")
    _show_rest(found)


def _circuit_row(circuit: Json) -> tuple[object, ...]:
    provider = "Direct port" if circuit.get("direct") else circuit["provider"]
    return (circuit["name"], provider, circuit["location"] or "-", _bandwidth(circuit), circuit["stag"] or "-",
            circuit["provisioningState"], circuit["circuitProvisioningState"],
            circuit["serviceProviderProvisioningState"])


def _hub_row(row: Json) -> tuple[object, ...]:
    return (row["hub"], row["addressPrefix"], row["table"], ", ".join(row["associated"]) or "-",
            ", ".join(row["propagating"]) or "-", f"{row['established']} of {row['sessions']} up", row["routes"])


def _member_row(exchange: Json, member: Json) -> tuple[object, ...]:
    sessions = member["sessions"]
    up = sum(one["state"] == "Established" for one in sessions)
    routes = [sum(one[name] for one in sessions) for name in ("accepted", "received")]
    asn = member["asn"] if member["admitted"] else f"{member['asn']} (not admitted)"
    return (exchange["name"], member["name"], asn, ", ".join(member["addresses"]),
            f"{up} of {len(sessions)} up", f"{routes[0]} of {routes[1]}",
            reasons({**member["keptOut"], **member["refused"]}))


def _validation_row(row: Json, now: datetime) -> tuple[object, ...]:
    age = duration((now - datetime.fromisoformat(row["obtained"])).total_seconds()) if row["obtained"] else "-"
    return row["leg"], row["source"], row["state"], row["vrps"], age, row["reason"] or "-"


def _bandwidth(circuit: Json) -> object:
    """With the provider's throttle where that is the narrower one."""
    ordered = circuit["bandwidthInMbps"]
    throttles = [circuit["legs"][leg].get("throttleInMbps") or ordered for leg in LEGS]
    return f"{ordered} (provider {min(throttles)})" if min(throttles) < ordered else ordered


def _link_row(link: Json) -> tuple[object, ...]:
    light = ", ".join(f"{lane['rxDbm']}/{lane['txDbm']}" for lane in link["light"])
    traffic = link["traffic"]
    return (link["port"], link["link"], link["location"], link["adminState"], link["lineProtocol"], link["pluggedInto"],
            light or "no optic", ", ".join(link["circuits"]) or "-",
            f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}")


def _gateway_row(gateway: Json) -> tuple[object, ...]:
    """Packets; what was dropped, by the bound that dropped it."""
    limits, traffic = gateway["limits"], gateway["traffic"]
    passed = " / ".join(str(traffic[way].get("passed", {}).get("packets", 0)) for way in ("in", "out"))
    dropped = " / ".join(", ".join(
        f"{reason} {count['packets']}" for reason, count in traffic[way].items()
        if reason not in ("passed", "control") and count["packets"]) or "0" for way in ("in", "out"))
    return (gateway["name"], gateway["sku"], f"{limits['mbps']:g}", limits["packetsPerSecond"],
            f"{gateway['flows']} of {limits['flows']}", passed, dropped)


def _leg_rows(circuit: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    for name in LEGS:
        leg = circuit["legs"][name]
        sessions = [s for s in leg["sessions"] if s["group"] == "customer"]
        if not sessions:
            yield circuit["name"], name, "-", leg["bgp"], "-", "-", "-", _carried(leg["traffic"]), _fault(leg, "", "")
        told: set[str] = set()
        for session in sessions:
            peering = session["peering"]
            error = session["lastError"] if session["state"] != "Established" else ""
            yield (circuit["name"], name, _family(session), session["state"],
                   session["bfd"] or "-", since(session, now), f"{session['received']}/{session['sent']}",
                   "-" if peering in told else _carried(_counted(leg, peering)), _fault(leg, peering, error))
            told.add(peering)


def _counted(leg: Json, peering: str) -> Json:
    """Of one peering, both families together."""
    return {way: {"bytes": sum(row["bytes"] for row in leg["counters"]
                               if (row["peering"], row["direction"]) == (peering, way))} for way in ("in", "out")}


def _carried(traffic: Json) -> str:
    return f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}"


def _family(session: Json) -> str:
    """With the peering, where it is not private peering."""
    family = "IPv6" if ":" in session["peer"] else "IPv4"
    return f"{family} Microsoft" if session.get("peering") == "MicrosoftPeering" else family


def _fault(leg: Json, peering: str, error: str) -> str:
    """Everything that somebody has put in the leg's way on purpose, and why the session is not up. What is of another
    peering is left out."""
    words = ["FAULT"] if leg["fault"] else []
    cut = [one for one in leg["cut"] if one.startswith(peering) or "Peering " not in one]
    test = ["failover test"] if leg.get("failoverTest") else []
    return ", ".join([*words, *test, *cut, *([error] if error else [])]) or "-"


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


def _errors(found: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    """Why sessions are not up, and which are near their limits."""
    for router in _routers(found):
        for session in router["sessions"]:
            if session["state"] != "Established" and session["lastError"]:
                yield session["name"], router["node"], since(session, now), session["lastError"]
            elif session["warning"]:
                yield session["name"], router["node"], "-", session["warning"]


def _drops(found: Json) -> Iterator[tuple[object, ...]]:
    """What the way of a leg dropped, and what had no way at a port."""
    for circuit in found["circuits"]:
        for leg, row in ((name, row) for name in LEGS for row in circuit["legs"][name]["counters"]):
            if row["drops"]:
                yield ("its way in the edge", f"circuit {circuit['name']}, {row['direction']}", leg,
                       reasons({reason: counter["packets"] for reason, counter in row["drops"].items()}))
        for where, of, leg, dropped in global_reach.drops(circuit):
            yield where, of, leg, reasons(dropped)
    for port in found["ports"]:
        if any(port["drops"].values()):
            yield f"{port['node']} {port['interface']}", port["of"] or "-", port["leg"], reasons(port["drops"])


def reasons(drops: dict[str, int]) -> str:
    return ", ".join(f"{reason} {packets:,}" for reason, packets in drops.items() if packets) or "-"


_CONDITIONS = {"lossInPercent": "{:g}% lost", "duplicationInPercent": "{:g}% twice",
               "corruptionInPercent": "{:g}% corrupted", "reorderingInPercent": "{:g}% overtaken",
               "delayInMilliseconds": "{:g} ms late", "jitterInMilliseconds": "± {:g} ms"}


def impairment_row(row: Json, now: datetime) -> tuple[object, ...]:
    """Counters are of both directions together."""
    left_s = (datetime.fromisoformat(row["expiresAt"]) - now).total_seconds()
    frames = [(name, sum(way[name] for way in row["frames"].values()))
              for name in next(iter(row["frames"].values()), {})]
    counted = ", ".join(f"{count} {name}" for name, count in frames if count or name == "seen")
    link = f"{row['site']} {row['to']}" if row["site"] else row["at"]
    return (row["circuit"] or "-", row["leg"] or "both", link, row["direction"],
            ", ".join(_CONDITIONS[name].format(value) for name, value in row["conditions"].items()),
            duration(left_s) if left_s > 0 else "ended", counted if row["linkPresent"] else "the link is not there")


def link_row(row: Json) -> tuple[object, ...]:
    """Of the backbone."""
    took = row["roundTripInMilliseconds"]
    return (f"{row['site']} ~ {row['to']}", row["leg"], f"{row['km']:g}", row["routing"]["IPv4"] or "-",
            row["routing"]["IPv6"] or "-", f"{row['lossInPercent']:g}%", "-" if took is None else f"{took:g} ms",
            "avoided" if row["avoided"] else "")


def _degraded(found: Json) -> Iterator[tuple[object, ...]]:
    """Links of Direct ports are told with their port."""
    for row in found["degraded"]:
        kind, key, leg = row["scope"].split("|")
        if kind != "direct":
            yield f"{kind} {key.rpartition('/')[2]} {leg}".rstrip(), row["reason"]


def since(session: Json | None, now: datetime) -> str:
    """How long a session has been in its state."""
    if not session or not session.get("since"):
        return "-"
    return duration(max(0.0, (now - datetime.fromisoformat(session["since"])).total_seconds()))


def _show_rest(found: Json) -> None:
    print_table(global_reach.REMARKS, global_reach.remarks(found["circuits"]), title="Global Reach, remarks")
    print_table(contain.COLUMNS, map(contain.row, found["containments"]), title="Contained")
    print_table(("operation", "resource", "waiting for"),
                [(o["kind"], o["resource"], o["waitingFor"] or "-") for o in found["operations"]], title="In progress")
    missing_links = [(f"{link['port']} {link['link']}", link["degraded"]) for link in found["directPorts"]]
    print_table(("what", "why it is not whole"),
                [*(row for row in missing_links if row[1]), *_degraded(found)], title="Degraded")
    print_table(("failed resource",), [(each,) for each in found["failed"]], title="Failed")
    nodes = found["nodes"]
    missing = [node["name"] for node in nodes if not node["present"]]
    click.echo(f"{len(nodes)} nodes" + (f", missing: {', '.join(missing)}" if missing else ", all present"))
    if not found["circuits"]:
        click.echo("No circuit yet: trunkline az network express-route create --help")
