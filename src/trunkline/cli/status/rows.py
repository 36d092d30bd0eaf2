"""What ``trunkline status`` says of each thing, as rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from trunkline.cli import failing, global_reach, plant
from trunkline.cli.client import Json
from trunkline.cli.status import causes
from trunkline.cli.tables import duration, instant, megabytes

LEGS = failing.LEGS

CIRCUITS = ("circuit", "provider", "location", "Mbps", "S-tag", "state", "circuit state", "provider state")
PORTS = ("port", "link", "location", "admin", "line protocol", "plugged into", "light rx/tx dBm", "circuits",
         "bytes in/out")
LEG_ROWS = ("circuit", "leg", "family", "BGP", "BFD", "since", "prefixes in/out", "bytes in/out", "fault")
CONNECTIONS = ("connection", "gateway", "SKU", "circuit", "status", "FastPath")
GATEWAYS = ("gateway", "SKU", "Mbps", "packets/s", "flows", "passed in/out", "dropped in/out")
HUBS = ("hub", "prefix", "route table", "associated", "propagating", "sessions", "routes")
SESSIONS = ("router", "daemon", "AS", "session", "peer", "peer AS", "state", "BFD", "since", "received", "sent")
ERRORS = ("session", "of", "not up for", "last error")
MEMBERS = ("exchange", "member", "AS", "addresses", "sessions", "accepted of received", "kept out at the port")
VALIDATION = ("leg", "VRPs from", "state", "VRPs", "since", "what is wrong")
PUBLIC = ("circuit", "public prefix", "AS", "state", "said by")
REGISTRIES = ("registry file", "route objects", "since", "what is wrong")
DROPS = ("dropped at", "of", "leg", "packets")
CONDITIONS = ("impaired", "leg", "link", "direction", "conditions", "ends in", "frames")
WORK = ("maintenance", "state", "of", "from", "to", "reason", "waits for")
BACKBONE = ("link", "leg", "km", "OSPF", "OSPFv3", "lost", "round trip", "")


def connection_row(one: Json) -> tuple[object, ...]:
    return one["name"], one["gateway"], one["sku"], one["circuit"], one["status"], one["fastPath"]


def public_row(one: Json) -> tuple[object, ...]:
    return one["circuit"], one["prefix"], one["asn"], one["state"], one["by"] or "-"


def registry_row(one: Json) -> tuple[object, ...]:
    return one["file"], one["objects"], one["read"] or "-", one["problem"] or "-"


def provider(circuit: Json) -> str:
    return "Direct port" if circuit.get("direct") else str(circuit["provider"])


def circuit_row(circuit: Json) -> tuple[object, ...]:
    return (circuit["name"], provider(circuit), circuit["location"] or "-", bandwidth(circuit), circuit["stag"] or "-",
            circuit["provisioningState"], circuit["circuitProvisioningState"],
            circuit["serviceProviderProvisioningState"])


def hub_row(row: Json) -> tuple[object, ...]:
    return (row["hub"], row["addressPrefix"], row["table"], ", ".join(row["associated"]) or "-",
            ", ".join(row["propagating"]) or "-", f"{row['established']} of {row['sessions']} up", row["routes"])


def member_row(exchange: Json, member: Json) -> tuple[object, ...]:
    sessions = member["sessions"]
    up = sum(one["state"] == "Established" for one in sessions)
    routes = [sum(one[name] for one in sessions) for name in ("accepted", "received")]
    asn = member["asn"] if member["admitted"] else f"{member['asn']} (not admitted)"
    return (exchange["name"], member["name"], asn, ", ".join(member["addresses"]),
            f"{up} of {len(sessions)} up", f"{routes[0]} of {routes[1]}",
            reasons({**member["keptOut"], **member["refused"]}))


def validation_row(row: Json, now: datetime) -> tuple[object, ...]:
    age = duration((now - datetime.fromisoformat(row["obtained"])).total_seconds()) if row["obtained"] else "-"
    return row["leg"], row["source"], row["state"], row["vrps"], age, row["reason"] or "-"


def bandwidth(circuit: Json) -> object:
    """With the provider's throttle where that is the narrower one."""
    ordered = circuit["bandwidthInMbps"]
    throttles = [circuit["legs"][leg].get("throttleInMbps") or ordered for leg in LEGS]
    return f"{ordered} (provider {min(throttles)})" if min(throttles) < ordered else ordered


def port_row(link: Json) -> tuple[object, ...]:
    light = ", ".join(f"{lane['rxDbm']}/{lane['txDbm']}" for lane in link["light"])
    traffic = link["traffic"]
    return (link["port"], link["link"], link["location"], link["adminState"], link["lineProtocol"], link["pluggedInto"],
            light or "no optic", ", ".join(link["circuits"]) or "-",
            f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}")


