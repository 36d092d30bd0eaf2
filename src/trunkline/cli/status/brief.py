"""What matters of an estate, on one screen: a line for each leg, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from trunkline.cli import global_reach
from trunkline.cli.client import Json
from trunkline.cli.status import causes, rows, whole
from trunkline.cli.tables import print_table

_LEGS = ("circuit", "of", "leg", "BGP", "BFD", "since", "prefixes in/out", "bytes in/out", "remark")
_REACHES = ("circuit", "reaches", "at", "status", "sessions")
_UP, _VALIDATED = "Established", "Configured"


def show(found: Json, now: datetime) -> None:
    circuits = found["circuits"]
    print_table(_LEGS, [row for circuit in circuits for row in legs(circuit, now)], title="Legs")
    print_table(_REACHES, reaches(circuits), title="Global Reach")
    print_table(rows.CONNECTIONS, map(rows.connection_row, found["connections"]), title="Connections")
    print_table(rows.PORTS, map(rows.port_row, found["directPorts"]), title="Direct ports")
    print_table(rows.HUBS, map(rows.hub_row, found["hubs"]), title="Virtual WAN hubs")
    print_table(rows.MEMBERS, [rows.member_row(exchange, member) for exchange in found["exchanges"]
                               for member in exchange["members"]], title="Exchanges")
    print_table(rows.ERRORS, rows.errors(found, now), title="Errors")
    print_table(rows.VALIDATION, [rows.validation_row(row, now) for row in found["originValidation"] if row["alarm"]],
                title="Origin validation")
    print_table(rows.PUBLIC, [rows.public_row(one) for one in found["publicPrefixes"] if one["state"] != _VALIDATED],
                title="Microsoft peering")
    print_table(rows.REGISTRIES, [rows.registry_row(one) for one in found["registries"] if one["problem"]],
                title="Registries")
    print_table(rows.DROPS, rows.drops(found), title="Drops")
    whole.show_trouble(found, now)
    print_table(rows.BACKBONE, [rows.link_row(one) for one in found["backbone"] if not is_well(one)],
                title="Backbone, where it is not well")
    print_table(global_reach.REMARKS, global_reach.remarks(circuits), title="Global Reach, remarks")


def summary(found: Json) -> str:
    """What all tables left out come to."""
    sessions = [one for router in rows.routers(found) for one in router["sessions"]]
    up = sum(one["state"] == _UP for one in sessions)
    links = found["backbone"]
    well = sum(map(is_well, links))
    told = [whole.nodes(found), f"{up} of {len(sessions)} sessions up"]
    return "; ".join([*told, *([f"{well} of {len(links)} backbone links well"] if links else [])]) + "."


def legs(circuit: Json, now: datetime) -> Iterator[tuple[object, ...]]:
    of = f"{rows.provider(circuit)}, {circuit['location'] or '-'}, {rows.bandwidth(circuit)} Mbit/s"
    for name in rows.LEGS:
        leg = circuit["legs"][name]
        sessions = causes.customers(leg)
        counts = " + ".join(f"{one['received']}/{one['sent']}" for one in sessions)
        latest = max((one for one in sessions if one.get("since")), key=lambda one: one["since"], default=None)
        yield (circuit["name"], of, name, _of_all(sessions, "state") or leg["bgp"], _of_all(sessions, "bfd") or "-",
               rows.since(latest, now), counts or "-", rows.carried(leg["traffic"]), _remark(circuit, name))


def _of_all(sessions: list[Json], member: str) -> str:
    """One word where all have the same."""
    words = [one[member] or "-" for one in sessions]
    if len(set(words)) < 2:
        return "".join(words[:1])
    return ", ".join(f"{causes.family(one)} {word}" for one, word in zip(sessions, words, strict=True))


def _remark(circuit: Json, name: str) -> str:
    wanted = {"provisioningState": "Succeeded", "circuitProvisioningState": "Enabled",
              "serviceProviderProvisioningState": "Provisioned"}
    states = [f"{_STATES[member]} {circuit[member]}" for member, usual in wanted.items() if circuit[member] != usual]
    return rows.joined([*states, rows.fault(circuit["legs"][name], "", ""), *causes.fewer(circuit, name)])


_STATES = {"provisioningState": "circuit", "circuitProvisioningState": "circuit",
           "serviceProviderProvisioningState": "provider"}


def reaches(circuits: list[Json]) -> Iterator[tuple[object, ...]]:
    for circuit, link in global_reach.once(circuits):
        sessions = [one for leg in link["legs"].values() for one in leg["sessions"]]
        up = sum(one["state"] == _UP for one in sessions)
        yield (circuit["name"], link["other"], link["otherLocation"],
               ", ".join(dict.fromkeys(link["status"].values())), f"{up} of {len(sessions)} up")


def is_well(link: Json) -> bool:
    """Of the backbone: its routers have each other, and it is used."""
    return not link["avoided"] and all(state == "Full" for state in link["routing"].values())
