"""Global Reach links as ``trunkline status`` and ``trunkline counters`` print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from trunkline.cli.client import Json
from trunkline.cli.tables import duration, megabytes

COLUMNS = ("circuit", "reaches", "at", "leg", "family", "Mbps", "status", "BGP", "BFD", "since", "prefixes in/out",
           "bytes to/from it")
REMARKS = ("circuits", "remark")
_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}
_NOTHING = {"packets": 0, "bytes": 0}


def rows(circuits: list[Json], now: datetime) -> Iterator[tuple[object, ...]]:
    """One for each link, leg and family, seen from each circuit; what crossed a leg is told once."""
    for circuit in circuits:
        for link in circuit["globalReach"]:
            for leg, told in link["legs"].items():
                for number, session in enumerate(told["sessions"]):
                    family = "ipv6" if ":" in session["peer"] else "ipv4"
                    yield (circuit["name"], link["other"], link["otherLocation"], leg, _FAMILIES[family],
                           link["capacityInMbps"], link["status"][family], session["state"],
                           session["bfd"] or "-", _since(session, now), f"{session['received']}/{session['sent']}",
                           "-" if number else _carried(told["traffic"]))


def once(circuits: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Each link with a circuit: the one that made it, or that alone is one's own."""
    mine = {str(one["id"]).lower() for one in circuits}
    for circuit in circuits:
        for link in circuit["globalReach"]:
            if link["madeHere"] or str(link["otherId"]).lower() not in mine:
                yield circuit, link


def remarks(circuits: list[Json]) -> Iterator[tuple[object, ...]]:
    for circuit in circuits:
        for link in circuit["globalReach"]:
            if link["madeHere"] and link["sameAsn"]:
                yield (f"{circuit['name']}, {link['other']}", "both customers have one AS number: their routers drop "
                       "each other's routes as loops unless they are told to take them (allowas-in)")


def counters(circuit: Json) -> Iterator[Json]:
    """As the rows of attachments are."""
    for link in circuit["globalReach"]:
        for leg, told in link["legs"].items():
            for direction, counted in told["traffic"].items():
                yield {"circuit": circuit["name"], "id": circuit["id"], "leg": leg, "direction": direction,
                       "peering": f"Global Reach {link['other']}", "globalReach": link["id"], **counted,
                       "throttled": _NOTHING, "port": {"node": "", "interface": "", "drops": {}},
                       "bandwidthInMbps": link["capacityInMbps"], "throttleInMbps": None}


def drops(circuit: Json) -> Iterator[tuple[str, str, str, dict[str, int]]]:
    """Where, of what, on which leg, and packets by reason."""
    for row in counters(circuit):
        if row["drops"]:
            yield ("its way between circuits", f"circuit {circuit['name']}, {row['peering']}, {row['direction']}",
                   row["leg"], {reason: counter["packets"] for reason, counter in row["drops"].items()})


def _since(session: Json, now: datetime) -> str:
    if not session["since"]:
        return "-"
    return duration(max(0.0, (now - datetime.fromisoformat(session["since"])).total_seconds()))


def _carried(traffic: Json) -> str:
    return f"{megabytes(traffic['in']['bytes'])} / {megabytes(traffic['out']['bytes'])}"