def gateway_row(gateway: Json) -> tuple[object, ...]:
    """Packets; what was dropped, by the bound that dropped it."""
    limits, traffic = gateway["limits"], gateway["traffic"]
    passed = " / ".join(str(traffic[way].get("passed", {}).get("packets", 0)) for way in ("in", "out"))
    dropped = " / ".join(", ".join(
        f"{reason} {count['packets']}" for reason, count in traffic[way].items()
        if reason not in ("passed", "control") and count["packets"]) or "0" for way in ("in", "out"))
    return (gateway["name"], gateway["sku"], f"{limits['mbps']:g}", limits["packetsPerSecond"],
            f"{gateway['flows']} of {limits['flows']}", passed, dropped)


def leg_rows(circuit: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    for name in LEGS:
        leg = circuit["legs"][name]
        sessions = causes.customers(leg)
        if not sessions:
            yield circuit["name"], name, "-", leg["bgp"], "-", "-", "-", carried(leg["traffic"]), fault(leg, "", "")
        told: set[str] = set()
        for session in sessions:
            peering = session["peering"]
            error = session["lastError"] if session["state"] != "Established" else ""
            said = [fault(leg, peering, error), *causes.fewer_of(circuit, name, session)]
            yield (circuit["name"], name, causes.family(session), session["state"],
                   session["bfd"] or "-", since(session, now), f"{session['received']}/{session['sent']}",
                   "-" if peering in told else carried(counted(leg, peering)), joined(said))
            told.add(peering)


def joined(remarks: Iterable[str]) -> str:
    return ", ".join(one for one in remarks if one != "-") or "-"


def counted(leg: Json, peering: str) -> Json:
    """Of one peering, both families together."""
    return {way: {"bytes": sum(row["bytes"] for row in leg["counters"]
                               if (row["peering"], row["direction"]) == (peering, way))} for way in ("in", "out")}


def carried(traffic: Json) -> str:
    return f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}"


def fault(leg: Json, peering: str, error: str) -> str:
    """Everything that somebody has put in the leg's way on purpose, and why the session is not up. What is of another
    peering is left out."""
    words = ["FAULT"] if leg["fault"] else []
    cut = [one for one in leg["cut"] if one.startswith(peering) or "Peering " not in one]
    test = ["failover test"] if leg["failoverTest"] else []
    work = [causes.under_work(leg["maintenance"])] if leg["maintenance"] else []
    said = [error] if error and not (work and error.startswith("closed by maintenance")) else []
    return ", ".join([*words, *test, *work, *cut, *said]) or "-"


def routers(found: Json) -> Iterator[Json]:
    for circuit in found["circuits"]:
        for session in (s for leg in LEGS for s in circuit["legs"][leg]["sessions"]):
            yield {"node": session["node"], "daemon": "bird", "asn": 12076, "sessions": [session]}
    yield from found["routers"]


def session_rows(found: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    for router in routers(found):
        for session in router["sessions"]:
            yield (router["node"], router["daemon"], router["asn"], session["name"], session["peer"],
                   session["peerAsn"], session["state"], session["bfd"] or "-", since(session, now),
                   session["received"], session["sent"])


def errors(found: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    """Why sessions are not up, and which are near their limits."""
    for router in routers(found):
        for session in router["sessions"]:
            if session["state"] != "Established" and session["lastError"]:
                yield session["name"], router["node"], since(session, now), session["lastError"]
            elif session["warning"]:
                yield session["name"], router["node"], "-", session["warning"]


def drops(found: Json) -> Iterator[tuple[object, ...]]:
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


def work_row(row: Json) -> tuple[object, ...]:
    of = ", ".join(f"{one['name']} {'instance ' if one['part'].isdigit() else ''}{one['part']}"
                   for one in row["affected"])
    return (row["name"], row["state"], of, instant(row["startTime"]), instant(row["endTime"]), row["reason"],
            row["why"] or "-")


def link_row(row: Json) -> tuple[object, ...]:
    """Of the backbone."""
    took = row["roundTripInMilliseconds"]
    return (f"{row['site']} ~ {row['to']}", row["leg"], f"{row['km']:g}", row["routing"]["IPv4"] or "-",
            row["routing"]["IPv6"] or "-", f"{row['lossInPercent']:g}%", "-" if took is None else f"{took:g} ms",
            "avoided" if row["avoided"] else "settling" if plant.is_settling(row) else "")


def degraded(found: Json) -> Iterator[tuple[object, ...]]:
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
